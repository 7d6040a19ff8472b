package inspect

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
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
	// Cache is set where the repository is what a device has stored: what the
	// device remembers to have seen counts as well.
	Cache tuf.Cache
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
		next, err := tuf.ParseRoot(file)
		if err != nil {
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
	if t, err := tuf.NewTrust(file); err == nil {
		r.trust = t
	}
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
	t, err := tuf.NewTrust(file)
	if err != nil {
		root, parseErr := tuf.ParseRoot(file)
		if parseErr == nil {
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
	t, err := tuf.NewTrust(r.opt.Root)
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
	if !sameSigned(theirs, r.opt.Root) {
		err = &tuf.Error{Kind: tuf.ErrRollback, Why: "the repository has another root of this version than the given one"}
	}
	return root, r.found(name, err)
}

func sameSigned(a, b []byte) bool {
	x, errX := tuf.ParseEnvelope(a)
	y, errY := tuf.ParseEnvelope(b)
	return errX == nil && errY == nil && bytes.Equal(x.Signed, y.Signed)
}

func (r *runner) addRoot(name string, file []byte, root, old *tuf.Root) {
	v := Root{File: name, Version: root.Version, Expires: root.Expires, Own: signed(root, tuf.RoleRoot, file), Changes: []string{}}
	if old != nil {
		by := signed(old, tuf.RoleRoot, file)
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
func signed(root *tuf.Root, role tuf.Role, file []byte) Signed {
	s := Signed{Threshold: root.Roles[role].Threshold, Keys: []Key{}}
	rep, err := root.Signatures(role, file)
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

// a head is what every role's file says of itself.
type head struct {
	version int
	expires time.Time
	targets int
}

// a step is one file below the root.
type step struct {
	role  tuf.Role
	name  string
	limit int64
	set   func(file []byte, now time.Time) error
	parse func(file []byte) (head, error)
}

func (r *runner) roles(ctx context.Context) error {
	steps := []step{
		{tuf.RoleTimestamp, tuf.TimestampFile, limits.Timestamp, r.trust.SetTimestamp, func(file []byte) (head, error) {
			t, err := tuf.ParseTimestamp(file)
			if err != nil {
				return head{}, err
			}
			return head{version: t.Version, expires: t.Expires}, nil
		}},
		{tuf.RoleSnapshot, tuf.SnapshotFile, limits.Snapshot, r.trust.SetSnapshot, func(file []byte) (head, error) {
			s, err := tuf.ParseSnapshot(file)
			if err != nil {
				return head{}, err
			}
			return head{version: s.Version, expires: s.Expires}, nil
		}},
		{tuf.RoleTargets, tuf.TargetsFile, limits.Targets, r.trust.SetTargets, func(file []byte) (head, error) {
			t, err := tuf.ParseTargets(file)
			if err != nil {
				return head{}, err
			}
			return head{version: t.Version, expires: t.Expires, targets: len(t.Targets)}, nil
		}},
	}
	announced := true
	for _, s := range steps {
		var err error
		if announced, err = r.step(ctx, s, announced); err != nil {
			return err
		}
	}
	return r.bundle(ctx)
}

// step judges one file. announced says that the file which announces it was
// good, so that it can be held against that; good is the same for the next one.
func (r *runner) step(ctx context.Context, s step, announced bool) (good bool, err error) {
	file, err := r.fetch(ctx, s.name, s.limit)
	if err == nil && file == nil {
		err = &tuf.Error{Kind: tuf.ErrNotFound}
	}
	if err != nil {
		return false, r.found(s.name, err)
	}
	h, parseErr := r.describe(s, file)
	if announced {
		err = s.set(file, r.opt.Now)
	} else if err = r.trust.Root().Verify(s.role, file); err == nil {
		err = parseErr
	}
	if errors.Is(err, tuf.ErrSignature) {
		err = r.whoIsMissing(s.role, file, err)
	}
	overdue := parseErr == nil && !r.noClock && !r.opt.Now.Before(h.expires)
	if overdue && !errors.Is(err, tuf.ErrExpired) {
		late := &tuf.Error{Kind: tuf.ErrExpired, Why: fmt.Sprintf("at %s, and it is %s", stamp(h.expires), stamp(r.opt.Now))}
		err = errors.Join(r.found(s.name, err), r.found(s.name, late))
		return false, err
	}
	timely := errors.Is(err, tuf.ErrExpired) || errors.Is(err, tuf.ErrClock)
	if err := r.found(s.name, err); err != nil {
		return false, err
	}
	if timely && announced { // all but the time is right, and what it announces can be judged
		return s.set(file, h.expires.Add(-time.Second)) == nil, nil
	}
	return err == nil && announced, nil
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (r *runner) describe(s step, file []byte) (head, error) {
	h, err := s.parse(file)
	r.report.Roles = append(r.report.Roles, Role{Name: string(s.role), File: s.name, Version: h.version, Expires: h.expires,
		Targets: h.targets, Signed: signed(r.trust.Root(), s.role, file)})
	if err == nil && h.expires.Before(r.report.Expires) {
		r.report.Expires = h.expires
	}
	return h, err
}

// whoIsMissing names those who could sign and have not.
func (r *runner) whoIsMissing(role tuf.Role, file []byte, err error) error {
	var ids []string
	for _, k := range signed(r.trust.Root(), role, file).Keys {
		if !k.Signed {
			ids = append(ids, k.ID)
		}
	}
	if len(ids) == 0 {
		return err
	}
	return fail.Hint(err, "have it signed; it lacks the signature of "+names(ids))
}

// bundle judges the list of an offline bundle, where there is one.
func (r *runner) bundle(ctx context.Context) error {
	file, err := r.fetch(ctx, tuf.BundleTargetsFile, limits.BundleTargets)
	if err != nil || file == nil {
		return r.found(tuf.BundleTargetsFile, err)
	}
	s := step{role: tuf.RoleTargets, name: tuf.BundleTargetsFile, parse: func(file []byte) (head, error) {
		b, err := tuf.ParseBundleTargets(file)
		if err != nil {
			return head{}, err
		}
		return head{version: b.Version, expires: b.Expires, targets: len(b.Targets)}, nil
	}}
	_, _ = r.describe(s, file) // what cannot be read is said next
	_, err = r.trust.VerifyBundle(file, r.opt.Now)
	return r.found(s.name, err)
}

// memory holds a device's cache against what the device remembers.
func (r *runner) memory(ctx context.Context) error {
	if r.opt.Cache == nil {
		return nil
	}
	_, err := tuf.FromCache(ctx, r.opt.Cache, r.opt.Now)
	name := "the stored metadata"
	if e, ok := errors.AsType[*tuf.Error](err); ok && e.File != "" {
		name = e.File
	}
	return r.found(name, err)
}

// Stored reads what a device has stored as if it were a repository.
type Stored struct{ tuf.Cache }

// Fetch reads an entry of the cache, which holds no list of a bundle.
func (s Stored) Fetch(ctx context.Context, name string, max int64) ([]byte, error) {
	if name == tuf.BundleTargetsFile {
		return nil, &tuf.Error{File: name, Kind: tuf.ErrNotFound}
	}
	return s.Load(ctx, name)
}
