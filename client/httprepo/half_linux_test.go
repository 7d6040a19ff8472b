package httprepo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/pull"
)

// largeSize is of the one large object that these tests pull: some hundred
// replies of a server.
const largeSize = 4 << 20

// halfHead is what stands before the bytes of a half.
const halfHead = 512

// largeRepo is an archive repo with one large file that doesn't compress, and
// the path of its object.
func largeRepo(t *testing.T) (repo, object string, commit ostree.Checksum) {
	t.Helper()
	dir := t.TempDir()
	tree, repo := filepath.Join(dir, "tree"), filepath.Join(dir, "repo")
	if err := os.Mkdir(tree, 0o755); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, largeSize)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	if err := os.WriteFile(filepath.Join(tree, "large"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	tool(t, "ostree", "init", "--repo="+repo, "--mode=archive")
	tool(t, "ostree", "commit", "--repo="+repo, "-b", "main", "-s", "x", "--tree=dir="+tree)
	r, err := ostree.OpenRepo(repo)
	if err != nil {
		t.Fatal(err)
	}
	if commit, err = r.Ref(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(repo, "objects/*/*.filez"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	object, err = filepath.Rel(repo, found[0])
	if err != nil {
		t.Fatal(err)
	}
	return repo, "/" + object, commit
}

func tool(t *testing.T, argv ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), argv[0], argv[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", argv, err, out)
	}
}

// line passes connections on to a server, no faster than a repo keeps what comes,
// and breaks one of them after so many bytes of answers.
type line struct {
	net.Listener
	into   string       // the repo
	left   atomic.Int64 // before it breaks
	breaks chan func()  // what is taken from it lets the line break
	passed atomic.Int64
}

func newLine(t *testing.T, to, into string) *line {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &line{Listener: l, into: into, breaks: make(chan func())}
	p.left.Store(1 << 40)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			answers := &counting{Conn: far, line: p}
			answers.before, answers.kept = p.kept()
			go func() {
				_, _ = io.Copy(far, near)
				_ = far.Close()
			}()
			go func() {
				_, _ = io.Copy(near, answers)
				_ = near.Close()
			}()
		}
	}()
	return p
}

// kept is how long the half in the repo is, if there is one.
func (p *line) kept() (size int64, there bool) {
	list, _ := filepath.Glob(filepath.Join(p.into, "tmp/otactl-half-*"))
	if len(list) == 0 {
		return 0, false
	}
	st, err := os.Stat(list[0])
	if err != nil {
		return 0, false
	}
	return st.Size(), true
}

// counting is one connection of a line.
type counting struct {
	net.Conn
	line   *line
	before int64 // how much was kept when it began
	passed int64
	kept   bool // there was a half
	vain   bool // nothing is kept
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), 16<<10)])
	c.line.passed.Add(int64(n))
	c.passed += int64(n)
	if left := c.line.left.Add(int64(-n)); left < 0 && left+int64(n) >= 0 {
		seen := make(chan struct{})
		c.line.breaks <- func() { close(seen) }
		<-seen
		return 0, io.ErrClosedPipe
	}
	c.keepPace()
	return n, err
}

// keepPace waits until what passed is kept, but for what the answers have beside
// the large object. Without it a receiver that gets no processor would have much
// on its way when it is killed.
func (c *counting) keepPace() {
	const besides = 64 << 10
	for tries := 10_000; tries > 0 && !c.vain; tries-- {
		size, there := c.line.kept()
		whole := c.kept && !there
		if c.kept = c.kept || there; whole || c.passed-(size-c.before) <= besides {
			return
		}
		time.Sleep(time.Millisecond)
	}
	c.vain = true
}

func killedPullOf(url, into string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PULL_FROM="+url, "PULL_INTO="+into)
	return cmd
}

// A large object that was half here when a pull was killed is not fetched anew,
// wherever that was, and however often.
func TestKilledPullGoesOnInTheMiddleOfALargeObject(t *testing.T) {
	repo, _, commit := largeRepo(t)
	web := testkit.NewWeb(t, repo)
	for _, mode := range []ostree.Mode{ostree.ModeArchive, ostree.ModeBareUser} {
		t.Run(string(mode), func(t *testing.T) {
			into, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), mode)
			if err != nil {
				t.Fatal(err)
			}
			p := newLine(t, strings.TrimPrefix(web.URL, "http://"), into.Path())
			const kills, step = 4, 700 << 10
			for i := range kills {
				cmd := killedPullOf("http://"+p.Addr().String(), into.Path())
				p.left.Store(step)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				select {
				case breaks := <-p.breaks:
					_ = cmd.Process.Kill()
					breaks()
				case <-time.After(time.Minute):
					_ = cmd.Process.Kill()
					t.Errorf("run %d: the line did not break", i)
				}
				if err := cmd.Wait(); err == nil {
					t.Fatalf("run %d was not killed", i)
				}
			}
			if left, err := filepath.Glob(filepath.Join(into.Path(), "tmp/otactl-half-*")); err != nil || len(left) != 1 {
				t.Fatalf("left %v, %v", left, err)
			}
			p.left.Store(1 << 40)
			if out, err := killedPullOf("http://"+p.Addr().String(), into.Path()).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if _, err := ostree.Verify(t.Context(), into, commit, ostree.VerifyOptions{}); err != nil {
				t.Error(err)
			}
			if left, err := filepath.Glob(filepath.Join(into.Path(), "tmp/otactl-half-*")); err != nil || len(left) != 0 {
				t.Errorf("left %v, %v", left, err)
			}
			// What a kill costs is what was on its way: in buffers of the line, the
			// kernel and the process. Without halves each of them costs all that
			// came before it.
			const again = largeSize + kills*256<<10
			if got := p.passed.Load(); got > again {
				t.Errorf("%d bytes came for an object of %d in %d kills, want at most %d", got, largeSize, kills, again)
			}
			t.Logf("%d bytes came, %d more than the object has", p.passed.Load(), p.passed.Load()-largeSize)
		})
	}
}

// halfOf leaves the first half of the object in a repo, as a pull does whose
// server stops to send.
func halfOf(t *testing.T, served, object string) (into *ostree.Repo) {
	t.Helper()
	into, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), ostree.ModeBareUser)
	if err != nil {
		t.Fatal(err)
	}
	files := http.FileServer(http.Dir(served))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != object {
			files.ServeHTTP(w, r)
			return
		}
		data, err := os.ReadFile(filepath.Join(served, object))
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		_, _ = w.Write(data[:len(data)/2])
		_ = http.NewResponseController(w).Flush()
		for range 1000 {
			if list, _ := filepath.Glob(filepath.Join(into.Path(), "tmp/otactl-half-*")); len(list) == 1 {
				if st, err := os.Stat(list[0]); err == nil && st.Size() >= int64(halfHead+len(data)/2) {
					break
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}))
	defer home.Close()
	if err := pullLarge(ctx, home.URL, into); err == nil {
		t.Fatal("it came whole")
	}
	return into
}

func pullLarge(ctx context.Context, url string, into *ostree.Repo) error {
	src := Open(Options{BaseURL: url, Retry: httpx.Retry{Attempts: 1}})
	_, err := pull.Run(ctx, into, src, pull.Options{Remote: "origin", Refs: []pull.Ref{{Name: "main"}}})
	return err
}

// Whatever a server says when a pull goes on, no wrong byte gets into the repo,
// and what is right comes in the end.
func TestAServerThatLiesAboutARangeGetsNothingIn(t *testing.T) {
	repo, object, commit := largeRepo(t)
	data, err := os.ReadFile(filepath.Join(repo, object))
	if err != nil {
		t.Fatal(err)
	}
	files := http.FileServer(http.Dir(repo))
	half := len(data) / 2
	partial := func(w http.ResponseWriter, body []byte, span string) {
		w.Header().Set("Content-Range", "bytes "+span)
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		w.WriteHeader(http.StatusPartialContent)
		_, _ = w.Write(body)
	}
	span := func(from int) string { return fmt.Sprintf("%d-%d/%d", from, len(data)-1, len(data)) }
	for name, c := range map[string]struct {
		answer   func(w http.ResponseWriter, from int)
		requests int
	}{
		"the rest":      {func(w http.ResponseWriter, from int) { partial(w, data[from:], span(from)) }, 1},
		"another range": {func(w http.ResponseWriter, from int) { partial(w, data[from+1:], span(from+1)) }, 2},
		"bytes of another range": {func(w http.ResponseWriter, from int) {
			partial(w, append(data[from+1:len(data):len(data)], 0), span(from))
		}, 2},
		"another length": {func(w http.ResponseWriter, from int) {
			partial(w, data[from:], fmt.Sprintf("%d-%d/%d", from, len(data)-1, len(data)+1))
		}, 2},
		"no Content-Range": {func(w http.ResponseWriter, from int) {
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data[from:])
		}, 2},
		"a longer body": {func(w http.ResponseWriter, from int) {
			partial(w, append(data[from:len(data):len(data)], "more"...), span(from))
		}, 2},
		"a changed entity, as whole": {func(w http.ResponseWriter, _ int) { _, _ = w.Write(data) }, 1},
		"no such range":              {func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusRequestedRangeNotSatisfiable) }, 2},
		"no ranges":                  {func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusBadRequest) }, 2},
		"no ranges at all":           {func(w http.ResponseWriter, _ int) { w.WriteHeader(http.StatusNotImplemented) }, 2},
		"the rest of unknown length": {func(w http.ResponseWriter, from int) {
			partial(w, data[from:], fmt.Sprintf("%d-%d/*", from, len(data)-1))
		}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			into := halfOf(t, repo, object)
			var mu sync.Mutex
			requests := 0
			home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != object {
					files.ServeHTTP(w, r)
					return
				}
				mu.Lock()
				requests++
				first := requests == 1
				mu.Unlock()
				var from int
				if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); first != (err == nil) {
					t.Errorf("request %d for range %q", requests, r.Header.Get("Range"))
				}
				if !first {
					_, _ = w.Write(data)
					return
				}
				if from < half || from >= len(data) || r.Header.Get("If-Range") != `"one"` {
					t.Errorf("asked for bytes from %d on, if it is %q", from, r.Header.Get("If-Range"))
				}
				c.answer(w, from)
			}))
			defer home.Close()
			if err := pullLarge(t.Context(), home.URL, into); err != nil {
				t.Fatal(err)
			}
			if _, err := ostree.Verify(t.Context(), into, commit, ostree.VerifyOptions{}); err != nil {
				t.Error(err)
			}
			if requests != c.requests {
				t.Errorf("%d requests for the object, want %d", requests, c.requests)
			}
			left, err := filepath.Glob(filepath.Join(into.Path(), "tmp/otactl-half-*"))
			if err != nil || len(left) != 0 {
				t.Errorf("left %v, %v", left, err)
			}
		})
	}
}

// A half whose bytes are wrong, as after a power cut, costs one more request.
func TestABadHalfIsDroppedAndFetchedOnceAnew(t *testing.T) {
	repo, object, commit := largeRepo(t)
	for name, spoil := range map[string]func([]byte) []byte{
		"zeros":     func(b []byte) []byte { return append(b[:halfHead:halfHead], make([]byte, len(b)-halfHead)...) },
		"a bit":     func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"no head":   func(b []byte) []byte { return bytes.Replace(b, []byte("otactl half"), []byte("OTACTL HALF"), 1) },
		"nothing":   func([]byte) []byte { return nil },
		"only head": func(b []byte) []byte { return b[:halfHead] },
		"too long":  func(b []byte) []byte { return append(b, make([]byte, largeSize)...) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			into := halfOf(t, repo, object)
			list, err := filepath.Glob(filepath.Join(into.Path(), "tmp/otactl-half-*"))
			if err != nil || len(list) != 1 {
				t.Fatal(list, err)
			}
			data, err := os.ReadFile(list[0])
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(list[0], spoil(data), 0o600); err != nil {
				t.Fatal(err)
			}
			var wholes atomic.Int32
			home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == object {
					w.Header().Set("ETag", `"one"`)
					if r.Header.Get("Range") == "" {
						wholes.Add(1)
					}
				}
				http.ServeFile(w, r, filepath.Join(repo, strings.TrimPrefix(r.URL.Path, "/")))
			}))
			defer home.Close()
			if err := pullLarge(t.Context(), home.URL, into); err != nil {
				t.Fatal(err)
			}
			if _, err := ostree.Verify(t.Context(), into, commit, ostree.VerifyOptions{}); err != nil {
				t.Error(err)
			}
			if wholes.Load() != 1 {
				t.Errorf("it was fetched %d times from its start, want once", wholes.Load())
			}
			if left, err := filepath.Glob(filepath.Join(into.Path(), "tmp/otactl-half-*")); err != nil || len(left) != 0 {
				t.Errorf("left %v, %v", left, err)
			}
		})
	}
}
