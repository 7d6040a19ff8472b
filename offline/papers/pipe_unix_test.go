//go:build unix

package papers

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

func TestNobodyWaitsForAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if Is(pipe) {
		t.Error("a pipe is taken for papers")
	}
}
