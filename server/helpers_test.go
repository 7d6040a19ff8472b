package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server"
	"github.com/otactl/otactl/server/store"
)

// backend is a server that runs in this process.
type backend struct {
	server.Ready
	operator string // token
	stop     func()
	dir      string

	mu  sync.Mutex
	now time.Time
}

// time is the server's clock, which a test may move.
func (b *backend) time() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *backend) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

// start runs a server over a new folder until the test ends.
func start(t *testing.T) *backend {
	t.Helper()
	b := &backend{dir: filepath.Join(t.TempDir(), "server"), now: time.Now().UTC()}
	b.run(t)
	return b
}

// run opens the folder and serves it; stop ends that.
func (b *backend) run(t *testing.T) {
	t.Helper()
	s, err := server.Open(t.Context(), server.Options{DataDir: b.dir, Addr: "127.0.0.1:0",
		GatewayAddr: "127.0.0.1:0", PollInterval: 5 * time.Second, Clock: b.time})
	if err != nil {
		t.Fatal(err)
	}
	b.Ready = s.Ready()
	tok, err := os.ReadFile(filepath.Join(b.dir, "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	b.operator = strings.TrimSpace(string(tok))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	t.Cleanup(b.stop)
}

// publisher exchanges credentials.zip for a token, as garage-push does.
func (b *backend) publisher(t *testing.T) string {
	t.Helper()
	c, err := credentials.Open(b.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest("POST", c.OAuth2.Server+"/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(c.OAuth2.ClientID, c.OAuth2.ClientSecret)
	var out struct {
		Token string `json:"access_token"`
	}
	send(t, req).want(t, 200).json(t, &out)
	return out.Token
}

// answer is a response with its body read.
type answer struct {
	code   int
	header http.Header
	body   string
}

func send(t *testing.T, req *http.Request) answer {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, resp)
}

func read(t *testing.T, resp *http.Response) answer {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

func (a answer) want(t *testing.T, code int) answer {
	t.Helper()
	if a.code != code {
		t.Fatalf("status %d, want %d: %s", a.code, code, a.body)
	}
	return a
}

// refused wants a status and the "code" of the JSON error.
func (a answer) refused(t *testing.T, status int, code string) {
	t.Helper()
	a.want(t, status)
	var e struct{ Message, Code string }
	a.json(t, &e)
	if e.Code != code || e.Message == "" {
		t.Fatalf("refused with code %q (%s), want %q", e.Code, e.Message, code)
	}
}

func (a answer) json(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), v); err != nil {
		t.Fatalf("%v: %s", err, a.body)
	}
}

// call makes a request to the API with a token; headers are NAME, VALUE pairs.
func (b *backend) call(t *testing.T, token, method, path string, body []byte, headers ...string) answer {
	t.Helper()
	req, err := http.NewRequest(method, b.URL+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return send(t, req)
}

// form posts a form without a token.
func (b *backend) form(t *testing.T, path string, values url.Values) answer {
	t.Helper()
	return b.call(t, "", "POST", path, []byte(values.Encode()), "Content-Type", "application/x-www-form-urlencoded")
}

// local is a repo made by the real program, with one commit.
type local struct {
	path   string
	repo   *ostree.Repo
	commit ostree.Checksum
	ids    []ostree.ObjectID // children before parents
}

func smallRepo(t *testing.T, version string) *local {
	t.Helper()
	return openLocal(t, testkit.ArchiveRepo(t, testkit.SmallOS(t, version), "os/main", "version="+version))
}

func openLocal(t *testing.T, path string) *local {
	t.Helper()
	l := &local{path: path}
	var err error
	if l.repo, err = ostree.OpenRepo(path); err != nil {
		t.Fatal(err)
	}
	if l.commit, err = l.repo.Resolve(t.Context(), "os/main"); err != nil {
		t.Fatal(err)
	}
	l.ids = children(t, l.repo, l.commit)
	return l
}

// children is the closure of commit, each object after all that it names.
func children(t *testing.T, repo *ostree.Repo, commit ostree.Checksum) []ostree.ObjectID {
	t.Helper()
	seen := map[ostree.ObjectID]bool{}
	var out []ostree.ObjectID
	add := func(id ostree.ObjectID) {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	var tree func(sum ostree.Checksum)
	tree = func(sum ostree.Checksum) {
		d, err := ostree.LoadDirTree(t.Context(), repo, sum)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range d.Files {
			add(ostree.ObjectID{Sum: f.Sum, Type: ostree.TypeFile})
		}
		for _, s := range d.Dirs {
			tree(s.Tree)
			add(ostree.ObjectID{Sum: s.Meta, Type: ostree.TypeDirMeta})
		}
		add(ostree.ObjectID{Sum: sum, Type: ostree.TypeDirTree})
	}
	c, err := ostree.LoadCommit(t.Context(), repo, commit)
	if err != nil {
		t.Fatal(err)
	}
	tree(c.Tree)
	add(ostree.ObjectID{Sum: c.Meta, Type: ostree.TypeDirMeta})
	add(ostree.ObjectID{Sum: commit, Type: ostree.TypeCommit})
	return out
}

func (l *local) bytes(t *testing.T, id ostree.ObjectID) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(l.path, filepath.FromSlash(id.ArchivePath())))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// push sends ids as garage-push does.
func (b *backend) push(t *testing.T, token string, l *local, ids []ostree.ObjectID) {
	t.Helper()
	for _, id := range ids {
		path := "/api/v3/" + id.ArchivePath()
		if b.call(t, token, "HEAD", path, nil, "x-ats-ostree-force", "true").code == 200 {
			continue
		}
		b.call(t, token, "POST", path, l.bytes(t, id), "x-ats-ostree-force", "true",
			"Content-Type", "application/octet-stream").want(t, 204)
	}
}

// published is a server with one commit in it and its ref moved.
func published(t *testing.T) (b *backend, token string, l *local) {
	t.Helper()
	b = start(t)
	token, l = b.publisher(t), smallRepo(t, "1")
	b.push(t, token, l, l.ids)
	b.call(t, token, "POST", "/api/v3/refs/heads/os/main", []byte(l.commit.String()), "x-ats-ostree-force", "true").want(t, 200)
	return b, token, l
}

// removeObject loses an object behind the server's back.
func removeObject(t *testing.T, b *backend, id ostree.ObjectID) {
	t.Helper()
	if err := os.Remove(filepath.Join(b.dir, "ostree", filepath.FromSlash(id.ArchivePath()))); err != nil {
		t.Fatal(err)
	}
}

// restart stops the server in an orderly way and starts it again.
func (b *backend) restart(t *testing.T) {
	t.Helper()
	b.stop()
	b.run(t)
}

// withDB opens the server's database beside it.
func (b *backend) withDB(t *testing.T, do func(db *store.DB) error) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(b.dir, "server.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(do(db), db.Close()); err != nil {
		t.Fatal(err)
	}
}
