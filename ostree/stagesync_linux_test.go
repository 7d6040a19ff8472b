package ostree

import (
	"strings"
	"sync"
	"testing"
)

// steps makes r note the points that it meets, and gives what it noted.
func steps(r *Repo) (met func() string) {
	var mu sync.Mutex
	var list []string
	r.SetFaults(point(func(name string) error {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, name)
		return nil
	}))
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(list, " ")
	}
}

// TestWhatIsTakenOverIsSyncedBeforeItHasAName, where each file that is written is
// synced at once as well: whoever staged it may have synced nothing.
func TestWhatIsTakenOverIsSyncedBeforeItHasAName(t *testing.T) {
	for _, perObject := range []string{"false", "true"} {
		r := newRepo(t, ModeArchive)
		setCore(t, r, "per-object-fsync", perObject)
		stageOf(t, r, bootID(), plain(t, "left"))
		met := steps(r)
		if err := r.TakeOver(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := met(); !strings.HasPrefix(got, "repo.sync repo.flush repo.rename") {
			t.Errorf("per-object-fsync=%s: %s", perObject, got)
		}
	}
}

// TestWhatIsTakenOverIsSyncedFileByFile where one sync doesn't reach all files.
func TestWhatIsTakenOverIsSyncedFileByFile(t *testing.T) {
	r := newRepo(t, ModeArchive)
	stageOf(t, r, bootID(), plain(t, "a"), plain(t, "b"))
	st, err := r.newStage()
	if err != nil {
		t.Fatal(err)
	}
	defer st.drop()
	st.each = true
	met := steps(r)
	if err := st.takeOver(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := met(); !strings.HasPrefix(got, "repo.sync repo.flush repo.flush repo.rename") {
		t.Errorf("%s", got)
	}
}
