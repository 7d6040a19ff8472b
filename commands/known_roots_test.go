package commands

import (
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// chain is the roots of a factory, from 1 on.
func chain(r *tuftest.Repo) [][]byte {
	var files [][]byte
	for v := 1; v <= r.Root.Version; v++ {
		files = append(files, r.Files[tuf.RootName(v)])
	}
	return files
}

func TestChainThatDoesNotGoThroughTheRootSeenLastIsRefused(t *testing.T) {
	ours, theirs := tuftest.New(t), tuftest.New(t)
	for range 2 {
		ours.NextRoot()
		theirs.NextRoot()
	}
	seen := ours.Files[tuf.RootName(2)]
	if err := goesThrough(chain(ours), seen, "seen.json"); err != nil {
		t.Error(err)
	}
	for what, files := range map[string][][]byte{
		"another factory's chain": chain(theirs), "a chain that ends before": chain(ours)[:1],
		"a chain with another root in between": {chain(ours)[0], chain(theirs)[1], chain(ours)[2]},
	} {
		err := goesThrough(files, seen, "seen.json")
		if fail.ClassOf(err) != fail.Verification || fail.HintOf(err) == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := goesThrough(chain(ours), []byte("{}"), "seen.json"); err == nil {
		t.Error("a damaged memory was passed over")
	}
}
