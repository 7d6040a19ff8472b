package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/summary"
)

// withDelta is a server with two commits of os/main, and a local repo with a
// delta between them whose files it gives.
func withDelta(t *testing.T) (b *backend, l *local, n delta.Name, files map[string][]byte) {
	t.Helper()
	b, l = start(t), smallRepo(t, "1")
	n.From = l.commit
	b.call(t, b.operator, "POST", objectsPath, l.row(t, l.ids...)).want(t, 200)
	b.call(t, b.operator, "POST", "/api/v3/refs/heads/os/main", []byte(l.commit.String())).want(t, 200)
	testkit.Commit(t, l.path, testkit.SmallOS(t, "2"), "os/main", "version=2")
	l = openLocal(t, l.path)
	n.To = l.commit
	testkit.OSTree(t, "--repo="+l.path, "static-delta", "generate", "--from="+n.From.String(), "--to="+n.To.String(), "--max-chunk-size=1")
	files = map[string][]byte{}
	dir := filepath.Join(l.path, filepath.FromSlash(n.Dir()))
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files[d.Name()], err = os.ReadFile(path)
		return err
	})
	if err != nil || files["superblock"] == nil || files["0"] == nil {
		t.Fatalf("the delta has %d files, %v", len(files), err)
	}
	return b, l, n, files
}

func (b *backend) sendNext(t *testing.T, l *local) {
	t.Helper()
	b.call(t, b.operator, "POST", objectsPath, l.row(t, l.ids...)).want(t, 200)
	b.call(t, b.operator, "POST", "/api/v3/refs/heads/os/main", []byte(l.commit.String())).want(t, 200)
}

func TestOSTreePullsByADeltaThatWasUploaded(t *testing.T) {
	b, l, n, files := withDelta(t)
	dst := filepath.Join(t.TempDir(), "dst")
	testkit.OSTree(t, "--repo="+dst, "init", "--mode=bare")
	testkit.OSTree(t, "--repo="+dst, "remote", "add", "--no-gpg-verify", "up", b.URL+"/ostree")
	testkit.OSTree(t, "--repo="+dst, "pull", "up", "os/main")

	b.sendNext(t, l)
	for name, data := range files {
		if name != "superblock" {
			b.call(t, b.operator, "PUT", "/api/v3/"+n.Dir()+"/"+name, data).want(t, 204)
			b.call(t, "", "GET", "/ostree/"+n.Dir()+"/"+name, nil).want(t, 404) // not before the delta is whole
		}
	}
	for range 2 { // again, as after a lost answer
		b.call(t, b.operator, "PUT", "/api/v3/"+n.Superblock(), files["superblock"]).want(t, 204)
	}
	b.call(t, b.operator, "PUT", "/api/v3/"+delta.IndexPath(n.To), []byte("whatever")).want(t, 204)
	for name, data := range files {
		if got := b.call(t, "", "GET", "/ostree/"+n.Dir()+"/"+name, nil).want(t, 200); got.body != string(data) {
			t.Errorf("%s comes back with other bytes", name)
		}
	}
	index, err := delta.ParseIndex(n.To, []byte(b.call(t, "", "GET", "/ostree/"+delta.IndexPath(n.To), nil).want(t, 200).body))
	if _, ok := index[n]; err != nil || !ok {
		t.Errorf("the index names %v, %v", index, err)
	}
	if text := testkit.OSTree(t, "--repo="+dst, "remote", "summary", "up"); !strings.Contains(text, "os/main") || !strings.Contains(text, n.String()) {
		t.Errorf("ostree remote summary says\n%s", text)
	}
	testkit.OSTree(t, "--repo="+dst, "pull", "--require-static-deltas", "up", "os/main")
	testkit.OSTree(t, "--repo="+dst, "fsck")
	testkit.OSTree(t, "--repo="+filepath.Join(b.dir, "ostree"), "fsck")
}

func TestDeltasThatCannotBe(t *testing.T) {
	b, l, n, files := withDelta(t)
	put := func(path string, data []byte) answer { return b.call(t, b.operator, "PUT", "/api/v3/"+path, data) }
	put(n.Superblock(), files["superblock"]).refused(t, 412, "commit_missing")
	b.sendNext(t, l)
	put(n.Superblock(), files["superblock"]).refused(t, 412, "missing_part")
	put(n.Dir()+"/0", append(bytes.Clone(files["0"]), 0)).want(t, 204)
	put(n.Superblock(), files["superblock"]).refused(t, 412, "missing_part")
	put(n.Superblock(), files["superblock"][:100]).refused(t, 400, "bad_delta")
	put(delta.Name{To: n.To}.Superblock(), files["superblock"]).refused(t, 400, "bad_delta") // under another's name
	put(n.Dir()+"/0", nil).refused(t, 400, "length_required")
	for _, path := range []string{"deltas/ab/cd/superblock", n.Dir() + "/meta", n.Dir() + "/00", "delta-indexes/ab/cd.index"} {
		put(path, []byte("x")).want(t, 404)
		b.call(t, "", "GET", "/ostree/"+path, nil).want(t, 404)
	}
	sizes := []byte("{}")
	name := "delta-stats/" + ostree.Checksum(sha256.Sum256(sizes)).String()
	put(name, []byte("other")).refused(t, 400, "corrupt")
	put("delta-stats/x", sizes).want(t, 404)
	put(name, sizes).want(t, 204)
	if got := b.call(t, "", "GET", "/ostree/"+name, nil).want(t, 200); got.body != string(sizes) {
		t.Errorf("%s comes back as %q", name, got.body)
	}
	put("summary", []byte("x")).want(t, 405)
	b.call(t, "", "PUT", "/api/v3/"+n.Superblock(), files["superblock"]).refused(t, 401, "unauthorized")
	b.call(t, "", "GET", "/ostree/"+n.Superblock(), nil).want(t, 404)
	if entries, err := os.ReadDir(filepath.Join(b.dir, "ostree", "deltas")); err == nil && len(entries) > 0 {
		t.Errorf("there is %v in deltas", entries)
	}
}

func TestAnothersPartTakesNoPartAway(t *testing.T) {
	b, l, n, files := withDelta(t)
	b.sendNext(t, l)
	put := func(path string, data []byte) {
		t.Helper()
		b.call(t, b.operator, "PUT", "/api/v3/"+path, data).want(t, 204)
	}
	for name, data := range files {
		if name != "superblock" {
			put(n.Dir()+"/"+name, data)
			put(n.Dir()+"/"+name, append(bytes.Clone(data), 0)) // of a publisher with other options
		}
	}
	put(n.Superblock(), files["superblock"])
	for name, data := range files {
		if got := b.call(t, "", "GET", "/ostree/"+n.Dir()+"/"+name, nil).want(t, 200); got.body != string(data) {
			t.Errorf("%s comes back with other bytes", name)
		}
	}
}

func TestSlowSuperblockHoldsUpNobody(t *testing.T) {
	b, l, n, files := withDelta(t)
	b.sendNext(t, l)
	line, w := io.Pipe()
	req, err := http.NewRequest(http.MethodPut, b.URL+"/api/v3/"+n.Superblock(), line)
	if err != nil {
		t.Fatal(err)
	}
	const size = 1 << 20
	req.ContentLength = size
	req.Header.Set("Authorization", "Bearer "+b.operator)
	done := make(chan error)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		done <- err
	}()
	if _, err := w.Write(make([]byte, size/2)); err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) { // the superblock is last
		b.call(t, b.operator, "PUT", "/api/v3/"+n.Dir()+"/"+name, files[name]).want(t, 204)
	}
	if _, err := w.Write(make([]byte, size/2)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestSummaryFollowsTheRefs(t *testing.T) {
	b, token, l := published(t)
	check := func(want map[string]ostree.Checksum) {
		t.Helper()
		s, err := summary.Parse([]byte(b.call(t, "", "GET", "/ostree/summary", nil).want(t, 200).body))
		if err != nil || len(s.Refs) != len(want) {
			t.Fatalf("%+v, %v", s, err)
		}
		for name, c := range want {
			if ref, ok := s.Ref(name); !ok || ref.Commit != c {
				t.Errorf("%s is %+v, %v", name, ref, ok)
			}
		}
		listed := map[string]ostree.Checksum{}
		var names map[string]string
		if err := json.Unmarshal([]byte(b.call(t, token, "GET", "/api/v3/refs", nil).want(t, 200).body), &names); err != nil {
			t.Fatal(err)
		}
		for name, c := range names {
			if listed[name], err = ostree.ParseChecksum(c); err != nil || listed[name] != want[name] {
				t.Errorf("the list has %s at %s", name, c)
			}
		}
	}
	check(map[string]ostree.Checksum{"os/main": l.commit})
	b.call(t, token, "POST", "/api/v3/refs/heads/stable", []byte(l.commit.String())).want(t, 200)
	check(map[string]ostree.Checksum{"os/main": l.commit, "stable": l.commit})
	b.stop() // killed between a ref and the summary
	if err := os.Remove(filepath.Join(b.dir, "ostree", "summary")); err != nil {
		t.Fatal(err)
	}
	b.run(t)
	check(map[string]ostree.Checksum{"os/main": l.commit, "stable": l.commit})
	b.call(t, "", "GET", "/api/v3/refs", nil).refused(t, 401, "unauthorized")
}
