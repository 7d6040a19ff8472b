package xz

import (
	"crypto/sha256"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"slices"
)

// The checks that a stream may have over the bytes of a block.
const (
	checkNone   = 0
	checkCRC32  = 1
	checkCRC64  = 4
	checkSHA256 = 10
)

// check hashes a block; the zero value hashes nothing.
type check struct {
	hash   hash.Hash
	little bool // its sum goes out with the lowest byte first
}

func newCheck(kind byte) (check, error) {
	switch kind {
	case checkNone:
		return check{}, nil
	case checkCRC32:
		return check{crc32.NewIEEE(), true}, nil
	case checkCRC64:
		return check{crc64.New(crc64.MakeTable(crc64.ECMA)), true}, nil
	case checkSHA256:
		return check{sha256.New(), false}, nil
	}
	return check{}, corrupt("check %d is not known", kind)
}

func (c check) write(p []byte) {
	if c.hash != nil {
		_, _ = c.hash.Write(p)
	}
}

// sum ends the block.
func (c check) sum() []byte {
	if c.hash == nil {
		return nil
	}
	s := c.hash.Sum(nil)
	c.hash.Reset()
	if c.little {
		slices.Reverse(s)
	}
	return s
}
