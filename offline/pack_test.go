package offline

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	ota "github.com/otactl/otactl/offline/archive"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

// SignIndex implements IndexSigner.
func (b *backend) SignIndex(_ context.Context, signed json.RawMessage) (json.RawMessage, error) {
	return tuf.Sign(signed, b.keys[tuf.RoleTargets])
}

// packed is a bundle as one file, of a backend whose targets role wants
// 1+offline keys.
func packedBundle(t testing.TB, offline int) (file, dir string, b *backend) {
	t.Helper()
	b = newBackend(t, offline)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	dir = filepath.Join(t.TempDir(), "bundle")
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	file = filepath.Join(t.TempDir(), "bundle.ota")
	packTo(t, dir, file, b)
	return file, dir, b
}

func packTo(t testing.TB, dir, file string, signer IndexSigner) *PackReport {
	t.Helper()
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	rep, err := Pack(t.Context(), bundle, file, PackOptions{Signer: signer})
	check(t, err)
	return rep
}

func unpackTo(t testing.TB, file, dir string) (*UnpackReport, error) {
	t.Helper()
	bundle, err := Open(file)
	check(t, err)
	defer bundle.Close()
	return Unpack(t.Context(), bundle, dir, nil)
}

func TestAnArchiveIsTheBundleThatWentIntoIt(t *testing.T) {
	file, dir, _ := packedBundle(t, 0)
	if rep := verify(t, file); rep.Err() != nil || rep.Objects != verify(t, dir).Objects {
		t.Errorf("%v: %+v", rep.Err(), rep)
	}
	// What is merely on the same stick stays behind.
	check(t, os.Mkdir(filepath.Join(dir, "System Volume Information"), 0o755))
	again := filepath.Join(t.TempDir(), "again.ota")
	packTo(t, dir, again, nil)
	if rep := verify(t, again); len(rep.Findings) != 1 || rep.Findings[0].Rule != RuleThreshold || rep.Findings[0].Path != indexFile {
		t.Errorf("%+v", rep.Findings)
	}
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	write(t, filepath.Join(dir, "autorun.inf"), []byte("x"))
	if _, err := Pack(t.Context(), bundle, again, PackOptions{}); fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), "autorun.inf") {
		t.Errorf("packed with a stranger in it: %v", err)
	}
}

// index replaces the index of an archive by what change makes of it.
func changeIndex(t *testing.T, file string, change func(index []byte) []byte) {
	t.Helper()
	a, err := ota.Open(file)
	check(t, err)
	defer a.Close()
	check(t, a.Replace(medium.File{Name: indexFile, Data: change(a.Index())}))
}

func TestAnArchiveWhoseIndexIsNotSignedEnoughIsBad(t *testing.T) {
	file, _, b := packedBundle(t, 1)
	root, err := tuf.ParseRoot(b.roots[0])
	check(t, err)
	holds := func(what string, want error) {
		t.Helper()
		bundle, err := Open(file)
		check(t, err)
		defer bundle.Close()
		if err := bundle.VerifyIndex(root); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v", what, err)
		}
	}
	signature := func(keys ...*tuf.PrivateKey) func([]byte) []byte {
		return func(index []byte) []byte {
			e, err := tuf.ParseEnvelope(index)
			check(t, err)
			return b.sign(e.Signed, keys...)
		}
	}
	mine, yours := b.keys[tuf.RoleTargets], b.offline[0]
	holds("one of two", tuf.ErrBundle)
	wantFinding(t, verify(t, file), RuleThreshold, indexFile)
	changeIndex(t, file, signature())
	holds("none", tuf.ErrBundle)
	wantFinding(t, verify(t, file), RuleThreshold, indexFile)
	changeIndex(t, file, signature(mine, yours, newKey(t)))
	holds("one by a stranger", tuf.ErrBundle)
	wantFinding(t, verify(t, file), RuleSignature, indexFile)
	changeIndex(t, file, signature(b.keys[tuf.RoleSnapshot], mine, yours))
	holds("one by another role", tuf.ErrBundle)
	changeIndex(t, file, signature(mine, yours))
	holds("both", nil)
}

func TestSigningAnArchiveSignsItsIndexToo(t *testing.T) {
	file, dir, b := packedBundle(t, 1)
	bundle, err := Open(file)
	check(t, err)
	defer bundle.Close()
	rep, err := Sign(t.Context(), bundle, SignOptions{Verify: VerifyOptions{Now: now},
		Signer: func(*tuf.Root) (tuf.Signer, error) { return b.offline[0], nil }})
	check(t, err)
	if rep.Missing != 0 {
		t.Errorf("%+v", rep)
	}
	if rep := verify(t, file); rep.Err() != nil {
		t.Error(rep.Findings)
	}
	// The folder waits for its signature still; the rest is the same.
	if rep := verify(t, dir); rep.Err() == nil {
		t.Error("the folder was signed as well")
	}
	entries, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(entries) != 1 {
		t.Errorf("left beside it: %v, %v", entries, err)
	}
}

func TestNothingElseOfAnArchiveIsReplaced(t *testing.T) {
	file, dir, _ := packedBundle(t, 0)
	a, err := ota.Open(file)
	check(t, err)
	defer a.Close()
	if err := a.Replace(medium.File{Name: "tuf/1.root.json", Data: []byte("{}")}); fail.ClassOf(err) != fail.Unsupported {
		t.Error(err)
	}
	statement, err := os.ReadFile(filepath.Join(dir, "tuf", tuf.BundleTargetsFile))
	check(t, err)
	other := strings.Replace(string(statement), "pc-1", "pc-2", 1)
	if err := a.Replace(medium.File{Name: "tuf/" + tuf.BundleTargetsFile, Data: []byte(other)}); fail.ClassOf(err) != fail.Verification {
		t.Errorf("another statement was put under the index: %v", err)
	}
	if rep := verify(t, file); rep.Err() != nil {
		t.Error(rep.Err())
	}
}

func TestUnpackingGivesTheFolderBack(t *testing.T) {
	file, dir, _ := packedBundle(t, 0)
	out := filepath.Join(t.TempDir(), "out")
	first, err := unpackTo(t, file, out)
	check(t, err)
	if rep := verify(t, out); rep.Err() != nil || len(rep.Findings) > 0 {
		t.Error(rep.Findings)
	}
	again := filepath.Join(t.TempDir(), "again.ota")
	packTo(t, out, again, nil)
	packTo(t, dir, again+"2", nil)
	if read(t, again) != read(t, again+"2") {
		t.Error("what was unpacked packs differently")
	}
	// Damaged, and cut off before the metadata: mended by the same command.
	check(t, os.RemoveAll(filepath.Join(out, "tuf")))
	write(t, filepath.Join(out, "ostree_repo/config"), []byte("[core]\nmode=bare\n"))
	write(t, filepath.Join(out, "ostree_repo/config.new"), []byte("[co"))
	second, err := unpackTo(t, file, out)
	check(t, err)
	if rep := verify(t, out); rep.Err() != nil || second.Present == 0 || second.Files >= first.Files {
		t.Errorf("%v, %+v after %+v", rep.Err(), second, first)
	}
}

func TestAFolderThatATarUnpackedIsABundle(t *testing.T) {
	file, dir, _ := packedBundle(t, 0)
	out := t.TempDir()
	if msg, err := exec.Command("tar", "--zstd", "-C", out, "-xf", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, msg)
	}
	rep := verify(t, out)
	for _, f := range rep.Findings {
		if !f.Warning || f.Rule != RuleFiles || f.Path != indexFile && f.Path != indexMembers {
			t.Errorf("found %v", f)
		}
	}
	if rep.Err() != nil || len(rep.Findings) != 2 {
		t.Errorf("%v: %v", rep.Err(), rep.Findings)
	}
	again := filepath.Join(t.TempDir(), "again.ota")
	packTo(t, out, again, nil)
	packTo(t, dir, again+"2", nil)
	if read(t, again) != read(t, again+"2") {
		t.Error("it packs differently")
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	check(t, err)
	return string(b)
}

func TestUnpackingTouchesNothingThatIsNotOfTheBundle(t *testing.T) {
	file, _, _ := packedBundle(t, 0)
	outside := t.TempDir()
	for name, lay := range map[string]func(dir string) error{
		"a stranger": func(dir string) error { return os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600) },
		"a link to a file": func(dir string) error {
			return os.Symlink(filepath.Join(outside, "x"), filepath.Join(dir, "otactl.json"))
		},
		"a link to a dir": func(dir string) error { return os.Symlink(outside, filepath.Join(dir, "ostree_repo")) },
		"a link inside": func(dir string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, "x"), 0o755), os.Symlink("x", filepath.Join(dir, "tuf")))
		},
		"a file as folder": func(dir string) error { return os.WriteFile(filepath.Join(dir, "ostree_repo"), nil, 0o600) },
		"a folder as file": func(dir string) error { return os.MkdirAll(filepath.Join(dir, "ostree_repo/config/x"), 0o755) },
		"another statement": func(dir string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, "tuf"), 0o755), os.WriteFile(filepath.Join(dir, "tuf", tuf.BundleTargetsFile), []byte(`{"signatures":[],"signed":{}}`), 0o600))
		},
	} {
		dir := t.TempDir()
		check(t, lay(dir))
		before := tree(t, dir)
		if _, err := unpackTo(t, file, dir); fail.ClassOf(err) != fail.Conflict {
			t.Errorf("%s: %v", name, err)
		}
		if tree(t, dir) != before {
			t.Errorf("%s: something was written", name)
		}
	}
	if list, err := os.ReadDir(outside); err != nil || len(list) > 0 {
		t.Errorf("written outside: %v, %v", list, err)
	}
}

func TestADamagedArchiveLeavesNoBundleBehind(t *testing.T) {
	file, _, _ := packedBundle(t, 0)
	data := []byte(read(t, file))
	a, err := ota.Open(file)
	check(t, err)
	names := slices.Collect(a.Members())
	check(t, a.Close())
	// The last object that comes before the metadata, in its content.
	at := strings.LastIndex(string(data), names[len(names)-1].Name)
	for ; at > 0 && !strings.Contains(string(data[at:at+60]), ".filez"); at-- {
		continue
	}
	data[at+len("ostree_repo/objects/00/")+400] ^= 1
	write(t, file, data)
	out := filepath.Join(t.TempDir(), "out")
	if _, err := unpackTo(t, file, out); fail.ClassOf(err) != fail.Verification {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(out, "tuf")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is metadata: %v", err)
	}
	rep := verify(t, file)
	if rep.Err() == nil {
		t.Error("verify finds nothing")
	}
}

// stops cancels a run once so many members were asked about.
type stops struct {
	context.Context
	left int
}

func (s *stops) Err() error {
	if s.left--; s.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestAPackThatIsCutOffLeavesTheOldFile(t *testing.T) {
	file, dir, _ := packedBundle(t, 0)
	before := read(t, file)
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	write(t, file+".new", []byte("what a killed run left"))
	ctx := &stops{Context: t.Context()}
	for done := false; !done; ctx.left += 9 {
		at := ctx.left
		_, err := Pack(ctx, bundle, file, PackOptions{})
		done = err == nil
		if !done && (!errors.Is(err, context.Canceled) || read(t, file) != before) {
			t.Fatalf("stopped at %d: %v, and the file is another", at, err)
		}
		ctx.left = at
	}
	if _, err := os.Stat(file + ".new"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a part was left: %v", err)
	}
}

func TestTwoWritersOfOneArchiveDoNotMeet(t *testing.T) {
	file, dir, _ := packedBundle(t, 0)
	out, err := ota.Create(file, 0)
	check(t, err)
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	if _, err := Pack(t.Context(), bundle, file, PackOptions{}); fail.ClassOf(err) != fail.Busy {
		t.Errorf("packed over a run under way: %v", err)
	}
	out.Abort()
	if _, err := Pack(t.Context(), bundle, file, PackOptions{}); err != nil {
		t.Error(err)
	}
	one, err := Open(file)
	check(t, err)
	defer one.Close()
	lock, err := one.files.(medium.Changer).Lock()
	check(t, err)
	defer lock.Close()
	two, err := Open(file)
	check(t, err)
	defer two.Close()
	if _, err := two.files.(medium.Changer).Lock(); fail.ClassOf(err) != fail.Busy {
		t.Errorf("two people sign at once: %v", err)
	}
}
