//go:build unix

package fsx

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestANamedPipeDoesNotBlockTheReader(t *testing.T) {
	dir := t.TempDir()
	check(t, syscall.Mkfifo(filepath.Join(dir, "f"), 0o644))
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	if _, err := ReadFile(filepath.Join(dir, "f"), 10); err == nil {
		t.Error("ReadFile read a pipe")
	}
	if _, err := ReadFileIn(root, "f", 10); err == nil {
		t.Error("ReadFileIn read a pipe")
	}
	if f, err := OpenIn(root, "f"); err == nil || f != nil {
		t.Errorf("OpenIn opened a pipe: %v", err)
	}
}
