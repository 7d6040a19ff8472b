package sign

import (
	"errors"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/variant"
)

var (
	byteArray = variant.MustType("ay")
	dictType  = variant.MustType("a{sv}")
)

// ParseDetached reads detached metadata as it is in a .commitmeta or in
// summary.sig; no bytes stand for an empty dictionary.
func ParseDetached(b []byte) (variant.Value, error) {
	if len(b) > limits.DetachedMetadata {
		return variant.Value{}, fail.New(fail.Verification, "", "detached metadata: %d bytes, at most %d are allowed", len(b), limits.DetachedMetadata)
	}
	v, err := variant.Parse(dictType, b)
	if err != nil {
		return variant.Value{}, fail.New(fail.Verification, "have it signed anew", "detached metadata: %w: %w", ErrMalformed, err)
	}
	seen := make(map[string]bool, min(v.Len(), 64))
	for i := range v.Len() {
		key := v.At(i).At(0).Text()
		if key == "" || seen[key] {
			return variant.Value{}, fail.New(fail.Verification, "", "detached metadata: %w: key %.80q is empty or there twice", ErrMalformed, key)
		}
		seen[key] = true
	}
	return v, nil
}

// Signatures are those of an engine in detached metadata, ErrUnsigned if there
// is none. A list of another type, or one that is too long, is ErrMalformed:
// nothing writes such a thing.
func Signatures(engine string, detached variant.Value) ([][]byte, error) {
	if !detached.IsValid() {
		return nil, unsigned(engine)
	}
	v, ok := detached.Lookup(Key(engine))
	if !ok {
		return nil, unsigned(engine)
	}
	if v.Type().String() != "aay" {
		return nil, malformed(engine, 0, "%s is of type %s, want aay", Key(engine), v.Type())
	}
	if v.Len() == 0 {
		return nil, unsigned(engine)
	}
	if v.Len() > limits.DetachedSignatures {
		return nil, malformed(engine, v.Len(), "at most %d signatures are allowed", limits.DetachedSignatures)
	}
	list := make([][]byte, v.Len())
	for i := range list {
		list[i] = v.At(i).Bytes()
		if n := len(list[i]); n == 0 || n > limits.DetachedSignature {
			return nil, malformed(engine, i, "%d bytes, want 1 to %d", n, limits.DetachedSignature)
		}
	}
	return list, nil
}

func unsigned(engine string) error {
	return fail.New(fail.Verification, "have it signed, or ask for no signature of this kind", "%s: %w", engine, ErrUnsigned)
}

// Append is detached with one more signature of an engine. Everything else
// stays as it is, in its order; a list that can't be read is an error.
func Append(engine string, detached variant.Value, signature []byte) (variant.Value, error) {
	list, err := Signatures(engine, detached)
	if err != nil && !errors.Is(err, ErrUnsigned) {
		return detached, err
	}
	if len(list) == limits.DetachedSignatures {
		return detached, fail.New(fail.Conflict, "delete some of them", "%s: there are %d signatures already", engine, len(list))
	}
	return replace(engine, detached, append(list[:len(list):len(list)], signature)), nil
}

// replace is detached with list as the signatures of an engine; with an empty
// list the key goes away.
func replace(engine string, detached variant.Value, list [][]byte) variant.Value {
	var entries []variant.Entry
	put := func() {
		items := make([]variant.Value, len(list))
		for i, s := range list {
			items[i] = variant.Bytes(s)
		}
		entries = append(entries, variant.Entry{Key: Key(engine), Value: variant.Array(byteArray, items...)})
	}
	there := false
	for i := 0; detached.IsValid() && i < detached.Len(); i++ {
		key := detached.At(i).At(0).Text()
		switch {
		case key != Key(engine):
			entries = append(entries, variant.Entry{Key: key, Value: detached.At(i).At(1).Variant()})
		case len(list) > 0:
			there = true
			put()
		}
	}
	if !there && len(list) > 0 {
		put()
	}
	return variant.Dict(entries...)
}
