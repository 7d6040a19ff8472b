package plumbing

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/sign/pgp"
)

func remoteGPGImportCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "gpg-import",
		Usage:     "trust GPG keys for a remote",
		ArgsUsage: "NAME [KEY-ID...]",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "keyring", Aliases: []string{"k"}, Usage: "take the keys from `FILE`; may be repeated"},
			&cli.BoolFlag{Name: "stdin", Usage: "take the keys from standard input"},
		},
		Action: e.onRepo(e.remoteGPGImport),
	}
}

type importedView struct {
	Remote   string `json:"remote"`
	Imported int    `json:"imported"`
}

// Table prints what ostree remote gpg-import prints.
func (v importedView) Table(w io.Writer) {
	s := "s"
	if v.Imported == 1 {
		s = ""
	}
	fmt.Fprintf(w, "Imported %d GPG key%s to remote %q\n", v.Imported, s, v.Remote)
}

func (e *Env) remoteGPGImport(c *cli.Context, repo *ostree.Repo) error {
	name := c.Args().First()
	if name == "" {
		return usage("NAME must be specified")
	}
	ring, err := e.keysToImport(c)
	if err != nil {
		return err
	}
	return e.importKeys(c.Context, repo, name, ring, c.Args().Tail()...)
}

func (e *Env) keysToImport(c *cli.Context) (*pgp.Keyring, error) {
	files := c.StringSlice("keyring")
	switch {
	case c.Bool("stdin") && len(files) > 0:
		return nil, usage("--keyring and --stdin are mutually exclusive")
	case c.Bool("stdin"):
		data, err := fsx.ReadAll(fsx.Until(c.Context, e.Stdin), "standard input", limits.Keyring)
		if err != nil {
			return nil, err
		}
		return sign.ParseKeyring(data)
	case len(files) == 0:
		return nil, fail.New(fail.Usage, "export the keys with gpg --export KEY-ID… and give the file with --keyring", "Need --keyring FILE or --stdin")
	}
	all := &pgp.Keyring{}
	for _, f := range files {
		ring, err := sign.ReadKeyring(c.Context, f)
		if err != nil {
			return nil, err
		}
		all.Merge(ring)
	}
	return all, nil
}

// importKeys trusts keys for a remote and says how many are new.
func (e *Env) importKeys(ctx context.Context, repo *ostree.Repo, remote string, ring *pgp.Keyring, ids ...string) error {
	n, err := sign.ImportGPG(ctx, repo, remote, ring, e.signEnv(), ids...)
	if err != nil {
		return err
	}
	return e.Render(importedView{Remote: remote, Imported: n})
}

func remoteGPGListCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "gpg-list-keys",
		Aliases:   []string{"list-gpg-keys"},
		Usage:     "show the GPG keys that a remote is trusted with, or without NAME those of the system",
		ArgsUsage: "[NAME]",
		Action:    e.onRepo(e.remoteGPGList),
	}
}

type keyView struct {
	Fingerprint string     `json:"fingerprint"`
	Created     time.Time  `json:"created"`
	Expires     *time.Time `json:"expires,omitempty"`
	Expired     bool       `json:"expired"`
	Revoked     bool       `json:"revoked"`
	Users       []userView `json:"users,omitempty"`
	Subkeys     []keyView  `json:"subkeys,omitempty"`
}

type userView struct {
	ID       string `json:"id"`
	Revoked  bool   `json:"revoked"`
	advanced string
	direct   string
}

type keysView []keyView

func (e *Env) remoteGPGList(c *cli.Context, repo *ostree.Repo) error {
	env := e.signEnv()
	var ring *pgp.Keyring
	var err error
	if name := c.Args().First(); name != "" {
		ring, err = sign.ConfiguredKeyring(repo, name)
	} else {
		ring, err = sign.SystemKeyring(env)
	}
	if err != nil {
		return err
	}
	view := keysView{}
	for _, k := range ring.Keys(env.Now) {
		v := newKeyView(k.Subkey, env.Now)
		for _, u := range k.Users {
			advanced, direct := u.DirectoryURLs()
			v.Users = append(v.Users, userView{u.ID, u.Revoked, advanced, direct})
		}
		for _, s := range k.Subkeys {
			v.Subkeys = append(v.Subkeys, newKeyView(s, env.Now))
		}
		view = append(view, v)
	}
	return e.Render(view)
}

func newKeyView(s pgp.Subkey, now time.Time) keyView {
	v := keyView{Fingerprint: s.Fingerprint, Created: s.Created, Revoked: s.Revoked, Expired: s.ExpiredAt(now)}
	if !s.Expires.IsZero() {
		v.Expires = &s.Expires
	}
	return v
}

// Table prints what ostree remote gpg-list-keys prints.
func (v keysView) Table(w io.Writer) {
	for _, k := range v {
		k.print(w, "Key: ", "  ")
		for _, u := range k.Users {
			fmt.Fprintf(w, "  UID: %s%s\n", shownName(u.ID), mark(u.Revoked))
			fmt.Fprintf(w, "  Advanced update URL: %s\n  Direct update URL: %s\n", shownName(u.advanced), shownName(u.direct))
		}
		for _, s := range k.Subkeys {
			s.print(w, "  Subkey: ", "    ")
		}
	}
}

func (v keyView) print(w io.Writer, title, indent string) {
	fmt.Fprintf(w, "%s%s%s\n", title, v.Fingerprint, mark(v.Revoked))
	fmt.Fprintf(w, "%sCreated: %s\n", indent, v.Created.Local().Format(pgp.TimeFormat))
	if v.Expires != nil {
		what := "Expires"
		if v.Expired {
			what = "Expired"
		}
		fmt.Fprintf(w, "%s%s: %s\n", indent, what, v.Expires.Local().Format(pgp.TimeFormat))
	}
}

func mark(revoked bool) string {
	if revoked {
		return " (revoked)"
	}
	return ""
}
