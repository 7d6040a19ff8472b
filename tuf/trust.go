package tuf

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/limits"
)

// Trust is a root chain and what it vouches for so far. It is a pure state
// machine: files go in, each is verified against what went in before, and a
// file that is refused changes nothing. It does no I/O and reads no clock.
// It is not safe for concurrent use.
//
// The order is NewTrust, AddRoot until there is no newer one, CheckRoot,
// SetTimestamp, SetSnapshot, SetTargets; and VerifyBundle at any time after
// the roots.
type Trust struct {
	root  *Root
	first int            // version of the first root
	files map[int][]byte // root files by version, as received
	sums  map[int]string // digests of their signed parts

	timestamp *Timestamp
	snapshot  *Snapshot
	targets   *Targets

	floor  floor     // what must not be gone below
	newest time.Time // newest time that verified metadata names
}

// NewTrust begins with a root that came by a way that is trusted. It must be
// signed by its own keys.
func NewTrust(trustedRoot []byte) (*Trust, error) {
	e, root, err := openRoot(trustedRoot)
	if err != nil {
		return nil, in(rootFile, err)
	}
	if err := root.verify(RoleRoot, e); err != nil {
		return nil, in(RootName(root.Version), err)
	}
	t := &Trust{first: root.Version, files: map[int][]byte{}, sums: map[int]string{}}
	t.accept(trustedRoot, e, root)
	return t, nil
}

func openRoot(file []byte) (*Envelope, *Root, error) {
	e, err := openFile(file, limits.Root)
	if err != nil {
		return nil, nil, err
	}
	root, err := parseRoot(e.Signed)
	return e, root, err
}

func openFile(file []byte, limit int) (*Envelope, error) {
	if len(file) > limit {
		return nil, refuse(ErrTooLarge, "longer than %d bytes", limit)
	}
	return ParseEnvelope(file)
}

// AddRoot moves on to the next root: version exactly one higher, signed by the
// threshold of the present root and by its own. What hung below the old root
// has to be set again. Expiry is not looked at: only the last root's counts,
// and CheckRoot judges it.
func (t *Trust) AddRoot(file []byte) error {
	name := RootName(t.root.Version + 1)
	e, err := openFile(file, limits.Root)
	if err != nil {
		return in(name, err)
	}
	if err := t.root.verify(RoleRoot, e); err != nil {
		return in(name, err)
	}
	root, err := parseRoot(e.Signed)
	if err != nil {
		return in(name, err)
	}
	if root.Version != t.root.Version+1 {
		return in(name, refuse(ErrVersion, "it is version %d inside", root.Version))
	}
	if err := root.verify(RoleRoot, e); err != nil {
		return in(name, err)
	}
	t.accept(file, e, root)
	return nil
}

func (t *Trust) accept(file []byte, e *Envelope, root *Root) {
	t.root = root
	t.files[root.Version] = bytes.Clone(file)
	sum := sha256.Sum256(e.Signed)
	t.sums[root.Version] = hex.EncodeToString(sum[:])
	t.timestamp, t.snapshot, t.targets = nil, nil, nil
	if c := root.Changelog; c != nil {
		t.saw(c.Timestamp, root.Expires)
	}
}

// saw notes a time that verified metadata names. One that is after the expiry
// of that metadata is nonsense and is passed over.
func (t *Trust) saw(at, expires time.Time) {
	if at.After(t.newest) && at.Before(expires) {
		t.newest = at
	}
}

// Root is the newest verified root.
func (t *Trust) Root() *Root { return t.root }

// RootFiles are the root files walked, oldest first, as they were received.
func (t *Trust) RootFiles() [][]byte {
	var list [][]byte
	for v := t.first; v <= t.root.Version; v++ {
		list = append(list, t.files[v])
	}
	return list
}

// Timestamp is the verified timestamp, or nil.
func (t *Trust) Timestamp() *Timestamp { return t.timestamp }

// Snapshot is the verified snapshot, or nil.
func (t *Trust) Snapshot() *Snapshot { return t.snapshot }

// Targets are the verified targets, or nil.
func (t *Trust) Targets() *Targets { return t.targets }

// Expires is the earliest expiry of the roles that are set.
func (t *Trust) Expires() time.Time {
	first := t.root.Expires
	earlier := func(at time.Time) {
		if at.Before(first) {
			first = at
		}
	}
	if t.timestamp != nil {
		earlier(t.timestamp.Expires)
	}
	if t.snapshot != nil {
		earlier(t.snapshot.Expires)
	}
	if t.targets != nil {
		earlier(t.targets.Expires)
	}
	return first
}

// CheckRoot says whether the newest root is in force at now.
func (t *Trust) CheckRoot(now time.Time) error {
	return in(RootName(t.root.Version), t.inForce(t.root.Expires, now))
}

// clockSlack is how far the clock may stand behind verified metadata: a build
// machine may be ahead, and a hardware clock may keep local time.
const clockSlack = 24 * time.Hour

// inForce refuses what expires at now or before. A clock that stands before
// what metadata itself names cannot judge that, and is refused first.
func (t *Trust) inForce(expires, now time.Time) error {
	if now.Before(t.newest.Add(-clockSlack)) {
		return refuse(ErrClock, "it says %s, and metadata from %s has been verified", stamp(now), stamp(t.newest))
	}
	if !now.Before(expires) {
		return refuse(ErrExpired, "at %s, and it is %s", stamp(expires), stamp(now))
	}
	return nil
}

// SetTimestamp takes timestamp.json. Versions never go back, neither its own
// nor the one it names for the snapshot.
func (t *Trust) SetTimestamp(file []byte, now time.Time) error {
	_, ts, err := open(t.root, timestampKind, file)
	if err == nil {
		err = t.floor.checkTimestamp(ts)
	}
	if err == nil && t.timestamp != nil && ts.Version < t.timestamp.Version {
		err = refuse(ErrRollback, "version %d after %d", ts.Version, t.timestamp.Version)
	}
	if err == nil {
		err = t.inForce(ts.Expires, now)
	}
	if err != nil {
		return in(TimestampFile, err)
	}
	t.timestamp, t.snapshot, t.targets = ts, nil, nil
	return nil
}

// kind is how a role's files are read.
type kind[T any] struct {
	role  Role
	limit int // bytes
	parse func(json.RawMessage) (T, error)
}

var (
	timestampKind = kind[*Timestamp]{RoleTimestamp, limits.Timestamp, parseTimestamp}
	snapshotKind  = kind[*Snapshot]{RoleSnapshot, limits.Snapshot, parseSnapshot}
	targetsKind   = kind[*Targets]{RoleTargets, limits.Targets, parseTargets}
)

// open checks the signatures on a file before it reads what was signed.
func open[T any](root *Root, k kind[T], file []byte) (e *Envelope, signed T, err error) {
	if e, err = openFile(file, k.limit); err != nil {
		return nil, signed, err
	}
	if err = root.verify(k.role, e); err != nil {
		return nil, signed, err
	}
	signed, err = k.parse(e.Signed)
	return e, signed, err
}

// SetSnapshot takes snapshot.json: what the timestamp announced, with no role
// gone or older than it was.
func (t *Trust) SetSnapshot(file []byte, now time.Time) error {
	err := t.setSnapshot(file, now)
	return in(SnapshotFile, err)
}

func (t *Trust) setSnapshot(file []byte, now time.Time) error {
	if t.timestamp == nil {
		return refuse(ErrVersion, "no timestamp has been verified")
	}
	e, s, err := open(t.root, snapshotKind, file)
	if err != nil {
		return err
	}
	want := t.timestamp.Meta[SnapshotFile]
	if err := want.matches(file, e); err != nil {
		return err
	}
	if s.Version != want.Version {
		return refuse(ErrVersion, "it is version %d, the timestamp names %d", s.Version, want.Version)
	}
	if err := t.floor.checkSnapshot(s); err != nil {
		return err
	}
	if err := t.inForce(s.Expires, now); err != nil {
		return err
	}
	t.snapshot, t.targets = s, nil
	return nil
}

// SetTargets takes targets.json: what the snapshot announced.
func (t *Trust) SetTargets(file []byte, now time.Time) error {
	err := t.setTargets(file, now)
	return in(TargetsFile, err)
}

func (t *Trust) setTargets(file []byte, now time.Time) error {
	if t.snapshot == nil {
		return refuse(ErrVersion, "no snapshot has been verified")
	}
	e, targets, err := open(t.root, targetsKind, file)
	if err != nil {
		return err
	}
	want := t.snapshot.Meta[TargetsFile]
	if err := want.matches(file, e); err != nil {
		return err
	}
	if targets.Version != want.Version {
		return refuse(ErrVersion, "it is version %d, the snapshot names %d", targets.Version, want.Version)
	}
	// A build machine with a wrong clock must not shut devices out for longer
	// than this metadata lives, so the earliest expiry bounds what is believed.
	end := t.Expires()
	if targets.Expires.Before(end) {
		end = targets.Expires
	}
	before := t.newest
	t.saw(targets.newest(end), end)
	if err := t.inForce(targets.Expires, now); err != nil {
		t.newest = before
		return err
	}
	t.targets = targets
	return nil
}

// newest is the latest createdAt or updatedAt of all targets before end.
func (t *Targets) newest(end time.Time) time.Time {
	var last time.Time
	for _, target := range t.Targets {
		f, err := pick("custom", target.Custom, "createdAt", "updatedAt")
		if err != nil {
			continue
		}
		for _, name := range []string{"createdAt", "updatedAt"} {
			text, _ := f.text(name)
			at, err := time.Parse(time.RFC3339, text)
			if err == nil && at.After(last) && at.Before(end) {
				last = at.UTC()
			}
		}
	}
	return last
}

// matches checks length and hashes where m states them, over the file as it
// came or over its canonical form: aktualizr counts the latter, and then a file
// may be stored pretty-printed.
func (m MetaFile) matches(file []byte, e *Envelope) error {
	if m.fits(file) || m.fits(e.canonical) {
		return nil
	}
	return refuse(ErrHash, "length or hashes are not those announced for version %d", m.Version)
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
			continue // parseHashes saw to it that another one can be checked
		}
		if !strings.EqualFold(hex.EncodeToString(sum), want) {
			return false
		}
	}
	return true
}

// VerifyBundle checks bundle-targets.json against the newest root: every
// signature known and valid, the threshold met by distinct keys, not expired at
// now. Whether type and tag suit the device is the caller's to judge.
func (t *Trust) VerifyBundle(file []byte, now time.Time) (*BundleTargets, error) {
	b, err := t.verifyBundle(file, now)
	return b, in(BundleTargetsFile, err)
}

func (t *Trust) verifyBundle(file []byte, now time.Time) (*BundleTargets, error) {
	e, err := openFile(file, limits.BundleTargets)
	if err != nil {
		return nil, err
	}
	rep := t.root.signatures(RoleTargets, e)
	if len(rep.Unknown) > 0 {
		return nil, refuse(ErrBundle, "signed by key %s, which root %d does not let sign targets", rep.Unknown[0], t.root.Version)
	}
	if len(rep.Invalid) > 0 {
		return nil, refuse(ErrBundle, "the signature by key %s is bad or is by a key that signed under another id", rep.Invalid[0])
	}
	if rep.Missing() > 0 {
		return nil, refuse(ErrBundle, "%d of %d signatures are missing", rep.Missing(), rep.Threshold)
	}
	b, err := parseBundle(e.Signed)
	if err != nil {
		return nil, err
	}
	if err := t.inForce(b.Expires, now); err != nil {
		return nil, err
	}
	return b, nil
}
