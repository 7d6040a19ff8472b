package tuf

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// floorFile is the name under which a Cache keeps the floor.
const floorFile = "floor.json"

// floor is what has been trusted before and must not be gone below, kept apart
// from the files themselves so that losing those loses no protection.
type floor struct {
	root    int    // version
	rootSum string // digest of its signed part
	newest  time.Time

	// online names the keys under which the versions below were seen. Once a
	// root replaces them the versions mean nothing: that is how a repository
	// recovers from a thief who signed the highest version there is.
	online    string
	timestamp int
	snapshot  int
	meta      map[string]int // what the snapshot named; targets.json among them

	// all names the keys of all three roles, whose word newest was.
	all string
}

// onlineKeys is a digest of who may sign timestamp and snapshot.
func (r *Root) onlineKeys() string { return r.keysOf(RoleTimestamp, RoleSnapshot) }

// allKeys is a digest of who may sign anything but roots.
func (r *Root) allKeys() string { return r.keysOf(RoleTimestamp, RoleSnapshot, RoleTargets) }

func (r *Root) keysOf(roles ...Role) string {
	h := sha256.New()
	for _, role := range roles {
		var sums []string
		for _, id := range r.Roles[role].KeyIDs {
			sum := sha256.Sum256([]byte(r.Keys[id].spki))
			sums = append(sums, string(sum[:]))
		}
		slices.Sort(sums)
		for _, sum := range slices.Compact(sums) {
			h.Write([]byte(sum))
		}
		h.Write([]byte(strconv.Itoa(r.Roles[role].Threshold) + string(role)))
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (f *floor) checkTimestamp(ts *Timestamp) error {
	if ts.Version < f.timestamp {
		return refuse(ErrRollback, "version %d, and %d has been seen", ts.Version, f.timestamp)
	}
	if v := ts.Meta[SnapshotFile].Version; v < f.snapshot {
		return refuse(ErrRollback, "it names version %d of %s, and %d has been seen", v, SnapshotFile, f.snapshot)
	}
	return nil
}

func (f *floor) checkSnapshot(s *Snapshot) error {
	for name, seen := range f.meta {
		now, there := s.Meta[name]
		if !there {
			return refuse(ErrRollback, "%q has gone from it", name)
		}
		if now.Version < seen {
			return refuse(ErrRollback, "it names version %d of %q, and %d has been seen", now.Version, name, seen)
		}
	}
	return nil
}

func (f *floor) checkTargets(t *Targets) error {
	if seen := f.meta[TargetsFile]; t.Version < seen {
		return refuse(ErrRollback, "version %d, and %d has been seen", t.Version, seen)
	}
	return nil
}

// raiseTimestamp, raiseSnapshot and raiseTargets take up what has been verified.
func (f *floor) raiseTimestamp(ts *Timestamp) {
	f.timestamp = max(f.timestamp, ts.Version)
	f.snapshot = max(f.snapshot, ts.Meta[SnapshotFile].Version)
}

func (f *floor) raiseSnapshot(s *Snapshot) {
	f.snapshot = max(f.snapshot, s.Version)
	for name, m := range s.Meta {
		// The root has a chain of its own; the note here may lag behind it.
		if name != "root.json" {
			f.raiseMeta(name, m.Version)
		}
	}
}

func (f *floor) raiseTargets(t *Targets) { f.raiseMeta(TargetsFile, t.Version) }

func (f *floor) raiseMeta(name string, version int) {
	if f.meta == nil {
		f.meta = map[string]int{}
	}
	f.meta[name] = max(f.meta[name], version)
}

// replaced says whether root is a later one that put other keys in the place
// of those under which the versions of f were seen.
func (f *floor) replaced(root *Root) bool {
	return f.online != "" && f.online != root.onlineKeys() && f.root < root.Version
}

// under is the part of f that still holds below root.
func (f floor) under(root *Root) floor {
	if f.replaced(root) {
		f.timestamp, f.snapshot, f.meta = 0, 0, nil
	}
	if f.root < root.Version && f.all != root.allKeys() {
		f.newest = time.Time{} // a thief may have dated it
	}
	f.online, f.all, f.meta = root.onlineKeys(), root.allKeys(), maps.Clone(f.meta)
	return f
}

// reached is the floor after t has been verified in full.
func (t *Trust) reached() floor {
	f := t.floor
	f.meta = maps.Clone(f.meta)
	f.root, f.rootSum = t.root.Version, t.sums[t.root.Version]
	f.online, f.all, f.newest = t.root.onlineKeys(), t.root.allKeys(), t.newest
	f.raiseTimestamp(t.timestamp)
	f.raiseSnapshot(t.snapshot)
	f.raiseTargets(t.targets)
	return f
}

// bytes is the floor as it is stored, with a checksum: a flipped bit must not
// pass for a lower version.
func (f floor) bytes() ([]byte, error) {
	raw, err := json.Marshal(map[string]any{
		"root": f.root, "root-sha256": f.rootSum, "newest": stamp(f.newest),
		"online-keys": f.online, "all-keys": f.all, "timestamp": f.timestamp, "snapshot": f.snapshot, "meta": f.meta,
	})
	if err != nil {
		return nil, err
	}
	note, err := Canonical(raw)
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{"floor": json.RawMessage(note), "sha256": checksum(note)})
}

func checksum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func parseFloor(data []byte) (f floor, err error) {
	canon, err := Canonical(data)
	if err != nil {
		return f, err
	}
	file, err := object("document", canon)
	if err != nil {
		return f, err
	}
	if sum, err := file.text("sha256"); err != nil || sum != checksum(file.m["floor"]) {
		return f, refuse(ErrMalformed, "the checksum is wrong")
	}
	doc, err := file.object("floor")
	if err != nil {
		return f, err
	}
	if err := f.read(doc); err != nil {
		return floor{}, err
	}
	return f, nil
}

func (f *floor) read(doc fields) (err error) {
	if f.rootSum, err = doc.text("root-sha256"); err != nil {
		return err
	}
	if f.online, err = doc.text("online-keys"); err != nil {
		return err
	}
	if f.all, err = doc.text("all-keys"); err != nil {
		return err
	}
	if f.newest, err = doc.time("newest"); err != nil {
		return err
	}
	for name, to := range map[string]*int{"root": &f.root, "timestamp": &f.timestamp, "snapshot": &f.snapshot} {
		if *to, err = doc.version(name); err != nil {
			return err
		}
	}
	meta, err := doc.object("meta")
	if err != nil {
		return err
	}
	f.meta = map[string]int{}
	for name := range meta.m {
		if f.meta[name], err = meta.version(name); err != nil {
			return err
		}
	}
	return nil
}
