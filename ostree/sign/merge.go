package sign

import (
	"bytes"
	"errors"
	"slices"

	"github.com/otactl/otactl/ostree/variant"
)

// all are the engines whose signatures detached metadata may hold.
func all() []string { return []string{GPG, Ed25519, SPKI, Dummy} }

// Merge is detached with the signatures of other that it lacks. Other entries
// are its own alone. A list that can't be read is an error.
func Merge(detached, other variant.Value) (variant.Value, error) {
	for _, engine := range all() {
		list, err := Signatures(engine, other)
		if errors.Is(err, ErrUnsigned) {
			continue
		}
		if err != nil {
			return detached, err
		}
		for _, s := range list {
			if holds(engine, detached, s) {
				continue
			}
			if detached, err = Append(engine, detached, s); err != nil {
				return detached, err
			}
		}
	}
	return detached, nil
}

// Update is the detached metadata that takes the place of what is there: next,
// with the signatures that are there. If next says nothing new it is what is
// there, byte for byte.
func Update(there, next []byte) ([]byte, error) {
	old, err := ParseDetached(there)
	if err != nil {
		return next, nil // nobody can read what is there
	}
	v, err := ParseDetached(next)
	if err != nil {
		return nil, err
	}
	if saysNothingNew(old, v) {
		return there, nil
	}
	merged, err := Merge(v, old)
	return merged.Data(), err
}

func saysNothingNew(old, next variant.Value) bool {
	for _, e := range next.All() {
		key := e.At(0).Text()
		if slices.ContainsFunc(all(), func(engine string) bool { return Key(engine) == key }) {
			continue
		}
		was, ok := old.Lookup(key)
		is, _ := next.Lookup(key)
		if !ok || was.Type().String() != is.Type().String() || !bytes.Equal(was.Data(), is.Data()) {
			return false
		}
	}
	return Contains(old, next)
}

// Contains says whether detached has every signature of other that can be read.
func Contains(detached, other variant.Value) bool {
	for _, engine := range all() {
		list, _ := Signatures(engine, other)
		if slices.ContainsFunc(list, func(s []byte) bool { return !holds(engine, detached, s) }) {
			return false
		}
	}
	return true
}

func holds(engine string, detached variant.Value, signature []byte) bool {
	list, _ := Signatures(engine, detached)
	return slices.ContainsFunc(list, func(s []byte) bool { return bytes.Equal(s, signature) })
}
