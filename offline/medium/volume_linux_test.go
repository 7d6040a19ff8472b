package medium

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/testkit/fatfs"
)

// What the kernel keeps is written out at any time, also because another
// program asks for it, which then is told first that it failed.
func TestSyncTellsOfAWriteThatFailedBefore(t *testing.T) {
	f := fatfs.Mount(t, fatfs.Options{Delayed: true})
	folder, err := OpenFolder(f.Dir())
	check(t, err)
	defer folder.Close()
	file, err := folder.Root().Create("name")
	check(t, err)
	defer file.Close()
	_, err = file.WriteString("text")
	check(t, err)
	other, err := os.Open(f.Dir())
	check(t, err)
	defer other.Close()

	f.FailAfter(0, syscall.EIO)
	if err := file.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the write did not fail: %v", err)
	}
	f.Heal()
	if err := unix.Syncfs(int(other.Fd())); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the other program was told %v", err)
	}
	if err := folder.SyncVolume(); !errors.Is(err, syscall.EIO) {
		t.Errorf("told: %v", err)
	}
	check(t, folder.SyncVolume())
}

// A process that serves a medium writes behind the kernel's back, and says so
// when it is asked to sync.
func TestSyncTellsOfAWriteThatTheServerOfTheMediumLost(t *testing.T) {
	f := fatfs.Mount(t, fatfs.Options{})
	folder, err := OpenFolder(f.Dir())
	check(t, err)
	defer folder.Close()
	check(t, os.WriteFile(filepath.Join(f.Dir(), "name"), []byte("text"), 0o644))
	f.FailAfter(0, syscall.EIO)
	if err := folder.SyncVolume(); !errors.Is(err, syscall.EIO) {
		t.Errorf("told: %v", err)
	}
	f.Heal()
	check(t, folder.SyncVolume())
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
