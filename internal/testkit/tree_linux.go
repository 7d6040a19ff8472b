package testkit

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Describe says for each path below dir, which is "." itself, all that OSTree
// keeps of it: kind, mode, owner, extended attributes that have a value,
// content or link target. Equal descriptions are equal trees.
func Describe(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		tree[rel], err = describe(p, d)
		return err
	})
	must(tb, err)
	return tree
}

// SameTree fails the test when two trees differ, and names the first few
// differences.
func SameTree(tb testing.TB, want, got string) {
	tb.Helper()
	w, g := Describe(tb, want), Describe(tb, got)
	shown := 0
	for _, p := range slices.Sorted(maps.Keys(w)) {
		if w[p] != g[p] && shown < 10 {
			shown++
			tb.Errorf("%q differs:\n %s is %q\n %s is %q", p, want, w[p], got, g[p])
		}
	}
	for _, p := range slices.Sorted(maps.Keys(g)) {
		if w[p] == "" && shown < 10 {
			shown++
			tb.Errorf("%q is only in %s: %s", p, got, g[p])
		}
	}
}

func describe(p string, d fs.DirEntry) (string, error) {
	info, err := d.Info()
	if err != nil {
		return "", err
	}
	st := info.Sys().(*syscall.Stat_t)
	attrs, err := attributes(p)
	if err != nil {
		return "", fmt.Errorf("%s: %w", p, err)
	}
	content := ""
	switch {
	case d.Type()&fs.ModeSymlink != 0:
		content, err = os.Readlink(p)
	case d.Type().IsRegular():
		content, err = hashFile(p)
	}
	return fmt.Sprintf("%o %d:%d %s %s", st.Mode, st.Uid, st.Gid, attrs, content), err
}

func hashFile(p string) (string, error) {
	f, err := os.Open(p)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}

func attributes(p string) (string, error) {
	names := make([]byte, 64<<10)
	n, err := unix.Llistxattr(p, names)
	if err == unix.ENOTSUP {
		return "[]", nil
	}
	if err != nil {
		return "", err
	}
	var attrs []string
	for name := range strings.SplitSeq(string(names[:n]), "\x00") {
		if name == "" {
			continue
		}
		value := make([]byte, 64<<10)
		n, err := unix.Lgetxattr(p, name, value)
		if err != nil {
			return "", err
		}
		if n > 0 {
			attrs = append(attrs, fmt.Sprintf("%s=%x", name, value[:n]))
		}
	}
	slices.Sort(attrs)
	return fmt.Sprint(attrs), nil
}
