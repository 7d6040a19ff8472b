package delta

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// maxTime is the last second of the year 9999, as for commits.
const maxTime = 253402300799

// ParseSuperblock reads a superblock, which must be in normal form, hold the
// commit that it names, and say nothing twice. It refers to data.
func ParseSuperblock(data []byte) (*Superblock, error) {
	s, err := parseSuperblock(data)
	if err != nil {
		if e, ok := errors.AsType[*BadError](err); ok && s != nil {
			e.Delta = s.Name
		}
		return nil, refuse(err)
	}
	return s, nil
}

func parseSuperblock(data []byte) (*Superblock, error) {
	v, err := variant.Parse(superblockType, data)
	if err != nil {
		return nil, bad("superblock is not in normal form: %v", err)
	}
	s := &Superblock{Metadata: v.At(0), Commit: v.At(4).Data(), Before: v.At(5).Bytes()}
	if err := s.checkSize(len(data)); err != nil {
		return nil, err
	}
	if seconds := v.At(1).BigUint64(); seconds > maxTime {
		return nil, bad("its time %d is after the year 9999", seconds)
	} else {
		s.Time = time.Unix(int64(seconds), 0).UTC()
	}
	if s.Name.To, err = checksum("the commit it leads to", v.At(3).Bytes()); err != nil {
		return nil, err
	}
	if from := v.At(2).Bytes(); len(from) > 0 {
		if s.Name.From, err = checksum("the commit it leads from", from); err != nil {
			return nil, err
		}
		if s.Name.From.IsZero() {
			return s, bad("it leads from a commit without a name")
		}
	}
	if got := ostree.Checksum(sha256.Sum256(s.Commit)); got != s.Name.To {
		return s, bad("the commit in it is %s", got)
	}
	if _, err := ostree.ParseCommit(s.Commit); err != nil {
		return s, bad("the commit in it: %v", err)
	}
	if n := len(s.Before); n%64 != 0 {
		return s, bad("the list of deltas before it has %d bytes, want a multiple of 64", n)
	}
	if err := s.parseParts(v.At(6)); err != nil {
		return s, err
	}
	if err := s.parseFallbacks(v.At(7)); err != nil {
		return s, err
	}
	if err := s.parseMetadata(); err != nil {
		return s, err
	}
	return s, s.add()
}

func checksum(what string, b []byte) (ostree.Checksum, error) {
	var c ostree.Checksum
	if len(b) != len(c) {
		return c, bad("%s has a checksum of %d bytes, want %d", what, len(b), len(c))
	}
	copy(c[:], b)
	return c, nil
}

// checkSize holds what is not a part inside to what any superblock may have: to
// understand it takes memory, and a file may be far larger.
func (s *Superblock) checkSize(size int) error {
	if n := s.Metadata.Len(); n > limits.DeltaKeys {
		return bad("its metadata has %d keys, at most %d are allowed", n, limits.DeltaKeys)
	}
	for _, entry := range s.Metadata.All() {
		if size <= limits.DeltaSuperblock {
			return nil
		}
		if value := entry.At(1).Variant(); value.Type().String() == inlineType.String() {
			size -= len(value.Data())
		}
	}
	if size > limits.DeltaSuperblock {
		return bad("it has %d bytes beside its parts, at most %d are allowed", size, limits.DeltaSuperblock)
	}
	return nil
}

func (s *Superblock) parseParts(list variant.Value) error {
	if list.Len() > limits.DeltaParts {
		return bad("it has %d parts, at most %d are allowed", list.Len(), limits.DeltaParts)
	}
	s.Parts = make([]Part, list.Len())
	for i, v := range list.All() {
		if err := s.Parts[i].parse(v, s.Name.To); err != nil {
			err.Part = i
			return err
		}
	}
	return nil
}

func (p *Part) parse(v variant.Value, to ostree.Checksum) *BadError {
	if version := v.At(0).Uint32(); version != 0 {
		return bad("version is %d, want 0", version)
	}
	sum := v.At(1).Bytes()
	if len(sum) != len(p.Sum) {
		return bad("checksum has %d bytes, want %d", len(sum), len(p.Sum))
	}
	p.Sum = ostree.Checksum(sum)
	p.Size, p.USize = v.At(2).Uint64(), v.At(3).Uint64()
	p.Objects = Table(v.At(4).Bytes())
	if len(p.Objects)%entrySize != 0 {
		return bad("table of objects has %d bytes, want a multiple of %d", len(p.Objects), entrySize)
	}
	for i := range p.Objects.Len() {
		id := p.Objects.At(i)
		if why := refusedType(id, to); why != "" {
			e := bad("entry %d of its table: %s", i, why)
			e.Object = id
			return e
		}
	}
	return nil
}

// refusedType says why an object may not be in a delta. Any commit but the one
// that the delta leads to would count as complete as soon as it is there.
func refusedType(id ostree.ObjectID, to ostree.Checksum) string {
	switch id.Type {
	case ostree.TypeFile, ostree.TypeDirTree, ostree.TypeDirMeta:
		return ""
	case ostree.TypeCommit:
		if id.Sum == to {
			return ""
		}
		return "a commit other than the one the delta leads to"
	}
	return fmt.Sprintf("objects of type %d are not moved by deltas", id.Type)
}

func (s *Superblock) parseFallbacks(list variant.Value) error {
	if list.Len() > limits.DeltaFallbacks {
		return bad("it leaves out %d objects, at most %d are allowed", list.Len(), limits.DeltaFallbacks)
	}
	seen := map[ostree.ObjectID]bool{}
	for i, v := range list.All() {
		sum, err := checksum(fmt.Sprintf("fallback %d", i), v.At(1).Bytes())
		if err != nil {
			return err
		}
		f := Fallback{ostree.ObjectID{Sum: sum, Type: ostree.ObjectType(v.At(0).Byte())}, v.At(2).Uint64(), v.At(3).Uint64()}
		why := refusedType(f.ID, s.Name.To)
		if seen[f.ID] {
			why = "is there twice"
		}
		if why != "" {
			e := bad("fallback %d: %s", i, why)
			e.Object = f.ID
			return e
		}
		seen[f.ID] = true
		s.Fallbacks = append(s.Fallbacks, f)
	}
	return nil
}

// parseMetadata finds the keys that mean something, and puts numbers in order.
func (s *Superblock) parseMetadata() error {
	prefix := s.Name.Dir() + "/"
	seen := map[string]bool{}
	s.inline = map[int]variant.Value{}
	for _, entry := range s.Metadata.All() {
		key := entry.At(0).Text()
		if seen[key] {
			return bad("metadata key %.100q is there twice", key)
		}
		seen[key] = true
		value := entry.At(1).Variant()
		rest, ours := strings.CutPrefix(key, prefix)
		var err error
		switch {
		case key == keyEndianness:
			err = s.parseOrder(value)
		case ours && rest == keyDetached:
			err = s.parseDetached(value)
		case ours:
			err = s.parseInline(rest, value)
		}
		if err != nil {
			return err
		}
	}
	if s.Order == 0 {
		s.guessOrder()
	}
	if s.Order == Big {
		s.swap()
	}
	return nil
}

func (s *Superblock) parseOrder(v variant.Value) error {
	if v.Type().String() != "y" {
		return bad("%s is %v, want y", keyEndianness, v)
	}
	s.Order = Endianness(v.Byte())
	if s.Order != Little && s.Order != Big {
		return bad("%s is %q, want l or B", keyEndianness, v.Byte())
	}
	return nil
}

func (s *Superblock) parseDetached(v variant.Value) error {
	if v.Type().String() != dictType.String() {
		return bad("detached metadata is %v, want a{sv}", v)
	}
	if n := len(v.Data()); n > limits.DetachedMetadata {
		return bad("detached metadata has %d bytes, at most %d are allowed", n, limits.DetachedMetadata)
	}
	s.Detached = v
	return nil
}

func (s *Superblock) parseInline(name string, v variant.Value) error {
	i, err := strconv.Atoi(name)
	if err != nil || strconv.Itoa(i) != name || i < 0 || i >= len(s.Parts) {
		return bad("it brings a part %.40q, which it doesn't list", name)
	}
	if v.Type().String() != inlineType.String() {
		e := bad("is %v, want (yay)", v)
		e.Part = i
		return e
	}
	s.inline[i] = v
	return nil
}

// guessOrder takes the byte order in which the largest size is smaller: no size
// is as large as what one under 4 GiB looks like in the other order.
func (s *Superblock) guessOrder() {
	var little, big uint64
	s.sizes(func(n *uint64) {
		little, big = max(little, *n), max(big, bits.ReverseBytes64(*n))
	})
	s.Order, s.Guessed = Little, true
	if big < little {
		s.Order = Big
	}
}

func (s *Superblock) swap() {
	s.sizes(func(n *uint64) { *n = bits.ReverseBytes64(*n) })
}

// sizes calls fn with every number whose byte order depends on the maker.
func (s *Superblock) sizes(fn func(*uint64)) {
	for i := range s.Parts {
		fn(&s.Parts[i].Size)
		fn(&s.Parts[i].USize)
	}
	for i := range s.Fallbacks {
		fn(&s.Fallbacks[i].Size)
		fn(&s.Fallbacks[i].USize)
	}
}

// add sees to it that all sizes together are a number of bytes.
func (s *Superblock) add() error {
	var sum, carry uint64
	s.sizes(func(n *uint64) {
		var c uint64
		sum, c = bits.Add64(sum, *n, 0)
		carry += c
	})
	if carry > 0 || sum > limits.DeltaTotal {
		return bad("it promises more than %d bytes in all", uint64(limits.DeltaTotal))
	}
	return nil
}
