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

// ErrOtherCollection says that a commit was made for another collection than
// the one that it was asked of.
var ErrOtherCollection = errors.New("commit is bound to another collection")

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

// Collection is the collection that the commit says it was made for.
func (c *Commit) Collection() (id string, bound bool) {
	v, ok := c.Lookup(KeyCollectionBinding)
	if !ok || v.Type().String() != "s" {
		return "", false
	}
	return v.Text(), true
}

// BindingError says for which refs, or for which other collection, a commit was
// made that was asked for by Ref. It wraps ErrNotBound or ErrOtherCollection.
type BindingError struct {
	Ref        CollectionRef // without a collection where that was not asked
	Bound      []string      // refs that the commit names
	Collection string        // of the commit, if it is another one
}

func (e *BindingError) Error() string {
	if e.Collection != "" {
		return fmt.Sprintf("ref %s: %v: %s", e.Ref, ErrOtherCollection, e.Collection)
	}
	return fmt.Sprintf("ref %s: %v: %s", e.Ref.Name, ErrNotBound, strings.Join(e.Bound, ", "))
}

func (e *BindingError) Unwrap() error {
	if e.Collection != "" {
		return ErrOtherCollection
	}
	return ErrNotBound
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
	return &BindingError{Ref: CollectionRef{Name: ref}, Bound: refs}
}

// CheckCollection is CheckBinding for a ref of a collection, which a commit
// that names one must be made for too.
func (c *Commit) CheckCollection(ref CollectionRef) error {
	if err := c.CheckBinding(ref.Name); err != nil {
		return err
	}
	if id, bound := c.Collection(); bound && id != ref.Collection {
		return &BindingError{Ref: ref, Collection: id}
	}
	return nil
}
