package publish_test

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/client/treehub/treehubtest"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/publish"
)

// TestMain makes the test binary a publisher that dies at one point, when it is
// called so.
func TestMain(m *testing.M) {
	if os.Getenv("KILL_REPO") == "" {
		os.Exit(m.Run())
	}
	if err := dyingPublisher(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// fuse kills the process when it comes to a point for the nth time, as kill -9
// would, and counts all others in a file.
type fuse struct {
	mu    sync.Mutex
	point string
	nth   int
	met   map[string]int
}

func (f *fuse) At(point string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.met[point]++
	if point == f.point && f.met[point] == f.nth {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {} // until it arrives
	}
	return nil
}

// dyingPublisher is what the child does.
func dyingPublisher() error {
	ctx := context.Background()
	repo, err := ostree.OpenRepo(os.Getenv("KILL_REPO"))
	if err != nil {
		return err
	}
	f := &fuse{point: os.Getenv("KILL_POINT"), met: map[string]int{}}
	f.nth, _ = strconv.Atoi(os.Getenv("KILL_NTH"))
	opt := publish.Options{Repo: repo, Jobs: 4, Faults: f, Items: []publish.Item{{Rev: "main"}}}
	hub := treehub.Options{BaseURL: os.Getenv("KILL_HUB"), Retry: quick, Jobs: 4, Faults: f}
	if path := os.Getenv("KILL_CREDENTIALS"); path != "" {
		c, err := credentials.Open(path)
		if err != nil {
			return err
		}
		hc := httpx.NewClient(httpx.Options{MaxConns: 4})
		hub.BaseURL, hub.Auth, hub.HTTP = c.TreehubURL, c.Auth(hc, quick), hc
		opt.Backend = factory.FromCredentials(c, hc, hub.Auth, quick)
		opt.Items[0].Target = &publish.TargetRequest{HardwareIDs: []string{"qemu"}, Tags: []string{"main"}}
	}
	if opt.Remote, err = treehub.New(hub); err != nil {
		return err
	}
	if _, err := publish.Run(ctx, opt); err != nil {
		return err
	}
	var lines []string
	for point, n := range f.met {
		lines = append(lines, fmt.Sprintf("%s %d", point, n))
	}
	return os.WriteFile(os.Getenv("KILL_MET"), []byte(strings.Join(lines, "\n")), 0o600)
}

// victim is a repo that is published again and again by processes that die.
type victim struct {
	t       *testing.T
	path    string
	version int
	env     []string // where to
	whole   func(name string, c ostree.Checksum)
	refs    func() map[string]string
}

func (v *victim) commit() {
	v.t.Helper()
	v.version++
	dir := testkit.SmallOS(v.t, strconv.Itoa(v.version))
	for i := range 60 {
		path := filepath.Join(dir, fmt.Sprintf("usr/share/k%d/f%d", i%6, i))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			v.t.Fatal(err)
		}
		if err := os.WriteFile(path, fmt.Appendf(nil, "%d %d", i, v.version), 0o644); err != nil {
			v.t.Fatal(err)
		}
	}
	testkit.Commit(v.t, v.path, dir, "main")
}

// run publishes in a process of its own, which dies at a point; "" lets it
// live, and gives how often each point was met.
func (v *victim) run(point string, nth int) map[string]int {
	v.t.Helper()
	met := filepath.Join(v.t.TempDir(), "met")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(slices.Concat(os.Environ(), v.env), "KILL_REPO="+v.path, "KILL_MET="+met, "KILL_POINT="+point, "KILL_NTH="+strconv.Itoa(nth))
	out, err := cmd.CombinedOutput()
	if killed := cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == -1; killed != (point != "") {
		v.t.Fatalf("at %s %d: %v %s", point, nth, err, out)
	}
	counts := map[string]int{}
	data, _ := os.ReadFile(met)
	for line := range strings.Lines(string(data)) {
		name, n, _ := strings.Cut(strings.TrimSpace(line), " ")
		counts[name], _ = strconv.Atoi(n)
	}
	return counts
}

// check holds that what a reader can see has no holes.
func (v *victim) check() {
	v.t.Helper()
	for name, commit := range v.refs() {
		c, err := ostree.ParseChecksum(commit)
		if err != nil {
			v.t.Fatal(err)
		}
		v.whole(name, c)
	}
}

// dieEverywhere kills a push at each point, at the first, a middle and the last
// time that it comes there. want are the points that there are.
func (v *victim) dieEverywhere(want ...string) {
	v.t.Helper()
	v.path = filepath.Join(v.t.TempDir(), "repo")
	testkit.OSTree(v.t, "--repo="+v.path, "init", "--mode=archive")
	testkit.OSTree(v.t, "--repo="+v.path, "config", "set", "core.fsync", "false")
	v.commit()
	points := v.run("", 0)
	if got := slices.Sorted(maps.Keys(points)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		v.t.Fatalf("a push comes to the points %v, want %v", got, want)
	}
	v.commit()
	points = v.run("", 0) // an incremental one has other numbers
	for point, times := range points {
		for _, nth := range slices.Compact([]int{1, (times + 1) / 2, times}) {
			v.commit()
			v.run(point, nth)
			v.check()
			v.run("", 0)
			v.check()
		}
	}
}

func TestKilledAtEachPointATreehubShowsNoHole(t *testing.T) {
	t.Parallel()
	hub := treehubtest.New(t)
	v := &victim{t: t, env: []string{"KILL_HUB=" + hub.URL}}
	v.refs = func() map[string]string { return map[string]string{"main": hub.Ref("main")} }
	v.whole = func(name string, c ostree.Checksum) {
		if !hub.Complete(c.String()) {
			t.Errorf("%s names %s, which has holes", name, c)
		}
	}
	v.dieEverywhere("copy.close", "copy.commit", "copy.put", "publish.copy", "publish.ref", "treehub.put", "treehub.ref")
	if n := hub.Violations(); len(n) > 0 {
		t.Errorf("%d objects came too early, the first: %s", len(n), n[0])
	}
}

func TestKilledAtEachPointOurServerShowsNoHole(t *testing.T) {
	t.Parallel()
	r := backend(t)
	store, err := ostree.OpenRepo(filepath.Join(r.DataDir, "ostree"))
	if err != nil {
		t.Fatal(err)
	}
	_, api := options(t, r, nil)
	v := &victim{t: t, env: []string{"KILL_CREDENTIALS=" + r.Credentials}}
	v.refs = func() map[string]string { return visible(t, store, api) }
	v.whole = func(name string, c ostree.Checksum) { whole(t, store, name, c) }
	v.dieEverywhere("copy.close", "copy.commit", "copy.put", "publish.copy", "publish.ref", "publish.target", "treehub.put", "treehub.ref")
	testkit.OSTree(t, "--repo="+store.Path(), "fsck")
	if n := len(v.refs()); n < v.version {
		t.Errorf("%d targets and refs for %d versions", n, v.version)
	}
}

// visible are the commits that refs and targets of a backend name.
func visible(t *testing.T, store *ostree.Repo, api *factory.Client) map[string]string {
	t.Helper()
	out := map[string]string{}
	refs, err := store.Refs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range refs {
		out["ref "+name] = c.String()
	}
	targets, err := api.Targets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, target := range targets {
		out["target "+name] = target.Commit()
	}
	return out
}

// whole holds that all that a commit reaches is in a repo.
func whole(t *testing.T, store *ostree.Repo, name string, c ostree.Checksum) {
	t.Helper()
	err := ostree.Closure(t.Context(), store, c, func(id ostree.ObjectID) error {
		have, err := store.Has(t.Context(), []ostree.ObjectID{id})
		if err == nil && !have[0] {
			err = &ostree.MissingError{ID: id}
		}
		return err
	})
	if err != nil {
		t.Errorf("%s names %s, which has holes: %v", name, c, err)
	}
}

// The lists above are all the points there are in the code that a push runs
// through.
func TestEachPointWhereAPushMayDieIsKnown(t *testing.T) {
	known := []string{"copy.close", "copy.commit", "copy.put", "publish.copy", "publish.ref", "publish.summary", "publish.target",
		"sync.ref", "sync.target", "treehub.put", "treehub.ref"}
	at := regexp.MustCompile(`faults\.At\([^,]+, "([^"]+)"\)`)
	var found []string
	for _, pattern := range []string{"*.go", "../client/treehub/*.go", "../ostree/copy*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			data, err := fs.ReadFile(os.DirFS(filepath.Dir(f)), filepath.Base(f))
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range at.FindAllStringSubmatch(string(data), -1) {
				found = append(found, m[1])
			}
		}
	}
	slices.Sort(found)
	if found = slices.Compact(found); !slices.Equal(found, known) {
		t.Errorf("the code has the points %v, and killed are those of %v", found, known)
	}
}
