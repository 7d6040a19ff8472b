package publish_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
	"github.com/otactl/otactl/publish"
	"github.com/otactl/otactl/server"
	"github.com/otactl/otactl/tuf"
)

var quick = httpx.Retry{Base: time.Millisecond, Max: time.Millisecond}

// backend starts the embedded backend in this process.
func backend(t *testing.T) server.Ready {
	t.Helper()
	return backendIn(t, filepath.Join(t.TempDir(), "data"))
}

func backendIn(t *testing.T, dir string) server.Ready {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := server.Open(ctx, server.Options{DataDir: dir, Addr: "127.0.0.1:0", GatewayAddr: "127.0.0.1:0"})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-done, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s.Ready()
}

func smallRepo(t *testing.T) (path string, repo *ostree.Repo) {
	t.Helper()
	path = testkit.ArchiveRepo(t, testkit.SmallOS(t, "1"), "main")
	repo, err := ostree.OpenRepo(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, repo
}

func options(t *testing.T, r server.Ready, repo *ostree.Repo) (publish.Options, *factory.Client) {
	t.Helper()
	c, err := credentials.Open(r.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	hc := httpx.NewClient(httpx.Options{MaxConns: 30})
	auth := c.Auth(hc, quick)
	st, err := treehub.New(treehub.Options{BaseURL: c.TreehubURL, Auth: auth, HTTP: hc, Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	api := factory.FromCredentials(c, hc, auth, quick)
	return publish.Options{
		Repo: repo, Remote: st, Backend: api, Clock: clock.System,
		Items: []publish.Item{{Rev: "main", Target: &publish.TargetRequest{HardwareIDs: []string{"qemu"}, Tags: []string{"main"}}}},
	}, api
}

func TestEmbeddedBackendTakesAndSignsWhatIsPublished(t *testing.T) {
	r := backend(t)
	path, repo := smallRepo(t)
	opt, api := options(t, r, repo)
	for version := 1; version <= 2; version++ {
		rep, err := publish.Run(t.Context(), opt)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("qemu-%d", version); rep.Items[0].Target.Name != want || rep.Items[0].Target.Existed {
			t.Errorf("%+v, want %s", rep.Items[0].Target, want)
		}
		trust, err := tuf.Refresh(t.Context(), api.Fetcher(nil), nil, tuf.RefreshOptions{Now: clock.System(), FirstUse: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := trust.Targets().Targets[rep.Items[0].Target.Name].Commit(); got != rep.Items[0].Commit.String() {
			t.Errorf("the signed target names %s, want %s", got, rep.Items[0].Commit)
		}
		testkit.Commit(t, path, testkit.SmallOS(t, "2"), "main")
		if opt.Repo, err = ostree.OpenRepo(path); err != nil {
			t.Fatal(err)
		}
	}
	testkit.OSTree(t, "--repo="+filepath.Join(r.DataDir, "ostree"), "fsck")
}

func TestBackendKeepsAStoresPromises(t *testing.T) {
	storetest.Run(t, func(t *testing.T) ostree.Store {
		opt, _ := options(t, backend(t), nil)
		return opt.Remote
	})
}

func TestTwoPublishersAtOnceGetAVersionEach(t *testing.T) {
	r := backend(t)
	const n = 4
	var mu sync.Mutex
	names := map[string]bool{}
	var wg sync.WaitGroup
	for i := range n {
		path := testkit.ArchiveRepo(t, testkit.SmallOS(t, fmt.Sprint(i)), "main")
		repo, err := ostree.OpenRepo(path)
		if err != nil {
			t.Fatal(err)
		}
		opt, _ := options(t, r, repo)
		opt.Items[0].Rev, err = repoCommit(t, repo)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			rep, err := publish.Run(t.Context(), opt)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			names[rep.Items[0].Target.Name] = true
		})
	}
	wg.Wait()
	if len(names) != n {
		t.Errorf("%d versions for %d publishers: %v", len(names), n, names)
	}
}

func repoCommit(t *testing.T, repo *ostree.Repo) (string, error) {
	c, err := repo.Ref(t.Context(), "main")
	return c.String(), err
}

func TestWrongCredentialsGetNowhere(t *testing.T) {
	r := backend(t)
	_, repo := smallRepo(t)
	c, err := credentials.Open(r.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	c.OAuth2.ClientSecret = "sesame"
	hc := httpx.NewClient(httpx.Options{})
	st, err := treehub.New(treehub.Options{BaseURL: c.TreehubURL, Auth: c.Auth(hc, quick), HTTP: hc, Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	_, err = publish.Run(t.Context(), publish.Options{Repo: repo, Remote: st, Items: []publish.Item{{Rev: "main"}}})
	if fail.ClassOf(err) != fail.Auth || strings.Contains(err.Error(), "sesame") {
		t.Errorf("%v (class %v)", err, fail.ClassOf(err))
	}
	if refs := testkit.OSTree(t, "--repo="+filepath.Join(r.DataDir, "ostree"), "refs"); refs != "" {
		t.Errorf("refs appeared: %s", refs)
	}
}

// An object that the backend lost is found when the ref moves, and sent again.
func TestBackendThatLostAnObjectIsMended(t *testing.T) {
	r := backend(t)
	_, repo := smallRepo(t)
	opt, _ := options(t, r, repo)
	if _, err := publish.Run(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	c, err := repo.Ref(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	var victim string
	err = ostree.Closure(t.Context(), repo, c, func(id ostree.ObjectID) error {
		if id.Type == ostree.TypeFile {
			victim = id.ArchivePath()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(r.DataDir, "ostree", filepath.FromSlash(victim))); err != nil {
		t.Fatal(err)
	}
	opt.FullCheck = true
	rep, err := publish.Run(t.Context(), opt)
	if err != nil || rep.New != 1 {
		t.Errorf("%+v, %v", rep, err)
	}
	testkit.OSTree(t, "--repo="+filepath.Join(r.DataDir, "ostree"), "fsck")
}
