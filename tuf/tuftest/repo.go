// Package tuftest makes TUF repositories for tests: honest ones, and ones that
// are wrong in exactly one place.
//
// It trusts its caller, panics on nothing, and fails the test on any error of
// its own. It must never be imported by anything but tests.
package tuftest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/otactl/otactl/tuf"
)

// Start is the time at which every repository is made, unless it is told
// otherwise.
var Start = time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)

// Repo is a repository in memory. It is a tuf.Fetcher.
type Repo struct {
	t testing.TB

	// Now dates what is made; Lifetime is how long that is good.
	Now      time.Time
	Lifetime map[tuf.Role]time.Duration
	// Root is the newest root. Change it, then call NextRoot.
	Root *tuf.Root
	// Keys sign for their roles.
	Keys map[tuf.Role][]*tuf.PrivateKey
	// Targets are what Publish signs.
	Targets map[string]tuf.Target
	// Version is the last version signed of each role below the root.
	Version map[tuf.Role]int
	// Files are what is served, by name.
	Files map[string][]byte
	// Requests are the names asked for, in order.
	Requests []string

	// Edit changes the signed part of a file before it is signed.
	Edit map[string]func(signed map[string]any)
	// Rewrite changes the text of the signed part before it is signed.
	Rewrite map[string]func(signed []byte) []byte
	// Break changes a whole file after it is signed. What vouches for it
	// vouches for the file as it was.
	Break map[string]func(file []byte) []byte
	// FetchError is returned in place of a file.
	FetchError map[string]error
}

// New makes a repository of one key a role and without targets: root 1, and
// version 1 of all else.
func New(t testing.TB) *Repo {
	t.Helper()
	r := &Repo{
		t: t, Now: Start,
		Lifetime: map[tuf.Role]time.Duration{
			tuf.RoleRoot: 8760 * time.Hour, tuf.RoleTargets: 2000 * time.Hour,
			tuf.RoleSnapshot: 1500 * time.Hour, tuf.RoleTimestamp: 168 * time.Hour,
		},
		Keys:       map[tuf.Role][]*tuf.PrivateKey{},
		Targets:    map[string]tuf.Target{},
		Version:    map[tuf.Role]int{},
		Files:      map[string][]byte{},
		Edit:       map[string]func(map[string]any){},
		Rewrite:    map[string]func([]byte) []byte{},
		Break:      map[string]func([]byte) []byte{},
		FetchError: map[string]error{},
	}
	r.Root = tuf.NewRoot(1, r.expires(tuf.RoleRoot), tuf.Changelog{Message: "first root", Timestamp: r.Now})
	for _, role := range []tuf.Role{tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
		k := r.Key(tuf.ED25519)
		r.Keys[role] = []*tuf.PrivateKey{k}
		r.Root.AddKey(role, k.Public())
	}
	r.signRoot(r.Keys[tuf.RoleRoot])
	r.Publish()
	return r
}

// Key makes a key. RSA ones come from a fixed file, since making one is slow.
func (r *Repo) Key(kind tuf.KeyType) *tuf.PrivateKey {
	r.t.Helper()
	if kind == tuf.RSA {
		return RSAKey(r.t)
	}
	k, err := tuf.GenerateKey(kind)
	if err != nil {
		r.t.Fatal(err)
	}
	return k
}

func (r *Repo) expires(role tuf.Role) time.Time { return r.Now.Add(r.Lifetime[role]) }

// AddTarget adds an OSTree target with the custom fields that a device looks
// for. Publish signs it.
func (r *Repo) AddTarget(name, commit, hardwareID, version string, tags ...string) {
	r.t.Helper()
	custom, err := json.Marshal(tuf.Custom{
		Name: hardwareID + "-lmp", Version: version, HardwareIDs: []string{hardwareID}, Tags: tags,
		TargetFormat: "OSTREE", CreatedAt: r.Now.Format(time.RFC3339), UpdatedAt: r.Now.Format(time.RFC3339),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.Targets[name] = tuf.Target{Hashes: map[string]string{"sha256": commit}, Custom: custom}
}

// Publish signs targets, snapshot and timestamp, each one version higher.
func (r *Repo) Publish() {
	r.t.Helper()
	r.Version[tuf.RoleTargets]++
	r.Version[tuf.RoleSnapshot]++
	targets := r.sign(tuf.TargetsFile, tuf.RoleTargets,
		tuf.NewTargets(r.Version[tuf.RoleTargets], r.expires(tuf.RoleTargets), maps.Clone(r.Targets)))
	snapshot := r.sign(tuf.SnapshotFile, tuf.RoleSnapshot, &tuf.Snapshot{
		Version: r.Version[tuf.RoleSnapshot], Expires: r.expires(tuf.RoleSnapshot),
		Meta: map[string]tuf.MetaFile{tuf.TargetsFile: describe(r.Version[tuf.RoleTargets], targets)},
	})
	r.timestamp(snapshot)
}

// Refresh signs a newer timestamp over the snapshot that is served.
func (r *Repo) Refresh() {
	r.t.Helper()
	r.timestamp(r.Files[tuf.SnapshotFile])
}

func (r *Repo) timestamp(snapshot []byte) {
	r.t.Helper()
	r.Version[tuf.RoleTimestamp]++
	r.sign(tuf.TimestampFile, tuf.RoleTimestamp, &tuf.Timestamp{
		Version: r.Version[tuf.RoleTimestamp], Expires: r.expires(tuf.RoleTimestamp),
		Meta: map[string]tuf.MetaFile{tuf.SnapshotFile: describe(r.Version[tuf.RoleSnapshot], snapshot)},
	})
}

func describe(version int, file []byte) tuf.MetaFile {
	sum := sha256.Sum256(file)
	return tuf.MetaFile{Version: version, Length: int64(len(file)), Hashes: map[string]string{"sha256": hex.EncodeToString(sum[:])}}
}

// sign makes a file and serves it, broken if that is wanted. It returns the
// file as it was before that.
func (r *Repo) sign(name string, role tuf.Role, signed any) []byte {
	r.t.Helper()
	file := r.SignWith(name, signed, r.Keys[role]...)
	r.serve(name, file)
	return file
}

func (r *Repo) serve(name string, file []byte) {
	if alter := r.Break[name]; alter != nil {
		file = alter(slices.Clone(file))
	}
	r.Files[name] = file
}

// SignWith makes a file signed by keys, with Edit and Rewrite applied first.
// Unlike tuf.Sign it signs anything.
func (r *Repo) SignWith(name string, signed any, keys ...*tuf.PrivateKey) []byte {
	r.t.Helper()
	raw, err := json.Marshal(signed)
	if err != nil {
		r.t.Fatal(err)
	}
	if edit := r.Edit[name]; edit != nil {
		var m map[string]any
		if err := json.Unmarshal(raw, &m); err != nil {
			r.t.Fatal(err)
		}
		edit(m)
		if raw, err = json.Marshal(m); err != nil {
			r.t.Fatal(err)
		}
	}
	if canon, err := tuf.Canonical(raw); err == nil {
		raw = canon
	}
	if rewrite := r.Rewrite[name]; rewrite != nil {
		raw = rewrite(raw)
	}
	return SignRaw(r.t, raw, keys...)
}

// NextRoot signs Root, one version higher, with the keys of the root before it
// and its own.
func (r *Repo) NextRoot() {
	r.t.Helper()
	before, err := tuf.ParseRoot(r.Files[tuf.RootName(r.Root.Version)])
	if err != nil {
		r.t.Fatal(err)
	}
	r.Root.Version++
	r.Root.Expires = r.expires(tuf.RoleRoot)
	r.Root.Changelog = &tuf.Changelog{Message: "next root", Timestamp: r.Now}
	signers := slices.Clone(r.Keys[tuf.RoleRoot])
	for _, k := range r.retired(before) {
		if !slices.Contains(signers, k) {
			signers = append(signers, k)
		}
	}
	r.signRoot(signers)
}

// retired are the root keys of before; every key ever used is remembered.
func (r *Repo) retired(before *tuf.Root) []*tuf.PrivateKey {
	var keys []*tuf.PrivateKey
	for _, k := range r.Keys["retired"] {
		if slices.Contains(before.Roles[tuf.RoleRoot].KeyIDs, k.Public().ID) {
			keys = append(keys, k)
		}
	}
	return keys
}

func (r *Repo) signRoot(keys []*tuf.PrivateKey) {
	name := tuf.RootName(r.Root.Version)
	r.serve(name, r.SignWith(name, r.Root, keys...))
	r.Keys["retired"] = append(r.Keys["retired"], keys...)
}

// SetKeys gives a role other keys, all of which must sign. NextRoot says so to
// the world.
func (r *Repo) SetKeys(role tuf.Role, keys ...*tuf.PrivateKey) {
	delete(r.Root.Roles, role)
	r.Keys[role] = keys
	for _, k := range keys {
		r.Root.AddKey(role, k.Public())
	}
	of := r.Root.Roles[role]
	of.Threshold = len(keys)
	r.Root.Roles[role] = of
}

// Bundle makes a bundle-targets.json that lists names, signed by the targets
// keys, and serves it.
func (r *Repo) Bundle(kind, tag string, names ...string) []byte {
	r.t.Helper()
	return r.sign(tuf.BundleTargetsFile, tuf.RoleTargets, &tuf.BundleTargets{
		Version: r.Version[tuf.RoleTargets], Expires: r.expires(tuf.RoleTargets),
		Type: kind, Tag: tag, Targets: names,
	})
}

// Fetch serves a file.
func (r *Repo) Fetch(_ context.Context, name string, _ int64) ([]byte, error) {
	r.Requests = append(r.Requests, name)
	if err := r.FetchError[name]; err != nil {
		return nil, err
	}
	file, ok := r.Files[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", name, tuf.ErrNotFound)
	}
	return slices.Clone(file), nil
}

// WriteDir writes all files into dir, which it makes, as a bundle's tuf folder
// has them.
func (r *Repo) WriteDir(dir string) {
	r.t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		r.t.Fatal(err)
	}
	for name, file := range r.Files {
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o644); err != nil {
			r.t.Fatal(err)
		}
	}
}

// Trust is what a device knows after a refresh from r at r.Now.
func (r *Repo) Trust() *tuf.Trust {
	r.t.Helper()
	trust, err := tuf.Refresh(r.t.Context(), r, nil, tuf.RefreshOptions{Now: r.Now, FirstUse: true})
	if err != nil {
		r.t.Fatal(err)
	}
	return trust
}
