package offline

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/otactl/otactl/tuf"
)

// FuzzBundleTargets puts foreign bytes in the place of each metadata file: no
// command may panic, and only the right bytes may verify.
func FuzzBundleTargets(f *testing.F) {
	dir, b := small(f)
	good, err := os.ReadFile(filepath.Join(dir, "tuf", tuf.BundleTargetsFile))
	check(f, err)
	f.Add(good)
	f.Add([]byte(`{"signatures":[],"signed":{"_type":"Targets","expires":"2026-10-01T00:00:00Z","version":1,"x-fio-offline-bundle":{"type":"ci","tag":"main","targets":["../../etc/passwd"]}}}`))
	f.Add([]byte(`{"signatures":null,"signed":null}`))
	other := b.sign(&tuf.BundleTargets{Version: 1, Expires: now.Add(day), Type: "ci", Tag: "main", Targets: []string{"pc-1"}}, newKey(f))
	f.Add(other)
	canonical, err := tuf.Canonical(good)
	check(f, err)
	f.Fuzz(func(t *testing.T, data []byte) {
		write(t, filepath.Join(dir, "tuf", tuf.BundleTargetsFile), data)
		rep := verify(t, dir)
		if form, err := tuf.Canonical(data); rep.Good && (err != nil || string(form) != string(canonical)) {
			t.Errorf("a document that nobody signed is good: %q", data)
		}
		bundle, err := Open(dir)
		check(t, err)
		defer bundle.Close()
		_, _ = Show(t.Context(), bundle, now)
	})
}

// FuzzFolderNames gives the scanner names as a hostile medium may have them.
func FuzzFolderNames(f *testing.F) {
	for _, name := range []string{"tuf/1.root.json", "tuf/00.root.json", "tuf/99999999999.root.json", "ostree_repo/objects/aa/b.filez",
		"ostree_repo/objects/" + strings.Repeat("a", 2) + "/" + strings.Repeat("b", 62) + ".commit", "System Volume Information", "apps/blobs/sha256/x", "a\nb", "ostree_repo/state/x.commitpartial"} {
		f.Add(name, true)
		f.Add(name, false)
	}
	f.Fuzz(func(t *testing.T, name string, folder bool) {
		if !fs.ValidPath(name) || name == "." {
			return // no folder has such a name
		}
		file := &fstest.MapFile{Data: []byte("x"), Mode: 0o644}
		if folder {
			file.Mode = fs.ModeDir | 0o755
		}
		medium := fstest.MapFS{name: file}
		info, err := fs.Stat(medium, name)
		check(t, err)
		var found findings
		s := newScanner(&found)
		_ = s.visit(name, fs.FileInfoToDirEntry(info))
		for id := range s.inv.objects {
			if dirRepo+"/"+id.ArchivePath() != name {
				t.Errorf("%q was taken for object %s", name, id)
			}
		}
	})
}

// FuzzConfig looks for a config that is taken for an archive repo's without
// saying so.
func FuzzConfig(f *testing.F) {
	f.Add([]byte("[core]\nrepo_version=1\nmode=archive-z2\n"))
	f.Add([]byte("[core]\nrepo_version=1\nmode=bare\n[x]\nmode=archive\n"))
	f.Add([]byte("[core]\nmode=archive\nmode=bare\nrepo_version=1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if checkConfig(data) == nil && !strings.Contains(string(data), "archive") {
			t.Errorf("taken for an archive repo: %q", data)
		}
	})
}
