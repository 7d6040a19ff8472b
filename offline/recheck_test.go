package offline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
)

// killed makes a bundle of pc-1 that is complete but for its metadata, as a
// process leaves it that is killed then.
func killed(t *testing.T) (dir string, b *backend) {
	t.Helper()
	b = newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	dir = t.TempDir()
	opt := options("pc-1")
	opt.Faults = at(FaultStage)
	if _, err := Build(t.Context(), b, dir, opt); !errors.Is(err, errPulled) {
		t.Fatal(err)
	}
	return dir, b
}

// at is an injector that fails at one point.
type at string

func (a at) At(point string) error {
	if point == string(a) {
		return errPulled
	}
	return nil
}

// elsewhere makes the mark in dir one of another mount.
func elsewhere(t *testing.T, dir string) {
	t.Helper()
	otherMark(t, filepath.Join(dir, markFile), "mount ", "mount 1")
}

// otherMark changes a mark where it says was.
func otherMark(t *testing.T, name, was, is string) {
	t.Helper()
	text, err := os.ReadFile(name)
	check(t, err)
	changed := strings.Replace(string(text), was, is, 1)
	if changed == string(text) {
		t.Fatalf("the mark does not say %q: %s", was, text)
	}
	write(t, name, []byte(changed))
}

func TestAfterAKillNothingIsReadAgainAndAfterAnotherMountAllIs(t *testing.T) {
	cases := map[string]struct {
		between func(t *testing.T, dir string)
		reads   bool
	}{
		"same mount":    {func(*testing.T, string) {}, false},
		"another mount": {elsewhere, true},
		"after a sleep": {func(t *testing.T, dir string) { otherMark(t, filepath.Join(dir, markFile), "slept ", "slept 1") }, true},
		"a copy": {func(t *testing.T, dir string) {
			text, err := os.ReadFile(filepath.Join(dir, markFile))
			check(t, err)
			check(t, os.Rename(filepath.Join(dir, markFile), filepath.Join(dir, "aside")))
			write(t, filepath.Join(dir, markFile), text)
			check(t, os.Remove(filepath.Join(dir, "aside")))
		}, true},
		"a folder": {func(t *testing.T, dir string) {
			check(t, os.Remove(filepath.Join(dir, markFile)))
			check(t, os.MkdirAll(filepath.Join(dir, markFile, "x"), 0o755))
		}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir, b := killed(t)
			// What nobody reads stays as bad as it is.
			bad := objectFile(t, dir, "filez")
			truncate(t, bad)
			c.between(t, dir)
			rep, err := Build(t.Context(), b, dir, options("pc-1"))
			check(t, err)
			if want := map[bool]int{false: 0, true: 1}[c.reads]; rep.Copied != want {
				t.Errorf("%d objects were fetched again, want %d", rep.Copied, want)
			}
			if good := verify(t, dir).Err() == nil; good != c.reads {
				t.Errorf("the bundle is good: %v", good)
			}
			if _, err := os.Lstat(filepath.Join(dir, markFile)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the mark stays after the build: %v", err)
			}
		})
	}
}

// Small blobs are read each time: that takes less than to sync each of them.
func TestAfterAKillNoLargeBlobIsReadAgainAndAfterAnotherMountAllAre(t *testing.T) {
	blobs := testkit.AppBlobs{}
	layer := blobs.Put(noise(2 << 20))
	config := blobs.JSON(map[string]any{"architecture": "amd64", "os": "linux"})
	image := blobs.JSON(map[string]any{
		"schemaVersion": 2, "mediaType": ociManifest, "config": blobs.At("application/vnd.oci.image.config.v1+json", config),
		"layers": []any{blobs.At("application/vnd.oci.image.layer.v1.tar+gzip", layer)},
	})
	web := blobs.App("hub.example/acme/web", "hub.example/acme/db@"+image)
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(web))
	for _, again := range []bool{false, true} {
		dir := t.TempDir()
		opt := options("pc-1")
		opt.AppsSource, opt.Faults = appStore(t, blobs), at(FaultStage)
		if _, err := Build(t.Context(), b, dir, opt); !errors.Is(err, errPulled) {
			t.Fatal(err)
		}
		for _, digest := range []string{layer, config} {
			check(t, flipAt(filepath.Join(dir, dirBlobs, testkit.Hex(digest)), 5))
		}
		copied := 1
		if again {
			otherMark(t, filepath.Join(dir, markBlobs), "mount ", "mount 1")
			copied = 2
		}
		opt.Faults = nil
		rep, err := Build(t.Context(), b, dir, opt)
		check(t, err)
		if rep.AppsCopied != copied || (verify(t, dir).Err() == nil) != again {
			t.Errorf("another mount: %v: %d blobs were fetched again", again, rep.AppsCopied)
		}
		if _, err := os.Lstat(filepath.Join(dir, markBlobs)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the mark stays after the build: %v", err)
		}
	}
}

// A run that marks what lies there has seen all of it, whoever needs it.
func TestADamagedBlobOfAnotherTargetIsNotVouchedFor(t *testing.T) {
	blobs := testkit.AppBlobs{}
	web := blobs.App("hub.example/acme/web", blobs.Image("hub.example/acme/db"))
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(web))
	dir := t.TempDir()
	stranger := filepath.Join(dir, dirBlobs, strings.Repeat("a", 64))
	check(t, os.MkdirAll(filepath.Dir(stranger), 0o755))
	write(t, stranger, noise(2<<20))
	opt := options("pc-1")
	opt.AppsSource, opt.Faults = appStore(t, blobs), at(FaultStage)
	if _, err := Build(t.Context(), b, dir, opt); !errors.Is(err, errPulled) {
		t.Fatal(err)
	}
	if _, err := os.Lstat(stranger); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is there, and the mark says that it is good: %v", err)
	}
}

// TestAMarkIsOfOneMountOnly with the mounts of the kernel.
func TestAMarkIsOfOneMountOnly(t *testing.T) {
	disk, stick := t.TempDir(), t.TempDir()
	run(t, "mount", "-t", "tmpfs", "tmpfs", disk)
	t.Cleanup(func() { run(t, "umount", disk) })
	marked := func() bool {
		run(t, "mount", "--bind", disk, stick)
		defer run(t, "umount", stick)
		f, err := medium.OpenFolder(stick)
		check(t, err)
		defer f.Close()
		was := f.Marked("mark")
		check(t, f.Mark("mark"))
		if !f.Marked("mark") {
			t.Error("a fresh mark is none")
		}
		return was
	}
	for range 3 {
		if marked() {
			t.Error("a mark of another mount counts")
		}
	}
}

func TestALostConnectionDoesNotCostTheMark(t *testing.T) {
	dir, b := killed(t)
	opt := options("pc-1")
	opt.RepoSource = broken{}
	_, err := Build(t.Context(), b, dir, opt)
	if err == nil {
		t.Fatal("it was built out of nothing")
	}
	if _, err := os.Lstat(filepath.Join(dir, markFile)); err != nil {
		t.Errorf("an error of the source costs the mark: %v", err)
	}
}

// broken has nothing.
type broken struct{ nothing }

func (broken) Object(context.Context, ostree.ObjectID) (ostree.Object, error) {
	return nil, errors.New("connection lost")
}

// counting counts what is fetched.
type counting struct {
	ostree.Source
	n atomic.Int64
}

func (c *counting) Object(ctx context.Context, id ostree.ObjectID) (ostree.Object, error) {
	c.n.Add(1)
	return c.Source.Object(ctx, id)
}

func TestDamageToAnotherTargetIsMendedOrSaid(t *testing.T) {
	for _, has := range []bool{true, false} {
		dir, b := small(t)
		only := filepath.Join(t.TempDir(), "only")
		b.publish("board-1", "board", tinyTree(t, "2"), nil)
		opt := options("board-1")
		opt.AllowMultiple = true
		if !has { // a source without the other target's commit
			repo, err := ostree.CreateRepo(only, ostree.ModeArchive)
			check(t, err)
			src, err := ostree.OpenRepo(b.repoDir)
			check(t, err)
			commit, err := ostree.ParseChecksum(b.targets["board-1"].Commit())
			check(t, err)
			_, err = ostree.Copy(t.Context(), repo, src, commit, ostree.CopyOptions{})
			check(t, err)
			opt.RepoSource = repo
		}
		damageOwn(t, b, dir, "pc-1", "board-1")
		_, err := Build(t.Context(), b, dir, opt)
		if has {
			check(t, err)
			if rep := verify(t, dir); rep.Err() != nil {
				t.Errorf("%v", rep.Findings)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), "pc-1") || fail.HintOf(err) == "" {
			t.Errorf("%v, hint %q", err, fail.HintOf(err))
		}
	}
}

// damageOwn truncates a file that the commit of target reaches and that of
// other does not.
func damageOwn(t *testing.T, b *backend, dir, target, other string) {
	t.Helper()
	src, err := ostree.OpenRepo(b.repoDir)
	check(t, err)
	reach := func(name string) map[ostree.ObjectID]bool {
		commit, err := ostree.ParseChecksum(b.targets[name].Commit())
		check(t, err)
		set := map[ostree.ObjectID]bool{}
		check(t, ostree.Closure(t.Context(), src, commit, func(id ostree.ObjectID) error { set[id] = true; return nil }))
		return set
	}
	shared := reach(other)
	for id := range reach(target) {
		if id.Type == ostree.TypeFile && !shared[id] {
			truncate(t, filepath.Join(dir, dirRepo, id.ArchivePath()))
			return
		}
	}
	t.Fatal("they share all files")
}

func TestResumedBuildFetchesOnlyWhatIsMissing(t *testing.T) {
	dir, b := killed(t)
	check(t, os.Remove(objectFile(t, dir, "filez")))
	elsewhere(t, dir)
	src, err := b.Objects(t.Context())
	check(t, err)
	counted := &counting{Source: src}
	opt := options("pc-1")
	opt.RepoSource = counted
	rep, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	if n := counted.n.Load(); rep.Copied != 1 || n > 5 { // the commit, asked for twice, and its detached metadata
		t.Errorf("%d copied, %d asked for", rep.Copied, n)
	}
}
