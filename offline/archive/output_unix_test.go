//go:build unix

package archive

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
)

// Two runs find what a third one left. The slower one has opened it when the
// faster one has removed it and begun a file of its own under that name.
func TestOfTwoRunsTheSlowerOneLeavesTheFileOfTheFasterAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle.ota")
	check(t, os.WriteFile(path+medium.TempSuffix, []byte("left"), 0o644))
	slower, err := os.Open(path + medium.TempSuffix)
	check(t, err)
	defer slower.Close()
	faster, err := Create(path, 0)
	check(t, err)
	if err := own(slower); fail.ClassOf(err) != fail.Busy {
		t.Errorf("the slower one: %v", err)
	}
	_, err = faster.Write(pack(t, files()))
	check(t, err)
	check(t, faster.Commit())
}

// The other way round: a file that was made and not locked yet was taken for
// one that is left.
func TestARunWhoseFileWasTakenForALeftoverSaysSo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle.ota")
	first, err := os.Create(path + medium.TempSuffix)
	check(t, err)
	defer first.Close()
	other, err := Create(path, 0)
	check(t, err)
	if err := own(first); fail.ClassOf(err) != fail.Busy {
		t.Errorf("the first one: %v", err)
	}
	(&Output{path: path, file: first}).Abort()
	_, err = other.Write(pack(t, files()))
	check(t, err)
	check(t, other.Commit())
}

// A medium that is unmounted while it is in use leaves the folder that it was
// mounted on, which is empty and on another disk.
func TestAnArchiveThatIsUnmountedWhileItIsSignedIsNotWrittenElsewhere(t *testing.T) {
	at := filepath.Join(t.TempDir(), "stick")
	check(t, os.Mkdir(at, 0o755))
	path := filepath.Join(at, "bundle.ota")
	check(t, os.WriteFile(path, pack(t, files()), 0o644))
	a, err := Open(path)
	check(t, err)
	defer a.Close()
	out, err := Create(path, 0)
	check(t, err)
	check(t, os.Rename(at, at+"-away"))
	check(t, os.Mkdir(at, 0o755))
	for what, err := range map[string]error{
		"signed": a.Replace(medium.File{Name: nameIndex, Data: a.Index()}),
		"packed": out.Commit(),
	} {
		if fail.ClassOf(err) != fail.Conflict || fail.HintOf(err) == "" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if made, err := os.ReadDir(at); err != nil || len(made) > 0 {
		t.Errorf("made: %v, %v", made, err)
	}
}

func TestRunsAtOnceWriteOneArchiveOrSayThatTheyCannot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bundle.ota")
	whole := pack(t, files())
	var runs sync.WaitGroup
	for range 8 {
		runs.Go(func() {
			for range 50 {
				out, err := Create(path, 0)
				if err == nil {
					if _, err = out.Write(whole); err == nil {
						err = out.Commit()
					}
				}
				if err != nil && fail.ClassOf(err) != fail.Busy {
					t.Error(err)
				}
			}
		})
	}
	runs.Wait()
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, whole) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}
