package tests

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
	engine "github.com/otactl/otactl/ostree"
)

// How much of the tests of random kills: make kills runs them at full length.
var (
	kills     = flag.Int("kills", 6, "how often TestRandomKillsLoseNothing kills, and how many rounds the one of a shared repo has")
	killFiles = flag.Int("kill-files", 300, "how many files its commits change")
	killSeed  = flag.Uint64("kill-seed", 0, "what its random numbers begin with; 0 picks something")
)

// mill is a real server and a real publisher, which are killed at random.
type mill struct {
	t       *testing.T
	rng     *rand.Rand
	program string
	dir     string
	addr    string
	server  *exec.Cmd
	version int
	full    time.Duration // what a push takes that nobody kills
}

func TestRandomKillsLoseNothing(t *testing.T) {
	t.Parallel()
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-kill-seed %d", seed)
	m := &mill{t: t, rng: rand.New(rand.NewPCG(seed, 1)), dir: t.TempDir(), addr: freeAddr(t)}
	m.program = m.link()
	testkit.OSTree(t, "--repo="+m.repo(), "init", "--mode=archive")
	testkit.OSTree(t, "--repo="+m.repo(), "config", "set", "core.fsync", "false")
	m.start()
	m.commit()
	m.publish()
	m.full = m.measure()
	m.commit()
	hit := map[string]int{}
	for range *kills {
		if m.strike(hit) {
			m.commit()
		}
		m.check()
	}
	m.publish()
	m.check()
	t.Logf("%s a push; killed %v", m.full.Round(time.Millisecond), hit)
	m.pull()
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// link gives the test binary the program's name.
func (m *mill) link() string {
	self, err := os.Executable()
	if err != nil {
		m.t.Fatal(err)
	}
	path := filepath.Join(m.dir, "otactl")
	if err := os.Symlink(self, path); err != nil {
		m.t.Fatal(err)
	}
	return path
}

func (m *mill) repo() string { return filepath.Join(m.dir, "repo") }

func (m *mill) data() string { return filepath.Join(m.dir, "data") }

func (m *mill) command(args ...string) *exec.Cmd {
	cmd := exec.Command(m.program, args...)
	cmd.Env = append(os.Environ(), "HOME="+m.dir, "XDG_CONFIG_HOME="+m.dir, "SOTA_PACKED_CREDENTIALS="+filepath.Join(m.data(), "credentials.zip"))
	return cmd
}

func (m *mill) start() {
	m.t.Helper()
	m.server = m.command("serve", "--data", m.data(), "--addr", m.addr, "--gateway-addr", "127.0.0.1:0")
	if err := m.server.Start(); err != nil {
		m.t.Fatal(err)
	}
	server := m.server
	m.t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	for range 600 {
		if resp, err := http.Get("http://" + m.addr + "/healthz"); err == nil {
			resp.Body.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.t.Fatal("the server does not answer")
}

// commit makes a commit that shares next to nothing with those before.
func (m *mill) commit() {
	m.t.Helper()
	m.version++
	dir := m.t.TempDir()
	for i := range *killFiles {
		path := filepath.Join(dir, fmt.Sprintf("usr/d%02d/f%d", i%30, i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			m.t.Fatal(err)
		}
		if err := os.WriteFile(path, fmt.Appendf(nil, "%d in version %d\n", i, m.version), 0o644); err != nil {
			m.t.Fatal(err)
		}
	}
	testkit.Commit(m.t, m.repo(), dir, "main")
}

func (m *mill) publisher() *exec.Cmd {
	return m.command("publish", "-r", m.repo(), "-m", "qemu", "-t", "main", "-q")
}

func (m *mill) publish() {
	m.t.Helper()
	if out, err := m.publisher().CombinedOutput(); err != nil {
		m.t.Fatalf("%v: %s", err, out)
	}
}

func (m *mill) measure() time.Duration {
	m.commit()
	start := time.Now()
	m.publish()
	return time.Since(start)
}

// strike kills one of both in mid push, and says whether the push came to its
// end all the same.
func (m *mill) strike(hit map[string]int) bool {
	m.t.Helper()
	p := m.publisher()
	var said strings.Builder
	p.Stderr = &said
	if err := p.Start(); err != nil {
		m.t.Fatal(err)
	}
	time.Sleep(time.Duration(m.rng.Int64N(int64(m.full))))
	if m.rng.IntN(3) == 0 {
		_ = m.server.Process.Kill()
		_ = m.server.Wait()
		m.start()
		err := p.Wait() // it tries again, and may get through
		hit[fmt.Sprintf("server, and the push succeeded: %v", err == nil)]++
		return err == nil
	}
	_ = p.Process.Kill()
	err := p.Wait()
	switch e, _ := errors.AsType[*exec.ExitError](err); {
	case err == nil:
		hit["nobody, since the push was over"]++
	case e == nil || e.ExitCode() != -1:
		m.t.Fatalf("%v: %s", err, said.String())
	default:
		hit["publisher"]++
	}
	return err == nil
}

// check holds that each ref and target of the server names what it has whole.
func (m *mill) check() {
	m.t.Helper()
	store, err := engine.OpenRepo(filepath.Join(m.data(), "ostree"))
	if err != nil {
		m.t.Fatal(err)
	}
	names, err := store.Refs(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	creds, err := credentials.Open(filepath.Join(m.data(), "credentials.zip"))
	if err != nil {
		m.t.Fatal(err)
	}
	hc := httpx.NewClient(httpx.Options{})
	targets, err := factory.FromCredentials(creds, hc, creds.Auth(hc, httpx.Retry{}), httpx.Retry{}).Targets(m.t.Context())
	if err != nil {
		m.t.Fatal(err)
	}
	for name, target := range targets {
		if names[name], err = engine.ParseChecksum(target.Commit()); err != nil {
			m.t.Fatal(err)
		}
	}
	seen := map[engine.Checksum]bool{}
	for name, c := range names {
		if seen[c] {
			continue
		}
		seen[c] = true
		if _, err := engine.Verify(m.t.Context(), store, c, engine.VerifyOptions{}); err != nil {
			m.t.Fatalf("%s names commit %s, which is not whole: %v", name, c, err)
		}
	}
}

// pull is the verdict of OSTree itself.
func (m *mill) pull() {
	m.t.Helper()
	client := "--repo=" + filepath.Join(m.dir, "client")
	testkit.OSTree(m.t, client, "init", "--mode=archive")
	testkit.OSTree(m.t, client, "config", "set", "core.fsync", "false")
	testkit.OSTree(m.t, client, "remote", "add", "--no-gpg-verify", "s", "http://"+m.addr+"/ostree")
	testkit.OSTree(m.t, client, "pull", "--depth=-1", "s", "main")
	testkit.OSTree(m.t, client, "fsck")
	have := strings.TrimSpace(testkit.OSTree(m.t, client, "rev-parse", "s:main"))
	if want := strings.TrimSpace(testkit.OSTree(m.t, "--repo="+m.repo(), "rev-parse", "main")); have != want {
		m.t.Errorf("main is %s there, want %s", have, want)
	}
}
