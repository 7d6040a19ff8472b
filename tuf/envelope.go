package tuf

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/limits"
)

// Signature is one entry of a file's signatures.
type Signature struct {
	KeyID  string // the root's name for the key
	Method string // "ed25519" or "rsassa-pss-sha256"
	Sig    string // standard base64
}

// Envelope is a metadata file: a document and the signatures over it.
type Envelope struct {
	Signatures []Signature // no key id twice
	// Signed is the signed part in canonical form, made from the tokens that
	// were received, with all fields that we do not know.
	Signed json.RawMessage

	canonical []byte // the whole file
}

// ParseEnvelope reads a file and verifies no signature.
func ParseEnvelope(file []byte) (*Envelope, error) {
	if len(file) > limits.Targets {
		return nil, refuse(ErrTooLarge, "longer than %d bytes", limits.Targets)
	}
	canon, err := canonicalise(file, formEscaped)
	if err != nil {
		return nil, err
	}
	doc, err := pick("document", canon, "signatures", "signed")
	if err != nil {
		return nil, err
	}
	e := &Envelope{Signed: doc.m["signed"], canonical: canon}
	if len(e.Signed) == 0 || e.Signed[0] != '{' {
		return nil, refuse(ErrMalformed, "signed is not an object")
	}
	e.Signatures, err = parseSignatures(doc.m["signatures"])
	return e, err
}

func parseSignatures(v json.RawMessage) ([]Signature, error) {
	if !isArray(v) {
		return nil, refuse(ErrMalformed, "signatures is not an array")
	}
	list := []Signature{}
	seen := map[string]bool{}
	for w := (walk{v}); w.more(); {
		if len(list) == limits.Signatures {
			return nil, refuse(ErrTooLarge, "more than %d signatures", limits.Signatures)
		}
		s, err := parseSignature(w.element())
		if err != nil {
			return nil, err
		}
		if seen[s.KeyID] {
			return nil, refuse(ErrMalformed, "two signatures by key id %s", s.KeyID)
		}
		seen[s.KeyID] = true
		list = append(list, s)
	}
	return list, nil
}

func parseSignature(v json.RawMessage) (s Signature, err error) {
	f, err := pick("signature", v, "keyid", "method", "sig")
	if err != nil {
		return s, err
	}
	if s.KeyID, err = f.text("keyid"); err != nil {
		return s, err
	}
	if s.Method, err = f.text("method"); err != nil {
		return s, err
	}
	s.Sig, err = f.text("sig")
	return s, err
}

// File is e as a metadata file in canonical form.
func (e *Envelope) File() ([]byte, error) {
	list := []map[string]string{}
	for _, s := range e.Signatures {
		list = append(list, map[string]string{"keyid": s.KeyID, "method": s.Method, "sig": s.Sig})
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	sigs, err := Canonical(raw)
	if err != nil {
		return nil, err
	}
	return slices.Concat([]byte(`{"signatures":`), sigs, []byte(`,"signed":`), e.Signed, []byte(`}`)), nil
}

// signedBy says whether s is key's signature over one of the byte strings that
// peers may have signed for what was received. All of them read back as the
// same document, so trying each gives an attacker nothing. The forms differ in
// escapes only, and are made only if what was received does not verify as it is.
func (e *Envelope) signedBy(key *PublicKey, s Signature) bool {
	if key.Verify(e.Signed, s) == nil {
		return true
	}
	if bytes.IndexByte(e.Signed, '\\') < 0 {
		return false
	}
	for _, f := range []form{formNewlines, formRaw} {
		m, _ := canonicalise(e.Signed, f) // it has been read once
		if key.Verify(m, s) == nil {
			return true
		}
	}
	return false
}

// SignatureReport says whose signatures on a file count. All lists hold key
// ids, sorted.
type SignatureReport struct {
	Allowed   []string // may sign
	Threshold int      // how many distinct public keys it takes
	Valid     []string // signed and verified; each public key once
	Invalid   []string // may sign, but the signature is bad or its key signed under another id
	Unknown   []string // may not sign

	claimed string // "version 3 is ", as the file says of itself
}

// Missing is how many signatures are still needed.
func (s *SignatureReport) Missing() int { return max(0, s.Threshold-len(s.Valid)) }

// Signatures checks every signature on file against role.
func (r *Root) Signatures(role Role, file []byte) (*SignatureReport, error) {
	rep, err := r.speaks().Signatures(r, role, file)
	return rep, in(string(role), err)
}

// speaks is the dialect that r came in.
func (r *Root) speaks() Dialect {
	if r.dialect == nil {
		return otaTUF{} // one that was made, or read by itself
	}
	return r.dialect
}

func (r *Root) signatures(role Role, e *Envelope) *SignatureReport {
	keys := r.Roles[role]
	rep := &SignatureReport{Allowed: slices.Sorted(slices.Values(keys.KeyIDs)), Threshold: keys.Threshold, claimed: e.claimed()}
	counted := map[string]bool{}
	for _, s := range e.Signatures {
		key := r.Keys[s.KeyID]
		switch {
		case key == nil || !slices.Contains(keys.KeyIDs, s.KeyID):
			rep.Unknown = append(rep.Unknown, s.KeyID)
		case counted[key.spki] || !e.signedBy(key, s):
			rep.Invalid = append(rep.Invalid, s.KeyID)
		default:
			counted[key.spki] = true
			rep.Valid = append(rep.Valid, s.KeyID)
		}
	}
	slices.Sort(rep.Valid)
	slices.Sort(rep.Invalid)
	slices.Sort(rep.Unknown)
	return rep
}

// Verify checks that enough distinct keys of role signed file: ErrSignature
// otherwise. Signatures by others are passed over. It looks at nothing else.
func (r *Root) Verify(role Role, file []byte) error {
	rep, err := r.speaks().Signatures(r, role, file)
	if err == nil {
		err = r.enough(role, rep)
	}
	return in(string(role), err)
}

func (r *Root) verify(role Role, e *Envelope) error {
	return r.enough(role, r.signatures(role, e))
}

func (r *Root) enough(role Role, rep *SignatureReport) error {
	if rep.Threshold >= 1 && rep.Missing() == 0 {
		return nil
	}
	return refuse(ErrSignature, "%ssigned by %d of the %d distinct keys that root %d wants for %s%s",
		rep.claimed, len(rep.Valid), rep.Threshold, r.Version, role, r.complaint(rep))
}

// claimed is which version a file says it is, which nobody has vouched for.
func (e *Envelope) claimed() string {
	f, _ := pick("signed", e.Signed, "version")
	v, err := f.version("version")
	if err != nil {
		return ""
	}
	return "version " + strconv.Itoa(v) + " is "
}

// complaint says of one key of each kind why it does not count, and who could
// sign.
func (r *Root) complaint(rep *SignatureReport) string {
	text := ""
	if len(rep.Invalid) > 0 {
		text += "; the signature by key " + shortID(rep.Invalid[0]) + " does not verify or its key signed already"
	}
	if len(rep.Unknown) > 0 {
		text += "; key " + shortID(rep.Unknown[0]) + " may sign " + r.rolesOf(rep.Unknown[0])
	}
	for _, id := range rep.Allowed {
		if !slices.Contains(rep.Valid, id) && !slices.Contains(rep.Invalid, id) {
			return text + "; it lacks key " + shortID(id)
		}
	}
	return text
}

// rolesOf is what a root lets a key sign.
func (r *Root) rolesOf(id string) string {
	var roles []string
	for _, role := range []Role{RoleRoot, RoleTargets, RoleSnapshot, RoleTimestamp} {
		if slices.Contains(r.Roles[role].KeyIDs, id) {
			roles = append(roles, string(role))
		}
	}
	if roles == nil {
		return "nothing"
	}
	return "only " + strings.Join(roles, " and ")
}

// shortID is a key id for people to find; as written by ota-tuf it has 64
// letters, and it may have any number.
func shortID(id string) string {
	if len(id) > 64 {
		return id[:64] + "..."
	}
	return id
}
