package tuf

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// NewRoot begins a root; AddKey gives it its keys. The version is the caller's,
// stored and never derived. Without a message and a time in change the root
// says nothing about when it was made, and gives a device no clock floor.
func NewRoot(version int, expires time.Time, change Changelog) *Root {
	r := &Root{Version: version, Expires: whole(expires), Keys: map[string]*PublicKey{}, Roles: map[Role]RoleKeys{}}
	if change != (Changelog{}) {
		change.Timestamp = whole(change.Timestamp)
		r.Changelog = &change
	}
	return r
}

// AddKey lets k sign for role. The first key of a role makes its threshold 1;
// set Roles for another.
func (r *Root) AddKey(role Role, k *PublicKey) {
	keys := r.Roles[role]
	if !slices.Contains(keys.KeyIDs, k.ID) {
		keys.KeyIDs = append(slices.Clip(keys.KeyIDs), k.ID)
	}
	keys.Threshold = max(1, keys.Threshold)
	r.Keys[k.ID] = k
	r.Roles[role] = keys
}

// NewTargets makes the signed part of a targets.json.
func NewTargets(version int, expires time.Time, targets map[string]Target) *Targets {
	return &Targets{Version: version, Expires: whole(expires), Targets: targets}
}

// NewSnapshot vouches for a targets.json: version, length and hash. The targets
// in it are their signer's to answer for.
func NewSnapshot(version int, expires time.Time, targetsFile []byte) (*Snapshot, error) {
	m, err := describe(targetsFile, func(e *Envelope) (int, error) {
		t, _, err := headOfTargets(e.Signed)
		if err != nil {
			return 0, err
		}
		return t.Version, nil
	})
	if err != nil {
		return nil, in(TargetsFile, err)
	}
	return &Snapshot{Version: version, Expires: whole(expires), Meta: map[string]MetaFile{TargetsFile: m}}, nil
}

// NewTimestamp vouches for a snapshot.json: version, length and hash.
func NewTimestamp(version int, expires time.Time, snapshotFile []byte) (*Timestamp, error) {
	m, err := describe(snapshotFile, func(e *Envelope) (int, error) {
		s, err := parseSnapshot(e.Signed)
		if err != nil {
			return 0, err
		}
		return s.Version, nil
	})
	if err != nil {
		return nil, in(SnapshotFile, err)
	}
	return &Timestamp{Version: version, Expires: whole(expires), Meta: map[string]MetaFile{SnapshotFile: m}}, nil
}

// describe wants a file in canonical form, whose hash all peers agree on.
func describe(file []byte, version func(*Envelope) (int, error)) (MetaFile, error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		return MetaFile{}, err
	}
	v, err := version(e)
	if err != nil {
		return MetaFile{}, err
	}
	if !bytes.Equal(e.canonical, file) {
		return MetaFile{}, refuse(ErrMalformed, "not in canonical form")
	}
	sum := sha256.Sum256(file)
	return MetaFile{
		Version: v,
		Length:  int64(len(file)),
		Hashes:  map[string]string{"sha256": hex.EncodeToString(sum[:])},
	}, nil
}

// whole cuts off what timeFormat cannot hold, so that what was made equals
// what is read back.
func whole(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

func stamp(t time.Time) string { return t.UTC().Format(timeFormat) }

// MarshalJSON gives the signed part in the dialect.
func (r Root) MarshalJSON() ([]byte, error) {
	roles := map[Role]any{}
	for role, keys := range r.Roles {
		roles[role] = map[string]any{"keyids": keys.KeyIDs, "threshold": keys.Threshold}
	}
	m := map[string]any{
		"_type": typeRoot, "version": r.Version, "expires": stamp(r.Expires),
		"consistent_snapshot": false, "keys": r.Keys, "roles": roles,
	}
	if c := r.Changelog; c != nil {
		m["x-changelog"] = map[string]string{"polis-id": c.PolisID, "message": c.Message, "timestamp": stamp(c.Timestamp)}
	}
	return json.Marshal(m)
}

// MarshalJSON gives the signed part in the dialect. It is written by hand: a
// factory has tens of thousands of targets, and encoding/json would read each
// of them again at every level that it is nested in.
func (t Targets) MarshalJSON() ([]byte, error) {
	out := append([]byte(nil), `{"_type":"`+typeTargets+`","expires":"`+stamp(t.Expires)+`","targets":{`...)
	for i, name := range slices.Sorted(maps.Keys(t.Targets)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, []byte(name), formEscaped), ':')
		var err error
		if out, err = t.Targets[name].append(out); err != nil {
			return nil, in("target "+strconv.QuoteToASCII(name), err)
		}
	}
	return append(strconv.AppendInt(append(out, `},"version":`...), int64(t.Version), 10), '}'), nil
}

// MarshalJSON keeps a length of 0, which OSTree targets have.
func (t Target) MarshalJSON() ([]byte, error) { return t.append(nil) }

// append wants Custom to be one value: a piece of JSON that merely fits in its
// place could bring members of its own along.
func (t Target) append(out []byte) ([]byte, error) {
	out = append(out, '{')
	if t.Custom != nil {
		custom, err := canonicalise(t.Custom, formEscaped)
		if err != nil {
			return nil, at("custom", err)
		}
		out = append(append(append(out, `"custom":`...), custom...), ',')
	}
	out = append(out, `"hashes":{`...)
	for i, alg := range slices.Sorted(maps.Keys(t.Hashes)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, []byte(alg), formEscaped), ':')
		out = appendString(out, []byte(t.Hashes[alg]), formEscaped)
	}
	return append(strconv.AppendInt(append(out, `},"length":`...), t.Length, 10), '}'), nil
}

// MarshalJSON gives the signed part in the dialect.
func (s Snapshot) MarshalJSON() ([]byte, error) {
	return marshalMeta(typeSnapshot, s.Version, s.Expires, s.Meta)
}

// MarshalJSON gives the signed part in the dialect.
func (t Timestamp) MarshalJSON() ([]byte, error) {
	return marshalMeta(typeTimestamp, t.Version, t.Expires, t.Meta)
}

func marshalMeta(kind string, version int, expires time.Time, meta map[string]MetaFile) ([]byte, error) {
	return json.Marshal(map[string]any{
		"_type": kind, "version": version, "expires": stamp(expires), "meta": meta,
	})
}

// MarshalJSON leaves out what is not stated.
func (m MetaFile) MarshalJSON() ([]byte, error) {
	out := map[string]any{"version": m.Version}
	if m.Length != 0 {
		out["length"] = m.Length
	}
	if len(m.Hashes) > 0 {
		out["hashes"] = m.Hashes
	}
	return json.Marshal(out)
}

// MarshalJSON gives the signed part of bundle-targets.json.
func (b BundleTargets) MarshalJSON() ([]byte, error) {
	targets := b.Targets
	if targets == nil {
		targets = []string{}
	}
	return json.Marshal(map[string]any{
		"_type": typeTargets, "version": b.Version, "expires": stamp(b.Expires),
		bundleField: map[string]any{"type": b.Type, "tag": b.Tag, "targets": targets},
	})
}
