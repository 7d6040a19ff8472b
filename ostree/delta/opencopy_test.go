package delta

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// What was verified is what is applied: a stick that gives other bytes later,
// or is pulled out, changes nothing about a delta that is open.
func TestAnOpenedCopyDoesNotChangeWithItsFile(t *testing.T) {
	for _, size := range []int{100, inMemory + 1} {
		file := filepath.Join(t.TempDir(), "file")
		whole := bytes.Repeat([]byte{1}, size)
		if err := os.WriteFile(file, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		scratch := t.TempDir()
		in, err := contents(file, scratch)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, bytes.Repeat([]byte{0xff}, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(file, 0); err != nil {
			t.Fatal(err)
		}
		if in.forget != nil {
			in.forget()
		}
		if !bytes.Equal(in.data, whole) {
			t.Errorf("a file of %d bytes changed under its reader", size)
		}
		in.release()
		if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}
