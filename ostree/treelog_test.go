package ostree

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
)

func logRepo(t testing.TB) *Repo {
	t.Helper()
	repo, err := CreateRepo(filepath.Join(t.TempDir(), "repo"), ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func oneFileTree(t testing.TB, name string) (ObjectID, []byte) {
	t.Helper()
	data, err := (&DirTree{Files: []TreeFile{{Name: name, Sum: Checksum{1}}}}).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return ObjectID{sha256.Sum256(data), TypeDirTree}, data
}

func TestTheNextCopyFindsTheTreesOfOneThatWasKilled(t *testing.T) {
	repo := logRepo(t)
	a, dataA := oneFileTree(t, "a")
	b, dataB := oneFileTree(t, "b")
	l := repo.openTreeLog()
	if !l.add(a, dataA) || !l.add(b, dataB) || !l.add(a, dataA) {
		t.Fatal("nothing is kept")
	}
	if other := repo.openTreeLog(); other != nil {
		t.Error("two copies have the log at once")
	}
	l.close(false)
	path := filepath.Join(repo.Path(), "tmp", "otactl-trees")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(whole) { // killed at any byte
		if err := os.WriteFile(path, whole[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		l := repo.openTreeLog()
		got, ok := l.get(a)
		if ok != (cut >= recordHeader+len(dataA)) || ok && !bytes.Equal(got, dataA) {
			t.Errorf("cut at %d: %x, %v", cut, got, ok)
		}
		if _, ok := l.get(b); ok {
			t.Errorf("cut at %d: the last one is there", cut)
		}
		if !l.add(b, dataB) {
			t.Errorf("cut at %d: nothing more is kept", cut)
		}
		if got, ok := l.get(b); !ok || !bytes.Equal(got, dataB) {
			t.Errorf("cut at %d: what was added is %x", cut, got)
		}
		l.close(false)
	}
	l = repo.openTreeLog()
	l.close(true)
	if _, err := os.Stat(path); err == nil {
		t.Error("the log of a copy that is through is still there")
	}
}

func FuzzTreeLog(f *testing.F) {
	repo := logRepo(f)
	l := repo.openTreeLog()
	for _, name := range []string{"a", "bb"} {
		l.add(oneFileTree(f, name))
	}
	l.close(false)
	path := filepath.Join(repo.Path(), "tmp", "otactl-trees")
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(append(data, 2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff))
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		l := repo.openTreeLog()
		defer l.close(false)
		for id := range l.at {
			if got, ok := l.get(id); ok && Checksum(sha256.Sum256(got)) != id.Sum {
				t.Fatalf("%s is %x", id, got)
			}
		}
	})
}

func TestTheLogOfTreesTakesNoRoomThatIsKeptFree(t *testing.T) {
	repo := logRepo(t)
	repo.SetRoom(func(uint64) error { return ErrNoSpace })
	id, data := oneFileTree(t, "a")
	l := repo.openTreeLog()
	defer l.close(true)
	if l.add(id, data) || l.has(id) {
		t.Error("it was written")
	}
}
