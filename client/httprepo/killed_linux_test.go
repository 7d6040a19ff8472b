package httprepo

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/pull"
	"github.com/otactl/otactl/ostree/storetest"
)

// pullOnce is what the child process does until it is killed.
func pullOnce(url, repoPath string) error {
	repo, err := ostree.OpenRepo(repoPath)
	if err != nil {
		return err
	}
	ctx, cancel := contextForMain()
	defer cancel()
	src, err := Connect(ctx, Config{URL: url})
	if err != nil {
		return err
	}
	deltas, _ := strconv.Atoi(os.Getenv("PULL_DELTAS"))
	_, err = pull.Run(ctx, repo, src, pull.Options{Remote: "origin", Refs: []pull.Ref{{Name: "main"}}, Jobs: 8, Deltas: pull.Deltas(deltas)})
	return err
}

func TestMain(m *testing.M) {
	if url := os.Getenv("PULL_FROM"); url != "" {
		if err := pullOnce(url, os.Getenv("PULL_INTO")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// What had arrived when a pull was killed is not fetched again: only what was
// on its way, and what is always asked for.
func TestKilledPullFetchesNothingTwice(t *testing.T) {
	for _, mode := range []ostree.Mode{ostree.ModeArchive, ostree.ModeBareUser} {
		t.Run(string(mode), func(t *testing.T) { killedPull(t, mode) })
	}
}

func killedPull(t *testing.T, mode ostree.Mode) {
	sample := storetest.NewSample(t, 40, 12, "a")
	served := sampleRepo(t, sample)
	files := http.FileServer(http.Dir(served))
	var mu sync.Mutex
	asked := map[string]int{}
	var child *os.Process
	killAt := 0
	home := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.URL.Path]++
		if child != nil && len(asked) >= killAt {
			_ = child.Kill()
		}
		mu.Unlock()
		time.Sleep(time.Millisecond)
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(home.Close)
	repo, err := ostree.CreateRepo(filepath.Join(t.TempDir(), "repo"), mode)
	if err != nil {
		t.Fatal(err)
	}
	kills := 0
	for {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PULL_FROM="+home.URL, "PULL_INTO="+repo.Path())
		var out strings.Builder
		cmd.Stderr = &out
		mu.Lock()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		child, killAt = cmd.Process, len(asked)+120
		mu.Unlock()
		err := cmd.Wait()
		mu.Lock()
		child = nil
		mu.Unlock()
		if err == nil {
			break
		}
		if out.Len() > 0 {
			t.Fatal(out.String())
		}
		if kills++; kills > 20 {
			t.Fatal("it never comes to an end")
		}
	}
	if _, err := ostree.Verify(t.Context(), repo, sample.Commit, ostree.VerifyOptions{}); err != nil {
		t.Error(err)
	}
	twice := 0
	mu.Lock() // a request of a child that was killed may come late
	defer mu.Unlock()
	for path, n := range asked {
		if strings.HasPrefix(path, "/objects/") && !strings.HasSuffix(path, ".commitmeta") {
			twice += n - 1
		}
	}
	if kills < 3 {
		t.Errorf("it was killed %d times only", kills)
	}
	// What 8 requests were under way for, and twice as much that had come and
	// waited for a processor.
	if most := kills * (8 + 2*8); twice > most {
		t.Errorf("%d objects were fetched twice in %d kills, want at most %d", twice, kills, most)
	}
	t.Logf("%d kills, %d objects, %d fetched twice", kills, len(asked), twice)
}
