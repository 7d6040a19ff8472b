package plainrepo

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

const (
	commit = "objects/ab/" + "cdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789.commit"
	linked = "objects/ab/" + "0000000000000000000000000000000000000000000000000000000000000f.filez"
	secret = "s3cret"
)

// testRepo is an archive repo with a file of each kind in it and around it.
func testRepo(t *testing.T) string {
	t.Helper()
	syscall.Umask(0o022)
	dir := filepath.Join(t.TempDir(), "repo")
	if _, err := ostree.CreateRepo(dir, ostree.ModeArchive); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		commit, "summary", "summary.sig", "refs/heads/os/main", "refs/remotes/up/main", "refs/mirrors/org.example/os/main",
		"deltas/ab/cdef/superblock", "deltas/ab/cdef/0", "delta-indexes/ab/cdef.index", "extensions/x/y.json",
	} {
		write(name, "public "+name)
	}
	for _, name := range []string{
		"up.trustedkeys.gpg", "up.cookies.txt", ".lock", "tmp/cache/summaries/up", "state/x.commitpartial", "refs/heads/.tmp",
		"objects/ab/cdef.commit", "objects/ab/notes", "summary.old", "../outside",
	} {
		write(name, secret)
	}
	write("config", "[core]\nrepo_version=1\nmode=archive-z2\ncollection-id=org.example\n[remote \"up\"]\nurl=https://me:"+secret+"@example.com\n")
	return dir
}

func serve(t *testing.T, dir string) *httptest.Server {
	t.Helper()
	h, err := Open(dir, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(func() { srv.Close(); h.Close() })
	return srv
}

// raw sends a path as it is, which an http.Client would clean first.
func raw(t *testing.T, srv *httptest.Server, method, path string) (status, answer string) {
	t.Helper()
	c, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, method+" "+path+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	all, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	status, answer, _ = strings.Cut(string(all), "\r\n")
	return strings.TrimPrefix(status, "HTTP/1.1 "), answer
}

func get(t *testing.T, srv *httptest.Server, path string, header ...string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL+"/"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body), resp.Header
}

func TestWhatAPullNeedsIsServed(t *testing.T) {
	srv := serve(t, testRepo(t))
	for _, name := range []string{
		commit, "summary", "summary.sig", "refs/heads/os/main", "refs/remotes/up/main", "refs/mirrors/org.example/os/main",
		"deltas/ab/cdef/superblock", "deltas/ab/cdef/0", "delta-indexes/ab/cdef.index", "extensions/x/y.json",
	} {
		if status, body, _ := get(t, srv, name); status != 200 || body != "public "+name {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
	if _, body, _ := get(t, srv, "config"); body != "[core]\nrepo_version=1\nmode=archive-z2\ncollection-id=org.example\n" {
		t.Errorf("config: %q", body)
	}
}

func TestNothingElseIsServed(t *testing.T) {
	dir := testRepo(t)
	srv := serve(t, dir)
	if err := syscall.Mkfifo(filepath.Join(dir, "refs/heads/fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/", "//", "/.", "/..", "/../outside", "/../../../../etc/passwd", "/%2e%2e/outside", "/..%2foutside", "/refs/../config",
		"/refs/heads/../../up.trustedkeys.gpg", "/refs/heads/..%2f..%2fup.trustedkeys.gpg", "/refs%2fheads%2f..%2f..%2f.lock",
		"/refs/heads/..%5c..%5cup.cookies.txt", "/refs//heads/os/main", "/refs/heads/os/main/", "/refs/heads/./os/main", "/refs/heads/os/main%00",
		"/up.trustedkeys.gpg", "/up.cookies.txt", "/.lock", "/tmp/cache/summaries/up", "/state/x.commitpartial", "/refs/heads/.tmp",
		"/objects/ab/cdef.commit", "/objects/ab/notes", "/objects/../config", "/" + strings.ToUpper(commit), "/summary.old", "/config/x",
		"/refs", "/refs/", "/refs/heads", "/refs/heads/os", "/objects", "/refs/heads/fifo", "/refs/heads/" + strings.Repeat("a", 5000), "/Summary",
	} {
		if status, answer := raw(t, srv, "GET", path); status != "404 Not Found" && status != "400 Bad Request" || strings.Contains(answer, secret) {
			t.Errorf("GET %.80s: %s %q", path, status, answer)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PROPFIND", "OPTIONS"} {
		if status, _ := raw(t, srv, method, "/summary"); status != "405 Method Not Allowed" {
			t.Errorf("%s: %s", method, status)
		}
	}
}

func TestSymlinksLeadNowhere(t *testing.T) {
	dir := testRepo(t)
	link := func(target, name string) {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	link("../../config", linked)
	link("../../up.trustedkeys.gpg", "refs/heads/inside")
	link("../../../outside", "refs/heads/outside")
	link("/etc/passwd", "refs/heads/absolute")
	link("loop", "refs/heads/loop")
	link("../..", "refs/heads/up")
	link("..", "deltas/up")
	srv := serve(t, dir)
	for _, name := range []string{
		linked, "refs/heads/inside", "refs/heads/outside", "refs/heads/absolute", "refs/heads/loop",
		"refs/heads/up/up.cookies.txt", "deltas/up/up.cookies.txt",
	} {
		if status, body, _ := get(t, srv, name); status != 404 || strings.Contains(body, secret) {
			t.Errorf("%s: %d %q", name, status, body)
		}
	}
	link("os/main", "refs/heads/alias")
	if status, body, _ := get(t, srv, "refs/heads/alias"); status != 200 || body != "public refs/heads/os/main" {
		t.Errorf("an alias of a ref: %d %q", status, body)
	}
	// Even a whole folder that is served must not be a link.
	for _, area := range []string{"refs", "extensions"} {
		if err := os.Rename(filepath.Join(dir, area), filepath.Join(dir, "..", area)); err != nil {
			t.Fatal(err)
		}
		link("../"+area, area)
	}
	for _, name := range []string{"refs/heads/os/main", "extensions/x/y.json"} {
		if status, _, _ := get(t, srv, name); status != 404 {
			t.Errorf("%s through a link: %d", name, status)
		}
	}
}

func TestAFileThatIsNotForEveryoneIsRefused(t *testing.T) {
	dir := testRepo(t)
	if err := os.Chmod(filepath.Join(dir, "summary"), 0o640); err != nil {
		t.Fatal(err)
	}
	if status, body, _ := get(t, serve(t, dir), "summary"); status != 403 || strings.Contains(body, "public summary") {
		t.Errorf("%d %q", status, body)
	}
}

func TestRangesAndConditionsAreHonoured(t *testing.T) {
	dir := testRepo(t)
	srv := serve(t, dir)
	for _, name := range []string{commit, "summary", "config", "deltas/ab/cdef/0"} {
		_, whole, h := get(t, srv, name)
		tag := h.Get("ETag")
		if tag == "" {
			t.Fatalf("%s has no ETag", name)
		}
		if status, body, _ := get(t, srv, name, "Range", "bytes=3-6"); status != 206 || body != whole[3:7] {
			t.Errorf("%s: range: %d %q", name, status, body)
		}
		if status, body, _ := get(t, srv, name, "If-None-Match", tag); status != 304 || body != "" {
			t.Errorf("%s: condition: %d %q", name, status, body)
		}
		if status, body, _ := get(t, srv, name, "Range", "bytes=3-", "If-Range", `"other"`); status != 200 || body != whole {
			t.Errorf("%s: range of other bytes: %d %q", name, status, body)
		}
		if status, _, _ := get(t, srv, name, "Range", "bytes=9999-"); status != 416 {
			t.Errorf("%s: range behind the end: %d", name, status)
		}
	}
	// A summary of the same size within one tick of the clock is another one.
	_, old, h := get(t, srv, "summary")
	st, err := os.Stat(filepath.Join(dir, "summary"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "summary"), []byte(strings.ToUpper(old)), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "summary"), st.ModTime(), st.ModTime()); err != nil {
		t.Fatal(err)
	}
	if status, body, _ := get(t, srv, "summary", "If-None-Match", h.Get("ETag")); status != 200 || body != strings.ToUpper(old) {
		t.Errorf("a new summary: %d %q", status, body)
	}
}

func TestOnlyAnArchiveRepoIsServed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "repo")
	if _, err := ostree.CreateRepo(dir, ostree.ModeBare); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, slog.New(slog.DiscardHandler)); fail.ClassOf(err) != fail.Unsupported {
		t.Errorf("bare repo: %v", err)
	}
	if _, err := Open(t.TempDir(), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a folder that is no repo was taken")
	}
}

// The real program pulls from it, and requests under way end in peace.
func TestOSTreePullsFromIt(t *testing.T) {
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("ostree", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ostree %v: %v: %s", args, err, out)
		}
	}
	os.Mkdir(filepath.Join(dir, "tree"), 0o755)
	os.WriteFile(filepath.Join(dir, "tree/file"), []byte("hello"), 0o644)
	run("init", "--repo=src", "--mode=archive")
	run("commit", "--repo=src", "-b", "os/main", "--no-xattrs", "--tree=dir=tree")
	h, err := Open(filepath.Join(dir, "src"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(ctx, l) }()
	run("init", "--repo=dst", "--mode=archive")
	run("remote", "--repo=dst", "add", "--no-gpg-verify", "src", "http://"+l.Addr().String())
	run("pull", "--repo=dst", "src", "os/main")
	run("summary", "--repo=src", "-u")
	run("pull", "--repo=dst", "--mirror", "src")
	run("fsck", "--repo=dst", "-q")
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("end: %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the server did not end")
	}
}
