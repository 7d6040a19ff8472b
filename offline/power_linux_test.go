package offline

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit/fatfs"
)

// inMemory is a folder that costs no disk.
func inMemory(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	run(t, "mount", "-t", "tmpfs", "tmpfs", dir)
	t.Cleanup(func() { run(t, "umount", dir) })
	return dir
}

// cuts goes through what the power may have left of the changes since from, each
// state once.
func cuts(t *testing.T, cut fatfs.Cut, from int, look func(dir string, n int, loss fatfs.Loss)) {
	t.Helper()
	seen := map[[32]byte]bool{}
	work := inMemory(t)
	for n := from; n <= cut.Len(); n++ {
		for _, loss := range fatfs.Losses {
			image := cut.After(n, loss)
			if key := image.Key(); seen[key] {
				continue
			} else {
				seen[key] = true
			}
			dir := filepath.Join(work, "cut")
			check(t, os.Mkdir(dir, 0o755))
			image.WriteTo(t, dir)
			bundle := filepath.Join(dir, "update")
			check(t, os.MkdirAll(bundle, 0o755)) // the folder itself may be gone
			look(bundle, n, loss)
			check(t, os.RemoveAll(dir))
		}
	}
	t.Logf("%d changes, %d states", cut.Len()-from, len(seen))
}

// survives checks one state: the old bundle, the new one, or none yet, and the
// next run makes the new one of it.
func survives(t *testing.T, b *backend, opt BuildOptions, was, becomes string) func(dir string, n int, loss fatfs.Loss) {
	return func(dir string, n int, loss fatfs.Loss) {
		t.Helper()
		rep := verify(t, dir)
		switch is := names(rep); {
		case rep.Err() == nil && (is == was || is == becomes):
		case rep.Err() != nil && incomplete(rep):
		default:
			t.Errorf("after %d changes, %v: %q, %v", n, loss, is, rep.Findings)
		}
		if _, err := Build(t.Context(), b, dir, opt); err != nil {
			t.Errorf("after %d changes, %v: the next run: %v", n, loss, err)
		}
		if rep := verify(t, dir); rep.Err() != nil || names(rep) != becomes {
			t.Errorf("after %d changes, %v, and the next run: %v", n, loss, rep.Findings)
		}
	}
}

// incomplete says whether rep says that there is no bundle yet.
func incomplete(rep *VerifyReport) bool {
	for _, f := range rep.Findings {
		if f.Rule == RuleComplete && f.Path == "tuf/bundle-targets.json" {
			return true
		}
	}
	return false
}

func TestPowerCutAtAnyMomentOfABuildOnFAT(t *testing.T) {
	f := fatfs.Mount(t, fatfs.Options{})
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	dir := filepath.Join(f.Dir(), "update")
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	first := f.Recorded()
	cuts(t, first, 0, survives(t, b, options("pc-1"), "", "pc-1"))
	afterAll(t, first, "pc-1")

	b.publish("board-1", "board", tinyTree(t, "2"), nil)
	opt := options("board-1")
	opt.AllowMultiple = true
	_, err = Build(t.Context(), b, dir, opt)
	check(t, err)
	second := f.Recorded()
	cuts(t, second, first.Len(), survives(t, b, opt, "pc-1", "pc-1 board-1"))
	afterAll(t, second, "pc-1 board-1")
}

// afterAll wants all of a bundle to survive once its build has said that it is
// done.
func afterAll(t *testing.T, cut fatfs.Cut, want string) {
	t.Helper()
	for _, loss := range fatfs.Losses {
		dir := t.TempDir()
		cut.After(cut.Len(), loss).WriteTo(t, dir)
		if rep := verify(t, filepath.Join(dir, "update")); rep.Err() != nil || names(rep) != want {
			t.Errorf("done, %v: %v", loss, rep.Findings)
		}
	}
}

func TestMediumThatFailsWhileItIsWrittenIsSaidAndGoesOn(t *testing.T) {
	for errno, class := range map[syscall.Errno]fail.Class{syscall.EROFS: fail.Unknown, syscall.EIO: fail.Unknown, syscall.ENODEV: fail.Unknown, syscall.EUCLEAN: fail.Unknown} {
		f := fatfs.Mount(t, fatfs.Options{})
		b := newBackend(t, 0)
		b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
		dir := filepath.Join(f.Dir(), "update")
		for n := 0; n < 1000; n += 40 {
			f.FailAfter(n, errno)
			_, err := Build(t.Context(), b, dir, options("pc-1"))
			f.Heal()
			if err == nil {
				break
			}
			if fail.ClassOf(err) != class || fail.HintOf(err) == "" {
				t.Errorf("%v after %d changes: %v, class %v, hint %q", errno, n, err, fail.ClassOf(err), fail.HintOf(err))
			}
		}
		if err := verify(t, dir).Err(); err != nil {
			t.Errorf("%v: %v", errno, err)
		}
	}
}
