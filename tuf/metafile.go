package tuf

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// matches checks length and hashes where m states them, over the file as it
// came or over its canonical form where the dialect has one: aktualizr counts
// the latter, and then a file may be stored pretty-printed.
func (m MetaFile) matches(file, whole []byte) error {
	if m.fits(file) || whole != nil && m.fits(whole) {
		return nil
	}
	sum := sha256.Sum256(file)
	return refuse(ErrHash, "%d bytes with sha256 %x came, where version %d was announced with %s", len(file), sum, m.Version, m.described())
}

// described is what m says of a file's content.
func (m MetaFile) described() string {
	text := "any length"
	if m.Length != 0 {
		text = strconv.FormatInt(m.Length, 10) + " bytes"
	}
	for _, alg := range slices.Sorted(maps.Keys(m.Hashes)) {
		text += ", " + alg + " " + m.Hashes[alg]
	}
	return text
}

func (m MetaFile) fits(file []byte) bool {
	if m.Length != 0 && m.Length != int64(len(file)) {
		return false
	}
	for alg, want := range m.Hashes {
		var sum []byte
		switch alg {
		case "sha256":
			s := sha256.Sum256(file)
			sum = s[:]
		case "sha512":
			s := sha512.Sum512(file)
			sum = s[:]
		default:
			continue // the dialect saw to it that another one can be checked
		}
		if !strings.EqualFold(hex.EncodeToString(sum), want) {
			return false
		}
	}
	return true
}
