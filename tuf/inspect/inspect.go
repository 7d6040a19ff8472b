package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// Options say what a repository is held against.
type Options struct {
	// Now is the one clock reading that all expiries are judged by.
	Now time.Time
	// Root is a root that came by a way that is trusted. Without it the chain
	// begins with the repository's own first root, for which nothing vouches.
	Root []byte
	// First is the version of the oldest root that the repository has; 0 is 1.
	First int
	// Dialects are those that the root may be written in besides ota-tuf.
	Dialects []tuf.Dialect
	// Cache is the repository where it may be what a device has stored: what the
	// device remembers to have seen counts as well, if that is there.
	Cache tuf.Cache
	// Bundle looks for the list of an offline bundle as well.
	Bundle bool
}

// Run looks at everything that f has. The error is only about not being able to
// look; what is wrong is in the report, and Report.Err sums it up.
func Run(ctx context.Context, f tuf.Fetcher, opt Options) (*Report, error) {
	r := &runner{fetcher: f, opt: opt, report: &Report{Now: opt.Now.UTC(), Roots: []Root{}, Roles: []Role{}, Findings: []Finding{}}}
	if err := r.roots(ctx); err != nil {
		return nil, err
	}
	if r.trust != nil {
		if err := r.roles(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.memory(ctx); err != nil {
		return nil, err
	}
	r.report.Good = len(r.report.Findings) == 0
	return r.report, nil
}

type runner struct {
	fetcher tuf.Fetcher
	opt     Options
	report  *Report
	trust   *tuf.Trust // nil while there is no root to judge by
	noClock bool       // the clock has been found wrong, and judges no expiry
}

// found notes a refusal of a file, once; other errors come back.
func (r *runner) found(file string, err error) error {
	if err == nil {
		return nil
	}
	f, ok := finding(file, err)
	if !ok {
		return err
	}
	if errors.Is(err, tuf.ErrClock) {
		if r.noClock {
			return nil
		}
		r.noClock = true
	}
	if !slices.ContainsFunc(r.report.Findings, func(o Finding) bool { return o.File == f.File && o.Rule == f.Rule }) {
		r.report.Findings = append(r.report.Findings, f)
	}
	return nil
}

// fetch gets a file; nil where it is not there, which is no finding yet.
func (r *runner) fetch(ctx context.Context, name string, max int64) ([]byte, error) {
	file, err := r.fetcher.Fetch(ctx, name, max)
	if errors.Is(err, tuf.ErrNotFound) {
		return nil, nil
	}
	if err == nil && int64(len(file)) > max {
		err = &tuf.Error{File: name, Kind: tuf.ErrTooLarge, Why: fmt.Sprintf("longer than %d bytes", max)}
	}
	return file, err
}

// roots walks from where trust begins to the newest root.
func (r *runner) roots(ctx context.Context) error {
	old, err := r.begin(ctx)
	if err != nil || old == nil {
		return err
	}
	for n := old.Version + 1; ; n++ {
		name := tuf.RootName(n)
		file, err := r.fetch(ctx, name, limits.Root)
		if err != nil || file == nil {
			if err = r.found(name, err); err == nil {
				err = r.found(tuf.RootName(r.trust.Root().Version), r.trust.CheckRoot(r.opt.Now))
			}
			return err
		}
		if len(r.report.Roots) > limits.RootChain {
			return r.found(name, &tuf.Error{Kind: tuf.ErrTooLarge, Why: "the chain of roots does not end"})
		}
		if err := r.found(name, r.trust.AddRoot(file)); err != nil {
			return err
		}
		next := r.readRoot(file)
		if next == nil {
			return nil // said by AddRoot; nothing can be said about what follows it
		}
		r.addRoot(name, file, next, old)
		r.goOn(file, n)
		old = next
	}
}

// goOn judges what follows a root that was refused by that root all the same,
// if it is sound in itself: else one fault would be told once for each file.
func (r *runner) goOn(file []byte, version int) {
	if r.trust.Root().Version == version {
		return
	}
	if t, err := tuf.NewTrust(file, r.opt.Dialects...); err == nil {
		r.trust = t
	}
}

// readRoot is a root as it says, whoever signed it; nil where it can't be read.
func (r *runner) readRoot(file []byte) *tuf.Root {
	if root, err := tuf.ParseRoot(file); err == nil {
		return root
	}
	if r.trust == nil {
		return nil
	}
	o, err := r.trust.Dialect().Root(tuf.Held{}, file)
	if err != nil {
		return nil
	}
	return o.Says
}

// begin finds where trust begins; nil where there is no root at all.
func (r *runner) begin(ctx context.Context) (*tuf.Root, error) {
	if r.opt.Root != nil {
		return r.beginGiven(ctx)
	}
	first := max(1, r.opt.First)
	name := tuf.RootName(first)
	r.report.Anchor = fmt.Sprintf("the repository's own first root, %s: nothing vouches for it; give one that you trust with --root", name)
	file, err := r.fetch(ctx, name, limits.Root)
	if err == nil && file == nil {
		err = &tuf.Error{Kind: tuf.ErrNoRoot, Why: "none is offered"}
	}
	if err != nil {
		return nil, r.found(name, err)
	}
	t, err := tuf.NewTrust(file, r.opt.Dialects...)
	if err != nil {
		if root := r.readRoot(file); root != nil {
			r.addRoot(name, file, root, nil)
		}
		return nil, r.found(name, err)
	}
	r.trust = t
	r.addRoot(name, file, t.Root(), nil)
	if v := t.Root().Version; v != first {
		return nil, r.found(name, &tuf.Error{Kind: tuf.ErrVersion, Why: fmt.Sprintf("it is version %d inside", v)})
	}
	return t.Root(), nil
}

// beginGiven begins with the root that was given. The repository's own root of
// that version has to be the same, if it has one.
func (r *runner) beginGiven(ctx context.Context) (*tuf.Root, error) {
	t, err := tuf.NewTrust(r.opt.Root, r.opt.Dialects...)
	if err != nil {
		return nil, fmt.Errorf("the given root: %w", err)
	}
	r.trust = t
	root := t.Root()
	name := tuf.RootName(root.Version)
	r.report.Anchor = fmt.Sprintf("the given root, version %d", root.Version)
	r.addRoot(name, r.opt.Root, root, nil)
	theirs, err := r.fetch(ctx, name, limits.Root)
	if err != nil || theirs == nil {
		return root, r.found(name, err)
	}
	mine, err := t.Dialect().Root(tuf.Held{}, r.opt.Root)
	if err != nil {
		return nil, err
	}
	if o, errTheirs := t.Dialect().Root(tuf.Held{}, theirs); errTheirs != nil || !bytes.Equal(o.Signed, mine.Signed) {
		err = &tuf.Error{Kind: tuf.ErrRollback, Why: "the repository has another root of this version than the given one"}
	}
	return root, r.found(name, err)
}

func (r *runner) addRoot(name string, file []byte, root, old *tuf.Root) {
	v := Root{File: name, Version: root.Version, Expires: root.Expires, Own: r.signed(root, tuf.RoleRoot, file), Changes: []string{}}
	if old != nil {
		by := r.signed(old, tuf.RoleRoot, file)
		v.Own.Others, by.Others = strangers(v.Own, by), strangers(by, v.Own)
		v.Old, v.Changes = &by, changes(old, root)
	}
	if c := root.Changelog; c != nil {
		v.Message, v.Made = c.Message, c.Timestamp
	}
	r.report.Roots = append(r.report.Roots, v)
	r.report.Expires = root.Expires
}

// strangers are those among the others of a whom b doesn't know either: a new
// root is signed by the keys of two.
func strangers(a, b Signed) []string {
	return slices.DeleteFunc(a.Others, func(other string) bool {
		return slices.ContainsFunc(b.Keys, func(k Key) bool { return k.Signed && strings.HasPrefix(other, k.ID+" ") })
	})
}

// signed says who signed file of those whom root lets sign for role.
func (r *runner) signed(root *tuf.Root, role tuf.Role, file []byte) Signed {
	s := Signed{Threshold: root.Roles[role].Threshold, Keys: []Key{}}
	rep, err := root.Signatures(role, file)
	if r.trust != nil {
		rep, err = r.trust.Dialect().Signatures(root, role, file)
	}
	if err != nil {
		rep = &tuf.SignatureReport{}
	}
	s.Valid = len(rep.Valid)
	for _, id := range slices.Sorted(slices.Values(root.Roles[role].KeyIDs)) {
		s.Keys = append(s.Keys, Key{ID: id, Type: string(root.Keys[id].Type), Signed: slices.Contains(rep.Valid, id)})
	}
	for _, id := range rep.Invalid {
		s.Others = append(s.Others, id+" (bad)")
	}
	for _, id := range rep.Unknown {
		s.Others = append(s.Others, id+" (may not sign "+string(role)+")")
	}
	return s
}
