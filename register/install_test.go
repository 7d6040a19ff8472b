package register

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
)

// faultFunc is a fault injector that is a function.
type faultFunc func(string) error

func (f faultFunc) At(point string) error { return f(point) }

func TestOldSetThatCannotBePutBackIsKeptForTheNextRun(t *testing.T) {
	b := newBackend(t)
	o := b.options(t)
	o.Token, o.Force = "tok", true
	writeOld(t, o.Dir)
	inTheWay := filepath.Join(o.Dir, "sql.db")
	o.Faults = faultFunc(func(point string) error {
		if point != "put "+sotaToml {
			return nil
		}
		return errors.Join(errors.New("disk gone"), os.MkdirAll(filepath.Join(inTheWay, "x"), 0o700))
	})
	if _, err := Run(context.Background(), o); err == nil {
		t.Fatal("it registered")
	}
	if _, err := os.Stat(filepath.Join(o.Dir, sotaToml)); err == nil {
		t.Error("sota.toml is back though the set is not whole")
	}
	if err := os.RemoveAll(inTheWay); err != nil {
		t.Fatal(err)
	}
	o.Faults, o.Force = nil, false
	if _, err := Run(context.Background(), o); !errors.Is(err, ErrRegistered) {
		t.Errorf("the next run says %v, want that the device is registered", err)
	}
	assertOld(t, o.Dir)
	assertNoStage(t, o.Dir)
}

// dieAt panics at the k-th point after the one named, which fails.
func dieAt(after string, k int) faultFunc {
	n := -1
	return func(point string) error {
		if n >= 0 {
			if n == k {
				panic(killed{})
			}
			n++
		}
		if point == after {
			n = 0
			return errors.New("disk gone")
		}
		return nil
	}
}

func TestGoingBackThatIsKilledIsFinishedByTheNextRun(t *testing.T) {
	for k := 0; ; k++ {
		b := newBackend(t)
		o := b.options(t)
		o.Token, o.Force = "tok", true
		b.files = func(m map[string]string) { m["extra.pem"] = "new" }
		writeOld(t, o.Dir)
		o.Faults = dieAt("put "+sotaToml, k)
		if !runKilled(o) {
			if k < len(oldSet) {
				t.Fatalf("going back has only %d steps", k)
			}
			break
		}
		if _, err := os.Stat(filepath.Join(o.Dir, sotaToml)); err == nil {
			t.Errorf("killed at %d: the gate is open", k)
		}
		f, err := openFolder(o.Dir, func(string) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		assertOld(t, o.Dir)
		_ = f.close()
	}
}

func TestFolderThatOthersMayWriteToIsRefused(t *testing.T) {
	b := newBackend(t)
	o := b.options(t)
	o.Token = "tok"
	// What somebody planted would come back as the device's registration.
	planted := filepath.Join(o.Dir, stagePrefix+"x", "old")
	if err := os.MkdirAll(planted, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(planted, sotaToml), []byte("evil"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o777, os.ModeSticky | 0o777, 0o770} {
		if err := os.Chmod(o.Dir, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Run(context.Background(), o); fail.ClassOf(err) != fail.Usage {
			t.Errorf("mode %v: %v", mode, err)
		}
		if _, err := os.Stat(filepath.Join(o.Dir, sotaToml)); err == nil {
			t.Errorf("mode %v: what was planted is in place", mode)
		}
	}
}

func TestOneRegistrationAtATimeInAFolder(t *testing.T) {
	b := newBackend(t)
	o := b.options(t)
	o.Token, o.LockFile = "tok", ""
	free, err := claimFolder(o.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), o); fail.ClassOf(err) != fail.Busy {
		t.Errorf("got %v, want busy", err)
	}
	free()
	if _, err := Run(context.Background(), o); err != nil {
		t.Error(err)
	}
}

func TestNoNumberOfTheServerMakesUsHammerItOrWaitForEver(t *testing.T) {
	for said, want := range map[int64]time.Duration{0: minInterval, -1: minInterval, -1 << 63: minInterval,
		5: 5 * time.Second, 61: maxInterval, 1 << 62: maxInterval, 10_000_000_000: maxInterval} {
		if got := (&codeReply{Interval: &said}).interval(); got != want {
			t.Errorf("interval %d: waits %s, want %s", said, got, want)
		}
	}
	if got := seconds(1<<62, maxLifetime); got != maxLifetime {
		t.Errorf("a code for ever lives %s", got)
	}
}

func TestNewRootIsTakenBackWithTheRest(t *testing.T) {
	for _, die := range []bool{false, true} {
		for _, registeredBefore := range []bool{false, true} {
			dir := filepath.Join(t.TempDir(), "sota")
			if err := os.MkdirAll(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if registeredBefore {
				writeOld(t, dir)
			}
			f, err := openFolder(dir, (&stop{n: 99}).At)
			if err != nil {
				t.Fatal(err)
			}
			f.fault = func(point string) error {
				if point != "put "+sotaToml {
					return nil
				}
				if die {
					panic(killed{})
				}
				return errors.New("disk gone")
			}
			func() {
				defer func() { _ = recover() }()
				if _, err := f.put(map[string][]byte{importedRoot: []byte("new"), keyFile: []byte("new"), sotaToml: []byte("new")}); err == nil {
					t.Fatal("it went through")
				}
				_ = f.close()
			}()
			if f, err = openFolder(dir, (&stop{n: 99}).At); err != nil {
				t.Fatal(err)
			}
			_ = f.close()
			if registeredBefore {
				assertOld(t, dir)
			} else if _, err := os.Lstat(filepath.Join(dir, importedRoot)); err == nil {
				t.Error("the new root stayed")
			}
			assertNoStage(t, dir)
		}
	}
}

func TestRootThatCameWithTheImageStays(t *testing.T) {
	b := newBackend(t)
	o := b.options(t)
	o.Token = "tok"
	path := filepath.Join(o.Dir, importedRoot)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("of the image"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "of the image" {
		t.Errorf("the root is %q, %v", got, err)
	}
}

func TestFullDiskIsFoundBeforeTheBackendIsAsked(t *testing.T) {
	b := newBackend(t)
	o := b.options(t)
	o.Token = "tok"
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=16k,mode=700", "tmpfs", o.Dir).CombinedOutput(); err != nil {
		t.Fatalf("mount: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", o.Dir).Run() })
	if _, err := Run(context.Background(), o); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want no space", err)
	}
	if b.body.UUID != "" {
		t.Error("the backend registered a device that cannot keep its key")
	}
	assertNoStage(t, o.Dir)
}
