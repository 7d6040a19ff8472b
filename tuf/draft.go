package tuf

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// TargetsDraft is a targets.json that is being changed. It is changed as the
// tree that was read: what nobody touches is signed again byte for byte in the
// canonical form of what was received, with all fields that we do not know.
// It is not safe for concurrent use.
type TargetsDraft struct {
	version int
	expires time.Time
	rest    map[string]json.RawMessage // the members of signed that are not written anew
	targets map[string]json.RawMessage // entries by name, in canonical form
}

// NewTargetsDraft begins with no target at all.
func NewTargetsDraft() *TargetsDraft {
	return &TargetsDraft{
		rest:    map[string]json.RawMessage{"_type": json.RawMessage(strconv.Quote(typeTargets))},
		targets: map[string]json.RawMessage{},
	}
}

// DraftTargets begins with a targets.json, whose signatures it does not verify.
// Entries are looked at only when they are asked for or set.
func DraftTargets(file []byte) (*TargetsDraft, error) {
	d, err := draftTargets(file)
	return d, in(TargetsFile, err)
}

func draftTargets(file []byte) (*TargetsDraft, error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		return nil, err
	}
	f, version, expires, err := head(e.Signed, typeTargets)
	if err != nil {
		return nil, err
	}
	if f.has(bundleField) {
		return nil, refuse(ErrMalformed, "this is the list of a bundle, not targets.json")
	}
	targets, err := f.object("targets")
	if err != nil {
		return nil, err
	}
	for _, own := range []string{"version", "expires", "targets"} {
		delete(f.m, own)
	}
	return &TargetsDraft{version, expires, f.m, targets.m}, nil
}

// Version is that of the file it began with; 0 for none.
func (d *TargetsDraft) Version() int { return d.version }

// Expires is when the file it began with expires.
func (d *TargetsDraft) Expires() time.Time { return d.expires }

// Names are the targets' names, sorted.
func (d *TargetsDraft) Names() []string { return slices.Sorted(maps.Keys(d.targets)) }

// OtherFields are the fields of signed, sorted, that are other than in base: all
// but targets, version and expires. A device may know them where we do not.
func (d *TargetsDraft) OtherFields(base *TargetsDraft) []string {
	var list []string
	for name, value := range d.rest {
		if !bytes.Equal(value, base.rest[name]) {
			list = append(list, name)
		}
	}
	for name := range base.rest {
		if d.rest[name] == nil {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// Entry is a target as it will be signed, in canonical form; nil where there
// is none. It must not be written to.
func (d *TargetsDraft) Entry(name string) json.RawMessage { return d.targets[name] }

// Target reads an entry. One that is not there is ErrNotFound.
func (d *TargetsDraft) Target(name string) (Target, error) {
	raw, ok := d.targets[name]
	if !ok {
		return Target{}, in(TargetsFile, refuse(ErrNotFound, "target %s", strconv.QuoteToASCII(name)))
	}
	t, err := parseTarget(name, raw)
	return t, in(TargetsFile, err)
}

// Set adds or replaces an entry, which has to be a target of the dialect and
// text that can be signed.
func (d *TargetsDraft) Set(name string, entry json.RawMessage) error {
	canon, err := Canonical(entry)
	if err == nil {
		_, err = parseTarget(name, canon)
	}
	if err == nil {
		err = checkEntry(name, canon)
	}
	if err != nil {
		return in("target "+strconv.QuoteToASCII(name), err)
	}
	d.targets[name] = canon
	return nil
}

func checkEntry(name string, canon json.RawMessage) error {
	if !plain(name) {
		return refuse(ErrNotASCII, "the name is %s", strconv.QuoteToASCII(name))
	}
	return checkASCII(name, canon)
}

// Remove takes a target out.
func (d *TargetsDraft) Remove(name string) { delete(d.targets, name) }

// SetCustom changes fields of a target's custom part; nil removes one. All
// other fields stay as they are.
func (d *TargetsDraft) SetCustom(name string, fields map[string]any) error {
	entry, ok := d.targets[name]
	if !ok {
		return in(TargetsFile, refuse(ErrNotFound, "target %s", strconv.QuoteToASCII(name)))
	}
	entry, err := WithCustom(entry, fields)
	if err != nil {
		return in("target "+strconv.QuoteToASCII(name), err)
	}
	return d.Set(name, entry)
}

// WithCustom is an entry with fields of its custom part changed; nil removes
// one. All other fields stay as they are.
func WithCustom(entry json.RawMessage, fields map[string]any) (json.RawMessage, error) {
	canon, err := Canonical(entry)
	if err != nil {
		return nil, err
	}
	f, err := pick("target", canon, "custom")
	if err != nil {
		return nil, err
	}
	custom := f.m["custom"]
	if custom == nil {
		custom = json.RawMessage("{}")
	}
	if custom, err = WithFields(custom, fields); err != nil {
		return nil, err
	}
	return WithFields(canon, map[string]any{"custom": custom})
}

// WithFields is an object in canonical form with members changed; nil removes
// one. All other members stay as they are.
func WithFields(from json.RawMessage, change map[string]any) (json.RawMessage, error) {
	canon, err := Canonical(from)
	if err != nil {
		return nil, err
	}
	f, err := object("object", canon)
	if err != nil {
		return nil, err
	}
	for name, value := range change {
		if value == nil {
			delete(f.m, name)
			continue
		}
		raw, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		if f.m[name], err = Canonical(raw); err != nil {
			return nil, err
		}
	}
	return appendMembers(make([]byte, 0, len(canon)), f.m), nil
}

// appendMembers writes an object whose values are in canonical form.
func appendMembers(out []byte, m map[string]json.RawMessage) []byte {
	out = append(out, '{')
	for i, name := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, []byte(name), formEscaped), ':')
		out = append(out, m[name]...)
	}
	return append(out, '}')
}

// Sign makes a targets.json of the draft. Version and expiry are the caller's;
// without signers it makes a file to be signed later. The errors are those of
// the function Sign.
func (d *TargetsDraft) Sign(version int, expires time.Time, signers ...Signer) ([]byte, error) {
	size := 1 << 10
	for name, entry := range d.targets {
		size += len(name) + len(entry) + len(`"":,`)
	}
	for name, value := range d.rest {
		size += len(name) + len(value) + len(`"":,`)
	}
	out := make([]byte, 0, size)
	sep := byte('{')
	for _, name := range slices.Sorted(maps.Keys(d.members())) {
		out = append(append(appendString(append(out, sep), []byte(name), formEscaped), ':'), d.rest[name]...)
		sep = ','
		switch name {
		case "targets":
			out = appendMembers(out, d.targets)
		case "version":
			out = strconv.AppendInt(out, int64(version), 10)
		case "expires":
			out = strconv.AppendQuote(out, stamp(expires))
		}
	}
	e := &Envelope{Signed: append(out, '}')}
	return e.signBy(signers...)
}

// members are those of rest and those that Sign writes anew.
func (d *TargetsDraft) members() map[string]json.RawMessage {
	m := maps.Clone(d.rest)
	for _, own := range []string{"targets", "version", "expires"} {
		m[own] = nil
	}
	return m
}

// Normalise is a file in canonical form, as it would be had it been signed
// here. It verifies no signature. Text that peers would sign differently is
// ErrNotASCII and names the field; a file that devices would not read is
// ErrTooLarge.
func Normalise(file []byte) ([]byte, error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		return nil, err
	}
	return e.signBy()
}
