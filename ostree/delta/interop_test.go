package delta

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// served is a repo over HTTP, and what was asked of it.
func served(t *testing.T, repo string) (url string, asked func() []string) {
	t.Helper()
	var mu sync.Mutex
	var paths []string
	files := http.FileServer(http.Dir(repo))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths = append(paths, strings.TrimPrefix(r.URL.Path, "/"))
		mu.Unlock()
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return paths
	}
}

func TestLibostreePullsByWhatWeMake(t *testing.T) {
	repo, from, to := pairOf(t, "archive")
	r := openRepo(t, repo)
	for _, kind := range []string{"parts", "inline", "fallbacks", "scratch"} {
		t.Run(kind, func(t *testing.T) {
			n, opt := Name{sum(t, from), sum(t, to)}, options(t)
			base := from
			switch kind {
			case "inline":
				opt.Inline = true
			case "fallbacks":
				n.From, base = Name{}.From, ""
				opt.MinFallback = 100_000
			case "scratch":
				n.From, base = Name{}.From, ""
			}
			report, err := Generate(t.Context(), r, n, opt)
			if err != nil {
				t.Fatal(err)
			}
			if (report.Fallbacks > 0) != (kind == "fallbacks") {
				t.Errorf("%d fallbacks", report.Fallbacks)
			}
			if _, err := Reindex(t.Context(), r, nil); err != nil {
				t.Fatal(err)
			}
			command(t, "ostree", "--repo="+repo, "summary", "-u")
			url, asked := served(t, repo)
			client := holding(t, "bare-user", repo, base)
			command(t, "ostree", "--repo="+client.Path(), "remote", "add", "--no-gpg-verify", "o", url)
			command(t, "ostree", "--repo="+client.Path(), "pull", "--require-static-deltas", "o", to)
			command(t, "ostree", "--repo="+client.Path(), "fsck")
			// This libostree fetches objects too while it applies a delta.
			if !slices.ContainsFunc(asked(), func(p string) bool { return strings.HasPrefix(p, n.Dir()+"/") }) {
				t.Errorf("libostree did not fetch the delta: %v", asked())
			}
			if err := Delete(t.Context(), r, n); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// The pair of the foreign suite, which libostree keeps for its own deltas.
func TestBothReadDeltasOfARealUpdate(t *testing.T) {
	dir := t.TempDir()
	repo := filepath.Join(dir, "repo")
	initRepo(t, repo, "archive")
	var commits []string
	for _, side := range []string{"old", "new"} {
		tree := filepath.Join(dir, side)
		if err := os.Mkdir(tree, 0o755); err != nil {
			t.Fatal(err)
		}
		command(t, "tar", "xf", filepath.Join(suite, "fah-deltadata-"+side+".tar.xz"), "-C", tree)
		commits = append(commits, command(t, "ostree", "--repo="+repo, "commit", "-b", "fah", "--tree=dir="+tree))
	}
	from, to := commits[0], commits[1]
	theirs, ours := filepath.Join(dir, "theirs"), filepath.Join(dir, "ours")
	command(t, "ostree", "--repo="+repo, "static-delta", "generate", "--from="+from, "--to="+to, "--inline", "--min-fallback-size=0", "--filename="+theirs)
	opt := options(t)
	opt.Inline, opt.File = true, ours
	if _, err := Generate(t.Context(), openRepo(t, repo), Name{sum(t, from), sum(t, to)}, opt); err != nil {
		t.Fatal(err)
	}
	opt.XZ, opt.File = "", ours+"-go"
	if _, err := Generate(t.Context(), openRepo(t, repo), Name{sum(t, from), sum(t, to)}, opt); err != nil {
		t.Fatal(err)
	}
	size := func(path string) int64 {
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return st.Size()
	}
	t.Logf("libostree %d bytes, ours %d, without xz %d", size(theirs), size(ours), size(ours+"-go"))
	if limit := size(theirs) * 105 / 100; opt.XZ != "" && size(ours) > limit {
		t.Errorf("our delta has %d bytes, at most %d are allowed", size(ours), limit)
	}
	if limit := size(theirs) * 125 / 100; size(ours+"-go") > limit {
		t.Errorf("without xz our delta has %d bytes, at most %d are allowed", size(ours+"-go"), limit)
	}
	for _, file := range []string{theirs, ours, ours + "-go"} {
		r := holding(t, "bare-user", repo, from)
		applyFile(t, r, file)
		command(t, "ostree", "--repo="+r.Path(), "fsck")
		r = holding(t, "bare-user", repo, from)
		command(t, "ostree", "--repo="+r.Path(), "static-delta", "apply-offline", file)
		command(t, "ostree", "--repo="+r.Path(), "fsck")
	}
}
