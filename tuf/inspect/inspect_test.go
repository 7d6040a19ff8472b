package inspect

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

const day = 24 * time.Hour

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, f tuf.Fetcher, opt Options) *Report {
	t.Helper()
	if opt.Now.IsZero() {
		opt.Now = tuftest.Start
	}
	r, err := Run(t.Context(), f, opt)
	check(t, err)
	return r
}

// broken is each finding as FILE RULE.
func broken(r *Report) []string {
	list := []string{}
	for _, f := range r.Findings {
		list = append(list, f.File+" "+f.Rule)
	}
	return list
}

// chain is a repository whose second root replaced the targets key and raised
// its threshold, and whose third replaced the root key.
func chain(t *testing.T) *tuftest.Repo {
	t.Helper()
	r := tuftest.New(t)
	r.AddTarget("one", strings.Repeat("ab", 32), "pc", "1", "main")
	r.SetKeys(tuf.RoleTargets, r.Key(tuf.ED25519), r.Key(tuf.RSA))
	r.NextRoot()
	r.SetKeys(tuf.RoleRoot, r.Key(tuf.ED25519))
	r.NextRoot()
	r.Publish()
	return r
}

func TestAGoodChainIsToldInFull(t *testing.T) {
	r := chain(t)
	rep := run(t, r, Options{Root: r.Files["1.root.json"]})
	if !rep.Good || rep.Err() != nil || len(rep.Roots) != 3 || len(rep.Roles) != 3 || rep.Anchor != "the given root, version 1" {
		t.Fatalf("%+v", rep)
	}
	second, third := rep.Roots[1], rep.Roots[2]
	if len(second.Changes) != 2 || !strings.HasPrefix(second.Changes[0], "targets: key ") || !strings.Contains(second.Changes[0], " replaced by key ") ||
		second.Changes[1] != "targets: threshold 2 instead of 1" {
		t.Errorf("changes of root 2: %q", second.Changes)
	}
	if third.Old == nil || third.Old.Valid != 1 || third.Own.Valid != 1 || len(third.Changes) != 1 || !strings.HasPrefix(third.Changes[0], "root: key ") {
		t.Errorf("root 3: %+v", third)
	}
	targets := rep.Roles[2]
	if targets.Name != "targets" || targets.Version != 2 || targets.Targets != 1 || targets.Signed.Valid != 2 || targets.Signed.Threshold != 2 {
		t.Errorf("targets: %+v", targets)
	}
	if !rep.Expires.Equal(rep.Roles[0].Expires) {
		t.Errorf("it expires at %v, and the timestamp at %v", rep.Expires, rep.Roles[0].Expires)
	}
	if own := run(t, r, Options{}); !own.Good || !strings.Contains(own.Anchor, "nothing vouches for it") {
		t.Errorf("without a root: %+v", own)
	}
}

// Each fault is told by its file and rule, and by no other.
func TestEachBrokenRuleIsNamed(t *testing.T) {
	cases := []struct {
		name string
		do   func(t *testing.T, r *tuftest.Repo, o *Options)
		want []string
	}{
		{"the timestamp expired", func(_ *testing.T, _ *tuftest.Repo, o *Options) { o.Now = tuftest.Start.Add(8 * day) }, []string{"timestamp.json expiry"}},
		{"all but the root expired", func(_ *testing.T, _ *tuftest.Repo, o *Options) { o.Now = tuftest.Start.Add(100 * day) },
			[]string{"timestamp.json expiry", "snapshot.json expiry", "targets.json expiry"}},
		{"everything expired", func(_ *testing.T, _ *tuftest.Repo, o *Options) { o.Now = tuftest.Start.Add(1000 * day) },
			[]string{"3.root.json expiry", "timestamp.json expiry", "snapshot.json expiry", "targets.json expiry"}},
		{"a clock in the past", func(_ *testing.T, _ *tuftest.Repo, o *Options) { o.Now = tuftest.Start.Add(-1000 * day) }, []string{"3.root.json clock"}},
		{"a root that the one before did not sign", func(t *testing.T, r *tuftest.Repo, _ *Options) {
			r.Files["3.root.json"] = r.SignWith("3.root.json", r.Root, r.Keys[tuf.RoleRoot]...)
		}, []string{"3.root.json signature"}},
		{"a root in the place of another", func(_ *testing.T, r *tuftest.Repo, _ *Options) { r.Files["3.root.json"] = r.Files["2.root.json"] }, []string{"3.root.json version"}},
		{"another first root", func(t *testing.T, _ *tuftest.Repo, o *Options) { o.Root = tuftest.New(t).Files["1.root.json"] }, []string{"1.root.json rollback", "2.root.json signature"}},
		{"targets signed by one of two", func(t *testing.T, r *tuftest.Repo, _ *Options) {
			r.Keys[tuf.RoleTargets] = r.Keys[tuf.RoleTargets][:1]
			r.Publish()
		}, []string{"targets.json signature"}},
		{"a timestamp that nobody signed who may, and late", func(t *testing.T, r *tuftest.Repo, o *Options) {
			r.Keys[tuf.RoleTimestamp] = []*tuf.PrivateKey{r.Key(tuf.ED25519)}
			r.Publish()
			o.Now = tuftest.Start.Add(8 * day)
		}, []string{"timestamp.json signature", "timestamp.json expiry"}},
		{"an older snapshot", func(t *testing.T, r *tuftest.Repo, _ *Options) {
			old := r.Files[tuf.SnapshotFile]
			r.Publish()
			r.Files[tuf.SnapshotFile] = old
		}, []string{"snapshot.json hash"}},
		{"no targets", func(_ *testing.T, r *tuftest.Repo, _ *Options) { delete(r.Files, tuf.TargetsFile) }, []string{"targets.json missing"}},
		{"no timestamp", func(_ *testing.T, r *tuftest.Repo, _ *Options) { delete(r.Files, tuf.TimestampFile) }, []string{"timestamp.json missing"}},
		{"no root", func(_ *testing.T, r *tuftest.Repo, _ *Options) { delete(r.Files, "1.root.json") }, []string{"1.root.json missing"}},
		{"a root that is no JSON", func(_ *testing.T, r *tuftest.Repo, _ *Options) { r.Files["2.root.json"] = []byte("<html>") },
			[]string{"2.root.json form", "targets.json signature"}},
		{"no file but the root can be read", func(_ *testing.T, r *tuftest.Repo, _ *Options) {
			for _, name := range []string{tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile} {
				r.Files[name] = []byte("{}")
			}
		}, []string{"timestamp.json form", "snapshot.json form", "targets.json form"}},
		{"a file over its cap", func(_ *testing.T, r *tuftest.Repo, _ *Options) { r.Files[tuf.SnapshotFile] = make([]byte, 1<<17) }, []string{"snapshot.json size"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r, opt := chain(t), Options{Now: tuftest.Start}
			c.do(t, r, &opt)
			rep := run(t, r, opt)
			if got := broken(rep); !slices.Equal(got, c.want) {
				t.Errorf("findings %q, want %q", got, c.want)
			}
			for _, f := range rep.Findings {
				if f.Problem == "" || f.Remedy == "" {
					t.Errorf("%+v says too little", f)
				}
			}
			if err := rep.Err(); rep.Good || !errors.Is(err, ErrBad) || fail.HintOf(err) == "" {
				t.Errorf("good %v, %v", rep.Good, err)
			}
		})
	}
}

// The report is good exactly where a device would go along.
func TestAReportIsGoodWhereARefreshIs(t *testing.T) {
	for _, name := range []string{"1.root.json", "2.root.json", "3.root.json", tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile} {
		for at := range 40 {
			r := chain(t)
			file := r.Files[name]
			file[at*len(file)/40] ^= 1
			_, err := tuf.Refresh(t.Context(), r, nil, tuf.RefreshOptions{Now: tuftest.Start, FirstUse: true})
			rep := run(t, r, Options{})
			if rep.Good != (err == nil) {
				t.Errorf("%s, byte %d: good %v, and a device says %v", name, at*len(file)/40, rep.Good, err)
			}
		}
	}
}

func TestOnlyExpiryIsOfTheClassExpired(t *testing.T) {
	r := chain(t)
	if err := run(t, r, Options{Now: tuftest.Start.Add(8 * day)}).Err(); fail.ClassOf(err) != fail.Expired {
		t.Error(err)
	}
	delete(r.Files, tuf.TargetsFile)
	if err := run(t, r, Options{Now: tuftest.Start.Add(8 * day)}).Err(); fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), "1 more") {
		t.Error(err)
	}
}

func TestWhoHasNotSignedIsNamed(t *testing.T) {
	r := chain(t)
	missing := r.Keys[tuf.RoleTargets][1].Public().ID
	r.Keys[tuf.RoleTargets] = append(r.Keys[tuf.RoleTargets][:1], r.Key(tuf.ED25519))
	stranger := r.Keys[tuf.RoleTargets][1].Public().ID
	r.Publish()
	rep := run(t, r, Options{})
	if !strings.Contains(rep.Findings[0].Remedy, short(missing)) {
		t.Errorf("remedy %q does not name key %s", rep.Findings[0].Remedy, missing)
	}
	targets := rep.Roles[2].Signed
	if targets.Valid != 1 || len(targets.Others) != 1 || !strings.HasPrefix(targets.Others[0], stranger) {
		t.Errorf("%+v", targets)
	}
}

// What a device stored is held against what it has seen.
func TestARolledBackCacheIsFound(t *testing.T) {
	r := chain(t)
	dir := t.TempDir()
	cache, err := tuf.OpenDirCache(dir)
	check(t, err)
	old := map[string][]byte{}
	for range 2 {
		r.Publish()
		_, err = tuf.Refresh(t.Context(), r, cache, tuf.RefreshOptions{Now: tuftest.Start, FirstUse: true})
		check(t, err)
		for _, name := range []string{tuf.TimestampFile, tuf.SnapshotFile, tuf.TargetsFile} {
			if old[name] == nil {
				old[name] = slices.Clone(r.Files[name])
			}
		}
	}
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	if rep := run(t, tuf.DirFetcher{Root: root}, Options{Cache: cache}); !rep.Good {
		t.Fatalf("an honest cache: %+v", rep.Findings)
	}
	for name, file := range old {
		check(t, os.WriteFile(filepath.Join(dir, name), file, 0o600))
	}
	if got := broken(run(t, tuf.DirFetcher{Root: root}, Options{Cache: cache})); !slices.Equal(got, []string{"timestamp.json rollback"}) {
		t.Errorf("findings %q", got)
	}
	check(t, os.Remove(filepath.Join(dir, memoryFile)))
	if rep := run(t, tuf.DirFetcher{Root: root}, Options{Cache: cache}); !rep.Good {
		t.Errorf("a folder without a memory: %+v", rep.Findings)
	}
}

func TestABundlesListIsJudgedToo(t *testing.T) {
	r := chain(t)
	r.Bundle("ci", "main", "one")
	if rep := run(t, r, Options{Bundle: true}); !rep.Good || len(rep.Roles) != 4 || rep.Roles[3].Targets != 1 {
		t.Errorf("%+v", rep)
	}
	r.Keys[tuf.RoleTargets] = r.Keys[tuf.RoleTargets][:1]
	r.Bundle("ci", "main", "one")
	if got := broken(run(t, r, Options{Bundle: true})); !slices.Equal(got, []string{"bundle-targets.json signature"}) {
		t.Errorf("findings %q", got)
	}
}

// A bundle or a device may begin with a later root.
func TestAChainMayBeginLater(t *testing.T) {
	r := chain(t)
	delete(r.Files, "1.root.json")
	if rep := run(t, r, Options{First: 2}); !rep.Good || len(rep.Roots) != 2 {
		t.Errorf("%+v", rep)
	}
}

func TestANetworkErrorIsNoVerdict(t *testing.T) {
	down := fail.New(fail.Network, "", "connection refused")
	for _, name := range []string{"1.root.json", "4.root.json", tuf.SnapshotFile, tuf.BundleTargetsFile} {
		r := chain(t)
		r.FetchError[name] = down
		if rep, err := Run(context.Background(), r, Options{Now: tuftest.Start, Bundle: true}); !errors.Is(err, down) {
			t.Errorf("%s: %+v, %v", name, rep, err)
		}
	}
	if _, err := Run(t.Context(), chain(t), Options{Now: tuftest.Start, Root: []byte("{}")}); !errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("a given root that is none: %v", err)
	}
}

// A link or a folder in the place of a file is a fault of the repository.
func TestWhatIsNoFileIsAFinding(t *testing.T) {
	r := chain(t)
	dir := t.TempDir()
	r.WriteDir(dir)
	check(t, os.Remove(filepath.Join(dir, tuf.SnapshotFile)))
	check(t, os.Symlink("/etc/passwd", filepath.Join(dir, tuf.SnapshotFile)))
	check(t, os.Remove(filepath.Join(dir, tuf.TargetsFile)))
	check(t, os.Mkdir(filepath.Join(dir, tuf.TargetsFile), 0o700))
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	rep := run(t, Folder{tuf.DirFetcher{Root: root}}, Options{})
	if got := broken(rep); !slices.Equal(got, []string{"snapshot.json form", "targets.json form"}) || rep.Findings[0].Remedy == "" {
		t.Errorf("findings %+v", rep.Findings)
	}
}
