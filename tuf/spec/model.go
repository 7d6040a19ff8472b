package spec

import (
	"math"
	"slices"
	"strconv"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// file names of what timestamp and snapshot have to name.
const (
	snapshotFile = metadata.SNAPSHOT + ".json"
	targetsFile  = metadata.TARGETS + ".json"
)

// hashLength is the number of bytes of the hashes that can be checked.
var hashLength = map[string]int{"sha256": 32, "sha512": 64}

// readRoot wants all four roles, and of each every key: one that can't be used
// would hide behind an id.
func readRoot(from *metadata.RootType) (*tuf.Root, error) {
	version, err := versionOf("signed", from.Version)
	if err != nil {
		return nil, err
	}
	root := &tuf.Root{
		Version: version, Expires: from.Expires.UTC(), ConsistentSnapshot: from.ConsistentSnapshot,
		Roles: map[tuf.Role]tuf.RoleKeys{},
	}
	if root.Keys, err = readKeys(from.Keys); err != nil {
		return nil, err
	}
	for _, role := range []tuf.Role{tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
		of := from.Roles[string(role)]
		if of == nil {
			return nil, tuf.Refuse(tuf.ErrMalformed, "it lacks the role %s", role)
		}
		if root.Roles[role], err = readRole(string(role), of.KeyIDs, of.Threshold); err != nil {
			return nil, err
		}
		for _, id := range of.KeyIDs {
			if root.Keys[id] == nil {
				return nil, tuf.Refuse(tuf.ErrKey, "key %q of %s is not listed, or of no type that is known", id, role)
			}
		}
	}
	return root, nil
}

// readRole does not ask whether there are enough keys: a role that nobody can
// sign for does no harm to the others.
func readRole(name string, ids []string, threshold int) (tuf.RoleKeys, error) {
	if threshold < 1 || threshold > limits.Signatures {
		return tuf.RoleKeys{}, tuf.Refuse(tuf.ErrMalformed, "%q has threshold %d", name, threshold)
	}
	if len(ids) == 0 || len(ids) > limits.Signatures {
		return tuf.RoleKeys{}, tuf.Refuse(tuf.ErrMalformed, "%q has %d keys", name, len(ids))
	}
	for i, id := range ids {
		if slices.Contains(ids[:i], id) {
			return tuf.RoleKeys{}, tuf.Refuse(tuf.ErrMalformed, "%q names key %q twice", name, id)
		}
	}
	return tuf.RoleKeys{KeyIDs: ids, Threshold: threshold}, nil
}

func readTimestamp(from *metadata.TimestampType) (*tuf.Timestamp, error) {
	version, err := versionOf("signed", from.Version)
	if err != nil {
		return nil, err
	}
	meta, err := readMeta(from.Meta, snapshotFile)
	return &tuf.Timestamp{Version: version, Expires: from.Expires.UTC(), Meta: meta}, err
}

func readSnapshot(from *metadata.SnapshotType) (*tuf.Snapshot, error) {
	version, err := versionOf("signed", from.Version)
	if err != nil {
		return nil, err
	}
	meta, err := readMeta(from.Meta, targetsFile)
	return &tuf.Snapshot{Version: version, Expires: from.Expires.UTC(), Meta: meta}, err
}

func readMeta(from map[string]*metadata.MetaFiles, needed string) (map[string]tuf.MetaFile, error) {
	if from[needed] == nil {
		return nil, tuf.Refuse(tuf.ErrMalformed, "meta lacks %s", needed)
	}
	meta := make(map[string]tuf.MetaFile, len(from))
	for name, m := range from {
		if m == nil {
			return nil, tuf.Refuse(tuf.ErrMalformed, "meta of %q is null", name)
		}
		version, err := versionOf(name, m.Version)
		if err != nil {
			return nil, err
		}
		if m.Length < 0 {
			return nil, tuf.Refuse(tuf.ErrMalformed, "the length of %q is negative", name)
		}
		hashes, err := readHashes(name, m.Hashes)
		if err != nil {
			return nil, err
		}
		meta[name] = tuf.MetaFile{Version: version, Length: m.Length, Hashes: hashes}
	}
	return meta, nil
}

// readHashes wants the hashes that it knows to be of their length. Where there
// is another one go-tuf refuses the file that is to be checked with it.
func readHashes(name string, from metadata.Hashes) (map[string]string, error) {
	hashes := make(map[string]string, len(from))
	for alg, sum := range from {
		if n := hashLength[alg]; n > 0 && len(sum) != n {
			return nil, tuf.Refuse(tuf.ErrMalformed, "the %s of %q has %d bytes", alg, name, len(sum))
		}
		hashes[alg] = sum.String()
	}
	return hashes, nil
}

func readTargets(from *metadata.TargetsType) (*tuf.Targets, error) {
	version, err := versionOf("signed", from.Version)
	if err != nil {
		return nil, err
	}
	if from.Targets == nil {
		return nil, tuf.Refuse(tuf.ErrMalformed, "it lacks targets")
	}
	to := &tuf.Targets{Version: version, Expires: from.Expires.UTC(), Targets: make(map[string]tuf.Target, len(from.Targets))}
	for name, t := range from.Targets {
		if to.Targets[name], err = readTarget(name, t); err != nil {
			return nil, err
		}
	}
	to.Delegations, err = readDelegations(from.Delegations)
	return to, err
}

func readTarget(name string, from *metadata.TargetFiles) (to tuf.Target, err error) {
	if from == nil || name == "" || from.Length < 0 {
		return to, tuf.Refuse(tuf.ErrMalformed, "target %q is null, has no name or a negative length", name)
	}
	to.Length = from.Length
	if custom := from.Custom; custom != nil {
		if len(*custom) == 0 || (*custom)[0] != '{' {
			return to, tuf.Refuse(tuf.ErrMalformed, "custom of target %q is not an object", name)
		}
		to.Custom = *custom
	}
	to.Hashes, err = readHashes(name, from.Hashes)
	return to, err
}

// readDelegations passes over succinct roles, which are no part of the
// specification yet.
func readDelegations(from *metadata.Delegations) ([]tuf.Delegation, error) {
	if from == nil {
		return nil, nil
	}
	keys, err := readKeys(from.Keys)
	if err != nil {
		return nil, err
	}
	var list []tuf.Delegation
	seen := map[string]bool{}
	for _, d := range from.Roles {
		if d.Name == "" || seen[d.Name] {
			return nil, tuf.Refuse(tuf.ErrMalformed, "a delegation to %q, which is no name or there twice", d.Name)
		}
		seen[d.Name] = true
		role, err := readRole(d.Name, d.KeyIDs, d.Threshold)
		if err != nil {
			return nil, err
		}
		list = append(list, tuf.Delegation{
			Name: d.Name, RoleKeys: role, Keys: keys,
			Paths: d.Paths, HashPrefixes: d.PathHashPrefixes, Terminating: d.Terminating,
		})
	}
	return list, nil
}

// versionOf is a version of 1 to 2^31-1, as in the other dialect.
func versionOf(of string, version int64) (int, error) {
	if version < 1 || version > math.MaxInt32 {
		return 0, tuf.Refuse(tuf.ErrMalformed, "the version of %s is %d", strconv.Quote(of), version)
	}
	return int(version), nil
}
