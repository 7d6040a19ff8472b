package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// serveEnv makes the test binary a server over the folder it names.
const serveEnv = "OTACTL_TEST_SERVE_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(serveEnv); dir != "" {
		os.Exit(serveChild(dir))
	}
	os.Exit(m.Run())
}

// serveChild serves until it is killed; it says where on standard output.
func serveChild(dir string) int {
	s, err := server.Open(context.Background(), server.Options{DataDir: dir,
		Addr: "127.0.0.1:0", GatewayAddr: "127.0.0.1:0", Clock: clock.System})
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(s.Ready())
	}
	if err == nil {
		err = s.Serve(context.Background())
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// spawn starts a server process over b's folder.
func (b *backend) spawn(t *testing.T) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), serveEnv+"="+b.dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil || json.Unmarshal(line, &b.Ready) != nil {
		t.Fatalf("the server says %q: %v", line, err)
	}
	tok, err := os.ReadFile(filepath.Join(b.dir, "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	b.operator = strings.TrimSpace(string(tok))
	return cmd
}

// promises are what the server answered with success.
type promises struct {
	mu      sync.Mutex
	objects map[ostree.ObjectID]bool
	targets map[string]bool
}

// post sends without a test to fail: the server may be gone at any moment.
func post(b server.Ready, token, path string, body []byte) int {
	req, err := http.NewRequest("POST", b.URL+path, bytes.NewReader(body))
	if err != nil {
		return 0
	}
	req.Header.Set("OSF-TOKEN", token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

// pushAll sends files from several clients, and adds targets at the same time,
// until the server is gone.
func (p *promises) pushAll(b server.Ready, token string, l *local, load func(ostree.ObjectID) []byte, enough func()) {
	var todo []ostree.ObjectID
	for _, id := range l.ids {
		if id.Type == ostree.TypeFile && !p.objects[id] {
			todo = append(todo, id)
		}
	}
	var wg sync.WaitGroup
	next := make(chan ostree.ObjectID)
	acks := 0
	note := func(set func()) {
		p.mu.Lock()
		defer p.mu.Unlock()
		set()
		// Either kind may be the faster one, and each has to be among them.
		if acks++; acks >= 20 && len(p.objects) > 0 && len(p.targets) > 0 {
			enough()
		}
	}
	for range 6 {
		wg.Go(func() {
			for id := range next {
				if post(b, token, "/api/v3/"+id.ArchivePath(), load(id)) == 204 {
					note(func() { p.objects[id] = true })
				}
			}
		})
	}
	stop := make(chan struct{})
	wg.Go(func() {
		for i := len(p.targets) + 1; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			name := fmt.Sprintf("demo-%d", i)
			if code := post(b, token, targetsPath, target(name, i, l.commit, "main")); code == 0 {
				return
			} else if code == 201 || code == 200 {
				note(func() { p.targets[name] = true })
			}
		}
	})
	for _, id := range todo {
		next <- id
	}
	close(next)
	close(stop)
	wg.Wait()
}

func TestKilledServerHasLostNothingItAnswered(t *testing.T) {
	b := &backend{dir: filepath.Join(t.TempDir(), "server"), now: clock.System()}
	seed := smallRepo(t, "1")
	cmd := b.spawn(t)
	b.push(t, b.operator, seed, seed.ids)
	b.call(t, b.operator, "POST", "/api/v3/refs/heads/os/main", []byte(seed.commit.String())).want(t, 200)

	many := manyFiles(t, 400)
	mix := &local{path: many.path, repo: many.repo, commit: seed.commit, ids: many.ids}
	load := func(id ostree.ObjectID) []byte { return many.bytes(t, id) }
	p := &promises{objects: map[ostree.ObjectID]bool{}, targets: map[string]bool{}}
	for round := range 3 {
		kill := sync.OnceFunc(func() { _ = cmd.Process.Kill() })
		p.pushAll(b.Ready, b.operator, mix, load, kill)
		kill()
		_ = cmd.Wait()
		cmd = b.spawn(t)
		p.check(t, b, round)
	}
	// What was cut off can be finished: the whole commit goes in now.
	b.push(t, b.operator, many, many.ids)
	b.call(t, b.operator, "POST", "/api/v3/refs/heads/many", []byte(many.commit.String())).want(t, 200)
	testkit.OSTree(t, "--repo="+filepath.Join(b.dir, "ostree"), "fsck")
	mustRefresh(t, fetcher{t: t, b: b}, device(t))
}

// check holds the server to its promises.
func (p *promises) check(t *testing.T, b *backend, round int) {
	t.Helper()
	if len(p.objects) == 0 || len(p.targets) == 0 {
		t.Fatalf("round %d: nothing was promised (%d objects, %d targets); the test proves nothing", round, len(p.objects), len(p.targets))
	}
	for id := range p.objects {
		b.call(t, b.operator, "HEAD", "/api/v3/"+id.ArchivePath(), nil).want(t, 200)
	}
	b.now = clock.System()
	trust := mustRefresh(t, fetcher{t: t, b: b}, device(t))
	for name := range p.targets {
		if _, ok := trust.Targets().Targets[name]; !ok {
			t.Errorf("round %d: target %s was promised and is gone", round, name)
		}
	}
	testkit.OSTree(t, "--repo="+filepath.Join(b.dir, "ostree"), "fsck")
}

// manyFiles is a commit of n small files.
func manyFiles(t *testing.T, n int) *local {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tree")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("f%d", i))
		if err := os.WriteFile(name, fmt.Appendf(nil, "file %d %s", i, strings.Repeat("x", i*20)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return openLocal(t, testkit.ArchiveRepo(t, dir, "os/main"))
}

// A root with new keys of every kind comes into force whole or not at all, at
// whatever instant the server dies, and what broke off can be done again.
func TestKilledServerHasAppliedARootOrNot(t *testing.T) {
	b := &backend{dir: filepath.Join(t.TempDir(), "server"), now: clock.System()}
	cmd := b.spawn(t)
	r := takeOver(t, b)
	r.sign(r.key)
	r.mustApply()
	dev := device(t)
	version := mustRefresh(t, fetcher{t: t, b: b}, dev).Root().Version
	applied := 0
	for round := range 8 {
		r.begin()
		old, fresh := r.rotateRoot()
		all := []tuf.Role{tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp}
		if err := r.api.NewOnlineKeys(t.Context(), r.txid, tuf.ED25519, all); err != nil {
			t.Fatal(err)
		}
		r.sign(old, fresh)
		wait := time.Duration(round) * 2 * time.Millisecond
		done := make(chan error, 1)
		go func() { done <- r.apply() }()
		time.Sleep(wait)
		_ = cmd.Process.Kill()
		promised := <-done == nil
		_ = cmd.Wait()
		cmd = b.spawn(t)
		r.api, b.now = b.operatorAPI(b.operator), clock.System()

		got := b.roots(t, "").Root().Version
		if prod := b.roots(t, "?production=1").Root().Version; prod != got {
			t.Fatalf("round %d: root %d and production root %d", round, got, prod)
		}
		switch u := r.updates(); {
		case got == version && !promised && u.Status == author.StatusStarted:
			r.mustApply() // again, with the signatures that were staged
		case got == version+1 && u.Status == author.StatusNone:
			applied++
		default:
			t.Fatalf("round %d: root %d after %d, promised: %v, transaction: %s", round, got, version, promised, u.Status)
		}
		version++
		if trust := mustRefresh(t, fetcher{t: t, b: b}, dev); trust.Root().Version != version {
			t.Fatalf("round %d: the device is at root %d", round, trust.Root().Version)
		}
		if names := keyFiles(t, b); len(names) != 3 {
			t.Errorf("round %d: the server keeps %v", round, names)
		}
	}
	t.Logf("%d of 8 were in force when the server died", applied)
}
