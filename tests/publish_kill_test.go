package tests

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/testkit"
)

// killed is a publisher's repo and a place to publish to, where publishers are
// killed.
type killed struct {
	repo, to string
	site     string // the folder that a web server shows
	env      []string
	first    string // commit that was published in peace
	second   string // commit that is not yet
	took     time.Duration
}

// filesOfKilled are the files of each commit, in a dozen folders.
const filesOfKilled = 100

// newKilled publishes a first commit to where the rest is tried.
func newKilled(t *testing.T, to, site string, env ...string) *killed {
	t.Helper()
	k := &killed{repo: filepath.Join(t.TempDir(), "repo"), to: to, site: site, env: env}
	testkit.OSTree(t, "init", "--repo="+k.repo, "--mode=archive")
	k.first = k.commit(t, 1)
	start := time.Now()
	if out, err := k.publish().CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	k.took = time.Since(start)
	k.second = k.commit(t, 2)
	return k
}

func (k *killed) commit(t *testing.T, version int) string {
	t.Helper()
	tree := t.TempDir()
	for i := range filesOfKilled {
		dir := filepath.Join(tree, fmt.Sprintf("usr/lib/%02d", i%12))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), fmt.Appendf(nil, "file %d of version %d", i, version), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return testkit.Commit(t, k.repo, tree, "main")
}

func (k *killed) publish() *exec.Cmd {
	cmd := exec.Command("otactl", "publish", "-r", k.repo, "--to", k.to)
	cmd.Env = append(os.Environ(), k.env...)
	return cmd
}

// check pulls what is visible, as a device does, and says which commit that is.
func (k *killed) check(t *testing.T) string {
	t.Helper()
	web := testkit.NewWeb(t, k.site)
	defer web.Stop()
	repo := filepath.Join(t.TempDir(), "device")
	testkit.OSTree(t, "init", "--repo="+repo, "--mode=archive")
	testkit.OSTree(t, "remote", "add", "--repo="+repo, "--no-gpg-verify", "s", web.URL)
	testkit.OSTree(t, "pull", "--repo="+repo, "s", "main")
	testkit.OSTree(t, "fsck", "--repo="+repo)
	at := testkit.OSTree(t, "rev-parse", "--repo="+repo, "s:main")
	if at != k.first && at != k.second {
		t.Errorf("the ref is %s", at)
	}
	return at
}

// finish publishes in peace.
func (k *killed) finish(t *testing.T) {
	t.Helper()
	if out, err := k.publish().CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if at := k.check(t); at != k.second {
		t.Errorf("devices see %s, want %s", at, k.second)
	}
}

func TestAPublisherToABucketMayBeKilledAtAnyRequest(t *testing.T) {
	s := testkit.NewS3(t, "site")
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	var left, sent atomic.Int64
	var kill atomic.Pointer[os.Process]
	left.Store(1 << 40)
	proxy := &httputil.ReverseProxy{ErrorLog: log.New(io.Discard, "", 0), Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host }}
	line := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if left.Add(-1) == 0 {
			if p := kill.Load(); p != nil {
				_ = p.Kill()
			}
		}
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/objects/") {
			sent.Add(1)
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(line.Close)
	k := newKilled(t, "s3://site/os", filepath.Join(s.Root, "site/os"),
		"AWS_ENDPOINT_URL="+line.URL, "AWS_ACCESS_KEY_ID="+s.AccessKey, "AWS_SECRET_ACCESS_KEY="+s.Secret, "OTACTL_JOBS=8")
	sent.Store(0)
	runs := 0
	for _, after := range []int64{2, 40, 70, 6, 2} { // the last ones meet the commit, the ref and the summary
		cmd := k.publish()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill.Store(cmd.Process)
		left.Store(after)
		_ = cmd.Wait()
		kill.Store(nil)
		runs++
		k.check(t)
	}
	k.finish(t)
	// A run that goes on sends again what was under way, and what it guessed at.
	if most := int64(filesOfKilled + 12 + 3 + 1 + runs*(8+guessed)); sent.Load() > most {
		t.Errorf("%d objects were sent in all, more than %d", sent.Load(), most)
	}
}

// guessed is how many objects a run may send before it has found out that most
// are there.
const guessed = 16

func TestAPublisherToAFolderMayBeKilledAtAnyTime(t *testing.T) {
	site := filepath.Join(t.TempDir(), "site")
	k := newKilled(t, site, site)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 5 {
		cmd := k.publish()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.Int64N(int64(k.took))))
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		k.check(t)
	}
	k.finish(t)
}
