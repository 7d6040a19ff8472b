package delta

import (
	"strconv"

	"github.com/otactl/otactl/ostree/variant"
)

// encode puts n into the byte order of a superblock.
func (e Endianness) encode(n uint64) variant.Value {
	if e == Big {
		return variant.BigUint64(n)
	}
	return variant.Uint64(n)
}

// marshal is the superblock's bytes, with metadata at its head.
func (s *Superblock) marshal(metadata rope) rope {
	fixed := func(v variant.Value) member { return member{ropeOf(v.Data()), 8, true} }
	bytes := func(b []byte) member { return member{ropeOf(b), 1, false} }
	var from []byte
	if !s.Name.Scratch() {
		from = s.Name.From[:]
	}
	var parts, fallbacks []variant.Value
	for _, p := range s.Parts {
		parts = append(parts, variant.Tuple(partType, variant.Uint32(0), variant.Bytes(p.Sum[:]),
			s.Order.encode(p.Size), s.Order.encode(p.USize), variant.Bytes(p.Objects)))
	}
	for _, f := range s.Fallbacks {
		fallbacks = append(fallbacks, variant.Tuple(fallbackType, variant.Byte(byte(f.ID.Type)), variant.Bytes(f.ID.Sum[:]),
			s.Order.encode(f.Size), s.Order.encode(f.USize)))
	}
	array := func(t *variant.Type, items []variant.Value) member {
		return member{ropeOf(variant.Array(t, items...).Data()), 8, false}
	}
	return container([]member{
		{metadata, 8, false},
		fixed(variant.BigUint64(uint64(s.Time.Unix()))),
		bytes(from), bytes(s.Name.To[:]),
		{ropeOf(s.Commit), 8, false},
		bytes(s.Before),
		array(partType, parts), array(fallbackType, fallbacks),
	}, true)
}

// head is the dict at the head of a new superblock: what the caller wants
// there, byte order, parts out of files, detached metadata.
func (s *Superblock) head(user []variant.Entry, files map[int]string) rope {
	var entries []member
	add := func(key string, v variant.Value) {
		entries = append(entries, dictEntry(key, ropeOf(v.Data()), v.Type().String()))
	}
	for _, e := range user {
		add(e.Key, e.Value)
	}
	add(keyEndianness, variant.Byte(byte(s.Order)))
	prefix := s.Name.Dir() + "/"
	for i := range s.Parts {
		if path, ok := files[i]; ok {
			entries = append(entries, dictEntry(prefix+strconv.Itoa(i), ropeOfFile(path, int64(s.Parts[i].Size)), inlineType.String()))
		}
	}
	if s.Detached.IsValid() {
		add(prefix+keyDetached, s.Detached)
	}
	return container(entries, false)
}

// wrapped is the signed form of a superblock.
func wrapped(superblock rope, signatures variant.Value) rope {
	return container([]member{
		{ropeOf([]byte(signedMagic)), 8, true},
		{superblock, 1, false},
		{ropeOf(signatures.Data()), 8, false},
	}, true)
}
