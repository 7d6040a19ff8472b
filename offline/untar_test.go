package offline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
)

// ciBackend is a backend without OSTree, with a CI.
type ciBackend struct {
	*backend
	tar   *memTar
	apps  *memTar
	asked ArtifactOf
}

// Objects implements Backend.
func (b *ciBackend) Objects(context.Context) (ostree.Source, error) {
	return nil, fail.New(fail.Auth, "", "the token may not read the OSTree")
}

// RepoArtifact implements ArtifactBackend.
func (b *ciBackend) RepoArtifact(_ context.Context, of ArtifactOf) (Artifact, error) {
	b.asked = of
	return present(b.tar)
}

// AppsArtifact implements ArtifactBackend.
func (b *ciBackend) AppsArtifact(_ context.Context, of ArtifactOf) (Artifact, error) {
	b.asked = of
	return present(b.apps)
}

func present(t *memTar) (Artifact, error) {
	if t == nil {
		return nil, fail.New(fail.NotFound, "", "no artifact")
	}
	return t, nil
}

// memTar is an artifact in memory. It breaks off before member cut, if that is
// not 0.
type memTar struct {
	names   []string
	content map[string][]byte
	cut     int
	fetched int
}

// URL implements Artifact.
func (m *memTar) URL() string { return "https://ci.example/repo.tar" }

// Size implements Artifact.
func (m *memTar) Size() int64 {
	n := int64(0)
	for _, name := range m.names {
		n += int64(len(m.content[name]))
	}
	return n
}

// Files implements Artifact.
func (m *memTar) Files(ctx context.Context, _ progress.Sink, fn func(string, int64, io.Reader) error) error {
	m.fetched++
	for i, name := range m.names {
		if m.cut > 0 && i == m.cut {
			return errCut
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := fn(name, int64(len(m.content[name])), bytes.NewReader(m.content[name])); err != nil {
			return err
		}
	}
	return nil
}

var errCut = errors.New("the connection broke")

// tarOfRepo is the tar of a whole repo, what changes its list of names.
func tarOfRepo(t *testing.T, dir string, change func(names []string)) *memTar {
	t.Helper()
	m := &memTar{content: map[string][]byte{}}
	check(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		member := "ostree_repo/" + filepath.ToSlash(rel)
		m.names, m.content[member] = append(m.names, member), data
		return err
	}))
	if change != nil {
		change(m.names)
	}
	return m
}

// ciWithHistory has a target whose repo holds an earlier commit as well.
func ciWithHistory(t *testing.T) *ciBackend {
	b := newBackend(t, 0)
	testkit.Commit(t, b.repoDir, tinyTree(t, "0"), "main-pc", "version=0")
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	return &ciBackend{backend: b, tar: tarOfRepo(t, b.repoDir, nil)}
}

func TestARepoInATarMakesTheBundleThatItsObjectsMake(t *testing.T) {
	b := ciWithHistory(t)
	want, got := filepath.Join(t.TempDir(), "objects"), filepath.Join(t.TempDir(), "tar")
	_, err := Build(t.Context(), b.backend, want, options("pc-1"))
	check(t, err)
	for name, order := range map[string]func([]string){"sorted": slices.Sort[[]string], "reversed": slices.Reverse[[]string]} {
		order(b.tar.names)
		check(t, os.RemoveAll(got))
		rep, err := Build(t.Context(), b, got, options("pc-1"))
		check(t, err)
		if rep.Artifact != b.tar.URL() || rep.Copied != rep.Objects || rep.Objects == 0 || b.asked.Target != "pc-1" || b.asked.Production {
			t.Errorf("%s: %+v, asked for %+v", name, rep, b.asked)
		}
		if diff := cmp.Diff(objectFiles(t, want), objectFiles(t, got)); diff != "" {
			t.Errorf("%s: other objects than those of the commit: %s", name, diff)
		}
		if rep := verify(t, got); !rep.Good {
			t.Errorf("%s: %v", name, rep.Findings)
		}
	}
}

// objectFiles are the objects of a bundle.
func objectFiles(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, "ostree_repo/objects/*/*"))
	check(t, err)
	for i := range list {
		list[i] = strings.TrimPrefix(list[i], dir)
	}
	return list
}

func TestATarThatBreaksOffAnywhereIsTakenUp(t *testing.T) {
	b := ciWithHistory(t)
	dir := filepath.Join(t.TempDir(), "bundle")
	for b.tar.cut = 1; b.tar.cut < len(b.tar.names); b.tar.cut += 5 {
		if _, err := Build(t.Context(), b, dir, options("pc-1")); !errors.Is(err, errCut) {
			t.Fatalf("cut at %d: %v", b.tar.cut, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "tuf")); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("cut at %d: there is a bundle", b.tar.cut)
		}
		commits, _ := filepath.Glob(filepath.Join(dir, "ostree_repo/objects/*/*.commit"))
		if len(commits) > 0 {
			t.Fatalf("cut at %d: the commit is there before it is whole", b.tar.cut)
		}
	}
	b.tar.cut = 0
	rep, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	if rep.Copied > 6 || rep.Present == 0 {
		t.Errorf("%d objects were written again, %d kept", rep.Copied, rep.Present)
	}
	if rep := verify(t, dir); !rep.Good {
		t.Error(rep.Findings)
	}
	n := b.tar.fetched
	rep, err = Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	if b.tar.fetched != n || rep.Copied != 0 || rep.Present != rep.Objects {
		t.Errorf("a whole bundle: fetched again, %+v", rep)
	}
}

// Room is asked for what a cut run has not brought yet, whatever else lies there.
func TestWhatWasUnpackedIsNotPlannedAgain(t *testing.T) {
	b := ciWithHistory(t)
	dir := filepath.Join(t.TempDir(), "bundle")
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	blobs, web, shop := twoApps()
	source := appStore(t, testkit.AppBlobs{})
	b.publish("pc-2", "pc", tinyTree(t, "2"), withApps(web))
	b.tar, b.apps = tarOfRepo(t, b.repoDir, nil), tarOfApps(blobs)
	opt := options("pc-2")
	opt.AllowMultiple, opt.AppsSource = true, source
	_, err = Build(t.Context(), b, dir, opt)
	check(t, err)

	more, tree := testkit.AppBlobs{}, tinyTree(t, "3")
	db := more.Image("hub.example/acme/more")
	write(t, filepath.Join(tree, "noise"), noise(50<<10))
	b.publish("board-1", "board", tree, withApps(shop, more.App("hub.example/acme/large", db)))
	maps.Copy(blobs, more)
	b.tar, b.apps = tarOfRepo(t, b.repoDir, nil), tarOfApps(blobs)
	opt = options("board-1")
	opt.AllowMultiple, opt.AppsSource = true, source
	need := func() int64 {
		t.Helper()
		dry := opt
		dry.DryRun = true
		rep, err := Build(t.Context(), b, dir, dry)
		check(t, err)
		return rep.Need
	}
	held := func() int64 {
		n := int64(0)
		for _, below := range []string{"ostree_repo/objects", "apps/blobs"} {
			check(t, filepath.WalkDir(filepath.Join(dir, below), func(_ string, d fs.DirEntry, err error) error {
				if st, serr := d.Info(); err == nil && serr == nil && d.Type().IsRegular() {
					n += st.Size()
				}
				return err
			}))
		}
		return n
	}
	repoTar, appsTar := b.tar, b.apps
	b.tar, b.apps = &memTar{}, &memTar{}
	rest := need()
	b.tar, b.apps = repoTar, appsTar
	fresh, had := need(), held()
	if fresh-rest != b.tar.Size()+b.apps.Size() {
		t.Errorf("%d bytes for tars of %d and %d", fresh-rest, b.tar.Size(), b.apps.Size())
	}
	// The repo's tar is cut first: a run that gets as far as the apps has fetched it whole.
	for _, cut := range []struct {
		tar    *memTar
		before int
	}{
		{b.tar, len(b.tar.names) - 1},
		{b.apps, 4}, // before any app is whole, whose folder is planned as well
	} {
		cut.tar.cut = cut.before
		if _, err := Build(t.Context(), b, dir, opt); !errors.Is(err, errCut) {
			t.Fatalf("cut before member %d: %v", cut.before, err)
		}
		cut.tar.cut = 0
		if left := held() - had; left == 0 || need() != fresh-left {
			t.Errorf("cut before member %d: %d bytes lie there, and of %d there are %d to be written", cut.before, left, fresh, need())
		}
	}
	_, err = Build(t.Context(), b, dir, opt)
	check(t, err)
	if rep := verify(t, dir); !rep.Good {
		t.Error(rep.Findings)
	}
}

// tarOfApps is the tar of a store of apps.
func tarOfApps(blobs testkit.AppBlobs) *memTar {
	m := &memTar{content: map[string][]byte{}}
	for _, hex := range slices.Sorted(maps.Keys(blobs)) {
		name := "blobs/sha256/" + hex
		m.names, m.content[name] = append(m.names, name), blobs[hex]
	}
	return m
}

func TestATarThatIsNotWhatItShouldBeMakesNoBundle(t *testing.T) {
	other := func(names []string, suffix string) string {
		return names[slices.IndexFunc(names, func(n string) bool { return strings.HasSuffix(n, suffix) })]
	}
	for name, c := range map[string]struct {
		spoil func(m *memTar)
		class fail.Class
		want  string
	}{
		"an object with other bytes": {func(m *memTar) {
			n := other(m.names, ".filez")
			m.content[n] = append(bytes.Clone(m.content[n]), 0)
		}, fail.Unknown, "is corrupt"},
		"an object under another name": {func(m *memTar) {
			m.content[other(m.names, ".dirmeta")] = m.content[other(m.names, ".dirtree")]
		}, fail.Unknown, "is corrupt"},
		"no dirmeta": {func(m *memTar) {
			m.names = slices.DeleteFunc(m.names, func(n string) bool { return strings.HasSuffix(n, ".dirmeta") })
		}, fail.NotFound, "dirmeta is missing"},
		"no commits": {func(m *memTar) {
			m.names = slices.DeleteFunc(m.names, func(n string) bool { return strings.HasSuffix(n, ".commit") })
		}, fail.NotFound, "commit is missing"},
		"a repo in another mode": {func(m *memTar) {
			n := other(m.names, ".filez")
			m.names = append([]string{strings.TrimSuffix(n, "z")}, m.names...)
		}, fail.Verification, "unknown object type"},
		"detached metadata of 2 MiB": {func(m *memTar) {
			for _, n := range slices.Clone(m.names) {
				if strings.HasSuffix(n, ".commit") {
					m.names, m.content[n+"meta"] = append(m.names, n+"meta"), make([]byte, 2<<20)
				}
			}
		}, fail.Verification, "at most 1048576 are allowed"},
		"something else": {func(m *memTar) { m.names = []string{"README"} }, fail.NotFound, "commit is missing"},
	} {
		b := ciWithHistory(t)
		c.spoil(b.tar)
		dir := filepath.Join(t.TempDir(), "bundle")
		_, err := Build(t.Context(), b, dir, options("pc-1"))
		if err == nil || !strings.Contains(err.Error(), c.want) || fail.ClassOf(err) != c.class {
			t.Errorf("%s: %v (class %v)", name, err, fail.ClassOf(err))
		}
		if _, err := os.Stat(filepath.Join(dir, "tuf")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: there is a bundle", name)
		}
	}
}

// What is good in a bad tar is of use to the next run. Who has none is told how
// to be rid of it, by whatever looks at the bundle.
func TestWhatABadTarLeavesIsSaid(t *testing.T) {
	b := ciWithHistory(t)
	whole := b.tar
	b.tar = tarOfRepo(t, b.repoDir, nil)
	b.tar.names = slices.DeleteFunc(b.tar.names, func(n string) bool { return strings.HasSuffix(n, ".commit") })
	dir := filepath.Join(t.TempDir(), "bundle")
	_, err := Build(t.Context(), b, dir, options("pc-1"))
	left := len(objectFiles(t, dir))
	if want := fmt.Sprintf("%d objects out of it are good and stay for the next run: delete the folder", left); err == nil || left == 0 || !strings.Contains(err.Error(), want) {
		t.Errorf("no bundle yet: %v; want: %s", err, want)
	}

	b.tar = whole
	_, err = Build(t.Context(), b, dir, options("pc-1"))
	check(t, err)
	_, err = Prune(t.Context(), dir, PruneOptions{Now: now})
	check(t, err)
	had := objectFiles(t, dir)
	b.publish("board-1", "board", tinyTree(t, "2"), nil)
	b.tar = tarOfRepo(t, b.repoDir, nil)
	b.tar.names = slices.DeleteFunc(b.tar.names, func(n string) bool { return strings.HasSuffix(n, ".commit") })
	opt := options("board-1")
	opt.AllowMultiple = true
	_, err = Build(t.Context(), b, dir, opt)
	left = len(objectFiles(t, dir)) - len(had)
	if want := fmt.Sprintf("%d objects out of it are good and stay for the next run: otactl targets offline-update prune", left); err == nil || left == 0 || !strings.Contains(err.Error(), want) {
		t.Errorf("a bundle is there: %v; want: %s", err, want)
	}
	rep := verify(t, dir)
	says := func(f Finding) bool {
		return f.Warning && f.Remedy == remedyPrune && strings.HasPrefix(f.Problem, fmt.Sprintf("%d objects", left))
	}
	if rep.Err() != nil || !slices.ContainsFunc(rep.Findings, says) {
		t.Errorf("verify: %v", rep.Findings)
	}
	gone, err := Prune(t.Context(), dir, PruneOptions{Now: now})
	check(t, err)
	if gone.Objects != left || cmp.Diff(had, objectFiles(t, dir)) != "" {
		t.Errorf("prune: %+v of %d", gone, left)
	}
}

func TestWithoutAnyArtifactTheFirstRefusalStands(t *testing.T) {
	b := ciWithHistory(t)
	b.tar = nil
	_, err := Build(t.Context(), b, t.TempDir(), options("pc-1"))
	if fail.ClassOf(err) != fail.Auth || !strings.Contains(fmt.Sprint(err), "may not read the OSTree; nor is there an artifact") {
		t.Errorf("%v (class %v)", err, fail.ClassOf(err))
	}
}
