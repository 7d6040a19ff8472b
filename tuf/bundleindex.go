package tuf

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
)

// BundleIndex is the signed part of the index of a bundle that is one file. It
// vouches for the list of what is in the file, and says which statement about
// its targets it belongs to; the expiry of that is its own.
type BundleIndex struct {
	// Format is the version of the form of the whole file.
	Format int
	// BundleTargets is the SHA-256, in hex, of what is signed in
	// bundle-targets.json, so that signing that file leaves the index as it is.
	BundleTargets string
	// Members identifies the list.
	Members IndexedList
}

// IndexedList identifies a list of members.
type IndexedList struct {
	Count  int    // of members
	Length int64  // of the list, in bytes
	SHA256 string // of the list, in hex
}

// BundleIndexFormat is the newest format that is known here.
const BundleIndexFormat = 1

// MarshalJSON gives the signed part of index.json.
func (b BundleIndex) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{
		"_type": typeIndex, "format": b.Format, "bundle-targets": b.BundleTargets,
		"members": map[string]any{"count": b.Members.Count, "length": b.Members.Length, "sha256": b.Members.SHA256},
	})
}

// ParseBundleIndex reads an index file and verifies no signature.
func ParseBundleIndex(file []byte) (*BundleIndex, error) {
	b, err := parseBundleIndex(file)
	return b, in(BundleIndexFile, err)
}

func parseBundleIndex(file []byte) (*BundleIndex, error) {
	if err := within(limits.BundleIndex, file); err != nil {
		return nil, err
	}
	e, err := ParseEnvelope(file)
	if err != nil {
		return nil, err
	}
	return parseIndex(e.Signed)
}

// parseIndex takes nothing that BundleIndex doesn't have: it would be vouched
// for and looked at by nobody.
func parseIndex(signed json.RawMessage) (*BundleIndex, error) {
	f, err := object("signed", signed)
	if err != nil {
		return nil, err
	}
	if kind, err := f.text("_type"); err != nil || kind != typeIndex {
		return nil, refuse(ErrMalformed, "not the index of a bundle")
	}
	format, err := f.version("format")
	if err != nil {
		return nil, err
	}
	if format > BundleIndexFormat {
		return nil, fail.New(fail.Unsupported, "use a newer otactl", "the bundle has the format %d, and this program knows %d", format, BundleIndexFormat)
	}
	b := &BundleIndex{Format: format}
	if b.BundleTargets, err = f.text("bundle-targets"); err != nil {
		return nil, err
	}
	if b.Members, err = parseIndexedList(f); err != nil {
		return nil, err
	}
	again, err := b.MarshalJSON()
	if err == nil {
		again, err = Canonical(again)
	}
	if err != nil || !bytes.Equal(again, signed) || !isSHA256(b.BundleTargets) || !isSHA256(b.Members.SHA256) {
		return nil, refuse(ErrMalformed, "it is not in the form of an index")
	}
	return b, nil
}

func parseIndexedList(f fields) (list IndexedList, err error) {
	m, err := f.object("members")
	if err != nil {
		return list, err
	}
	count, err := m.integer("count")
	if err != nil {
		return list, err
	}
	if list.Length, err = m.integer("length"); err != nil {
		return list, err
	}
	if count < 0 || count > limits.BundleMembers || list.Length < 0 || list.Length > limits.BundleList {
		return list, refuse(ErrTooLarge, "%d members in a list of %d bytes", count, list.Length)
	}
	list.Count = int(count)
	list.SHA256, err = m.text("sha256")
	return list, err
}

func isSHA256(text string) bool {
	sum, err := hex.DecodeString(text)
	return err == nil && len(sum) == sha256.Size && hex.EncodeToString(sum) == text
}

// SignedSum is the SHA-256, in hex, of what is signed in a file, in canonical
// form.
func SignedSum(file []byte) (string, error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(e.Signed)
	return hex.EncodeToString(sum[:]), nil
}

// VerifyIndex checks index.json as VerifyBundle does bundle-targets.json, on
// whose expiry it relies: every signature known and valid, the threshold of the
// targets role met by distinct keys.
func (r *Root) VerifyIndex(file []byte) (*BundleIndex, error) {
	b, err := r.verifyIndex(file)
	return b, in(BundleIndexFile, err)
}

func (r *Root) verifyIndex(file []byte) (*BundleIndex, error) {
	b, err := parseBundleIndex(file)
	if err != nil {
		return nil, err
	}
	rep, err := r.speaks().Signatures(r, RoleTargets, file)
	if err != nil {
		return nil, err
	}
	return b, r.wholly(rep)
}

// wholly holds that every signature counts, and that there are enough.
func (r *Root) wholly(rep *SignatureReport) error {
	switch {
	case len(rep.Unknown) > 0:
		return refuse(ErrBundle, "signed by key %s, which root %d does not let sign targets", rep.Unknown[0], r.Version)
	case len(rep.Invalid) > 0:
		return refuse(ErrBundle, "the signature by key %s is bad or is by a key that signed under another id", rep.Invalid[0])
	case rep.Missing() > 0:
		return refuse(ErrBundle, "%d of %d signatures are missing", rep.Missing(), rep.Threshold)
	}
	return nil
}
