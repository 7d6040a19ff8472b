package tarball

import (
	"archive/tar"
	"bytes"
	"io"
	"io/fs"
	"strings"
	"testing"
)

// Whatever the bytes: names that come out lie below, and come once.
func FuzzWalk(f *testing.F) {
	f.Add(build(f, member("ostree_repo/objects/ab/x", "1"), folder("d/")))
	f.Add(build(f, member("./a", "1"), member("l", "", typed(tar.TypeSymlink, "a"))))
	f.Add(build(f, member(strings.Repeat("long/", 30)+"x", "1")))
	f.Fuzz(func(t *testing.T, data []byte) {
		seen := map[string]bool{}
		_ = Walk(t.Context(), io.NopCloser(bytes.NewReader(data)), Options{Name: "x.tar", Bytes: 1 << 20, Members: 1000}, func(name string, size int64, content io.Reader) error {
			folded := strings.ToLower(name)
			if !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00\n") || seen[folded] || name == "." {
				t.Errorf("name %q", name)
			}
			seen[folded] = true
			if n, err := io.Copy(io.Discard, content); err == nil && n != size {
				t.Errorf("%q: %d bytes, announced are %d", name, n, size)
			}
			return nil
		})
	})
}
