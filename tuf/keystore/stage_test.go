package keystore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

func read(t testing.TB, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	check(t, err)
	return data
}

func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	check(t, err)
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestAStagedArchiveTakesEffectOnCommit(t *testing.T) {
	file := onDisk(t, plainArchive(t, seeded(t, 1)))
	check(t, os.Chmod(file, 0o644))
	before := read(t, file)
	f, err := Open(file, noAsk(t))
	check(t, err)
	if !f.Exposed {
		t.Error("a file that others may read is not called exposed")
	}
	check(t, f.Add(tuf.RoleRoot, seeded(t, 2)))
	staged, err := f.Stage()
	check(t, err)
	if st, err := os.Stat(file + ".tmp"); err != nil || st.Mode() != 0o600 || staged.Path != file+".tmp" {
		t.Errorf("staged: %v, %v", st, err)
	}
	if !bytes.Equal(read(t, file), before) {
		t.Error("staging changed the archive")
	}
	check(t, staged.Commit())
	again, err := Open(file, noAsk(t))
	check(t, err)
	if len(again.Keys) != 2 || again.Exposed || len(names(t, filepath.Dir(file))) != 1 {
		t.Errorf("%+v, %v", again.Keys, names(t, filepath.Dir(file)))
	}
	check(t, f.Add(tuf.RoleRoot, seeded(t, 3)))
	check(t, f.Save())
}

func TestADroppedStageLeavesTheOldArchive(t *testing.T) {
	file := onDisk(t, plainArchive(t, seeded(t, 1)))
	before := read(t, file)
	f, err := Open(file, noAsk(t))
	check(t, err)
	staged, err := f.Stage()
	check(t, err)
	check(t, staged.Drop())
	check(t, staged.Drop())
	if !bytes.Equal(read(t, file), before) || len(names(t, filepath.Dir(file))) != 1 {
		t.Error("something changed")
	}
}

func TestWhatIsStagedAlreadyIsKept(t *testing.T) {
	file := onDisk(t, plainArchive(t, seeded(t, 1)))
	check(t, os.WriteFile(file+".tmp", []byte("the only copy"), 0o600))
	f, err := Open(file, noAsk(t))
	check(t, err)
	if _, err := f.Stage(); !errors.Is(err, ErrStaged) || fail.ClassOf(err) != fail.Conflict {
		t.Error(err)
	}
	if string(read(t, file+".tmp")) != "the only copy" {
		t.Error("it was overwritten")
	}
}

func TestAKeyThatSomebodyElseAddedIsNotLost(t *testing.T) {
	file := onDisk(t, plainArchive(t, seeded(t, 1)))
	f, err := Open(file, noAsk(t))
	check(t, err)
	theirs := plainArchive(t, seeded(t, 2))
	check(t, os.WriteFile(file, theirs, 0o600))
	if _, err := f.Stage(); fail.ClassOf(err) != fail.Conflict {
		t.Error(err)
	}
	fresh, err := Open(file, noAsk(t))
	check(t, err)
	staged, err := fresh.Stage()
	check(t, err)
	later := plainArchive(t, seeded(t, 3))
	check(t, os.WriteFile(file, later, 0o600))
	if err := staged.Commit(); fail.ClassOf(err) != fail.Conflict || fail.HintOf(err) == "" {
		t.Error(err)
	}
	if !bytes.Equal(read(t, file), later) {
		t.Error("their archive is gone")
	}
}

func TestANewArchiveReplacesNothing(t *testing.T) {
	file := onDisk(t, []byte("somebody's"))
	if _, err := New(file, "").Stage(); fail.ClassOf(err) != fail.Conflict {
		t.Error(err)
	}
	if string(read(t, file)) != "somebody's" || len(names(t, filepath.Dir(file))) != 1 {
		t.Error("something changed")
	}
}

func TestASingleKeyIsNoArchive(t *testing.T) {
	f := openPlain(t, []byte(text(t, seeded(t, 1))))
	_, errStage := f.Stage()
	for _, err := range []error{errStage, f.Add(tuf.RoleRoot, seeded(t, 2)), f.SetPassphrase(phrase)} {
		if fail.ClassOf(err) != fail.Usage {
			t.Error(err)
		}
	}
}
