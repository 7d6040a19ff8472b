package offline

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// now is the clock of the tests: after the commits that testkit makes.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// backend is a factory in memory, over a real OSTree repo. It signs like a
// server would, and its fields let a test make it misbehave.
type backend struct {
	t       testing.TB
	repoDir string
	keys    map[tuf.Role]*tuf.PrivateKey
	offline []*tuf.PrivateKey // further keys of the targets role
	roots   [][]byte
	targets map[string]tuf.Target
	version int

	rootLasts time.Duration
	asked     []MetaRequest
	// spoil may change the reply before it goes out.
	spoil func(reply map[string]json.RawMessage)
}

// newBackend has one root, and a targets threshold of 1+offline distinct keys.
func newBackend(t testing.TB, offline int) *backend {
	b := &backend{t: t, keys: map[tuf.Role]*tuf.PrivateKey{}, targets: map[string]tuf.Target{}, rootLasts: 365 * day}
	b.repoDir = filepath.Join(t.TempDir(), "server-repo")
	testkit.OSTree(t, "--repo="+b.repoDir, "init", "--mode=archive")
	for _, role := range []tuf.Role{tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
		b.keys[role] = newKey(t)
	}
	for range offline {
		b.offline = append(b.offline, newKey(t))
	}
	b.addRoot()
	return b
}

func newKey(t testing.TB) *tuf.PrivateKey {
	t.Helper()
	k, err := tuf.GenerateKey(tuf.ED25519)
	check(t, err)
	return k
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// addRoot signs the next root with the same keys.
func (b *backend) addRoot() {
	b.t.Helper()
	root := tuf.NewRoot(len(b.roots)+1, now.Add(b.rootLasts), tuf.Changelog{})
	for role, key := range b.keys {
		root.AddKey(role, key.Public())
	}
	for _, key := range b.offline {
		root.AddKey(tuf.RoleTargets, key.Public())
	}
	targets := root.Roles[tuf.RoleTargets]
	targets.Threshold = 1 + len(b.offline)
	root.Roles[tuf.RoleTargets] = targets
	b.roots = append(b.roots, b.sign(root, b.keys[tuf.RoleRoot]))
}

func (b *backend) sign(signed any, keys ...*tuf.PrivateKey) []byte {
	b.t.Helper()
	signers := make([]tuf.Signer, len(keys))
	for i, k := range keys {
		signers[i] = k
	}
	file, err := tuf.Sign(signed, signers...)
	check(b.t, err)
	return file
}

// publish commits tree and makes a target of it with the tag "main".
func (b *backend) publish(name, hwid, tree string, more map[string]any) string {
	b.t.Helper()
	commit := testkit.Commit(b.t, b.repoDir, tree, "main-"+hwid, "version=1")
	custom := map[string]any{"name": hwid, "version": "1", "hardwareIds": []string{hwid}, "tags": []string{"main"}, "targetFormat": "OSTREE"}
	maps.Copy(custom, more)
	raw, err := json.Marshal(custom)
	check(b.t, err)
	b.targets[name] = tuf.Target{Hashes: map[string]string{"sha256": commit}, Custom: raw}
	b.version++
	return commit
}

// Roots implements Backend.
func (b *backend) Roots() tuf.Fetcher { return b }

// Fetch implements tuf.Fetcher.
func (b *backend) Fetch(_ context.Context, name string, _ int64) ([]byte, error) {
	if n, ok := rootVersion(name); ok && n <= len(b.roots) {
		return b.roots[n-1], nil
	}
	return nil, fmt.Errorf("%s: %w", name, tuf.ErrNotFound)
}

// Objects implements Backend.
func (b *backend) Objects(context.Context) (ostree.Source, error) {
	return ostree.OpenRepo(b.repoDir)
}

// BundleMeta implements Backend.
func (b *backend) BundleMeta(_ context.Context, target string, req MetaRequest) (map[string]json.RawMessage, error) {
	b.t.Helper()
	b.asked = append(b.asked, req)
	until := now.Add(time.Duration(req.ExpiresInDays) * day)
	targets := b.targetsKeys(tuf.NewTargets(b.version, now.Add(200*day), b.targets))
	snap, err := tuf.NewSnapshot(b.version, now.Add(100*day), targets)
	check(b.t, err)
	snapshot := b.sign(snap, b.keys[tuf.RoleSnapshot])
	stamp, err := tuf.NewTimestamp(b.version, until, snapshot)
	check(b.t, err)
	names := []string{}
	if req.BundleTargets != nil {
		old, err := tuf.ParseBundleTargets(req.BundleTargets)
		check(b.t, err)
		names = old.Targets
	}
	if !slices.Contains(names, target) {
		names = append(names, target)
	}
	bundle := tuf.BundleTargets{Version: b.version, Expires: until, Type: "ci", Tag: req.Tag, Targets: names}
	if req.Production || req.Wave != "" {
		bundle.Type, bundle.Tag = "prod", "main"
	}
	reply := map[string]json.RawMessage{
		"timestamp": b.sign(stamp, b.keys[tuf.RoleTimestamp]), "snapshot": snapshot, "targets": targets,
		"bundle-targets": b.sign(&bundle, b.keys[tuf.RoleTargets]),
	}
	if b.spoil != nil {
		b.spoil(reply)
	}
	return reply, nil
}

// targetsKeys signs with every targets key there is.
func (b *backend) targetsKeys(signed any) []byte {
	return b.sign(signed, append([]*tuf.PrivateKey{b.keys[tuf.RoleTargets]}, b.offline...)...)
}

func options(target string) BuildOptions {
	return BuildOptions{Target: target, Tag: "main", ExpiresInDays: 30, Now: now}
}

// small builds a bundle of one target for the hardware id "pc".
func small(t testing.TB) (dir string, b *backend) {
	t.Helper()
	b = newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	dir = filepath.Join(t.TempDir(), "bundle")
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	return dir, b
}

// tinyTree is two files, a symlink and a folder.
func tinyTree(t testing.TB, version string) string {
	t.Helper()
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "d"), 0o750))
	check(t, os.WriteFile(filepath.Join(dir, "version"), []byte(version+"\n"), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, "d/run"), []byte("#!/bin/sh\n"), 0o755))
	check(t, os.Symlink("run", filepath.Join(dir, "d/link")))
	return dir
}

// verify runs Verify as of now.
func verify(t testing.TB, dir string) *VerifyReport {
	t.Helper()
	return verifyWith(t, dir, VerifyOptions{Now: now})
}

func verifyWith(t testing.TB, dir string, opt VerifyOptions) *VerifyReport {
	t.Helper()
	b, err := Open(dir)
	check(t, err)
	defer b.Close()
	rep, err := Verify(context.Background(), b, opt)
	check(t, err)
	return rep
}

// wantFinding fails unless rep has a finding under rule at a path that ends in
// where.
func wantFinding(t *testing.T, rep *VerifyReport, rule Rule, where string) {
	t.Helper()
	for _, f := range rep.Findings {
		if f.Rule == rule && !f.Warning && strings.HasSuffix(f.Path, where) {
			return
		}
	}
	t.Errorf("no finding under %q at %q; there are: %v", rule, where, rep.Findings)
}

// tree is a folder as one comparable value: names, modes, links and contents.
func tree(t testing.TB, dir string) string {
	t.Helper()
	var out strings.Builder
	check(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, name)
		fmt.Fprintf(&out, "%s %v", rel, info.Mode())
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			check(t, err)
			fmt.Fprintf(&out, " -> %s", target)
		case info.Mode().IsRegular():
			data, err := os.ReadFile(name)
			check(t, err)
			fmt.Fprintf(&out, " %q", data)
		}
		out.WriteByte('\n')
		return nil
	}))
	return out.String()
}
