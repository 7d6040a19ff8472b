package tuf

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/limits"
)

// The values of _type. A bundle's list of targets has typeTargets as well and
// is told apart by its bundleField.
const (
	typeRoot      = "Root"
	typeTargets   = "Targets"
	typeSnapshot  = "Snapshot"
	typeTimestamp = "Timestamp"
	typeIndex     = "BundleIndex"
	bundleField   = "x-fio-offline-bundle"
)

// rootFile stands in errors for a root whose version is not known.
const rootFile = "root.json"

// RootName is the file name of a root, "3.root.json".
func RootName(version int) string { return strconv.Itoa(version) + ".root.json" }

// ParseRoot reads a root file and verifies no signature.
func ParseRoot(file []byte) (*Root, error) { return parseFile(rootFile, file, parseRoot) }

// ParseTargets reads a targets.json and verifies no signature.
func ParseTargets(file []byte) (*Targets, error) { return parseFile(TargetsFile, file, parseTargets) }

// ParseSnapshot reads a snapshot.json and verifies no signature.
func ParseSnapshot(file []byte) (*Snapshot, error) {
	return parseFile(SnapshotFile, file, parseSnapshot)
}

// ParseTimestamp reads a timestamp.json and verifies no signature.
func ParseTimestamp(file []byte) (*Timestamp, error) {
	return parseFile(TimestampFile, file, parseTimestamp)
}

// ParseBundleTargets reads a bundle-targets.json and verifies no signature.
func ParseBundleTargets(file []byte) (*BundleTargets, error) {
	return parseFile(BundleTargetsFile, file, parseBundle)
}

func parseFile[T any](name string, file []byte, parse func(json.RawMessage) (T, error)) (T, error) {
	e, err := ParseEnvelope(file)
	if err != nil {
		var none T
		return none, in(name, err)
	}
	signed, err := parse(e.Signed)
	return signed, in(name, err)
}

// head reads what all roles have.
func head(signed json.RawMessage, kind string) (f fields, version int, expires time.Time, err error) {
	if f, err = object("signed", signed); err != nil {
		return f, 0, expires, err
	}
	is, err := f.text("_type")
	if err != nil {
		return f, 0, expires, err
	}
	if is != kind {
		return f, 0, expires, refuse(ErrMalformed, "_type is %q where %q belongs", is, kind)
	}
	if version, err = f.version("version"); err != nil {
		return f, 0, expires, err
	}
	expires, err = f.time("expires")
	return f, version, expires, err
}

func parseRoot(signed json.RawMessage) (*Root, error) {
	f, version, expires, err := head(signed, typeRoot)
	if err != nil {
		return nil, err
	}
	r := &Root{Version: version, Expires: expires, Roles: map[Role]RoleKeys{}}
	if r.Keys, err = parseKeys(f, version); err != nil {
		return nil, err
	}
	roles, err := f.object("roles")
	if err != nil {
		return nil, err
	}
	for _, role := range []Role{RoleRoot, RoleTargets, RoleSnapshot, RoleTimestamp} {
		if r.Roles[role], err = parseRoleKeys(roles, role, r.Keys); err != nil {
			return nil, err
		}
	}
	r.Changelog = parseChangelog(f)
	return r, nil
}

func parseKeys(f fields, version int) (map[string]*PublicKey, error) {
	list, err := f.object("keys")
	if err != nil {
		return nil, err
	}
	keys := map[string]*PublicKey{}
	for id, raw := range list.m {
		k, err := ParsePublicKey(raw)
		if err != nil {
			return nil, at(fmt.Sprintf("version %d lists key %s%s:", version, strconv.QuoteToASCII(shortID(id)), usedBy(f, id)), err)
		}
		k.ID = id
		keys[id] = k
	}
	return keys, nil
}

// usedBy says for an error which roles name a key.
func usedBy(f fields, id string) string {
	text := ""
	for _, role := range []Role{RoleRoot, RoleTargets, RoleSnapshot, RoleTimestamp} {
		roles, _ := f.object("roles")
		of, _ := roles.object(string(role))
		ids, _ := of.texts("keyids")
		if slices.Contains(ids, id) {
			text += " for " + string(role)
		}
	}
	return text
}

// parseRoleKeys refuses a role whose threshold its keys could never meet. A
// key that stands there under two ids counts once. Targets may want more keys
// than there are: the production roots of a factory that has no offline
// targets key yet say so, and devices have to walk past them to the root that
// names it. Until then nothing that is signed for targets passes.
func parseRoleKeys(roles fields, role Role, keys map[string]*PublicKey) (RoleKeys, error) {
	f, err := roles.object(string(role))
	if err != nil {
		return RoleKeys{}, err
	}
	ids, err := f.texts("keyids")
	if err != nil {
		return RoleKeys{}, err
	}
	threshold, err := f.integer("threshold")
	if err != nil {
		return RoleKeys{}, err
	}
	distinct := map[string]bool{}
	for i, id := range ids {
		if keys[id] == nil || slices.Contains(ids[:i], id) {
			return RoleKeys{}, refuse(ErrMalformed, "%s names key %q twice, or no such key is listed", f.path, id)
		}
		distinct[keys[id].spki] = true
	}
	most := int64(len(distinct))
	if role == RoleTargets && most > 0 {
		most = limits.Signatures
	}
	if threshold < 1 || threshold > limits.Signatures || threshold > most {
		return RoleKeys{}, refuse(ErrMalformed, "%s has threshold %d with %d distinct keys", f.path, threshold, len(distinct))
	}
	return RoleKeys{KeyIDs: ids, Threshold: int(threshold)}, nil
}

// parseChangelog is lenient: the field is a note, and the time in it only ever
// makes us stricter about the clock.
func parseChangelog(f fields) *Changelog {
	log, err := f.object("x-changelog")
	if err != nil {
		return nil
	}
	var c Changelog
	c.PolisID, _ = log.text("polis-id")
	c.Message, _ = log.text("message")
	at, _ := log.text("timestamp")
	c.Timestamp, _ = time.Parse(time.RFC3339, at)
	return &c
}

// headOfTargets gives all of a targets.json but the targets, which are a list
// in canonical form that nobody has looked into.
func headOfTargets(signed json.RawMessage) (t *Targets, list json.RawMessage, err error) {
	f, version, expires, err := head(signed, typeTargets)
	if err != nil {
		return nil, nil, err
	}
	if f.has(bundleField) {
		return nil, nil, refuse(ErrMalformed, "this is the list of a bundle, not targets.json")
	}
	if list = f.m["targets"]; !isObject(list) {
		return nil, nil, refuse(ErrMalformed, "%s is not an object", f.at("targets"))
	}
	return &Targets{Version: version, Expires: expires}, list, nil
}

func parseTargets(signed json.RawMessage) (*Targets, error) {
	t, list, err := headOfTargets(signed)
	if err != nil {
		return nil, err
	}
	t.Targets = make(map[string]Target, len(list)/targetLen)
	for w := (walk{list}); w.more(); {
		raw, value := w.member()
		name := string(raw)
		if t.Targets[name], err = parseTarget(name, value); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// targetLen is how many bytes a target has that a factory builds, at least.
const targetLen = 350

func parseTarget(name string, raw json.RawMessage) (Target, error) {
	if name == "" {
		return Target{}, refuse(ErrMalformed, "a target has no name")
	}
	t, err := readTarget(raw)
	if err != nil {
		return t, at("target "+strconv.QuoteToASCII(name), err)
	}
	return t, nil
}

// readTarget makes no map of the members: there are tens of thousands of them.
func readTarget(raw json.RawMessage) (t Target, err error) {
	if !isObject(raw) {
		return t, refuse(ErrMalformed, "is not an object")
	}
	var length, hashes json.RawMessage
	for w := (walk{raw}); w.more(); {
		name, value := w.member()
		switch string(name) {
		case "length":
			length = value
		case "hashes":
			hashes = value
		case "custom":
			t.Custom = value
		}
	}
	if t.Length, err = strconv.ParseInt(string(length), 10, 64); err != nil || t.Length < 0 {
		return t, refuse(ErrMalformed, "has no length that is an integer from 0 on")
	}
	if t.Hashes, err = parseHashes(hashes); err != nil {
		return t, err
	}
	if t.Custom != nil && !isObject(t.Custom) {
		return t, refuse(ErrMalformed, "has a custom part that is not an object")
	}
	return t, nil
}

// parseHashes wants at least one hash that can be checked.
func parseHashes(list json.RawMessage) (map[string]string, error) {
	if !isObject(list) {
		return nil, refuse(ErrMalformed, "has no hashes")
	}
	hashes, usable := map[string]string{}, false
	for w := (walk{list}); w.more(); {
		name, raw := w.member()
		alg := "sha256" // as nearly all are; it is not copied once more
		if string(name) != alg {
			alg = string(name)
		}
		value, err := unquote(raw)
		if err != nil {
			return nil, refuse(ErrMalformed, "has a hash %s that is not a string", strconv.QuoteToASCII(alg))
		}
		if n := hashLength(alg); n > 0 {
			if len(value) != n || strings.Trim(value, "0123456789abcdefABCDEF") != "" {
				return nil, refuse(ErrMalformed, "has a hash %s that is not %d hex digits", alg, n)
			}
			usable = true
		}
		hashes[alg] = value
	}
	if !usable {
		return nil, refuse(ErrMalformed, "has neither a sha256 nor a sha512")
	}
	return hashes, nil
}

// hashLength is the number of hex digits of the hashes that we know, or 0.
func hashLength(alg string) int {
	switch alg {
	case "sha256":
		return 64
	case "sha512":
		return 128
	}
	return 0
}

func parseSnapshot(signed json.RawMessage) (*Snapshot, error) {
	f, version, expires, err := head(signed, typeSnapshot)
	if err != nil {
		return nil, err
	}
	meta, err := parseMeta(f, TargetsFile)
	return &Snapshot{Version: version, Expires: expires, Meta: meta}, err
}

func parseTimestamp(signed json.RawMessage) (*Timestamp, error) {
	f, version, expires, err := head(signed, typeTimestamp)
	if err != nil {
		return nil, err
	}
	meta, err := parseMeta(f, SnapshotFile)
	if err != nil {
		return nil, err
	}
	if m := meta[SnapshotFile]; m.Length == 0 || len(m.Hashes) == 0 {
		return nil, refuse(ErrMalformed, "%s lacks the length or the hashes of %s", f.at("meta"), SnapshotFile)
	}
	return &Timestamp{Version: version, Expires: expires, Meta: meta}, nil
}

func parseMeta(f fields, needed string) (map[string]MetaFile, error) {
	list, err := f.object("meta")
	if err != nil {
		return nil, err
	}
	if !list.has(needed) {
		return nil, refuse(ErrMalformed, "%s lacks %s", list.path, needed)
	}
	meta := map[string]MetaFile{}
	for name := range list.m {
		if meta[name], err = parseMetaFile(list, name); err != nil {
			return nil, err
		}
	}
	return meta, nil
}

func parseMetaFile(list fields, name string) (m MetaFile, err error) {
	f, err := list.object(name)
	if err != nil {
		return m, err
	}
	if m.Version, err = f.version("version"); err != nil {
		return m, err
	}
	if f.has("length") {
		if m.Length, err = f.integer("length"); err == nil && m.Length < 1 {
			err = refuse(ErrMalformed, "%s is not a length", f.at("length"))
		}
		if err != nil {
			return m, err
		}
	}
	if f.has("hashes") {
		if m.Hashes, err = parseHashes(f.m["hashes"]); err != nil {
			return m, at(f.path, err)
		}
	}
	return m, nil
}

func parseBundle(signed json.RawMessage) (*BundleTargets, error) {
	f, version, expires, err := head(signed, typeTargets)
	if err != nil {
		return nil, err
	}
	if f.has("targets") {
		return nil, refuse(ErrMalformed, "this is targets.json, not the list of a bundle")
	}
	b, err := f.object(bundleField)
	if err != nil {
		return nil, err
	}
	t := &BundleTargets{Version: version, Expires: expires}
	if t.Type, err = b.text("type"); err != nil {
		return nil, err
	}
	if t.Tag, err = b.text("tag"); err != nil {
		return nil, err
	}
	if t.Targets, err = b.texts("targets"); err != nil {
		return nil, err
	}
	if slices.Contains(t.Targets, "") || len(t.Targets) == 0 {
		return nil, refuse(ErrMalformed, "%s is empty or has an empty name", b.at("targets"))
	}
	return t, nil
}
