// Package spectest makes repositories in the dialect of TUF's specification for
// tests: as go-tuf writes them, and then wrong in one place.
//
// It trusts its caller and fails the test on any error of its own. It must
// never be imported by anything but tests.
package spectest

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/cjson"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/otactl/otactl/tuf"
)

// Repo is a repository in memory, at version 1, with one ED25519 key a role and
// names without versions. It is a tuf.Fetcher.
type Repo struct {
	t testing.TB
	// Now dates what is made.
	Now time.Time
	// Keys sign for their roles, and IDs are their ids.
	Keys map[string]ed25519.PrivateKey
	IDs  map[string]string
	// Files are what is served, by name.
	Files map[string][]byte
}

// New makes a repository with these targets. Its keys are the same each time,
// and known to all the world.
func New(t testing.TB, now time.Time, targets map[string]tuf.Target) *Repo {
	t.Helper()
	r := &Repo{t: t, Now: now, Keys: map[string]ed25519.PrivateKey{}, IDs: map[string]string{}, Files: map[string][]byte{}}
	at := now.AddDate(0, 1, 0)
	root := metadata.Root(at)
	root.Signed.ConsistentSnapshot = false
	for role := range root.Signed.Roles {
		seed := sha256.Sum256([]byte(role))
		private := ed25519.NewKeyFromSeed(seed[:])
		key, err := metadata.KeyFromPublicKey(private.Public())
		r.must(err)
		r.must(root.Signed.AddKey(key, role))
		r.Keys[role] = private
		r.IDs[role], err = key.ID()
		r.must(err)
	}
	list := metadata.Targets(at)
	for name, target := range targets {
		list.Signed.Targets[name] = r.target(target)
	}
	put(r, tuf.RootName(1), root)
	put(r, tuf.TargetsFile, list)
	put(r, tuf.SnapshotFile, metadata.Snapshot(at))
	put(r, tuf.TimestampFile, metadata.Timestamp(at))
	return r
}

func (r *Repo) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *Repo) target(from tuf.Target) *metadata.TargetFiles {
	to := metadata.TargetFile()
	to.Length = from.Length
	for alg, sum := range from.Hashes {
		raw, err := hex.DecodeString(sum)
		r.must(err)
		to.Hashes[alg] = raw
	}
	if from.Custom != nil {
		to.Custom = &from.Custom
	}
	return to
}

// put signs what go-tuf has written.
func put[T metadata.Roles](r *Repo, name string, md *metadata.Metadata[T]) {
	r.t.Helper()
	file, err := md.ToBytes(false)
	r.must(err)
	r.Files[name] = file
	r.Edit(name, func(map[string]any) {})
}

// Role is the role of a file.
func Role(name string) string {
	if strings.HasSuffix(name, ".root.json") {
		return metadata.ROOT
	}
	return strings.TrimSuffix(name, ".json")
}

// Edit changes the signed part of a file, and signs it with the key of its role.
func (r *Repo) Edit(name string, edit func(signed map[string]any)) {
	r.t.Helper()
	r.EditBy(name, edit, Role(name))
}

// EditBy signs with the keys of other roles, or of none.
func (r *Repo) EditBy(name string, edit func(signed map[string]any), roles ...string) {
	r.t.Helper()
	var file struct {
		Signed map[string]any `json:"signed"`
	}
	r.must(json.Unmarshal(r.Files[name], &file))
	edit(file.Signed)
	message, err := cjson.EncodeCanonical(file.Signed)
	r.must(err)
	signatures := []map[string]string{}
	for _, role := range roles {
		signatures = append(signatures, map[string]string{
			"keyid": r.IDs[role], "sig": hex.EncodeToString(ed25519.Sign(r.Keys[role], message)),
		})
	}
	r.Files[name], err = json.Marshal(map[string]any{"signed": file.Signed, "signatures": signatures})
	r.must(err)
}

// Next puts the next root beside the one before it, one version higher.
func (r *Repo) Next(version int, edit func(signed map[string]any)) {
	r.t.Helper()
	name := tuf.RootName(version)
	r.Files[name] = r.Files[tuf.RootName(version-1)]
	r.Edit(name, func(signed map[string]any) {
		signed["version"] = version
		edit(signed)
	})
}

// Fetch serves a file.
func (r *Repo) Fetch(_ context.Context, name string, _ int64) ([]byte, error) {
	if file, ok := r.Files[name]; ok {
		return slices.Clone(file), nil
	}
	return nil, fmt.Errorf("%s: %w", name, tuf.ErrNotFound)
}

// Clone is a copy that can be changed by itself.
func (r *Repo) Clone(t testing.TB) *Repo {
	c := *r
	c.t, c.Files = t, maps.Clone(r.Files)
	return &c
}
