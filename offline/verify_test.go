package offline

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

func write(t testing.TB, name string, data []byte) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(name), 0o755))
	check(t, os.WriteFile(name, data, 0o644))
}

// resign replaces the bundle's document by one that keys sign.
func resign(t *testing.T, dir string, b *backend, bundle tuf.BundleTargets, keys ...*tuf.PrivateKey) {
	t.Helper()
	write(t, filepath.Join(dir, "tuf", tuf.BundleTargetsFile), b.sign(&bundle, keys...))
}

func goodBundle() tuf.BundleTargets {
	return tuf.BundleTargets{Version: 1, Expires: now.Add(30 * day), Type: "ci", Tag: "main", Targets: []string{"pc-1"}}
}

// objectFile is the path of an object of the given type in a bundle.
func objectFile(t testing.TB, dir string, ext string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "ostree_repo/objects/*/*."+ext))
	check(t, err)
	if len(names) == 0 {
		t.Fatalf("no %s in %s", ext, dir)
	}
	return names[0]
}

func truncate(t testing.TB, name string) {
	t.Helper()
	st, err := os.Stat(name)
	check(t, err)
	check(t, os.Truncate(name, st.Size()/2))
}

func TestVerifySaysWhatIsWrongAndWhere(t *testing.T) {
	cases := []struct {
		name  string
		spoil func(t *testing.T, dir string, b *backend)
		opt   VerifyOptions
		rule  Rule
		where string
	}{
		{name: "expired", opt: VerifyOptions{Now: now.Add(31 * day)}, rule: RuleExpiry, where: "tuf/timestamp.json"},
		{name: "bundle expired", opt: VerifyOptions{Now: now.Add(30 * day)}, rule: RuleExpiry, where: "tuf/bundle-targets.json"},
		{name: "root expired", opt: VerifyOptions{Now: now.Add(365 * day)}, rule: RuleExpiry, where: "tuf/1.root.json"},
		{name: "clock before the commit", opt: VerifyOptions{Now: time.Unix(0, 0)}, rule: RuleClock, where: ".commit"},
		{name: "another tag", opt: VerifyOptions{Now: now, Tag: "devel"}, rule: RuleFor, where: "tuf/bundle-targets.json"},
		{name: "another hardware id", opt: VerifyOptions{Now: now, HardwareID: "board"}, rule: RuleFor, where: "tuf/bundle-targets.json"},
		{name: "another type", opt: VerifyOptions{Now: now, Type: "prod"}, rule: RuleFor, where: "tuf/bundle-targets.json"},
		{name: "bundle-targets truncated", rule: RuleMetadata, where: "tuf/bundle-targets.json",
			spoil: func(t *testing.T, dir string, _ *backend) { truncate(t, filepath.Join(dir, "tuf/bundle-targets.json")) }},
		{name: "targets truncated", rule: RuleMetadata, where: "tuf/targets.json",
			spoil: func(t *testing.T, dir string, _ *backend) { truncate(t, filepath.Join(dir, "tuf/targets.json")) }},
		{name: "no bundle-targets", rule: RuleComplete, where: "tuf/bundle-targets.json",
			spoil: func(t *testing.T, dir string, _ *backend) {
				check(t, os.Remove(filepath.Join(dir, "tuf/bundle-targets.json")))
			}},
		{name: "no metadata at all", rule: RuleRootChain, where: "tuf",
			spoil: func(t *testing.T, dir string, _ *backend) { check(t, os.RemoveAll(filepath.Join(dir, "tuf"))) }},
		{name: "gap in the roots", rule: RuleRootChain, where: "tuf/2.root.json",
			spoil: func(t *testing.T, dir string, b *backend) {
				b.addRoot()
				b.addRoot()
				write(t, filepath.Join(dir, "tuf/3.root.json"), b.roots[2])
			}},
		{name: "root of a stranger", rule: RuleRootChain, where: "tuf/2.root.json",
			spoil: func(t *testing.T, dir string, _ *backend) {
				other := newBackend(t, 0)
				other.addRoot()
				write(t, filepath.Join(dir, "tuf/2.root.json"), other.roots[1])
			}},
		{name: "root under another's name", rule: RuleRootChain, where: "tuf/2.root.json",
			spoil: func(t *testing.T, dir string, _ *backend) {
				check(t, os.Rename(filepath.Join(dir, "tuf/1.root.json"), filepath.Join(dir, "tuf/2.root.json")))
			}},
		{name: "signed by a stranger", rule: RuleSignature, where: "tuf/bundle-targets.json",
			spoil: func(t *testing.T, dir string, b *backend) {
				resign(t, dir, b, goodBundle(), b.keys[tuf.RoleTargets], newKey(t))
			}},
		{name: "names a target that is not signed", rule: RuleTargets, where: "tuf/bundle-targets.json",
			spoil: func(t *testing.T, dir string, b *backend) {
				bundle := goodBundle()
				bundle.Targets = append(bundle.Targets, "../../etc/passwd")
				resign(t, dir, b, bundle, b.keys[tuf.RoleTargets])
			}},
		{name: "names a target that is not OSTree", rule: RuleTargets, where: "tuf/targets.json",
			spoil: func(t *testing.T, dir string, b *backend) {
				b.publish("raw-1", "pc", tinyTree(t, "3"), map[string]any{"targetFormat": "BINARY"})
				_, err := Build(t.Context(), b, dir, options("pc-1"))
				check(t, err)
				bundle := goodBundle()
				bundle.Targets = []string{"raw-1"}
				resign(t, dir, b, bundle, b.keys[tuf.RoleTargets])
			}},
		{name: "names no target", rule: RuleMetadata, where: "tuf/bundle-targets.json",
			spoil: func(t *testing.T, dir string, b *backend) {
				bundle := goodBundle()
				bundle.Targets = nil
				resign(t, dir, b, bundle, b.keys[tuf.RoleTargets])
			}},
		{name: "no repo", rule: RuleRepo, where: "ostree_repo",
			spoil: func(t *testing.T, dir string, _ *backend) { check(t, os.RemoveAll(filepath.Join(dir, "ostree_repo"))) }},
		{name: "bare repo", rule: RuleRepo, where: "ostree_repo",
			spoil: func(t *testing.T, dir string, _ *backend) {
				write(t, filepath.Join(dir, "ostree_repo/config"), []byte("[core]\nrepo_version=1\nmode=bare\n"))
			}},
		{name: "repo with a parent", rule: RuleRepo, where: "ostree_repo",
			spoil: func(t *testing.T, dir string, _ *backend) {
				write(t, filepath.Join(dir, "ostree_repo/config"), []byte("[core]\nrepo_version=1\nmode=archive-z2\nparent=/etc\n"))
			}},
		{name: "partial commit", rule: RuleRepo, where: ".commitpartial",
			spoil: func(t *testing.T, dir string, b *backend) {
				write(t, filepath.Join(dir, "ostree_repo/state", b.targets["pc-1"].Commit()+".commitpartial"), nil)
			}},
		{name: "object missing", rule: RuleObject, where: ".filez",
			spoil: func(t *testing.T, dir string, _ *backend) { check(t, os.Remove(objectFile(t, dir, "filez"))) }},
		{name: "object truncated", rule: RuleObject, where: ".filez",
			spoil: func(t *testing.T, dir string, _ *backend) { truncate(t, objectFile(t, dir, "filez")) }},
		{name: "object with a tail", rule: RuleObject, where: ".filez",
			spoil: func(t *testing.T, dir string, _ *backend) {
				name := objectFile(t, dir, "filez")
				data, err := os.ReadFile(name)
				check(t, err)
				write(t, name, append(data, 0))
			}},
		{name: "dirtree missing", rule: RuleObject, where: ".dirtree",
			spoil: func(t *testing.T, dir string, _ *backend) { check(t, os.Remove(objectFile(t, dir, "dirtree"))) }},
		{name: "commit missing", rule: RuleObject, where: ".commit",
			spoil: func(t *testing.T, dir string, _ *backend) { check(t, os.Remove(objectFile(t, dir, "commit"))) }},
		{name: "object that is a link", rule: RuleFiles, where: ".filez",
			spoil: func(t *testing.T, dir string, _ *backend) {
				name := objectFile(t, dir, "filez")
				check(t, os.Rename(name, filepath.Join(dir, "tuf/x")))
				check(t, os.Symlink("../../../tuf/x", name))
			}},
		{name: "unknown file", rule: RuleFiles, where: "holiday.jpg",
			spoil: func(t *testing.T, dir string, _ *backend) { write(t, filepath.Join(dir, "holiday.jpg"), nil) }},
		{name: "unknown file in tuf", rule: RuleFiles, where: "tuf/01.root.json",
			spoil: func(t *testing.T, dir string, _ *backend) { write(t, filepath.Join(dir, "tuf/01.root.json"), nil) }},
		{name: "unknown file among the objects", rule: RuleFiles, where: "objects/00/x.sh",
			spoil: func(t *testing.T, dir string, _ *backend) {
				write(t, filepath.Join(dir, "ostree_repo/objects/00/x.sh"), nil)
			}},
		{name: "unknown file in the repo", rule: RuleFiles, where: "ostree_repo/run.sh",
			spoil: func(t *testing.T, dir string, _ *backend) { write(t, filepath.Join(dir, "ostree_repo/run.sh"), nil) }},
		{name: "unknown file in apps", rule: RuleFiles, where: "apps/run.sh",
			spoil: func(t *testing.T, dir string, _ *backend) { write(t, filepath.Join(dir, "apps/run.sh"), nil) }},
	}
	good, b := small(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			check(t, os.CopyFS(dir, os.DirFS(good)))
			if c.spoil != nil {
				c.spoil(t, dir, b)
			}
			if c.opt.Now.IsZero() {
				c.opt.Now = now
			}
			rep := verifyWith(t, dir, c.opt)
			wantFinding(t, rep, c.rule, c.where)
			err := rep.Err()
			class := fail.ClassOf(err)
			if !errors.Is(err, ErrBad) || rep.Good || class != fail.Verification && class != fail.Expired || fail.HintOf(err) == "" {
				t.Errorf("error %v, class %v, hint %q", err, class, fail.HintOf(err))
			}
			if strings.ContainsAny(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func TestVerifyReportsAllFaultsAtOnce(t *testing.T) {
	dir, _ := small(t)
	truncate(t, objectFile(t, dir, "filez"))
	check(t, os.Remove(objectFile(t, dir, "dirmeta")))
	write(t, filepath.Join(dir, "x"), nil)
	rep := verifyWith(t, dir, VerifyOptions{Now: now.Add(40 * day), Tag: "devel"})
	wantFinding(t, rep, RuleExpiry, "tuf/timestamp.json")
	wantFinding(t, rep, RuleExpiry, "tuf/bundle-targets.json")
	wantFinding(t, rep, RuleFor, "tuf/bundle-targets.json")
	wantFinding(t, rep, RuleObject, ".filez")
	wantFinding(t, rep, RuleObject, ".dirmeta")
	wantFinding(t, rep, RuleFiles, "x")
	if !strings.Contains(rep.Err().Error(), "more)") {
		t.Errorf("error %q does not say that there is more", rep.Err())
	}
}

func TestNoNumberOfWarningsHidesAFault(t *testing.T) {
	dir, _ := small(t)
	for i := range maxWarnings + maxFindings + 10 {
		write(t, filepath.Join(dir, "ostree_repo/tmp", "left-"+strconv.Itoa(i)), nil)
	}
	check(t, os.Remove(objectFile(t, dir, "filez")))
	rep := verify(t, dir)
	wantFinding(t, rep, RuleObject, ".filez")
	if rep.Good || len(rep.Findings) != maxWarnings+1 {
		t.Errorf("good %v, %d findings", rep.Good, len(rep.Findings))
	}
}

func TestFaultsBeyondThoseKeptAreCounted(t *testing.T) {
	dir, _ := small(t)
	for i := range maxFindings + 10 {
		write(t, filepath.Join(dir, "x"+strconv.Itoa(i)), nil)
	}
	rep := verify(t, dir)
	if rep.More != 10 || !strings.Contains(rep.Err().Error(), "(and 1009 more)") {
		t.Errorf("more %d, error %v", rep.More, rep.Err())
	}
}

func TestThresholdCountsDistinctKeys(t *testing.T) {
	b := newBackend(t, 1)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	dir := t.TempDir()
	built, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	if built.Missing != 1 {
		t.Errorf("missing %d, want 1", built.Missing)
	}
	wantFinding(t, verify(t, dir), RuleThreshold, "tuf/bundle-targets.json")

	file := filepath.Join(dir, "tuf/bundle-targets.json")
	once, err := os.ReadFile(file)
	check(t, err)
	env, err := tuf.ParseEnvelope(once)
	check(t, err)
	sig := string(once[strings.Index(string(once), `{"keyid"`):strings.Index(string(once), `],"signed"`)])
	twice := strings.Replace(string(once), sig, sig+","+sig, 1)
	write(t, file, []byte(twice))
	if len(env.Signatures) != 1 {
		t.Fatalf("%d signatures", len(env.Signatures))
	}
	if verify(t, dir).Good {
		t.Error("the same signature counted twice")
	}

	resign(t, dir, b, goodBundle(), b.keys[tuf.RoleTargets], b.offline[0])
	if err := verify(t, dir).Err(); err != nil {
		t.Errorf("two distinct keys: %v", err)
	}
}

func TestWhatSystemsLeaveOnMediaIsAWarning(t *testing.T) {
	dir, _ := small(t)
	for _, name := range []string{"System Volume Information/x", ".Trashes/501/y", "lost+found/z", ".Trash-1000/a", "ostree_repo/.DS_Store", "tuf/._1.root.json"} {
		write(t, filepath.Join(dir, name), []byte("z"))
	}
	check(t, os.MkdirAll(filepath.Join(dir, "tuf.old"), 0o755))
	rep := verify(t, dir)
	if rep.Err() != nil || len(rep.Findings) != 7 {
		t.Errorf("%v, findings %v", rep.Err(), rep.Findings)
	}
}

func TestGivenRootIsWhatCounts(t *testing.T) {
	dir, b := small(t)
	b.addRoot()
	b.addRoot()
	if _, err := Build(t.Context(), b, dir, options("pc-1")); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		rep := verifyWith(t, dir, VerifyOptions{Now: now, Roots: b.roots[n-1 : n]})
		if rep.Err() != nil || !strings.Contains(rep.Anchor, "given root") {
			t.Errorf("from root %d: %v, anchor %q", n, rep.Err(), rep.Anchor)
		}
	}
	own := verify(t, dir)
	if own.Err() != nil || !strings.Contains(own.Anchor, "the bundle's own 1.root.json") {
		t.Errorf("own root: %v, anchor %q", own.Err(), own.Anchor)
	}
	other := newBackend(t, 0)
	rep := verifyWith(t, dir, VerifyOptions{Now: now, Roots: other.roots})
	wantFinding(t, rep, RuleRootChain, "tuf/1.root.json")
	wantFinding(t, rep, RuleSignature, "tuf/timestamp.json")
}

func TestNewerGivenRootGovernsAnOlderBundle(t *testing.T) {
	dir, b := small(t)
	b.addRoot()
	if err := verifyWith(t, dir, VerifyOptions{Now: now, Roots: b.roots}).Err(); err != nil {
		t.Error(err)
	}
	b.keys[tuf.RoleTargets] = newKey(t)
	b.addRoot()
	rep := verifyWith(t, dir, VerifyOptions{Now: now, Roots: b.roots})
	wantFinding(t, rep, RuleSignature, "tuf/bundle-targets.json")
}

func TestBundleWithoutItsFirstRootsVerifies(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	b.addRoot()
	b.addRoot()
	dir := t.TempDir()
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	check(t, os.Remove(filepath.Join(dir, "tuf/1.root.json")))
	check(t, os.Remove(filepath.Join(dir, "tuf/2.root.json")))
	if rep := verify(t, dir); rep.Err() != nil || !strings.Contains(rep.Anchor, "3.root.json") {
		t.Errorf("%v, anchor %q", rep.Err(), rep.Anchor)
	}
	if err := verifyWith(t, dir, VerifyOptions{Now: now, Roots: b.roots[1:2]}).Err(); err != nil {
		t.Errorf("from root 2: %v", err)
	}
	rep := verifyWith(t, dir, VerifyOptions{Now: now, Roots: b.roots[:1]})
	wantFinding(t, rep, RuleRootChain, "tuf/2.root.json")
}

func TestLinksOutOfTheBundleAreNotFollowed(t *testing.T) {
	dir, _ := small(t)
	outside := filepath.Join(t.TempDir(), "tuf")
	check(t, os.Rename(filepath.Join(dir, "tuf"), outside))
	check(t, os.Symlink(outside, filepath.Join(dir, "tuf")))
	b, err := Open(dir)
	check(t, err)
	defer b.Close()
	if _, err := b.BundleTargets(t.Context()); err == nil {
		t.Error("bundle-targets.json was read through a link")
	}
	check(t, os.Remove(filepath.Join(dir, "tuf")))
	check(t, os.Mkdir(filepath.Join(dir, "tuf"), 0o755))
	check(t, os.Symlink("../ostree_repo/config", filepath.Join(dir, "tuf/bundle-targets.json")))
	if _, err := b.BundleTargets(t.Context()); err == nil {
		t.Error("a link within the bundle was read")
	}
}

func TestReaderSaysWhatIsAbsent(t *testing.T) {
	b, err := Open(t.TempDir())
	check(t, err)
	defer b.Close()
	if _, err := b.BundleTargets(t.Context()); !errors.Is(err, tuf.ErrNotFound) {
		t.Errorf("bundle-targets: %v", err)
	}
	if _, err := b.Metadata().Fetch(t.Context(), "../x", 10); !errors.Is(err, tuf.ErrNotFound) {
		t.Errorf("name with a path: %v", err)
	}
	if _, err := b.Repo(t.Context()); !errors.Is(err, ostree.ErrNotARepo) {
		t.Errorf("repo: %v", err)
	}
	if uris, err := b.AppURIs(t.Context()); err != nil || len(uris) != 0 {
		t.Errorf("apps: %v, %v", uris, err)
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none")); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("open: %v", err)
	}
}

func TestAppURIsAreListed(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "apps/apps/web/abc/uri"), []byte("hub/acme/web@sha256:abc"))
	write(t, filepath.Join(dir, "apps/apps/db/def/uri"), []byte("hub/acme/db@sha256:def\n"))
	write(t, filepath.Join(dir, "apps/apps/db/half/manifest.json"), nil)
	b, err := Open(dir)
	check(t, err)
	defer b.Close()
	uris, err := b.AppURIs(t.Context())
	if err != nil || strings.Join(uris, " ") != "hub/acme/db@sha256:def hub/acme/web@sha256:abc" {
		t.Errorf("%q, %v", uris, err)
	}
}

func TestTargetsThatDevicesPassOverAreWarnedOf(t *testing.T) {
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), map[string]any{"tags": []string{"other", "main"}})
	b.publish("pc-2", "pc", tinyTree(t, "1"), map[string]any{"tags": []string{"other"}, "hardwareIds": []string{"pc", "board"}, "version": "2"})
	dir := t.TempDir()
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	list := goodBundle()
	list.Targets = []string{"pc-1", "pc-2"}
	resign(t, dir, b, list, b.keys[tuf.RoleTargets])
	rep := verify(t, dir)
	if !warned(rep, "pc-2: it is for 2 kinds of hardware") || !warned(rep, `pc-2: it does not carry the bundle's tag "main"`) || warned(rep, "pc-1: it") {
		t.Errorf("%+v", rep.Findings)
	}
}
