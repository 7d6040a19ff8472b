package fsx

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAFileIsReplacedWholeWithItsMode(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key")
	check(t, os.WriteFile(name, []byte("old and longer"), 0o644))
	check(t, WriteFile(name, []byte("new"), 0o600))
	data, err := os.ReadFile(name)
	check(t, err)
	st, err := os.Stat(name)
	check(t, err)
	if string(data) != "new" || st.Mode() != 0o600 {
		t.Errorf("%q, mode %v", data, st.Mode())
	}
	if entries, _ := os.ReadDir(filepath.Dir(name)); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestAWriteThatFailsLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "taken")
	check(t, os.MkdirAll(filepath.Join(name, "by a folder"), 0o755))
	if err := WriteFile(name, []byte("x"), 0o600); err == nil {
		t.Error("a folder was replaced")
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("left behind: %v", entries)
	}
}

func TestALinkIsReplacedAndNotWrittenThrough(t *testing.T) {
	dir := t.TempDir()
	target, name := filepath.Join(dir, "target"), filepath.Join(dir, "name")
	check(t, os.WriteFile(target, []byte("untouched"), 0o644))
	check(t, os.Symlink(target, name))
	check(t, WriteFile(name, []byte("x"), 0o600))
	if data, _ := os.ReadFile(target); string(data) != "untouched" {
		t.Errorf("the target holds %q", data)
	}
}

func TestReadingStopsAtTheCap(t *testing.T) {
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "f"), []byte("12345"), 0o644))
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	for _, c := range []struct {
		max int64
		ok  bool
	}{{4, false}, {5, true}} {
		_, err := ReadFile(filepath.Join(dir, "f"), c.max)
		_, errIn := ReadFileIn(root, "f", c.max)
		_, errAll := ReadAll(strings.NewReader("12345"), "f", c.max)
		for _, err := range []error{err, errIn, errAll} {
			if _, large := errors.AsType[*TooLargeError](err); large == c.ok || (err == nil) != c.ok {
				t.Errorf("at most %d: %v", c.max, err)
			}
		}
	}
}

func TestNoLinkLeadsOutOfTheRoot(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	check(t, os.WriteFile(filepath.Join(outside, "secret"), nil, 0o644))
	check(t, os.Symlink(outside, filepath.Join(dir, "link")))
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	for _, name := range []string{"link/secret", "../" + filepath.Base(outside) + "/secret", filepath.Join(outside, "secret")} {
		if _, err := ReadFileIn(root, name, 10); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
