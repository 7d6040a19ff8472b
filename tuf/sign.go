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
	raw, err := json.Marshal(signed)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	canon, err := Canonical(raw)
	if err != nil {
		return nil, err
	}
	if canon[0] != '{' {
		return nil, refuse(ErrMalformed, "signed is not an object")
	}
	if err := checkASCII("signed", canon); err != nil {
		return nil, err
	}
	e := &Envelope{Signed: canon}
	for _, s := range signers {
		if err := e.add(s); err != nil {
			return nil, err
		}
	}
	return e.finish()
}

// AddSignature adds the signature of s to a file, over the canonical form of
// what the file holds. A file that s signed already, under whatever key id, is
// ErrDuplicate.
func AddSignature(file []byte, s Signer) ([]byte, error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		return nil, err
	}
	if err := checkASCII("signed", e.Signed); err != nil {
		return nil, err
	}
	if err := e.add(s); err != nil {
		return nil, err
	}
	return e.finish()
}

func (e *Envelope) add(s Signer) error {
	public := s.Public()
	messages := e.messages()
	for _, old := range e.Signatures {
		if old.KeyID == public.ID || verifiesAny(public, messages, old) {
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

func (e *Envelope) finish() ([]byte, error) {
	file, err := e.bytes()
	if err != nil {
		return nil, err
	}
	limit := sizeLimit(e.Signed)
	if len(file) > limit {
		return nil, refuse(ErrTooLarge, "%d bytes signed, devices read at most %d", len(file), limit)
	}
	return file, nil
}

func sizeLimit(signed json.RawMessage) int {
	f, err := object("signed", signed)
	if err != nil {
		return limits.Root
	}
	kind, _ := f.text("_type")
	switch {
	case f.has(bundleField):
		return limits.BundleTargets
	case kind == typeTargets:
		return limits.Targets
	}
	return limits.Root
}

// checkASCII finds the first string in v, in canonical form, that peers would
// not all write alike.
func checkASCII(path string, v json.RawMessage) error {
	if !bytes.ContainsAny(v, "\\\x7f") {
		return nil // the canonical form escapes all else that could be wrong
	}
	switch v[0] {
	case '{':
		return members(v, func(name string, value json.RawMessage) error {
			at := path + "." + name
			if !plain(name) {
				return refuse(ErrNotASCII, "a name in %s: %s", path, strconv.QuoteToASCII(name))
			}
			return checkASCII(at, value)
		})
	case '[':
		i := -1
		return elements(v, func(value json.RawMessage) error {
			i++
			return checkASCII(fmt.Sprintf("%s[%d]", path, i), value)
		})
	case '"':
		if s, err := unquote(v); err != nil || !plain(s) {
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
