package ostree

import (
	"bytes"
	"context"
	"encoding/binary"
	"slices"

	"github.com/otactl/otactl/ostree/variant"
)

// ObjectSize is one entry of ostree.sizes in a commit's metadata: how long an
// object of the commit's tree is as an archive repo stores it, and unpacked,
// both in bytes. Nobody verifies them; they are for showing.
type ObjectSize struct {
	ID                 ObjectID
	Archived, Unpacked uint64
}

// ParseSizes reads ostree.sizes. Each entry is a checksum, two numbers in
// LEB128, and the object type; entries of old, which list files alone, lack
// the type.
func ParseSizes(v variant.Value) ([]ObjectSize, error) {
	if v.Type().String() != "aay" {
		return nil, badFormat("%s is of type %s, want aay", KeySizes, v.Type())
	}
	list := make([]ObjectSize, 0, v.Len())
	for i := range v.Len() {
		s, err := parseSize(v.At(i).Bytes())
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

func parseSize(b []byte) (ObjectSize, error) {
	s := ObjectSize{ID: ObjectID{Type: TypeFile}}
	if len(b) < len(s.ID.Sum) {
		return s, badFormat("an entry of %s has %d bytes", KeySizes, len(b))
	}
	rest := b[copy(s.ID.Sum[:], b):]
	for _, n := range []*uint64{&s.Archived, &s.Unpacked} {
		var size int
		if *n, size = binary.Uvarint(rest); size <= 0 {
			return s, badFormat("a number in an entry of %s has no end, or more than 64 bits", KeySizes)
		}
		rest = rest[size:]
	}
	if len(rest) == 1 {
		s.ID.Type = ObjectType(rest[0])
		rest = nil
	}
	if len(rest) > 0 || s.ID.Type < TypeFile || s.ID.Type > TypeDirMeta {
		return s, badFormat("an entry of %s for %s ends in %x, which is no type of an object in a tree", KeySizes, s.ID.Sum, b[len(b)-len(rest):])
	}
	return s, nil
}

// sizesValue is what ParseSizes reads.
func sizesValue(list []ObjectSize) variant.Value {
	slices.SortFunc(list, func(a, b ObjectSize) int { return bytes.Compare(a.ID.Sum[:], b.ID.Sum[:]) })
	items := make([]variant.Value, len(list))
	for i, s := range list {
		b := slices.Clone(s.ID.Sum[:])
		b = binary.AppendUvarint(b, s.Archived)
		b = binary.AppendUvarint(b, s.Unpacked)
		items[i] = variant.Bytes(append(b, byte(s.ID.Type)))
	}
	return variant.Array(variant.MustType("ay"), items...)
}

// treeSizes looks up the sizes of all that a commit's tree holds.
func treeSizes(ctx context.Context, repo *Repo, c *Commit) (variant.Value, error) {
	var list []ObjectSize
	w := &walker{src: repo, seen: map[ObjectID]struct{}{}, fn: func(id ObjectID) error {
		s, err := repo.sizeOf(ctx, id)
		list = append(list, s)
		return err
	}}
	if err := w.tree(ctx, c.Tree, c.Meta); err != nil {
		return variant.Value{}, err
	}
	return sizesValue(list), nil
}

// sizeOf is how long an object is on disk, and unpacked.
func (r *Repo) sizeOf(ctx context.Context, id ObjectID) (ObjectSize, error) {
	s := ObjectSize{ID: id}
	obj, err := r.Object(ctx, id)
	if err != nil {
		return s, err
	}
	rc, size, err := obj.OpenArchive(ctx)
	if err != nil {
		return s, err
	}
	defer rc.Close()
	s.Archived, s.Unpacked = uint64(size), uint64(size)
	if id.Type == TypeFile {
		h, payload, err := inflated(id, "", rc)
		if err != nil {
			return s, err
		}
		s.Unpacked = max(h.Size, uint64(len(h.Target)))
		return s, payload.Close()
	}
	return s, nil
}
