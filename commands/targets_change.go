package commands

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/targets"
	"github.com/otactl/otactl/tuf"
)

// changeFlags are those of commands that change targets: where the backend is,
// and who signs. Without --keys the backend does.
func changeFlags(rt *runtime, more ...cli.Flag) []cli.Flag {
	more = append(more, keyFlags(rt, false)...)
	more = append(more,
		&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n", "dryrun"}, Usage: "say what would change, and change nothing"},
		&cli.StringFlag{Name: "out", Usage: "write the signed targets.json to `FILE` instead of uploading it, for others to sign"},
	)
	return targetsFlags(append(more, expiryFlags()...)...)
}

// defaultTargetsDays is how long targets that are signed here are good, as a
// backend of ours signs them.
const defaultTargetsDays = 365

// changing is a change of targets under way: what there is, verified, and the
// draft of what there shall be.
type changing struct {
	*verified
	draft *tuf.TargetsDraft
}

// changeTargets fetches and verifies what is to be changed.
func (rt *runtime) changeTargets(c *cli.Context) (*changing, error) {
	v, err := rt.verifiedTargets(c)
	if err != nil {
		return nil, err
	}
	rt.checkSigning(c, v.keeper)
	d, err := v.toDraft()
	return &changing{v, d}, err
}

// toDraft begins a change of what was verified.
func (v *verified) toDraft() (*tuf.TargetsDraft, error) {
	if name := v.trust.Dialect().Name(); name != "ota-tuf" {
		return nil, fail.New(fail.Unsupported, "change them with the tools that this metadata was made with",
			"targets in the dialect %s can be read here and not changed", name)
	}
	if v.raw == nil {
		return tuf.NewTargetsDraft(), nil
	}
	return tuf.DraftTargets(v.raw)
}

// signsHere says whether targets are signed here and not by the backend: with
// --keys, or with the key that came with the credentials.
func (k keeper) signsHere(c *cli.Context) bool {
	return len(c.StringSlice("keys")) > 0 || k.key != nil
}

// checkSigning warns of flags that mean nothing where the backend signs. They
// are not refused: a variable may give them, for other commands.
func (rt *runtime) checkSigning(c *cli.Context, k keeper) {
	if k.signsHere(c) || c.String("out") != "" {
		return
	}
	for _, name := range []string{"expires-in-days", "expires-at"} {
		if c.IsSet(name) {
			rt.log.Warn("--" + name + " says nothing here: without --keys the backend signs, and says until when that is good")
		}
	}
}

// base says which targets.json the change was made from: as the backend called
// it, or by its SHA-256, which is what most call it; "" where there was none.
func (v *verified) base() string {
	if v.raw == nil {
		return ""
	}
	sum := sha256.Sum256(v.raw)
	return first(v.checksum, hex.EncodeToString(sum[:]))
}

// outcome says what became of a change.
type outcome struct {
	DryRun  bool   `json:"dry_run"`
	Version int    `json:"targets_version,omitempty"`
	File    string `json:"file,omitempty"`
	Missing int    `json:"missing_signatures"`
	WebURL  string `json:"web_url,omitempty"`
}

// say ends what a person reads.
func (o outcome) say(w io.Writer) {
	switch {
	case o.DryRun:
		fmt.Fprintln(w, "dry run: nothing was changed")
	case o.File != "" && o.Missing > 0:
		fmt.Fprintf(w, "version %d is in %s; %d more to sign it: otactl targets sign\n", o.Version, o.File, o.Missing)
	case o.File != "":
		fmt.Fprintf(w, "version %d is in %s and signed; bring it with otactl targets upload\n", o.Version, o.File)
	case o.WebURL != "":
		fmt.Fprintf(w, "the backend works on it: %s\n", oneLine(o.WebURL))
	default:
		fmt.Fprintf(w, "targets.json is version %d now\n", o.Version)
	}
}

// showDifference names the targets that become other.
func showDifference(w io.Writer, d targets.Difference) {
	render.Fields(w, "added", strings.Join(d.Added, " "), "removed", strings.Join(d.Removed, " "), "changed", strings.Join(d.Changed, " "),
		"other fields", oneLine(strings.Join(d.Fields, " ")))
}

// commit makes the change real: by the backend through ask, or signed here.
func (rt *runtime) commit(c *cli.Context, ch *changing, ask func() (factory.Changed, error)) (outcome, error) {
	if c.Bool("dry-run") {
		return outcome{DryRun: true}, nil
	}
	out := outcome{Version: ch.draft.Version() + 1, File: c.String("out")}
	if !ch.signsHere(c) && out.File == "" {
		done, err := ask()
		return outcome{Version: done.Version, WebURL: done.WebURL}, err
	}
	if out.File != "" {
		if _, err := os.Lstat(out.File); err == nil {
			return out, fail.New(fail.Conflict, "give another name to --out", "%s: there is something of this name", out.File)
		}
	}
	file, rep, err := rt.signDraft(c, ch)
	if err != nil {
		return out, err
	}
	out.Missing = rep.Missing()
	if out.File != "" {
		return out, fsx.WriteFile(out.File, file, 0o644)
	}
	return out, ch.put(c.Context, file, rep)
}

// signDraft signs the draft with the keys that were given, and says whose
// signatures are on it.
func (rt *runtime) signDraft(c *cli.Context, ch *changing) ([]byte, *tuf.SignatureReport, error) {
	expires, err := expiryOf(c, rt.clock(), defaultTargetsDays)
	if err != nil {
		return nil, nil, err
	}
	root := ch.trust.Root()
	signers, err := rt.signers(c, ch.key, root)
	if err != nil {
		return nil, nil, err
	}
	file, err := ch.draft.Sign(ch.draft.Version()+1, expires, signers...)
	if err != nil {
		return nil, nil, err
	}
	rep, err := root.Signatures(tuf.RoleTargets, file)
	return file, rep, err
}

// signers are who signs targets here: the keys of --keys, or else the one that
// came with the credentials; may be none.
func (rt *runtime) signers(c *cli.Context, key *tuf.PrivateKey, root *tuf.Root) ([]tuf.Signer, error) {
	if refs := c.StringSlice("keys"); len(refs) > 0 {
		return openSigners(c.Context, rt, refs, root, tuf.RoleTargets)
	}
	if key == nil {
		return nil, nil
	}
	s, err := root.WithRootID(tuf.RoleTargets, key)
	if err != nil {
		return nil, fail.New(fail.Auth, "get new credentials, or sign with the keys of today: --keys FILE",
			"targets.sec of the credentials: root %d does not list its key %.12s for targets", root.Version, key.Public().ID)
	}
	return []tuf.Signer{s}, nil
}

// put brings a signed file to the backend, in place of the one it was made from.
func (ch *changing) put(ctx context.Context, file []byte, rep *tuf.SignatureReport) error {
	if n := rep.Missing(); n > 0 {
		return fail.New(fail.Usage, "give more --keys, or have it signed by others: otactl targets tag, add or edit with --out FILE",
			"%d of %d signatures are missing", n, rep.Threshold)
	}
	return ch.backend.PutTargets(ctx, ch.base(), file)
}
