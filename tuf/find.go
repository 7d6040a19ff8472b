package tuf

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/otactl/otactl/internal/limits"
)

// Find looks a target up by its name: in targets.json, and then in the roles
// that are delegated to, depth first and the most trusted first. Only roles
// that cover the name are fetched, each is verified against the delegation it
// was reached by, and none is asked twice. Nothing of them is remembered.
//
// ErrNotFound where no role lists the target; ErrTooLarge where that takes more
// than limits.Delegations roles to tell. A role that does not verify ends the
// search: those after it are trusted less.
func Find(ctx context.Context, f Fetcher, t *Trust, name string, now time.Time) (Target, error) {
	if t.targets == nil {
		return Target{}, refuse(ErrVersion, "no targets have been verified")
	}
	seen := map[string]bool{string(RoleTargets): true}
	var left []Delegation // the next one last
	for at := t.targets; ; {
		if target, ok := at.Targets[name]; ok {
			return target, nil
		}
		left = at.search(left, name)
		left = slices.DeleteFunc(left, func(d Delegation) bool { return seen[d.Name] })
		if len(left) == 0 {
			return Target{}, refuse(ErrNotFound, "no role lists the target %s", strconv.QuoteToASCII(name))
		}
		if len(seen) > limits.Delegations {
			return Target{}, refuse(ErrTooLarge, "the search for a target leads through more than %d roles", limits.Delegations)
		}
		next := left[len(left)-1]
		left = left[:len(left)-1]
		seen[next.Name] = true
		var err error
		if at, err = t.delegated(ctx, f, next, now); err != nil {
			return Target{}, in(next.file(), err)
		}
	}
}

// search puts what t delegates of name before what was left to search.
func (t *Targets) search(left []Delegation, name string) []Delegation {
	var next []Delegation
	for _, d := range t.Delegations {
		if !d.Covers(name) {
			continue
		}
		next = append(next, d)
		if d.Terminating {
			left = nil
			break
		}
	}
	slices.Reverse(next)
	return append(left, next...)
}

// file is the name of the role's file without a version. The role's name can't
// lead out of a folder, whatever it is.
func (d Delegation) file() string { return url.PathEscape(d.Name) + ".json" }

// delegated fetches a role and verifies it: what the snapshot announced, signed
// by those that the delegation names.
func (t *Trust) delegated(ctx context.Context, f Fetcher, by Delegation, now time.Time) (*Targets, error) {
	want, ok := t.snapshot.Meta[by.Name+".json"]
	if !ok {
		return nil, refuse(ErrVersion, "the snapshot does not name it")
	}
	file, err := fetch(ctx, f, t.root.FileName(by.file(), want.Version), limits.Targets)
	if err != nil {
		return nil, err
	}
	held := t.held()
	held.By = &by
	o, err := read(t, Role(by.Name), t.dialect.Targets, held, file, limits.Targets)
	if err != nil {
		return nil, err
	}
	if err := want.matches(file, o.Whole); err != nil {
		return nil, err
	}
	if o.Says.Version != want.Version {
		return nil, refuse(ErrVersion, "it is version %d, the snapshot names %d", o.Says.Version, want.Version)
	}
	return o.Says, t.inForce(o.Says.Version, o.Says.Expires, now)
}
