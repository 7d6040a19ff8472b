package tuf

import (
	"encoding/json"
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
)

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
}

// Target is one entry of targets.json. For an OSTree target Length is 0 and
// the sha256 is the id of the commit, not the hash of a file.
type Target struct {
	Length int64             // bytes
	Hashes map[string]string // algorithm to hex
	Custom json.RawMessage   // an object, or nil
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
