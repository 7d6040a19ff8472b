package ostree

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNotBound says that a commit was made for other refs than the one that
// was asked for.
var ErrNotBound = errors.New("commit is bound to other refs")

// Bindings are the refs that the commit says it was made for. bound is false
// for a commit that says nothing about it.
func (c *Commit) Bindings() (refs []string, bound bool) {
	v, ok := c.Lookup(KeyRefBinding)
	if !ok || v.Type().String() != "as" {
		return nil, false
	}
	for i := range v.Len() {
		refs = append(refs, v.At(i).Text())
	}
	return refs, true
}

// CheckBinding holds ref, with or without a remote before it, against the refs
// that the commit was made for; ErrNotBound when it is none of them. A commit
// without bindings goes with any ref.
func (c *Commit) CheckBinding(ref string) error {
	refs, bound := c.Bindings()
	if _, name, ok := strings.Cut(ref, ":"); ok {
		ref = name
	}
	if !bound || slices.Contains(refs, ref) {
		return nil
	}
	return fmt.Errorf("ref %s: %w: %s", ref, ErrNotBound, strings.Join(refs, ", "))
}
