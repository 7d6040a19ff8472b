package agent

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/agent/config"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/testkit"
)

// TestMain is the device itself where a test runs it as a process, to be killed.
func TestMain(m *testing.M) {
	if conf := os.Getenv("DEVICE_CONF"); conf != "" {
		now, err := time.Parse(time.RFC3339, os.Getenv("DEVICE_NOW"))
		if err == nil {
			_, err = updateFromGateway(context.Background(), conf, now)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// updateFromGateway is otactl agent update.
func updateFromGateway(ctx context.Context, conf string, now time.Time) (Result, error) {
	cfg, err := config.Load(conf)
	if err != nil {
		return Result{}, err
	}
	a, err := Open(ctx, Options{Config: cfg, Clock: clock.At(now), NewID: func() string { return "id" }})
	if err != nil {
		return Result{}, err
	}
	defer a.Close()
	src, err := a.OpenGateway(ctx, "test")
	if err != nil {
		return Result{}, err
	}
	defer src.Close()
	return a.Update(ctx, src, UpdateRequest{Deferred: true})
}

// A device whose update is killed over and over fetches a large file once.
func TestKilledUpdateGoesOnInTheMiddleOfALargeObject(t *testing.T) {
	const size = 4 << 20
	m := newMold(t)
	tree := testkit.SmallOS(t, "3")
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	if err := os.WriteFile(filepath.Join(tree, "usr/lib/large"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	m.versions["3"] = testkit.Commit(t, m.repo, tree, "os/main", "version=3")
	d := m.device(t)

	metadata := filepath.Join(d.dir, "metadata")
	d.meta.WriteDir(metadata)
	mux := http.NewServeMux()
	for path, dir := range map[string]string{"/repo/": metadata, "/treehub/": filepath.Join(d.bundle, "ostree_repo")} {
		mux.Handle(path, http.StripPrefix(path, http.FileServer(http.Dir(dir))))
	}
	home := httptest.NewServer(mux)
	t.Cleanup(home.Close)
	line := testkit.NewLine(t, strings.TrimPrefix(home.URL, "http://"), d.root.Repo)
	d.extra = fmt.Sprintf("[tls]\nserver = %q\n", line.URL)
	conf := d.conf()

	const kills, step = 4, 700 << 10
	for range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "DEVICE_CONF="+conf, "DEVICE_NOW="+d.now.Format(time.RFC3339))
		line.Kill(t, cmd, step)
	}
	halves := filepath.Join(d.root.Repo, "tmp/otactl-half-*")
	if left, err := filepath.Glob(halves); err != nil || len(left) != 1 {
		t.Fatalf("left %v, %v", left, err)
	}
	r, err := updateFromGateway(t.Context(), conf, d.now)
	wantCode(t, "the update that nobody kills", r, err, InstallNeedsReboot)
	testkit.OSTree(t, "fsck", "--repo="+d.root.Repo)
	if left, err := filepath.Glob(halves); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
	// What a kill costs is what was on its way, and the metadata that is asked for
	// each time. Without halves each costs all that came before it.
	const most = size + (kills+1)*256<<10
	if got := line.Passed(); got > most {
		t.Errorf("%d bytes came for a file of %d in %d kills, want at most %d", got, size, kills, most)
	}
	t.Logf("%d bytes came, %d more than the file has", line.Passed(), line.Passed()-size)
}
