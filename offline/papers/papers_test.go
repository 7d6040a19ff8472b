package papers

import (
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
)

// bundle is a folder with metadata, and with more that is no paper.
func bundle(t *testing.T) *medium.Folder {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"tuf", "ostree_repo"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{"tuf/1.root.json": "{}\n", "tuf/bundle-targets.json": `{"a":"é"}`, "tuf/01.root.json": "no",
		"tuf/notes.txt": "no", "README.txt": "no", "ostree_repo/config": "no"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	folder, err := medium.OpenFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	return folder
}

func TestPapersAreTheMetadataByteForByteAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "papers.json")
	if err := Export(bundle(t), path); err != nil {
		t.Fatal(err)
	}
	p, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	err = fs.WalkDir(p, ".", func(name string, _ fs.DirEntry, err error) error {
		seen = append(seen, name)
		return err
	})
	if want := []string{".", "tuf", "tuf/1.root.json", "tuf/bundle-targets.json"}; err != nil || !slices.Equal(seen, want) {
		t.Errorf("walk: %v, %v", seen, err)
	}
	if len(p.files) != 2 || string(p.files["tuf/1.root.json"]) != "{}\n" || string(p.files["tuf/bundle-targets.json"]) != `{"a":"é"}` {
		t.Errorf("papers %q", p.files)
	}
}

func TestAChangeIsInTheFileAndOthersSeeIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "papers.json")
	if err := Export(bundle(t), path); err != nil {
		t.Fatal(err)
	}
	first, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Replace(medium.File{Name: "tuf/bundle-targets.json", Data: []byte("new")}); err != nil {
		t.Fatal(err)
	}
	lock, err := second.Lock()
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if !maps.EqualFunc(first.files, second.files, func(a, b []byte) bool { return string(a) == string(b) }) {
		t.Errorf("after the lock: %q, want %q", second.files, first.files)
	}
	if _, err := first.Lock(); fail.ClassOf(err) != fail.Busy {
		t.Errorf("two locks: %v", err)
	}
	if err := first.Replace(medium.File{Name: "tuf/../x", Data: nil}); err == nil {
		t.Error("a name that is no paper was taken")
	}
}

func TestWhatIsNoPaperIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		class fail.Class
	}{
		"empty":             {"", fail.Verification},
		"another document":  {`{"signed":{}}`, fail.Verification},
		"no format":         {`{"papers":{}}`, fail.Verification},
		"a newer format":    {`{"format":2,"papers":{}}`, fail.Unsupported},
		"leads out":         {`{"format":1,"papers":{"tuf/../../x":""}}`, fail.Verification},
		"content":           {`{"format":1,"papers":{"ostree_repo/config":""}}`, fail.Verification},
		"a second document": {`{"format":1,"papers":{}}{}`, fail.Verification},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "papers.json")
			if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(path); fail.ClassOf(err) != c.class {
				t.Errorf("error %v", err)
			}
		})
	}
}

func FuzzPapers(f *testing.F) {
	f.Add([]byte(`{"format":1,"papers":{"tuf/1.root.json":"{}","index.json":"x"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := parse(data)
		if err != nil {
			return
		}
		p := &Papers{files: files}
		for name, want := range files {
			if !fs.ValidPath(name) {
				t.Fatalf("took the name %q", name)
			}
			file, err := p.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(file); err != nil || string(got) != string(want) {
				t.Fatalf("%s: %q, %v", name, got, err)
			}
		}
	})
}
