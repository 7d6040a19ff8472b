package httprepo

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
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
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/pull"
)

// largeSize is of the one large file that these tests pull, in bytes: some hundred
// replies of a server.
const largeSize = 4 << 20

// halfHead is what stands before the bytes of a half.
const halfHead = 512

// large is a commit that a pull brings by one large file and some small ones.
type large struct {
	repo   string // archive, served
	path   string // of the large file, as a server sees it
	data   []byte // of that
	commit ostree.Checksum
	deltas pull.Deltas
}

// largeObject is large by its one file, which doesn't compress.
func largeObject(t *testing.T) *large {
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
	testkit.OSTree(t, "init", "--repo="+repo, "--mode=archive")
	testkit.OSTree(t, "commit", "--repo="+repo, "-b", "main", "-s", "x", "--tree=dir="+tree)
	l := &large{repo: repo}
	l.find(t, "objects/*/*.filez")
	return l
}

// largePart is large by the one part of a static delta from scratch.
func largePart(t *testing.T) *large {
	t.Helper()
	l := largeObject(t)
	repo, err := ostree.OpenRepo(l.repo)
	if err != nil {
		t.Fatal(err)
	}
	opt := delta.DefaultOptions(time.Unix(1, 0))
	opt.MinFallback = 0
	if _, err := delta.Generate(t.Context(), repo, delta.Name{To: l.commit}, opt); err != nil {
		t.Fatal(err)
	}
	l.find(t, "deltas/*/*/0")
	l.deltas = pull.OnlyDeltas
	return l
}

// find finds the large file, and the commit.
func (l *large) find(t *testing.T, pattern string) {
	t.Helper()
	r, err := ostree.OpenRepo(l.repo)
	if err != nil {
		t.Fatal(err)
	}
	if l.commit, err = r.Ref(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(filepath.Join(l.repo, pattern))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	l.path = strings.TrimPrefix(found[0], l.repo)
	if l.data, err = os.ReadFile(found[0]); err != nil || len(l.data) < largeSize {
		t.Fatal(len(l.data), err)
	}
}

// eachLarge runs a test for whatever may be large.
func eachLarge(t *testing.T, test func(t *testing.T, l *large)) {
	t.Run("object", func(t *testing.T) { test(t, largeObject(t)) })
	t.Run("part of a delta", func(t *testing.T) { test(t, largePart(t)) })
}

// killedPull is a process that pulls, to be killed.
func (l *large) killedPull(url, into string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "PULL_FROM="+url, "PULL_INTO="+into, fmt.Sprintf("PULL_DELTAS=%d", l.deltas))
	return cmd
}

// pull pulls in this process.
func (l *large) pull(ctx context.Context, url string, into *ostree.Repo) error {
	src := Open(Options{BaseURL: url, Retry: httpx.Retry{Attempts: 1}})
	_, err := pull.Run(ctx, into, src, pull.Options{Remote: "origin", Refs: []pull.Ref{{Name: "main"}}, Deltas: l.deltas})
	return err
}

func halves(t *testing.T, repo *ostree.Repo) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(repo.Path(), "tmp/otactl-half-*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// arrived: the commit is there, and no half is left.
func (l *large) arrived(t *testing.T, into *ostree.Repo) {
	t.Helper()
	if _, err := ostree.Verify(t.Context(), into, l.commit, ostree.VerifyOptions{}); err != nil {
		t.Error(err)
	}
	if left := halves(t, into); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

// What was half here when a pull was killed is not fetched anew, wherever that
// was, and however often.
func TestKilledPullGoesOnInTheMiddleOfALargeFile(t *testing.T) {
	eachLarge(t, func(t *testing.T, l *large) {
		modes := []ostree.Mode{ostree.ModeArchive, ostree.ModeBareUser}
		if l.deltas == pull.OnlyDeltas {
			modes = modes[1:] // an archive takes none
		}
		web := testkit.NewWeb(t, l.repo)
		for _, mode := range modes {
			t.Run(string(mode), func(t *testing.T) { l.goesOn(t, web.URL, mode) })
		}
	})
}

func (l *large) goesOn(t *testing.T, url string, mode ostree.Mode) {
	into, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), mode)
	if err != nil {
		t.Fatal(err)
	}
	line := testkit.NewLine(t, strings.TrimPrefix(url, "http://"), into.Path())
	const kills, step = 4, 700 << 10
	for range kills {
		line.Kill(t, l.killedPull(line.URL, into.Path()), step)
	}
	if left := halves(t, into); len(left) != 1 {
		t.Fatalf("left %v", left)
	}
	if out, err := l.killedPull(line.URL, into.Path()).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l.arrived(t, into)
	// What a kill costs is what was on its way: in buffers of the line, the
	// kernel and the process. Without halves each of them costs all that came
	// before it.
	const again = largeSize + kills*256<<10
	if got := line.Passed(); got > again {
		t.Errorf("%d bytes came for a file of %d in %d kills, want at most %d", got, largeSize, kills, again)
	}
	t.Logf("%d bytes came, %d more than the file has", line.Passed(), line.Passed()-largeSize)
}

// half leaves the first half of the file in a repo, as a pull does whose server
// stops to send.
func (l *large) half(t *testing.T) (into *ostree.Repo) {
	t.Helper()
	into, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), ostree.ModeBareUser)
	if err != nil {
		t.Fatal(err)
	}
	files := http.FileServer(http.Dir(l.repo))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != l.path {
			files.ServeHTTP(w, r)
			return
		}
		w.Header().Set("ETag", `"one"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(l.data)))
		_, _ = w.Write(l.data[:len(l.data)/2])
		_ = http.NewResponseController(w).Flush()
		for range 1000 {
			if list, _ := filepath.Glob(filepath.Join(into.Path(), "tmp/otactl-half-*")); len(list) == 1 {
				if st, err := os.Stat(list[0]); err == nil && st.Size() >= int64(halfHead+len(l.data)/2) {
					break
				}
			}
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}))
	defer home.Close()
	if err := l.pull(ctx, home.URL, into); err == nil {
		t.Fatal("it came whole")
	}
	return into
}

// Whatever a server says when a pull goes on, no wrong byte gets into the repo,
// and what is right comes in the end.
func TestAServerThatLiesAboutARangeGetsNothingIn(t *testing.T) {
	eachLarge(t, testLies)
}

func testLies(t *testing.T, l *large) {
	data := l.data
	files := http.FileServer(http.Dir(l.repo))
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
			into := l.half(t)
			var mu sync.Mutex
			requests := 0
			home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != l.path {
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
			if err := l.pull(t.Context(), home.URL, into); err != nil {
				t.Fatal(err)
			}
			l.arrived(t, into)
			if requests != c.requests {
				t.Errorf("%d requests for the file, want %d", requests, c.requests)
			}
		})
	}
}

// A half whose bytes are wrong, as after a power cut, costs one more request.
func TestABadHalfIsDroppedAndFetchedOnceAnew(t *testing.T) {
	eachLarge(t, testBadHalf)
}

func testBadHalf(t *testing.T, l *large) {
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
			into := l.half(t)
			list := halves(t, into)
			if len(list) != 1 {
				t.Fatal(list)
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
				if r.URL.Path == l.path {
					w.Header().Set("ETag", `"one"`)
					if r.Header.Get("Range") == "" {
						wholes.Add(1)
					}
				}
				http.ServeFile(w, r, filepath.Join(l.repo, strings.TrimPrefix(r.URL.Path, "/")))
			}))
			defer home.Close()
			if err := l.pull(t.Context(), home.URL, into); err != nil {
				t.Fatal(err)
			}
			l.arrived(t, into)
			if wholes.Load() != 1 {
				t.Errorf("it was fetched %d times from its start, want once", wholes.Load())
			}
		})
	}
}

// grow lets the half in a repo have so many bytes of the file.
func (l *large) grow(t *testing.T, into *ostree.Repo, to int) {
	t.Helper()
	path := halves(t, into)[0]
	was, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(was, l.data[len(l.data)/2:to]...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What had come whole when the process was killed is not asked for again.
func TestAWholeHalfIsNotAskedFor(t *testing.T) {
	eachLarge(t, func(t *testing.T, l *large) {
		into := l.half(t)
		l.grow(t, into, len(l.data))
		files := http.FileServer(http.Dir(l.repo))
		home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == l.path {
				t.Error("it was asked for")
			}
			files.ServeHTTP(w, r)
		}))
		defer home.Close()
		if err := l.pull(t.Context(), home.URL, into); err != nil {
			t.Fatal(err)
		}
		l.arrived(t, into)
	})
}

// A pull that may choose goes on with a delta of which a good deal is here, though
// the objects would be cheaper by now.
func TestAPullGoesOnWithTheDeltaThatItBegan(t *testing.T) {
	l := largePart(t)
	into := l.half(t)
	l.grow(t, into, len(l.data)*3/4)
	l.deltas = pull.DeltasIfCheaper
	var rest atomic.Int32
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == l.path {
			w.Header().Set("ETag", `"one"`)
			if r.Header.Get("Range") != "" {
				rest.Add(1)
			}
		}
		http.ServeFile(w, r, filepath.Join(l.repo, strings.TrimPrefix(r.URL.Path, "/")))
	}))
	defer home.Close()
	if err := l.pull(t.Context(), home.URL, into); err != nil {
		t.Fatal(err)
	}
	if rest.Load() != 1 {
		t.Errorf("the rest of the part was asked for %d times", rest.Load())
	}
	l.arrived(t, into)
}
