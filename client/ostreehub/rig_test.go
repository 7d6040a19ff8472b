package ostreehub

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
)

// TestARigTakesWhatWePush holds the store against a server that others wrote,
// where one lies beside the repository of this project.
func TestARigTakesWhatWePush(t *testing.T) {
	source, err := filepath.Abs("../../../shared/tools/treehub-mock")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(source); err != nil {
		t.Skip("the rig is not here: ", err)
	}
	dir := t.TempDir()
	rig := filepath.Join(dir, "rig")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", rig, ".")
	build.Dir = source
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the rig: %v\n%s", err, out)
	}
	served := filepath.Join(dir, "served")
	base := start(t, rig, served)

	repo := testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "os/main")
	contents, err := OpenContents(t.Context(), repo)
	if err != nil {
		t.Fatal(err)
	}
	st, err := New(Options{URL: must(Address(base, "f")), Local: contents.Source(), Retry: quick, Auth: httpx.HeaderAuth{"Osf-Token": {"t"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := contents.Push(t.Context(), st, PushOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := st.UpdateSummary(t.Context()); err != nil {
		t.Error(err)
	}
	report, err := contents.Check(t.Context(), st, func(path string) { t.Errorf("it lacks %s", path) })
	if err != nil || report.Checked == 0 {
		t.Errorf("%+v, %v", report, err)
	}
	testkit.OSTree(t, "fsck", "--repo="+served)
	if got, want := testkit.OSTree(t, "rev-parse", "--repo="+served, "os/main"), testkit.OSTree(t, "rev-parse", "--repo="+repo, "os/main"); got != want {
		t.Errorf("its ref is %s, want %s", got, want)
	}
	if stats := get(t, base+"/_stats"); !bytes.Contains(stats, []byte(`"order_violations": 0`)) && !bytes.Contains(stats, []byte(`"order_violations":0`)) {
		t.Errorf("objects came out of order: %s", stats)
	}
}

// start runs the rig until the test ends, and returns its address.
func start(t *testing.T, rig, served string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.Command(rig, "-root", served, "-addr", addr, "-check-order", "-token", "t")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	base := "http://" + addr
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if resp, err := http.Get(base + "/_stats"); err == nil {
			resp.Body.Close()
			return base
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("the rig does not answer")
	return ""
}

func get(t *testing.T, url string) []byte {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
