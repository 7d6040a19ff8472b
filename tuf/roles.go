package tuf

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Role is the name of a top-level role as the root spells it.
type Role string

// The roles.
const (
	RoleRoot      Role = "root"
	RoleTargets   Role = "targets"
	RoleSnapshot  Role = "snapshot"
	RoleTimestamp Role = "timestamp"
)

// Names of the files. Roots are named by RootName.
const (
	TimestampFile     = "timestamp.json"
	SnapshotFile      = "snapshot.json"
	TargetsFile       = "targets.json"
	BundleTargetsFile = "bundle-targets.json"
	BundleIndexFile   = "index.json" // of a bundle that is one file
)

// FileName is the name under which a repository has the snapshot or targets of
// an announced version.
func (r *Root) FileName(file string, version int) string {
	if r.ConsistentSnapshot {
		return strconv.Itoa(version) + "." + file
	}
	return file
}

// TargetName is the name under which a repository has the file of a target,
// which for OSTree targets it has not.
func (r *Root) TargetName(name string, t Target) string {
	if !r.ConsistentSnapshot {
		return name
	}
	dir, file := path.Split(name)
	for _, alg := range []string{"sha256", "sha512"} {
		if sum := t.Hashes[alg]; sum != "" {
			return dir + sum + "." + file
		}
	}
	return name
}

// RoleKeys says who may sign for a role, and how many of them it takes.
type RoleKeys struct {
	KeyIDs    []string
	Threshold int // distinct public keys, 1 or more
}

// Root is the signed part of N.root.json: every other role's keys.
type Root struct {
	Version   int // 1 or more
	Expires   time.Time
	Keys      map[string]*PublicKey // by the key id that the root gives them
	Roles     map[Role]RoleKeys     // always all four
	Changelog *Changelog            // nil where absent

	// ConsistentSnapshot says that files below the root are named by version,
	// and files of targets by hash. A root of ota-tuf never says so.
	ConsistentSnapshot bool

	dialect Dialect // nil for ota-tuf
}

// Changelog is the x-changelog of a root: who changed it, why, and when.
type Changelog struct {
	PolisID   string
	Message   string
	Timestamp time.Time
}

// Targets is the signed part of targets.json.
type Targets struct {
	Version int
	Expires time.Time
	Targets map[string]Target // by name; a name is data and never a path
	// Delegations name other roles that list targets, the most trusted first.
	// There are none in ota-tuf.
	Delegations []Delegation
}

// Delegation lets a role list those targets whose names it covers.
type Delegation struct {
	Name string // data, and never a path
	RoleKeys
	Keys map[string]*PublicKey // by the key id that the delegator gives them
	// Paths are patterns of names: *, ? and [] as in a shell, part by part
	// between slashes.
	Paths []string
	// HashPrefixes are first digits of the hex SHA-256 of a name. They count
	// where there are no Paths.
	HashPrefixes []string
	// Terminating ends the search for what it covers with this role and those
	// it delegates to.
	Terminating bool
}

// Covers says whether the role may list a target of that name.
func (d Delegation) Covers(name string) bool {
	if len(d.Paths) > 0 {
		return slices.ContainsFunc(d.Paths, func(p string) bool { return matchParts(p, name) })
	}
	sum := sha256.Sum256([]byte(name))
	digits := hex.EncodeToString(sum[:])
	return slices.ContainsFunc(d.HashPrefixes, func(p string) bool { return strings.HasPrefix(digits, p) })
}

// matchParts never lets a pattern reach over a slash.
func matchParts(pattern, name string) bool {
	if strings.Count(pattern, "/") != strings.Count(name, "/") {
		return false
	}
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

// Target is one entry of targets.json. For an OSTree target Length is 0 and
// the sha256 is the id of the commit, not the hash of a file.
type Target struct {
	Length int64             // bytes
	Hashes map[string]string // algorithm to hex
	Custom json.RawMessage   // an object, or nil
}

// Check compares a file with the length and every hash of t: ErrHash.
func (t Target) Check(file []byte) error {
	known := t.Hashes["sha256"] != "" || t.Hashes["sha512"] != ""
	m := MetaFile{Length: t.Length, Hashes: t.Hashes}
	if !known || t.Length != int64(len(file)) || !m.fits(file) {
		return refuse(ErrHash, "length or hashes are not those of the target")
	}
	return nil
}

// Commit is the OSTree commit in lower-case hex, or "" where there is none.
func (t Target) Commit() string { return strings.ToLower(t.Hashes["sha256"]) }

// Snapshot is the signed part of snapshot.json.
type Snapshot struct {
	Version int
	Expires time.Time
	Meta    map[string]MetaFile // "targets.json" is always there
}

// Timestamp is the signed part of timestamp.json.
type Timestamp struct {
	Version int
	Expires time.Time
	Meta    map[string]MetaFile // "snapshot.json" is always there
}

// MetaFile is what one role file says about another.
type MetaFile struct {
	Version int
	Length  int64             // bytes; 0 where not stated
	Hashes  map[string]string // algorithm to hex; empty where not stated
}

// BundleTargets is the signed part of bundle-targets.json: which of the
// targets in targets.json an offline bundle carries. It is signed by the
// targets role, and its _type is that of targets.json.
type BundleTargets struct {
	Version int
	Expires time.Time
	Type    string   // "ci" or "prod"
	Tag     string   // may be ""
	Targets []string // names
}
