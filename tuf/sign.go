package tuf

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/otactl/otactl/internal/limits"
)

// Sign makes a file of signed, which is one of the role types or anything else
// that marshals to a JSON object, and the signatures of signers; without
// signers it makes a file to be signed later. The file is in canonical form.
//
// A string that is not printable ASCII (LF, CR and TAB aside) is ErrNotASCII
// naming the field, since peers disagree on its canonical form; a file that no
// device would read is ErrTooLarge; two signers with one key are ErrDuplicate.
func Sign(signed any, signers ...Signer) ([]byte, error) {
	raw, err := marshal(signed)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	canon, err := canonicalise(raw, formEscaped)
	if err != nil {
		return nil, in("sign", err)
	}
	if canon[0] != '{' {
		return nil, in("sign", refuse(ErrMalformed, "signed is not an object"))
	}
	return (&Envelope{Signed: canon}).signBy(signers...)
}

// marshal asks what writes itself, and leaves out encoding/json's own reading
// of that: the strict one comes right after.
func marshal(signed any) ([]byte, error) {
	if m, ok := signed.(json.Marshaler); ok {
		return m.MarshalJSON()
	}
	return json.Marshal(signed)
}

// AddSignature adds the signature of s to a file, over the canonical form of
// what the file holds. A file that s signed already, under whatever key id, is
// ErrDuplicate.
func AddSignature(file []byte, s Signer) ([]byte, error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		return nil, in("sign", err)
	}
	return e.signBy(s)
}

// signBy is e as a file, with the signatures of signers added.
func (e *Envelope) signBy(signers ...Signer) ([]byte, error) {
	kind := kindOf(e.Signed)
	if err := checkASCII("signed", e.Signed); err != nil {
		return nil, in(kind.file, err)
	}
	for _, s := range signers {
		if err := e.add(s); err != nil {
			return nil, in(kind.file, err)
		}
	}
	file, err := e.File()
	if err != nil {
		return nil, in(kind.file, err)
	}
	if len(file) > kind.limit {
		return nil, in(kind.file, refuse(ErrTooLarge, "%d bytes signed, devices read at most %d", len(file), kind.limit))
	}
	return file, nil
}

func (e *Envelope) add(s Signer) error {
	public := s.Public()
	for _, old := range e.Signatures {
		if old.KeyID == public.ID || e.signedBy(public, old) {
			return refuse(ErrDuplicate, "by key %s", old.KeyID)
		}
	}
	raw, err := s.Sign(e.Signed)
	if err != nil {
		return fmt.Errorf("sign with key %s: %w", public.ID, err)
	}
	sig := Signature{KeyID: public.ID, Method: s.Method(), Sig: base64.StdEncoding.EncodeToString(raw)}
	if err := public.Verify(e.Signed, sig); err != nil {
		return fmt.Errorf("sign with key %s: what came out does not verify: %w", public.ID, err)
	}
	e.Signatures = append(e.Signatures, sig)
	return nil
}

// signedKind is what a document to sign is called, and how long devices let the
// file be.
type signedKind struct {
	file  string
	limit int // bytes
}

func kindOf(signed json.RawMessage) signedKind {
	f, err := pick("signed", signed, "_type", bundleField)
	if err != nil {
		return signedKind{"sign", limits.Root}
	}
	if f.has(bundleField) {
		return signedKind{BundleTargetsFile, limits.BundleTargets}
	}
	switch kind, _ := f.text("_type"); kind {
	case typeRoot:
		return signedKind{rootFile, limits.Root}
	case typeTargets:
		return signedKind{TargetsFile, limits.Targets}
	case typeSnapshot:
		return signedKind{SnapshotFile, limits.Snapshot}
	case typeTimestamp:
		return signedKind{TimestampFile, limits.Timestamp}
	case typeIndex:
		return signedKind{BundleIndexFile, limits.BundleIndex}
	}
	return signedKind{"sign", limits.Root}
}

// checkASCII finds the first string in v, in canonical form, that peers would
// not all write alike.
func checkASCII(path string, v json.RawMessage) error {
	if bytes.IndexByte(v, '\\') < 0 && bytes.IndexByte(v, 0x7f) < 0 {
		return nil // the canonical form escapes all else that could be wrong
	}
	switch v[0] {
	case '{':
		for w := (walk{v}); w.more(); {
			name, value := w.member()
			if !plain(string(name)) {
				return refuse(ErrNotASCII, "a name in %s: %s", path, strconv.QuoteToASCII(string(name)))
			}
			if err := checkASCII(path+"."+string(name), value); err != nil {
				return err
			}
		}
	case '[':
		w := walk{v}
		for i := 0; w.more(); i++ {
			if err := checkASCII(fmt.Sprintf("%s[%d]", path, i), w.element()); err != nil {
				return err
			}
		}
	case '"':
		if s := string(bare(v)); !plain(s) {
			return refuse(ErrNotASCII, "%s is %s", path, strconv.QuoteToASCII(s))
		}
	}
	return nil
}

func plain(s string) bool {
	for _, c := range []byte(s) {
		if c > 0x7e || c < 0x20 && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}
