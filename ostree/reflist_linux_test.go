package ostree

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// atCall is a context that calls do when it is asked for the nth time whether
// it is over: here, when a listing enters its nth folder.
type atCall struct {
	context.Context
	left *int
	do   func()
}

func (a atCall) Err() error {
	if *a.left--; *a.left == 0 {
		a.do()
	}
	return a.Context.Err()
}

// linkTemp makes what libostree makes before it renames it to a ref.
func linkTemp(t *testing.T, r *Repo, dir, target string) string {
	t.Helper()
	path := filepath.Join(r.Path(), "refs", dir, "tmp.aB3xYz")
	err := os.Symlink(target, path)
	if target == "" {
		err = os.WriteFile(path, []byte(helloSum+"\n"), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAListPassesOverARefThatGoesMeanwhile(t *testing.T) {
	r, commits := theirRepo(t, ModeArchive)
	for _, name := range []string{"a/b", "o:a/b"} {
		if err := r.SetRef(t.Context(), name, commits[0], nil); err != nil {
			t.Fatal(err)
		}
	}
	mirrored := CollectionRef{"org.example.Other", "a/b"}
	if err := r.SetMirrorRef(t.Context(), mirrored, commits[0]); err != nil {
		t.Fatal(err)
	}
	refs := func(ctx context.Context) ([]string, error) {
		all, err := r.Refs(ctx)
		return slices.Sorted(maps.Keys(all)), err
	}
	mirrors := func(ctx context.Context) ([]string, error) {
		all, err := r.MirrorRefs(ctx)
		var names []string
		for ref := range all {
			names = append(names, ref.String())
		}
		return names, err
	}
	local := []string{"a/b", "main", "o:a/b"}
	for name, c := range map[string]struct {
		dir, target string
		folder      int // that is entered after the one with the file was listed
		list        func(context.Context) ([]string, error)
		want        []string
	}{
		"a local ref":  {"heads", "", 1, refs, local},
		"an alias":     {"heads", "main", 1, refs, local},
		"a remote's":   {"remotes/o", "", 3, refs, local},
		"a mirrored":   {"mirrors/org.example.Other", "", 2, mirrors, []string{mirrored.String()}},
		"a folder now": {"heads", "", 1, refs, local},
	} {
		t.Run(name, func(t *testing.T) {
			temp := linkTemp(t, r, c.dir, c.target)
			left, went := c.folder, false
			got, err := c.list(atCall{t.Context(), &left, func() {
				went = true
				if err := os.Remove(temp); err != nil {
					t.Error(err)
				}
				if name == "a folder now" {
					t.Cleanup(func() { os.Remove(temp) })
					if err := os.Mkdir(temp, 0o755); err != nil {
						t.Error(err)
					}
				}
			}})
			if err != nil || !went || !slices.Equal(got, c.want) {
				t.Errorf("%q, %v (it went: %v), want %q", got, err, went, c.want)
			}
		})
	}
}

// An alias of nothing does not go by itself: somebody has to mend it.
func TestAListWithAnAliasOfNothingIsAnError(t *testing.T) {
	r, _ := theirRepo(t, ModeArchive)
	linkTemp(t, r, "heads", "none")
	if refs, err := r.Refs(t.Context()); err == nil {
		t.Errorf("%v", refs)
	}
}
