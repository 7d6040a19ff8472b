package publish_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/storetest"
	"github.com/otactl/otactl/publish"
	"github.com/otactl/otactl/server"
)

// tap is a transport that counts requests, and can change what passes.
type tap struct {
	http.RoundTripper
	before func(*http.Request) error           // may end a request
	after  func(*http.Request, *http.Response) // may change an answer

	mu   sync.Mutex
	seen map[string]int // by method and the kind of path
}

func (p *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	kind := r.URL.Path
	for _, k := range []string{"/objects/", "/refs/", "/targets", "/batch/missing", "/batch/objects", "/token"} {
		if strings.Contains(r.URL.Path, k) {
			kind = k
		}
	}
	p.mu.Lock()
	if p.seen == nil {
		p.seen = map[string]int{}
	}
	p.seen[r.Method+" "+kind]++
	p.mu.Unlock()
	r = r.Clone(r.Context())
	if p.before != nil {
		if err := p.before(r); err != nil {
			if r.Body != nil {
				r.Body.Close()
			}
			return nil, err
		}
	}
	resp, err := p.RoundTripper.RoundTrip(r)
	if err == nil && p.after != nil {
		p.after(r, resp)
	}
	return resp, err
}

// count is how many requests there were since the last time.
func (p *tap) count() (n int, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.seen {
		n += k
	}
	what = fmt.Sprint(p.seen)
	p.seen = nil
	return n, what
}

// tapped is options through a tap, as a publisher that starts anew.
func tapped(t *testing.T, r server.Ready, repo *ostree.Repo, p *tap) publish.Options {
	t.Helper()
	opt, _ := options(t, r, repo)
	hc := httpx.NewClient(httpx.Options{MaxConns: 30})
	p.RoundTripper = hc.Transport
	hc.Transport = p
	c, err := credentials.Open(r.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	auth := c.Auth(hc, quick)
	st, err := treehub.New(treehub.Options{BaseURL: c.TreehubURL, Auth: auth, HTTP: hc, Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	opt.Backend, opt.Remote = factory.FromCredentials(c, hc, auth, quick), st
	return opt
}

// hidden makes a server look like any treehub.
func hidden(_ *http.Request, resp *http.Response) { resp.Header.Del(batch.Header) }

func TestBackendKeepsAStoresPromisesManyAtOnce(t *testing.T) {
	storetest.Run(t, func(t *testing.T) ostree.Store {
		opt, _ := options(t, backend(t), nil)
		st := opt.Remote.(*treehub.Store)
		if err := st.Probe(t.Context()); err != nil || !st.Traits().Bulk {
			t.Fatalf("%+v, %v", st.Traits(), err)
		}
		return st
	})
}

func TestBackendKeepsAStoresPromisesOneByOne(t *testing.T) {
	storetest.Run(t, func(t *testing.T) ostree.Store {
		return tapped(t, backend(t), nil, &tap{after: hidden}).Remote
	})
}

func TestPublishTakesFewRequests(t *testing.T) {
	r := backend(t)
	path, repo := smallRepo(t)
	line := &tap{}
	run := func(what string, most int) publish.Report {
		t.Helper()
		rep, err := publish.Run(t.Context(), tapped(t, r, repo, line))
		if n, all := line.count(); err != nil || n > most {
			t.Errorf("%s: %d requests, want %d at most: %s, %v", what, n, most, all, err)
		}
		return rep
	}
	run("all", 20)
	testkit.Commit(t, path, testkit.SmallOS(t, "2"), "main")
	repo, err := ostree.OpenRepo(path)
	if err != nil {
		t.Fatal(err)
	}
	if rep := run("what changed", 20); rep.New == 0 || rep.New >= rep.Objects {
		t.Errorf("%+v", rep)
	}
	testkit.OSTree(t, "--repo="+filepath.Join(r.DataDir, "ostree"), "fsck")
}

func TestPublisherThatMeetsAnyTreehubSendsOneByOne(t *testing.T) {
	r := backend(t)
	_, repo := smallRepo(t)
	line := &tap{after: hidden}
	opt := tapped(t, r, repo, line)
	rep, err := publish.Run(t.Context(), opt)
	if err != nil || rep.New != rep.Objects {
		t.Fatalf("%+v, %v", rep, err)
	}
	if posts := line.seen["POST /objects/"]; posts != rep.Objects || line.seen["POST /batch/objects"] > 0 {
		t.Errorf("%d posts for %d objects: %v", posts, rep.Objects, line.seen)
	}
	testkit.OSTree(t, "--repo="+filepath.Join(r.DataDir, "ostree"), "fsck")
}

func TestBatchThatIsCutIsSentAgain(t *testing.T) {
	r := backend(t)
	_, repo := smallRepo(t)
	var mu sync.Mutex
	cut := 0
	line := &tap{before: func(req *http.Request) error {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasSuffix(req.URL.Path, batch.ObjectsPath) && cut < 3 {
			cut++
			req.Body = &cutShort{ReadCloser: req.Body, left: req.ContentLength * int64(cut) / 4}
		}
		return nil
	}}
	rep, err := publish.Run(t.Context(), tapped(t, r, repo, line))
	if err != nil || cut != 3 || rep.Objects == 0 {
		t.Fatalf("%+v, %v after %d cuts", rep, err, cut)
	}
	testkit.OSTree(t, "--repo="+filepath.Join(r.DataDir, "ostree"), "fsck")
}

// cutShort is a body whose line breaks.
type cutShort struct {
	io.ReadCloser
	left int64
}

func (c *cutShort) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the line broke")
	}
	n, err := c.ReadCloser.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}

func TestTokenThatRunsOutBetweenBatchesIsRenewed(t *testing.T) {
	r := backend(t)
	_, repo := smallRepo(t)
	var mu sync.Mutex
	first := ""
	line := &tap{before: func(req *http.Request) error { // once objects come, the first token is not good any more
		mu.Lock()
		defer mu.Unlock()
		proof := req.Header.Get("Authorization")
		if strings.HasSuffix(req.URL.Path, batch.ObjectsPath) && (first == "" || proof == first) {
			first = proof
			req.Header.Set("Authorization", "Bearer run-out")
		}
		return nil
	}}
	opt := tapped(t, r, repo, line)
	if _, err := publish.Run(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if line.seen["POST /token"] != 2 {
		t.Errorf("%d tokens were fetched, want 2: %v", line.seen["POST /token"], line.seen)
	}
}

func TestCorruptObjectStopsABatchAndIsNamed(t *testing.T) {
	r := backend(t)
	path, repo := smallRepo(t)
	victim := someFile(t, repo)
	object := filepath.Join(path, filepath.FromSlash(victim.ArchivePath()))
	data, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := errors.Join(os.Chmod(object, 0o600), os.WriteFile(object, data, 0o600)); err != nil {
		t.Fatal(err)
	}
	_, err = publish.Run(t.Context(), tapped(t, r, repo, &tap{}))
	if c, ok := errors.AsType[*ostree.CorruptError](err); !ok || c.ID != victim {
		t.Errorf("%v, want %s named as corrupt", err, victim)
	}
	if refs := testkit.OSTree(t, "--repo="+filepath.Join(r.DataDir, "ostree"), "refs"); refs != "" {
		t.Errorf("refs appeared: %s", refs)
	}
}

func someFile(t *testing.T, repo *ostree.Repo) (file ostree.ObjectID) {
	t.Helper()
	c, err := repo.Ref(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	err = ostree.Closure(t.Context(), repo, c, func(id ostree.ObjectID) error {
		if id.Type == ostree.TypeFile {
			file = id
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestBackendTakesDeltasThroughTheStore(t *testing.T) {
	r := backend(t)
	path, repo := smallRepo(t)
	if _, err := publish.Run(t.Context(), tapped(t, r, repo, &tap{})); err != nil {
		t.Fatal(err)
	}
	c, err := repo.Ref(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	testkit.OSTree(t, "--repo="+path, "static-delta", "generate", "--empty", "--to="+c.String())
	n := delta.Name{To: c}
	for _, hide := range []bool{true, false} {
		line := &tap{}
		if hide {
			line.after = hidden
		}
		st := tapped(t, r, repo, line).Remote.(*treehub.Store)
		for _, file := range []string{n.Dir() + "/0", n.Superblock()} {
			local := filepath.Join(path, filepath.FromSlash(file))
			size, err := os.Stat(local)
			if err != nil {
				t.Fatal(err)
			}
			err = st.PutFile(t.Context(), file, size.Size(), func() (io.ReadCloser, error) { return os.Open(local) })
			if hide != errors.Is(err, errors.ErrUnsupported) || !hide && err != nil {
				t.Errorf("hidden %v: %s: %v", hide, file, err)
			}
		}
		refs, err := st.Refs(t.Context())
		if hide != errors.Is(err, errors.ErrUnsupported) || !hide && (err != nil || len(refs) != 1 || refs["main"] != c) {
			t.Errorf("hidden %v: refs %v, %v", hide, refs, err)
		}
		data, err := st.ReadFile(t.Context(), n.Superblock(), 1<<20)
		if hide != errors.Is(err, fs.ErrNotExist) || !hide && len(data) == 0 {
			t.Errorf("hidden %v: %d bytes, %v", hide, len(data), err)
		}
		if err := st.PutFile(t.Context(), "summary", 1, nil); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("a summary: %v", err)
		}
	}
}

// TestWhatAnAttemptStillReadsIsNotWrittenOver: the memory of many objects that
// go in one request is used again only when no transport has it any more.
func TestWhatAnAttemptStillReadsIsNotWrittenOver(t *testing.T) {
	r := backend(t)
	c, err := credentials.Open(r.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	hc := httpx.NewClient(httpx.Options{MaxConns: 30})
	auth := c.Auth(hc, quick)
	hasty := &storetest.Hasty{Next: hc.Transport}
	st, err := treehub.New(treehub.Options{BaseURL: c.TreehubURL, Auth: auth, HTTP: &http.Client{Transport: hasty}, Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Probe(t.Context()); err != nil || !st.Traits().Bulk {
		t.Fatalf("%+v, %v", st.Traits(), err)
	}
	session, err := st.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer session.Abort()
	for range 1000 { // 20 MB, many times what the loads hold
		id, data := storetest.RandomFile(t, 20<<10)
		if err := session.Put(t.Context(), storetest.Archived(id, data, true)); err != nil {
			t.Fatal(err)
		}
	}
	if err := session.Close(t.Context()); err != nil {
		t.Error(err)
	}
	hasty.Check(t, 12)
}
