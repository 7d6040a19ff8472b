package tuf

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
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
	dialect Dialect

	root  *Root
	first int            // version of the first root
	files map[int][]byte // root files by version, as received
	sums  map[int]string // digests of their signed parts

	timestamp *Timestamp
	snapshot  *Snapshot
	targets   *Targets
	// The files of the first two as received.
	timestampFile, snapshotFile []byte

	floor  floor     // what must not be gone below
	newest time.Time // newest time that verified metadata names
	// recalled are files of a cache that verify under root, so that none is
	// verified twice when it is set.
	recalled map[Role]recalled
}

// recalled is a file whose form and signatures are in order.
type recalled struct {
	file   []byte
	opened any // an Opened
}

// is says whether file is the very slice that was opened.
func (r *recalled) is(file []byte) bool {
	return len(file) > 0 && len(file) == len(r.file) && &file[0] == &r.file[0]
}

// NewTrust begins with a root that came by a way that is trusted. It must be
// signed by its own keys. Its _type tells the dialect, ota-tuf or one of more,
// and everything after it has to be in the same one.
func NewTrust(trustedRoot []byte, more ...Dialect) (*Trust, error) {
	if err := within(limits.Root, trustedRoot); err != nil {
		return nil, in(rootFile, err)
	}
	t := &Trust{dialect: dialectOf(trustedRoot, more), files: map[int][]byte{}, sums: map[int]string{}}
	o, err := t.dialect.Root(Held{}, trustedRoot)
	if err != nil {
		return nil, in(rootFile, err)
	}
	t.first = o.Says.Version
	t.accept(trustedRoot, o)
	return t, nil
}

// within refuses a file that is over its cap, in bytes.
func within(limit int, file []byte) error {
	if len(file) > limit {
		return refuse(ErrTooLarge, "longer than %d bytes", limit)
	}
	return nil
}

// Dialect is the one that the trusted root is written in.
func (t *Trust) Dialect() Dialect { return t.dialect }

// held is what the next file is held against.
func (t *Trust) held() Held {
	return Held{Root: t.root, RootFile: t.files[t.root.Version], Timestamp: t.timestampFile, Snapshot: t.snapshotFile}
}

// AddRoot moves on to the next root: version exactly one higher, signed by the
// threshold of the present root and by its own. What hung below the old root
// has to be set again. Expiry is not looked at: only the last root's counts,
// and CheckRoot judges it.
func (t *Trust) AddRoot(file []byte) error {
	name := RootName(t.root.Version + 1)
	o, err := read(t, RoleRoot, t.dialect.Root, t.held(), file, limits.Root)
	if err == nil && o.Says.Version != t.root.Version+1 {
		err = refuse(ErrVersion, "it is version %d inside", o.Says.Version)
	}
	if err != nil {
		return in(name, err)
	}
	t.accept(file, o)
	return nil
}

func (t *Trust) accept(file []byte, o Opened[*Root]) {
	t.root = o.Says
	t.root.dialect = t.dialect
	t.files[t.root.Version] = bytes.Clone(file)
	sum := sha256.Sum256(o.Signed)
	t.sums[t.root.Version] = hex.EncodeToString(sum[:])
	t.timestamp, t.snapshot, t.targets, t.recalled = nil, nil, nil, nil
	t.timestampFile, t.snapshotFile = nil, nil
	if c := t.root.Changelog; c != nil {
		t.saw(c.Timestamp, t.root.Expires)
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
	return in(RootName(t.root.Version), t.inForce(t.root.Version, t.root.Expires, now))
}

// clockSlack is how far the clock may stand behind verified metadata: a build
// machine may be ahead, and a hardware clock may keep local time.
const clockSlack = 24 * time.Hour

// inForce refuses what expires at now or before. A clock that stands before
// what metadata itself names cannot judge that, and is refused first.
func (t *Trust) inForce(version int, expires, now time.Time) error {
	if now.Before(t.newest.Add(-clockSlack)) {
		return refuse(ErrClock, "it says %s, so the expiry of version %d cannot be judged: metadata from %s has been verified",
			stamp(now), version, stamp(t.newest))
	}
	if !now.Before(expires) {
		return refuse(ErrExpired, "version %d at %s, and it is %s", version, stamp(expires), stamp(now))
	}
	return nil
}

// SetTimestamp takes timestamp.json. Versions never go back, neither its own
// nor the one it names for the snapshot.
func (t *Trust) SetTimestamp(file []byte, now time.Time) error {
	o, err := read(t, RoleTimestamp, t.dialect.Timestamp, t.held(), file, limits.Timestamp)
	ts := o.Says
	if err == nil {
		err = t.floor.checkTimestamp(ts)
	}
	if err == nil && t.timestamp != nil && ts.Version < t.timestamp.Version {
		err = refuse(ErrRollback, "version %d after %d", ts.Version, t.timestamp.Version)
	}
	if err == nil {
		err = t.inForce(ts.Version, ts.Expires, now)
	}
	if err != nil {
		return in(TimestampFile, err)
	}
	t.timestamp, t.snapshot, t.targets = ts, nil, nil
	t.timestampFile, t.snapshotFile = bytes.Clone(file), nil
	return nil
}

// read opens a file that is within its cap, in bytes.
func read[T any](t *Trust, role Role, open func(Held, []byte) (Opened[T], error), held Held, file []byte, limit int) (Opened[T], error) {
	if known, ok := t.recalled[role]; ok && known.is(file) {
		if o, ok := known.opened.(Opened[T]); ok {
			return o, nil
		}
	}
	if err := within(limit, file); err != nil {
		return Opened[T]{}, err
	}
	return open(held, file)
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
	o, err := read(t, RoleSnapshot, t.dialect.Snapshot, t.held(), file, limits.Snapshot)
	if err != nil {
		return err
	}
	s, want := o.Says, t.timestamp.Meta[SnapshotFile]
	if err := want.matches(file, o.Whole); err != nil {
		return err
	}
	if s.Version != want.Version {
		return refuse(ErrVersion, "it is version %d, the timestamp names %d", s.Version, want.Version)
	}
	if err := t.floor.checkSnapshot(s); err != nil {
		return err
	}
	if err := t.inForce(s.Version, s.Expires, now); err != nil {
		return err
	}
	t.snapshot, t.targets = s, nil
	t.snapshotFile = bytes.Clone(file)
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
	o, err := read(t, RoleTargets, t.dialect.Targets, t.held(), file, limits.Targets)
	if err != nil {
		return err
	}
	targets, want := o.Says, t.snapshot.Meta[TargetsFile]
	if err := want.matches(file, o.Whole); err != nil {
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
	if err := t.inForce(targets.Version, targets.Expires, now); err != nil {
		t.newest = before
		return err
	}
	t.targets = targets
	return nil
}

// newest is the latest createdAt or updatedAt of all targets before end.
func (t *Targets) newest(end time.Time) time.Time {
	var last time.Time
	var seen []byte // the time before this one: most targets name one twice
	for _, target := range t.Targets {
		if target.Custom == nil {
			continue
		}
		for w := (walk{target.Custom}); w.more(); {
			name, value := w.member()
			if string(name) != "createdAt" && string(name) != "updatedAt" || bytes.Equal(value, seen) {
				continue
			}
			seen = value
			text, _ := unquote(value)
			if at, err := time.Parse(time.RFC3339, text); err == nil && at.After(last) && at.Before(end) {
				last = at.UTC()
			}
		}
	}
	return last
}

// VerifyBundle checks bundle-targets.json against the newest root: every
// signature known and valid, the threshold met by distinct keys, not expired at
// now. Whether type and tag suit the device is the caller's to judge.
func (t *Trust) VerifyBundle(file []byte, now time.Time) (*BundleTargets, error) {
	b, err := t.verifyBundle(file, now)
	return b, in(BundleTargetsFile, err)
}

func (t *Trust) verifyBundle(file []byte, now time.Time) (*BundleTargets, error) {
	if err := within(limits.BundleTargets, file); err != nil {
		return nil, err
	}
	rep, err := t.dialect.Signatures(t.root, RoleTargets, file)
	if err != nil {
		return nil, err
	}
	if err := t.root.wholly(rep); err != nil {
		return nil, err
	}
	b, err := t.dialect.Bundle(file)
	if err != nil {
		return nil, err
	}
	if err := t.inForce(b.Version, b.Expires, now); err != nil {
		return nil, err
	}
	return b, nil
}
