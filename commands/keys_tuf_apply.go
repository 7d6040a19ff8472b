package commands

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// then shows the transaction after a step that succeeded.
func (w *rootWork) then(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	return w.review(ctx, false, false, false)
}

// review shows the open transaction as this side sees it, and what the backend
// adds to that.
func (w *rootWork) review(ctx context.Context, diff, raw, prod bool) error {
	u, err := w.api.RootUpdates(ctx)
	if err != nil {
		return err
	}
	if u.Status == author.StatusNone && !diff && !raw {
		return w.rt.render(reviewView{Status: u.Status, Amendments: []author.Note{}, Issues: u.Issues})
	}
	d, err := u.Draft()
	if err == nil && u.Status != author.StatusApplying {
		d, err = w.verified(ctx, u)
	}
	if err != nil {
		return err
	}
	before, after := d.Current.CI, d.Updated.CI
	if prod {
		after = d.Updated.Prod
		if d.Current.Prod != nil {
			before = d.Current.Prod
		}
	}
	switch {
	case raw:
		return w.rt.render(rootView{after})
	case diff:
		lines, err := author.Diff(before, after)
		if err != nil {
			return err
		}
		return w.rt.render(diffView{Lines: lines})
	}
	view := reviewView{Status: u.Status, OpenedBy: u.Change.CreatedBy, OpenedAt: u.Change.CreatedAt}
	root, err := tuf.ParseRoot(after)
	if err != nil {
		return err
	}
	view.Version = root.Version
	if c := root.Changelog; c != nil {
		view.Message = c.Message
	}
	if view.Amendments, err = d.Amendments(); err != nil {
		return err
	}
	if view.Issues, err = d.Issues(w.rt.clock()); err != nil {
		return err
	}
	view.Issues.Errors = merge(view.Issues.Errors, u.Issues.Errors)
	view.Issues.Warnings = merge(view.Issues.Warnings, u.Issues.Warnings)
	return w.rt.render(view)
}

// merge adds what the backend says and we did not find.
func merge(ours, theirs []author.Note) []author.Note {
	for _, n := range theirs {
		if !slices.ContainsFunc(ours, func(o author.Note) bool { return o.Message == n.Message }) {
			ours = append(ours, n)
		}
	}
	return ours
}

type reviewView struct {
	Status     string        `json:"status"` // NONE, STARTED or APPLYING
	Version    int           `json:"version,omitempty"`
	Message    string        `json:"message,omitempty"`
	OpenedBy   string        `json:"opened-by,omitempty"`
	OpenedAt   string        `json:"opened-at,omitempty"`
	Amendments []author.Note `json:"amendments"`
	Issues     author.Issues `json:"issues"`
}

// Table tells what changes, what is missing, and what to do next.
func (v reviewView) Table(w io.Writer) {
	list := func(title string, notes []author.Note) {
		if len(notes) == 0 {
			return
		}
		fmt.Fprintf(w, "\n%s:\n", title)
		for _, n := range notes {
			fmt.Fprintf(w, "  %s\n", oneLine(n.Message))
		}
	}
	if v.Status == author.StatusNone {
		fmt.Fprintln(w, "no root transaction is open")
		list("recommended", v.Issues.Warnings)
		return
	}
	fmt.Fprintf(w, "root %d, opened by %s at %s: %s\n", v.Version, oneLine(v.OpenedBy), oneLine(v.OpenedAt), oneLine(v.Message))
	if len(v.Amendments) == 0 {
		fmt.Fprintln(w, "\nnothing is staged but a new version")
	}
	list("staged", v.Amendments)
	list("to be done before it can be applied", v.Issues.Errors)
	list("recommended", v.Issues.Warnings)
	switch {
	case v.Status == author.StatusApplying:
		fmt.Fprintln(w, "\nIt is being applied; run otactl keys tuf apply again if that broke off.")
	case len(v.Issues.Errors) == 0:
		fmt.Fprintln(w, "\nReady: otactl keys tuf apply, or cancel.")
	}
}

type diffView struct {
	Lines []string `json:"diff"`
}

// Table prints the difference.
func (v diffView) Table(w io.Writer) { fmt.Fprintln(w, strings.Join(v.Lines, "\n")) }

// apply brings the new roots into force and sees that they are.
func (w *rootWork) apply(ctx context.Context) error {
	d, err := w.applicable(ctx)
	if err != nil {
		return err
	}
	err = answer(w.api.ApplyRootUpdate(ctx, w.txid))
	files, cerr := rootChain(ctx, w.api, false)
	if cerr != nil && err == nil {
		return cerr
	}
	if cerr == nil && isNewest(files, d.Updated.CI) { // also where the answer got lost on the way
		if err := w.rt.checkKnown(w.api, files); err != nil {
			return err
		}
		return w.rt.render(doneView{Done: "applied", Version: len(files),
			text: fmt.Sprintf("Root %d is in force. Keep the archives of its keys in a safe place.", len(files))})
	}
	switch httpx.Code(err) {
	case 400, 401, 403, 404, 422, 423:
		return fail.Hint(err, "nothing has changed: stage what is missing and apply again, or otactl keys tuf cancel")
	}
	if err == nil {
		return fail.New(fail.Partial, "run otactl keys tuf apply again", "the backend says that the root is applied and serves another one")
	}
	return fail.As(err, fail.Partial, "it may be applied in part: run otactl keys tuf apply again")
}

// applicable is the open transaction if it can be applied. One that a backend
// was in the midst of applying has passed that, and its roots may be those in
// force by now.
func (w *rootWork) applicable(ctx context.Context) (*author.Draft, error) {
	u, err := w.api.RootUpdates(ctx)
	if err != nil {
		return nil, err
	}
	if u.Status == author.StatusApplying {
		return u.Draft()
	}
	d, err := w.verified(ctx, u)
	if err != nil {
		return nil, err
	}
	return d, fail.Hint(d.Complete(), "otactl keys tuf review shows what is missing")
}

func isNewest(files [][]byte, root []byte) bool {
	newest, err := author.Clean(files[len(files)-1])
	return err == nil && bytes.Equal(newest, root)
}

// newKey says where a new key goes.
type newKey struct {
	file  string // archive
	kind  tuf.KeyType
	plain bool // make a new archive without a passphrase
}

// keyRotation says which offline key is replaced.
type keyRotation struct {
	newKey
	role     tuf.Role
	rootFile string // archive of the root keys, to sign with
	sign     bool
}

func rotationOf(c *cli.Context, role tuf.Role, sign bool) (r keyRotation, err error) {
	r.role, r.sign, r.rootFile, r.plain = role, sign, c.String("keys"), c.Bool("no-passphrase")
	if r.kind, err = tufKeyType(c); err != nil {
		return r, err
	}
	r.file = r.rootFile
	if targets := c.String("targets-keys"); targets != "" {
		if role == tuf.RoleRoot {
			return r, fail.New(fail.Usage, "leave --targets-keys out", "rotate-offline-key: --targets-keys is for the role targets")
		}
		r.file = targets
	}
	if r.file == "" || sign && r.rootFile == "" {
		return r, fail.New(fail.Usage, "name it with --keys FILE", "rotate-offline-key: the archive of the key is missing")
	}
	return r, nil
}

func tufKeyTypeFlag() cli.Flag {
	return &cli.StringFlag{Name: "key-type", Aliases: []string{"y"}, Value: "ed25519", Usage: "make keys of `TYPE`: ed25519 or rsa"}
}

// tufKeyType is --key-type in any case, as fioctl takes it.
func tufKeyType(c *cli.Context) (tuf.KeyType, error) {
	switch kind := tuf.KeyType(strings.ToUpper(c.String("key-type"))); kind {
	case tuf.ED25519, tuf.RSA:
		return kind, nil
	}
	return "", fail.New(fail.Usage, "give ed25519 or rsa", "--key-type %q: no such type", c.String("key-type"))
}
