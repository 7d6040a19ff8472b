package offline

import (
	"archive/tar"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/offline/medium"
)

// A server may answer before it has read all; what unpacks a file for it then
// still reads the bundle.
func TestATarThatIsClosedReadsTheBundleNoMore(t *testing.T) {
	dir, _ := small(t)
	b, err := Open(dir)
	check(t, err)
	defer b.Close()
	content, err := Tar(t.Context(), b)
	check(t, err)
	slow := slowFiles{Files: b.files, opening: make(chan struct{}), ended: make(chan struct{})}
	content.b = &Bundle{files: slow}
	r := content.Open(t.Context(), nil)
	<-slow.opening
	check(t, r.Close())
	content.Close()
	select {
	case <-slow.ended:
	default:
		t.Error("a file is still being read")
	}
}

// slowFiles open one file, and tell when it is closed.
type slowFiles struct {
	medium.Files
	opening, ended chan struct{}
}

func (s slowFiles) Open(name string) (fs.File, error) {
	close(s.opening)
	f, err := s.Files.Open(name)
	return slowFile{f, s.ended}, err
}

type slowFile struct {
	fs.File
	ended chan struct{}
}

func (f slowFile) Close() error {
	defer close(f.ended)
	return f.File.Close()
}

func TestTarIsAsLongAsSaidAndHoldsTheBundle(t *testing.T) {
	dir, _ := small(t)
	long := filepath.Join(dir, "apps/apps/web", strings.Repeat("a", 64), "images/registry.example.com", strings.Repeat("repository", 14))
	check(t, os.MkdirAll(long, 0o755))
	check(t, os.WriteFile(filepath.Join(long, "index.json"), []byte("{}"), 0o600))
	b, err := Open(dir)
	check(t, err)
	defer b.Close()
	content, err := Tar(t.Context(), b)
	check(t, err)
	for range 2 {
		r := content.Open(t.Context(), nil)
		var n counter
		names := map[string]int64{}
		all := io.TeeReader(r, &n)
		list := tar.NewReader(all)
		for {
			h, err := list.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			check(t, err)
			names[h.Name] = h.Size
		}
		_, err := io.Copy(io.Discard, all)
		check(t, err)
		check(t, r.Close())
		if int64(n) != content.Size {
			t.Errorf("%d bytes, said %d", n, content.Size)
		}
		rel, _ := filepath.Rel(dir, filepath.Join(long, "index.json"))
		for _, want := range []string{"tuf/1.root.json", "tuf/bundle-targets.json", "ostree_repo/config", rel} {
			if names[want] == 0 {
				t.Errorf("%s is not in it", want)
			}
		}
		if _, there := names[fileReadme]; there {
			t.Error("the note for people was sent")
		}
	}
}
