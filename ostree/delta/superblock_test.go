package delta

import (
	"path/filepath"
	"testing"
)

// libostree takes both for big-endian, because a part is larger than what it
// makes.
func TestGuessesTheByteOrderOfOldDeltas(t *testing.T) {
	for order, tarball := range map[Endianness]string{Big: "pre-endian-deltas-repo-big.tar.xz", Little: "pre-endian-deltas-repo-little.tar.xz"} {
		repo := openRepo(t, filepath.Join(unpack(t, tarball), "pre-endian-deltas-repo"))
		list, err := List(t.Context(), repo)
		if err != nil || len(list) != 2 {
			t.Fatalf("%v: %v", list, err)
		}
		for _, n := range list {
			f, err := Load(repo, n)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			want := order
			if len(f.Fallbacks) == 0 {
				want = Little // the same file in both
			}
			if f.Order != want || !f.Guessed {
				t.Errorf("%s of %s: order %s, guessed %v", n, tarball, f.Order, f.Guessed)
			}
			sizes := f.Sizes()
			if sizes.Objects > 0 && (sizes.Unpacked < 100 || sizes.Unpacked > 10000) {
				t.Errorf("%s of %s: unpacked size %d", n, tarball, sizes.Unpacked)
			}
			if len(f.Fallbacks) == 1 && sizes.FallbackPlain != 21851648 {
				t.Errorf("%s of %s: fallback size %d", n, tarball, sizes.FallbackPlain)
			}
		}
	}
}
