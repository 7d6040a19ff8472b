package ostree

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/variant"
)

// maxXattrValue is the kernel's cap on one value, in bytes.
const maxXattrValue = 64 << 10

var (
	xattrType = variant.MustType("(ayay)")
	// Owner, group and mode in big-endian, xattrs.
	dirMetaType = variant.MustType("(uuua(ayay))")
	// Owner, group, mode, device (always 0), symlink target, xattrs.
	fileHeaderType = variant.MustType("(uuuusa(ayay))")
	// The uncompressed size in big-endian before the same.
	filezHeaderType = variant.MustType("(tuuuusa(ayay))")
)

// DirMeta is the metadata of a directory.
type DirMeta struct {
	UID, GID uint32
	Mode     uint32 // with S_IFDIR
	Xattrs   []Xattr
}

// ParseDirMeta reads a dirmeta object and refuses one that is not in normal
// form, not a directory's, or has xattrs out of order.
func ParseDirMeta(b []byte) (*DirMeta, error) {
	if len(b) > limits.FileHeader {
		return nil, badFormat("%d bytes, at most %d are allowed", len(b), limits.FileHeader)
	}
	v, err := parseMetadata(dirMetaType, b)
	if err != nil {
		return nil, err
	}
	m := &DirMeta{UID: v.At(0).BigUint32(), GID: v.At(1).BigUint32(), Mode: v.At(2).BigUint32()}
	if m.Xattrs, err = parseXattrs(v.At(3)); err != nil {
		return nil, err
	}
	return m, m.check()
}

func (m *DirMeta) check() error {
	if m.Mode&modeType != modeDir || m.Mode&^(modeType|modePerm) != 0 {
		return badFormat("mode %o is not a directory's", m.Mode)
	}
	return checkXattrs(m.Xattrs)
}

// Marshal sorts the xattrs and is the dirmeta's bytes.
func (m *DirMeta) Marshal() ([]byte, error) {
	sortXattrs(m.Xattrs)
	if err := m.check(); err != nil {
		return nil, err
	}
	v := variant.Tuple(dirMetaType, variant.BigUint32(m.UID), variant.BigUint32(m.GID),
		variant.BigUint32(m.Mode), xattrsValue(m.Xattrs))
	return v.Data(), nil
}

// IsSymlink says whether the header is that of a symlink.
func (h *FileHeader) IsSymlink() bool { return h.Mode&modeType == modeSymlink }

// Check holds h against what the formats allow: a regular file or a symlink
// with its target, and xattrs in order, none twice.
func (h *FileHeader) Check() error {
	if h.Mode&^(modeType|modePerm) != 0 {
		return badFormat("mode %o has bits that no file has", h.Mode)
	}
	switch h.Mode & modeType {
	case modeRegular:
		if h.Target != "" {
			return badFormat("a regular file has a symlink target")
		}
	case modeSymlink:
		if h.Target == "" || len(h.Target) > limits.SymlinkTarget {
			return badFormat("symlink target has %d bytes, want 1 to %d", len(h.Target), limits.SymlinkTarget)
		}
		if h.Size != 0 {
			return badFormat("symlink has a payload of %d bytes", h.Size)
		}
		if err := checkText("symlink target", h.Target); err != nil {
			return err
		}
	default:
		return badFormat("mode %o is neither a regular file's nor a symlink's", h.Mode)
	}
	return checkXattrs(h.Xattrs)
}

// ParseFileHeader reads the header over which a content object's id is made;
// it does not hold the size.
func ParseFileHeader(b []byte) (*FileHeader, error) {
	return parseHeader(fileHeaderType, b)
}

// parseFilezHeader reads the header of the archive form.
func parseFilezHeader(b []byte) (*FileHeader, error) {
	return parseHeader(filezHeaderType, b)
}

func parseHeader(t *variant.Type, b []byte) (*FileHeader, error) {
	if len(b) > limits.FileHeader {
		return nil, badFormat("header of %d bytes, at most %d are allowed", len(b), limits.FileHeader)
	}
	v, err := variant.Parse(t, b)
	if err != nil {
		return nil, badFormat("header is not in normal form: %v", err)
	}
	h, at := &FileHeader{}, 0
	if t == filezHeaderType {
		h.Size, at = v.At(0).BigUint64(), 1
	}
	h.UID, h.GID, h.Mode = v.At(at).BigUint32(), v.At(at+1).BigUint32(), v.At(at+2).BigUint32()
	if device := v.At(at + 3).BigUint32(); device != 0 {
		return nil, badFormat("header names device %d", device)
	}
	h.Target = v.At(at + 4).Text()
	if h.Xattrs, err = parseXattrs(v.At(at + 5)); err != nil {
		return nil, err
	}
	return h, h.Check()
}

// members are what both forms of the header share.
func (h *FileHeader) members() []variant.Value {
	return []variant.Value{variant.BigUint32(h.UID), variant.BigUint32(h.GID), variant.BigUint32(h.Mode),
		variant.BigUint32(0), variant.Text(h.Target), xattrsValue(h.Xattrs)}
}

// Marshal sorts the xattrs and is the header over which the object's id is
// made, as ParseFileHeader reads it.
func (h *FileHeader) Marshal() ([]byte, error) {
	sortXattrs(h.Xattrs)
	if err := h.Check(); err != nil {
		return nil, err
	}
	if len(h.Xattrs) == 0 {
		return h.appendPlain(make([]byte, 0, h.plainRoom())), nil
	}
	return variant.Tuple(fileHeaderType, h.members()...).Data(), nil
}

// marshalFilez is the header of the archive form.
func (h *FileHeader) marshalFilez() ([]byte, error) {
	sortXattrs(h.Xattrs)
	if err := h.Check(); err != nil {
		return nil, err
	}
	if len(h.Xattrs) == 0 {
		return h.appendPlain(binary.BigEndian.AppendUint64(make([]byte, 0, h.plainRoom()), h.Size)), nil
	}
	all := append([]variant.Value{variant.BigUint64(h.Size)}, h.members()...)
	return variant.Tuple(filezHeaderType, all...).Data(), nil
}

// plainRoom is enough for a header without xattrs.
func (h *FileHeader) plainRoom() int { return 8 + 16 + len(h.Target) + 1 + 2 }

// appendPlain serialises the header of a file without xattrs, as nearly all
// are: every object that is read or written needs it, and a Value for each
// number costs more than hashing a small file. b is empty, or holds the size.
func (h *FileHeader) appendPlain(b []byte) []byte {
	for _, n := range []uint32{h.UID, h.GID, h.Mode, 0} {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	b = append(append(b, h.Target...), 0)
	// The end of the target; the xattrs that follow take no room. A target has
	// at most limits.SymlinkTarget bytes, so two bytes hold the offset.
	if end := len(b); end+1 <= math.MaxUint8 {
		b = append(b, byte(end))
	} else {
		b = binary.LittleEndian.AppendUint16(b, uint16(end))
	}
	return b
}

// framed puts the length of a header and four zero bytes before it.
func framed(header []byte) ([]byte, error) {
	if len(header) > limits.FileHeader {
		return nil, badFormat("header of %d bytes, at most %d are allowed", len(header), limits.FileHeader)
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, 8+len(header)), uint32(len(header)))
	return append(append(b, 0, 0, 0, 0), header...), nil
}

func parseXattrs(v variant.Value) ([]Xattr, error) {
	if v.Len() == 0 {
		return nil, nil
	}
	list := make([]Xattr, v.Len())
	for i, pair := range v.All() {
		name := pair.At(0).Bytes()
		if len(name) == 0 || name[len(name)-1] != 0 {
			return nil, badFormat("xattr name %.80q has no end", name)
		}
		list[i] = Xattr{Name: string(name[:len(name)-1]), Value: slices.Clone(pair.At(1).Bytes())}
	}
	return list, checkXattrs(list)
}

func checkXattrs(list []Xattr) error {
	for i, x := range list {
		switch {
		case x.Name == "" || len(x.Name) > limits.NameLength || strings.IndexByte(x.Name, 0) >= 0:
			return badFormat("xattr name %.80q is empty, too long or holds a zero byte", x.Name)
		case len(x.Value) > maxXattrValue:
			return badFormat("xattr %s has %d bytes, at most %d are allowed", x.Name, len(x.Value), maxXattrValue)
		case i > 0 && list[i-1].Name >= x.Name:
			return badFormat("xattr %q is there twice or out of order", x.Name)
		}
	}
	return nil
}

func sortXattrs(list []Xattr) {
	slices.SortFunc(list, func(a, b Xattr) int { return cmp.Compare(a.Name, b.Name) })
}

// xattrsValue makes a(ayay); a name carries its trailing zero byte there.
func xattrsValue(list []Xattr) variant.Value {
	items := make([]variant.Value, len(list))
	for i, x := range list {
		name := append([]byte(x.Name), 0)
		items[i] = variant.Tuple(xattrType, variant.Bytes(name), variant.Bytes(x.Value))
	}
	return variant.Array(xattrType, items...)
}
