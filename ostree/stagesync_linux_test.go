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

// TestACopyThatFindsAllThereSyncsIt: who copied it before may have synced
// nothing, and the ref that moves next is durable.
func TestACopyThatFindsAllThereSyncsIt(t *testing.T) {
	src, commits := theirRepo(t, ModeArchive)
	r := newRepo(t, ModeArchive)
	copied := func(unsynced bool) string {
		dst := openRepo(t, r.Path())
		if unsynced {
			dst.DisableSync()
		}
		met := steps(dst)
		if _, err := Copy(t.Context(), dst, src, commits[1], CopyOptions{}); err != nil {
			t.Fatal(err)
		}
		return met()
	}
	if got := copied(true); strings.Contains(got, "repo.flush") {
		t.Errorf("the copy that syncs nothing: %s", got)
	}
	if got := copied(false); got != "repo.flush" {
		t.Errorf("the one that does: %s", got)
	}
	if got := copied(true); got != "" {
		t.Errorf("another one that syncs nothing: %s", got)
	}
}

// TestASessionSyncsWhatItFindsBeforeACommitHasItsName, once, however the files
// that it writes are synced.
func TestASessionSyncsWhatItFindsBeforeACommitHasItsName(t *testing.T) {
	for _, perObject := range []string{"false", "true", "a flag"} {
		r := newRepo(t, ModeArchive)
		if perObject == "a flag" {
			r.SyncEachObject()
		} else {
			setCore(t, r, "per-object-fsync", perObject)
		}
		s, err := r.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		met := steps(r)
		if err := s.Put(t.Context(), plain(t, "new")); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		before, _, _ := strings.Cut(met(), "repo.rename")
		if strings.Count(before, "repo.flush") != 1 {
			t.Errorf("per-object-fsync=%s: %s", perObject, met())
		}
	}
}
