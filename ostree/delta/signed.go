package delta

import (
	"bytes"

	"github.com/otactl/otactl/ostree/variant"
)

// signedType is the signed form: magic number, superblock, signatures.
var signedType = variant.MustType("(taya{sv})")

// signedMagic is "OSTSGNDT" as a big-endian number.
const signedMagic = "OSTSGNDT"

// IsSigned says whether data is a delta in signed form. A superblock begins with
// the text of its first metadata key, which nobody calls like that.
func IsSigned(data []byte) bool { return bytes.HasPrefix(data, []byte(signedMagic)) }

// Unwrap takes the signed form apart: the superblock's bytes, over which the
// signatures are made, and these by engine ("ostree.sign.ed25519" holds aay).
// What is not in signed form comes back as it is, with no signatures.
func Unwrap(data []byte) (superblock []byte, signatures variant.Value, err error) {
	if !IsSigned(data) {
		return data, variant.Value{}, nil
	}
	v, err := variant.Parse(signedType, data)
	if err != nil {
		return nil, variant.Value{}, refuse(bad("signed form is not in normal form: %v", err))
	}
	return v.At(1).Bytes(), v.At(2), nil
}

// Wrap makes the signed form.
func Wrap(superblock []byte, signatures variant.Value) []byte {
	var magic uint64
	for _, c := range []byte(signedMagic) {
		magic = magic<<8 | uint64(c)
	}
	return variant.Tuple(signedType, variant.BigUint64(magic), variant.Bytes(superblock), signatures).Data()
}
