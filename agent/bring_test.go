package agent

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

// withDelta puts the delta from version 1 to 2 into the bundle, in two parts,
// and names the folder where it lies.
func (d *device) withDelta(m *mold) string {
	d.t.Helper()
	dir := filepath.Join(d.bundle, "ostree_repo")
	repo, err := ostree.OpenRepo(dir)
	d.must(err)
	n := delta.Name{From: sum(d.t, m.versions["1"]), To: sum(d.t, m.versions["2"])}
	opt := delta.DefaultOptions(d.now)
	opt.MaxChunk = 100
	rep, err := delta.Generate(d.t.Context(), repo, n, opt)
	d.must(err)
	if len(rep.Parts) < 2 {
		d.t.Fatalf("%d parts", len(rep.Parts))
	}
	return filepath.Join(dir, filepath.FromSlash(n.Dir()))
}

// dropObjects leaves the deltas alone in the bundle.
func (d *device) dropObjects() {
	d.t.Helper()
	for _, below := range []string{"objects", "refs/heads"} {
		dir := filepath.Join(d.bundle, "ostree_repo", below)
		d.must(os.RemoveAll(dir))
		d.must(os.Mkdir(dir, 0o755))
	}
}

func sum(t *testing.T, hex string) ostree.Checksum {
	t.Helper()
	c, err := ostree.ParseChecksum(hex)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestADeltaBringsADeviceThatHasItsStart(t *testing.T) {
	m := newMold(t)
	d := m.device(t)
	d.withDelta(m)
	d.dropObjects()
	d.publish("board-lmp-2")
	r, err := d.install(UpdateRequest{})
	wantCode(t, "install", r, err, InstallNeedsReboot)
	testkit.OSTree(t, "fsck", "--repo="+d.root.Repo)
	d.reboot()
	r, err = d.run()
	wantCode(t, "run", r, err, Ok)
	r, err = d.install(UpdateRequest{})
	wantCode(t, "install again", r, err, InstallAppsNeedFinalization)

	other := m.device(t)
	n := delta.Name{From: sum(t, strings.Repeat("1", 64)), To: sum(t, m.versions["2"])}
	old := other.withDelta(m)
	other.dropObjects()
	dir := filepath.Join(other.bundle, "ostree_repo", filepath.FromSlash(n.Dir()))
	other.must(os.MkdirAll(filepath.Dir(dir), 0o755))
	other.must(os.Rename(old, dir))
	other.publish("board-lmp-2")
	_, err = other.install(UpdateRequest{})
	wantCode(t, "install under the name of another start", Result{}, err, CheckinNoTargetContent)
}

func TestADeltaGoesBeforeObjects(t *testing.T) {
	m := newMold(t)
	d := m.device(t)
	d.withDelta(m)
	d.must(filepath.WalkDir(filepath.Join(d.bundle, "ostree_repo/objects"), func(name string, e fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".filez" {
			err = os.WriteFile(name, []byte("nothing of it is read"), 0o644)
		}
		return err
	}))
	r, err := d.install(UpdateRequest{})
	wantCode(t, "install", r, err, InstallNeedsReboot)
	testkit.OSTree(t, "fsck", "--repo="+d.root.Repo)
}

// A delta that is bad in some way costs a device nothing but the update, and
// not even that where the objects lie beside it.
func TestABadDeltaLeavesTheDeviceAsItWas(t *testing.T) {
	m := newMold(t)
	for _, c := range []struct {
		name  string
		spoil func(d *device, dir string) error
		alone Code
	}{
		{"a part that differs", func(d *device, dir string) error { return flipByte(filepath.Join(dir, "0")) }, DownloadFailure},
		{"parts that changed places", func(d *device, dir string) error {
			return swapFiles(filepath.Join(dir, "0"), filepath.Join(dir, "1"))
		}, CheckinNoTargetContent}, // they differ in length
		{"a part that is missing", func(d *device, dir string) error { return os.Remove(filepath.Join(dir, "1")) }, CheckinNoTargetContent},
		{"a part that is a link", func(d *device, dir string) error {
			part := filepath.Join(dir, "1")
			if err := os.Rename(part, filepath.Join(d.dir, "elsewhere")); err != nil {
				return err
			}
			return os.Symlink(filepath.Join(d.dir, "elsewhere"), part)
		}, CheckinNoTargetContent},
		{"no superblock", func(d *device, dir string) error { return os.Remove(filepath.Join(dir, "superblock")) }, CheckinNoTargetContent},
		{"a superblock that ends early", func(d *device, dir string) error { return os.Truncate(filepath.Join(dir, "superblock"), 100) }, CheckinNoTargetContent},
		{"a damaged device", func(d *device, dir string) error {
			tree, meta := rootOf(d.t, d.root.Repo, m.versions["1"])
			return errors.Join(os.Remove(filepath.Join(d.root.Repo, tree)), os.Remove(filepath.Join(d.root.Repo, meta))) // version 2 has meta as well
		}, DownloadFailure},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, alone := range []bool{true, false} {
				d := m.device(t)
				dir := d.withDelta(m)
				d.must(c.spoil(d, dir))
				want := InstallNeedsReboot
				if alone {
					d.dropObjects()
					want = c.alone
				}
				d.publish("board-lmp-2")
				r, err := d.install(UpdateRequest{})
				wantCode(t, "install", r, err, want)
				if s := d.status(); alone && (s.Pending != nil || s.Commit != d.root.Commit) {
					t.Errorf("the device: %+v", s)
				}
			}
		})
	}
}

func flipByte(name string) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	return os.WriteFile(name, data, 0o644)
}

func swapFiles(a, b string) error {
	for _, step := range [][2]string{{a, a + "x"}, {b, a}, {a + "x", b}} {
		if err := os.Rename(step[0], step[1]); err != nil {
			return err
		}
	}
	return nil
}

// rootOf are the paths of what a commit has of its root directory in a repo.
func rootOf(t *testing.T, repo, commit string) (tree, meta string) {
	t.Helper()
	r, err := ostree.OpenRepo(repo)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ostree.LoadCommit(t.Context(), r, sum(t, commit))
	if err != nil {
		t.Fatal(err)
	}
	return ostree.ObjectID{Sum: c.Tree, Type: ostree.TypeDirTree}.ArchivePath(), ostree.ObjectID{Sum: c.Meta, Type: ostree.TypeDirMeta}.ArchivePath()
}

// What a delta has is known only once it is unpacked or fetched; until then no
// more of the device's disk is used than the reserve leaves.
func TestADeltaDoesNotTouchTheReserve(t *testing.T) {
	m := newMold(t)
	d := m.device(t)
	dir := d.withDelta(m)
	d.must(os.Truncate(filepath.Join(dir, "superblock"), 64<<20))
	a := d.open()
	src, err := a.OpenBundle(d.bundle)
	d.must(err)
	defer src.Close()
	full := func(need uint64) error {
		if need > 1000 {
			return ostree.ErrNoSpace
		}
		return nil
	}
	b := src.(*bundle)
	if b.room == nil || b.room(1) != nil || !errors.Is(b.room(1<<60), ostree.ErrNoSpace) {
		t.Error("superblocks are copied whatever room there is")
	}
	b.room = full
	list, err := b.b.DeltasTo(t.Context(), sum(t, m.versions["2"]), delta.Scratch{Dir: filepath.Join(d.root.Repo, "tmp"), Room: b.room})
	if err != nil || len(list) != 1 || !errors.Is(list[0].Err, ostree.ErrNoSpace) {
		t.Errorf("large superblock: %+v, %v", list, err)
	}

	repo, err := ostree.OpenRepo(d.root.Repo)
	d.must(err)
	d.must(a.reserve(repo))
	session, err := repo.Begin(t.Context())
	d.must(err)
	defer session.Abort()
	err = delta.FetchFrom(largeFile{})(t.Context(), session, []ostree.ObjectID{{Type: ostree.TypeFile}})
	if !errors.Is(err, ostree.ErrNoSpace) || !strings.Contains(fail.HintOf(err), "sysroot_ostree_reserved_space_percentage") {
		t.Errorf("large object beside the delta: %v", err)
	}
}

// largeFile is a source in which each object is a large file.
type largeFile struct{ ostree.Source }

func (largeFile) Object(_ context.Context, id ostree.ObjectID) (ostree.Object, error) {
	return ostree.NewFile(id.Sum, &ostree.FileHeader{Mode: 0o100644, Size: 1 << 60}, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader("")), nil
	}), nil
}
