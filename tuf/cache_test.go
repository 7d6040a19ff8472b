package tuf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// stored is a device with its memory in a folder, at version 4 of all roles
// under root 2.
func stored(t *testing.T) (*device, string) {
	t.Helper()
	r := tuftest.New(t)
	r.AddTarget("one", commit, "intel", "1", "main")
	r.NextRoot()
	for range 3 {
		r.Publish()
	}
	dir := filepath.Join(t.TempDir(), "tuf")
	cache, err := tuf.OpenDirCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := newDevice(t, r)
	d.cache = cache
	d.accepts()
	return d, dir
}

func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestTheCacheHoldsWhatWasServedAndNothingElse(t *testing.T) {
	d, dir := stored(t)
	want := []string{"1.root.json", "2.root.json", "floor.json", "snapshot.json", "targets.json", "timestamp.json"}
	if got := names(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
	for _, name := range want {
		st, err := os.Lstat(filepath.Join(dir, name))
		if err != nil || st.Mode() != 0o600 {
			t.Errorf("%s: %v, %v", name, st.Mode(), err)
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if served, ok := d.repo.Files[name]; err != nil || ok && !bytes.Equal(data, served) {
			t.Errorf("%s is not what was served: %v", name, err)
		}
	}
}

// damages are ways in which a file of the cache can go bad.
func damages(t *testing.T) map[string]func(dir, name string) error {
	replace := func(change func(dir string, data []byte) []byte) func(dir, name string) error {
		return func(dir, name string) error {
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, change(dir, data), 0o600)
		}
	}
	other := func(make func(path, aside string) error) func(dir, name string) error {
		return func(dir, name string) error {
			path, aside := filepath.Join(dir, name), filepath.Join(t.TempDir(), name)
			return errors.Join(os.Rename(path, aside), make(path, aside))
		}
	}
	damages := map[string]func(dir, name string) error{
		"removed":  func(dir, name string) error { return os.Remove(filepath.Join(dir, name)) },
		"empty":    replace(func(string, []byte) []byte { return nil }),
		"zeroed":   replace(func(_ string, b []byte) []byte { return make([]byte, len(b)) }),
		"doubled":  replace(func(_ string, b []byte) []byte { return append(b, b...) }),
		"endless":  replace(func(_ string, b []byte) []byte { return pad(b, 9<<20) }),
		"a link":   other(func(path, aside string) error { return os.Symlink(aside, path) }),
		"a folder": other(func(path, _ string) error { return os.Mkdir(path, 0o700) }),
		"a full folder": other(func(path, _ string) error {
			return errors.Join(os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "x"), nil, 0o600))
		}),
		"a pipe": other(func(path, _ string) error { return syscall.Mkfifo(path, 0o600) }),
	}
	for part := 1; part < 10; part++ {
		damages[fmt.Sprintf("a bit flipped at %d0 %%", part)] = replace(func(_ string, b []byte) []byte { b[len(b)*part/10] ^= 1; return b })
	}
	for _, part := range []int{1, 5, 9} {
		damages[fmt.Sprintf("cut at %d0 %%", part)] = replace(func(_ string, b []byte) []byte { return b[:len(b)*part/10] })
	}
	for _, with := range []string{"timestamp.json", "snapshot.json", "targets.json", "floor.json", "1.root.json", "2.root.json"} {
		damages["swapped with "+with] = replace(func(dir string, b []byte) []byte {
			data, err := os.ReadFile(filepath.Join(dir, with))
			if err != nil {
				t.Error(err)
			}
			return data
		})
	}
	return damages
}

func TestADamagedCacheHealsAndLowersNoVersion(t *testing.T) {
	for damage, do := range damages(t) {
		for _, name := range []string{"timestamp.json", "snapshot.json", "targets.json", "floor.json", "2.root.json", "1.root.json"} {
			t.Run(damage+"/"+name, func(t *testing.T) {
				t.Parallel() // it waits for the disk most of the time
				d, dir := stored(t)
				if err := do(dir, name); err != nil {
					t.Fatal(err)
				}
				frozen := fmt.Sprint(names(t, dir))
				_, _ = tuf.FromCache(t.Context(), d.cache, d.repo.Now)
				if got := fmt.Sprint(names(t, dir)); got != frozen {
					t.Errorf("FromCache changed the cache: %s", got)
				}
				older(t, d)
				d.accepts()
				if _, err := tuf.FromCache(t.Context(), d.cache, d.repo.Now); err != nil {
					t.Errorf("after it healed: %v", err)
				}
				for _, want := range []string{"timestamp.json", "snapshot.json", "targets.json", "2.root.json"} {
					data, err := os.ReadFile(filepath.Join(dir, want))
					if err != nil || !bytes.Equal(data, d.repo.Files[want]) {
						t.Errorf("%s did not heal: %v", want, err)
					}
				}
				older(t, d)
			})
		}
	}
}

// older offers the metadata of the day before, and then puts back today's.
func older(t *testing.T, d *device) {
	t.Helper()
	today := d.repo.Files
	yesterday := map[string][]byte{}
	for name, file := range today {
		yesterday[name] = file
	}
	d.repo.Files = yesterday
	for role := range d.repo.Version {
		d.repo.Version[role] -= 2
	}
	d.repo.Publish()
	if _, err := d.refresh(); !errors.Is(err, tuf.ErrRollback) {
		t.Errorf("older metadata after the damage: %v", err)
	}
	d.repo.Version[tuf.RoleTargets]++
	d.repo.Version[tuf.RoleSnapshot]++
	d.repo.Version[tuf.RoleTimestamp]++
	d.repo.Files = today
}

func TestADamagedFileIsSetAsideForPeople(t *testing.T) {
	d, dir := stored(t)
	path := filepath.Join(dir, "timestamp.json")
	for _, damage := range []string{"first", "second"} {
		if err := os.WriteFile(path, []byte(damage), 0o600); err != nil {
			t.Fatal(err)
		}
		d.accepts()
		kept, err := os.ReadFile(path + ".damaged")
		if err != nil || string(kept) != damage {
			t.Errorf("kept %q, %v", kept, err)
		}
	}
}

func TestALostRootIsRebuiltToTheOneThatWasTrusted(t *testing.T) {
	d, dir := stored(t)
	for _, name := range []string{"1.root.json", "2.root.json"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	honest := d.repo.Files
	d.repo.Files = tuftest.New(t).Files
	if _, err := d.refresh(); !errors.Is(err, tuf.ErrRollback) {
		t.Errorf("a shorter chain of somebody else: %v", err)
	}
	stranger := tuftest.New(t)
	stranger.NextRoot()
	stranger.Publish()
	d.repo.Files = stranger.Files
	if _, err := d.refresh(); !errors.Is(err, tuf.ErrRollback) {
		t.Errorf("a chain of somebody else: %v", err)
	}
	d.repo.Files = honest
	d.accepts()
}

func TestAnOldFilePutBackIntoTheCacheIsFoundOut(t *testing.T) {
	d, dir := stored(t)
	old := map[string][]byte{}
	for _, name := range []string{"timestamp.json", "snapshot.json", "targets.json"} {
		old[name] = d.repo.Files[name]
	}
	d.repo.Publish()
	d.accepts()
	for name, file := range old {
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tuf.FromCache(t.Context(), d.cache, d.repo.Now); !errors.Is(err, tuf.ErrRollback) {
		t.Errorf("got %v", err)
	}
	d.accepts()
	for name := range old {
		if _, err := os.Lstat(filepath.Join(dir, name+".damaged")); err != nil {
			t.Errorf("%s was not set aside: %v", name, err)
		}
	}
}

// failing is a cache whose n-th change fails, as if the power had gone.
type failing struct {
	tuf.Cache
	left int
}

var errPower = errors.New("power cut")

func (f *failing) Store(ctx context.Context, name string, data []byte) error {
	if f.left--; f.left < 0 {
		return errPower
	}
	return f.Cache.Store(ctx, name, data)
}

func TestAPowerCutAtAnyStoreLeavesACacheThatGoesOn(t *testing.T) {
	for cut := range 12 {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			d, _ := stored(t)
			d.repo.SetKeys(tuf.RoleSnapshot, d.repo.Key(tuf.ED25519))
			d.repo.NextRoot()
			d.repo.NextRoot()
			d.repo.Publish()
			whole := d.cache
			d.cache = &failing{Cache: whole, left: cut}
			_, err := d.refresh()
			if err != nil && !errors.Is(err, errPower) {
				t.Fatal(err)
			}
			if done := err == nil; done != (cut >= 6) {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			d.cache = whole
			d.accepts()
			if _, err := tuf.FromCache(t.Context(), whole, d.repo.Now); err != nil {
				t.Error(err)
			}
			older(t, d)
		})
	}
}

func TestAPowerCutOnFirstUseLeavesACacheThatGoesOn(t *testing.T) {
	r := tuftest.New(t)
	r.NextRoot()
	r.Publish()
	for cut := range 7 {
		d := newDevice(t, r)
		whole := d.cache
		d.cache = &failing{Cache: whole, left: cut}
		if _, err := d.refresh(); (err == nil) != (cut == 6) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		d.cache = whole
		d.accepts()
	}
}

// broken is a cache that cannot be used just now, which is no damage.
type broken struct{ *tuftest.Cache }

var errLocked = errors.New("database is locked")

func (broken) Load(context.Context, string) ([]byte, error) { return nil, errLocked }

func TestACacheThatCannotBeReadNowIsLeftAlone(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	d.accepts()
	whole := d.cache.(*tuftest.Cache)
	before := len(whole.Files)
	d.cache = broken{whole}
	if _, err := d.refresh(); !errors.Is(err, errLocked) {
		t.Errorf("got %v", err)
	}
	if len(whole.Files) != before {
		t.Error("entries were removed")
	}
}

func TestADirCacheTakesNoOtherNames(t *testing.T) {
	cache, err := tuf.OpenDirCache(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"", ".", "..", "../x", "/x", "a/timestamp.json", "root.json", "0.root.json", "01.root.json", "+1.root.json", "-1.root.json", "4294967297.root.json", "1.root.json.damaged", "TIMESTAMP.json", "x.json"} {
		_, errLoad := cache.Load(t.Context(), name)
		for _, err := range []error{errLoad, cache.Store(t.Context(), name, nil), cache.Remove(t.Context(), name), cache.Quarantine(t.Context(), name)} {
			if !errors.Is(err, tuf.ErrMalformed) {
				t.Errorf("%q: %v", name, err)
			}
		}
	}
	if err := cache.Remove(t.Context(), "timestamp.json"); err != nil {
		t.Errorf("remove of nothing: %v", err)
	}
	if _, err := cache.Load(t.Context(), "timestamp.json"); !errors.Is(err, tuf.ErrNotFound) {
		t.Errorf("got %v", err)
	}
}

func TestAFolderIsReadWithoutLeavingIt(t *testing.T) {
	r := tuftest.New(t)
	outside := t.TempDir()
	dir := filepath.Join(outside, "tuf")
	r.WriteDir(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	f := tuf.DirFetcher{Root: root}
	if _, err := tuf.Refresh(t.Context(), f, nil, tuf.RefreshOptions{Now: r.Now, FirstUse: true}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(outside, "secret"), []byte("x"), 0o600),
		os.Symlink("../secret", filepath.Join(dir, "2.root.json")),
		syscall.Mkfifo(filepath.Join(dir, "3.root.json"), 0o600),
		os.Mkdir(filepath.Join(dir, "4.root.json"), 0o700),
	); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"2.root.json", "3.root.json", "4.root.json", "../secret", "/etc/passwd"} {
		if data, err := f.Fetch(t.Context(), name, 100); err == nil || errors.Is(err, tuf.ErrNotFound) {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	if _, err := f.Fetch(t.Context(), "5.root.json", 100); !errors.Is(err, tuf.ErrNotFound) || strings.Count(err.Error(), "5.root.json") != 1 {
		t.Errorf("got %v", err)
	}
	if _, err := f.Fetch(t.Context(), "1.root.json", 100); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Fetch(ctx, "1.root.json", 1<<20); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAFirstRootThatBeginsHigherUpIsRefused(t *testing.T) {
	d, dir := stored(t)
	for _, name := range []string{"1.root.json", "2.root.json"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	thief := tuftest.New(t)
	for range 9 {
		thief.NextRoot()
		thief.Publish()
	}
	thief.Files["1.root.json"] = thief.Files["10.root.json"]
	d.repo.Files = thief.Files
	if _, err := d.refresh(); !errors.Is(err, tuf.ErrVersion) {
		t.Errorf("got %v", err)
	}
	fresh := newDevice(t, thief)
	fresh.refuses(tuf.ErrVersion)
}

// With the newest roots damaged, a thief of a root key that was replaced long
// ago must not be able to lead the chain another way.
func TestAReplacedRootKeyIsNoUseAgainstADamagedCache(t *testing.T) {
	d, dir := stored(t)
	stolen := d.repo.Keys[tuf.RoleRoot][0]
	second := d.repo.Files["2.root.json"]
	d.repo.SetKeys(tuf.RoleRoot, d.repo.Key(tuf.ED25519))
	for range 3 {
		d.repo.NextRoot()
	}
	d.repo.Publish()
	d.accepts()
	honest := d.repo.Files
	for _, v := range []int{3, 4, 5} {
		if err := os.WriteFile(filepath.Join(dir, tuf.RootName(v)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	thief := tuftest.New(t)
	thief.Keys[tuf.RoleRoot] = []*tuf.PrivateKey{stolen}
	thief.SetKeys(tuf.RoleRoot, stolen)
	thief.Root.Version = 2
	thief.Files["2.root.json"] = second
	for range 6 {
		thief.NextRoot()
	}
	thief.Publish()
	d.repo.Files = thief.Files
	if _, err := d.refresh(); !errors.Is(err, tuf.ErrRollback) {
		t.Errorf("got %v", err)
	}
	if got := fmt.Sprint(names(t, dir)); strings.Contains(got, "8.root.json ") || strings.Contains(got, "3.root.json ") {
		t.Errorf("roots of the thief were stored: %s", got)
	}
	d.repo.Files = honest
	d.accepts()
}

func TestAShorterChainIsRefusedHoweverHighItsVersions(t *testing.T) {
	d, dir := stored(t)
	for _, name := range []string{"1.root.json", "2.root.json"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	stranger := tuftest.New(t)
	for range 9 {
		stranger.Publish()
	}
	d.repo.Files = stranger.Files
	if _, err := d.refresh(); !errors.Is(err, tuf.ErrRollback) || !strings.Contains(err.Error(), "2.root.json") {
		t.Errorf("got %v", err)
	}
}

func TestNothingIsWrittenWhenNothingIsNew(t *testing.T) {
	d, _ := stored(t)
	d.cache = &failing{Cache: d.cache}
	d.accepts()
}

func TestAStrangersRootInTheCacheIsSetAside(t *testing.T) {
	d, dir := stored(t)
	stranger := tuftest.New(t)
	stranger.NextRoot()
	for name, file := range map[string][]byte{
		"2.root.json": stranger.Files["2.root.json"], // of the version that was trusted
		"9.root.json": d.repo.Files["2.root.json"],   // under a name that is not its own
	} {
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := tuf.FromCache(t.Context(), d.cache, d.repo.Now); !errors.Is(err, tuf.ErrRollback) {
		t.Errorf("from the cache: %v", err)
	}
	d.accepts()
	got := fmt.Sprint(names(t, dir))
	if !strings.Contains(got, "2.root.json.damaged") || !strings.Contains(got, "9.root.json.damaged") {
		t.Errorf("%s", got)
	}
}

func TestALinkInTheCacheIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	cache, err := tuf.OpenDirCache(filepath.Join(dir, "tuf"))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := filepath.Join(dir, "elsewhere")
	if err := errors.Join(os.WriteFile(elsewhere, []byte("x"), 0o600), os.Symlink(elsewhere, filepath.Join(dir, "tuf", "timestamp.json"))); err != nil {
		t.Fatal(err)
	}
	if data, err := cache.Load(t.Context(), "timestamp.json"); !errors.Is(err, tuf.ErrDamaged) {
		t.Errorf("%q, %v", data, err)
	}
}

func TestADirCacheSaysWhatItCannotDo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := tuf.OpenDirCache(filepath.Join(file, "tuf")); err == nil {
		t.Error("a folder below a file")
	}
	cache, err := tuf.OpenDirCache(filepath.Join(dir, "tuf"))
	if err != nil {
		t.Fatal(err)
	}
	long := pad([]byte("{}"), limits.Timestamp+1)
	if err := errors.Join(cache.Store(t.Context(), "timestamp.json", long), cache.Store(t.Context(), "targets.json", long)); err != nil {
		t.Fatal(err)
	}
	if data, err := cache.Load(t.Context(), "timestamp.json"); !errors.Is(err, tuf.ErrDamaged) || data != nil {
		t.Errorf("a file over its cap: %v", err)
	}
	if data, err := cache.Load(t.Context(), "targets.json"); err != nil || len(data) != len(long) {
		t.Errorf("a file that may be longer: %v", err)
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, errRoots := cache.Roots(over)
	_, errLoad := cache.Load(over, "targets.json")
	for _, err := range []error{errRoots, errLoad, cache.Store(over, "targets.json", nil)} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after it was canceled: %v", err)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "tuf")); err != nil {
		t.Fatal(err)
	}
	if _, err := cache.Roots(t.Context()); err == nil {
		t.Error("a folder that is gone lists roots")
	}
	if err := cache.Quarantine(t.Context(), "targets.json"); err == nil {
		t.Error("what is gone was set aside")
	}
}

// stuck is a cache of which one entry can't be read, or that can't let go.
type stuck struct {
	*tuf.DirCache
	load, store, remove, quarantine string
}

func (s stuck) Store(ctx context.Context, name string, data []byte) error {
	if name == s.store {
		return errLocked
	}
	return s.DirCache.Store(ctx, name, data)
}

func (s stuck) Load(ctx context.Context, name string) ([]byte, error) {
	if name == s.load {
		return nil, errLocked
	}
	return s.DirCache.Load(ctx, name)
}

func (s stuck) Remove(ctx context.Context, name string) error {
	if name == s.remove {
		return errLocked
	}
	return s.DirCache.Remove(ctx, name)
}

func (s stuck) Quarantine(ctx context.Context, name string) error {
	if name == s.quarantine {
		return errLocked
	}
	return s.DirCache.Quarantine(ctx, name)
}

// unlisted is a cache whose roots can't be listed.
type unlisted struct{ tuf.Cache }

func (unlisted) Roots(context.Context) ([]int, error) { return nil, errLocked }

func TestRootsThatCannotBeListedEndTheRefresh(t *testing.T) {
	d, _ := stored(t)
	d.cache = unlisted{d.cache}
	if _, err := d.refresh(); !errors.Is(err, errLocked) {
		t.Errorf("got %v", err)
	}
}

func TestStoredRootsAreBelievedUnderTheirOwnNamesOnly(t *testing.T) {
	put := func(dir, name string, file []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, dir := stored(t)
	put(dir, "1.root.json", d.repo.Files["2.root.json"])
	put(dir, "2.root.json", nil)
	d.repo.NextRoot()
	put(dir, "9.root.json", d.repo.Files["3.root.json"])
	d.accepts()
	for _, name := range []string{"1.root.json", "2.root.json", "9.root.json"} {
		if _, err := os.Lstat(filepath.Join(dir, name+".damaged")); err != nil {
			t.Errorf("%s was not set aside: %v", name, err)
		}
	}
	d, dir = stored(t)
	d.repo.NextRoot()
	put(dir, "3.root.json", d.repo.Files["3.root.json"])
	whole, ok := d.cache.(*tuf.DirCache)
	if !ok {
		t.Fatal("no folder")
	}
	d.cache = stuck{DirCache: whole, load: "3.root.json"}
	if _, err := d.refresh(); !errors.Is(err, errLocked) {
		t.Errorf("a later root that cannot be read now: %v", err)
	}
	d.cache = whole
	if err := errors.Join(os.Remove(filepath.Join(dir, "1.root.json")), os.Remove(filepath.Join(dir, "2.root.json"))); err != nil {
		t.Fatal(err)
	}
	if _, err := tuf.FromCache(t.Context(), d.cache, d.repo.Now); !errors.Is(err, tuf.ErrNoRoot) {
		t.Errorf("a later root alone: %v", err)
	}
	d.accepts()
}

// plainCache is a cache that can't set aside.
type plainCache struct{ tuf.Cache }

func TestAnEntryThatCannotBeReadNowEndsTheRefresh(t *testing.T) {
	for _, name := range []string{"floor.json", "2.root.json", "timestamp.json", "snapshot.json", "targets.json"} {
		d, dir := stored(t)
		before := fmt.Sprint(names(t, dir))
		cache, ok := d.cache.(*tuf.DirCache)
		if !ok {
			t.Fatal("no folder")
		}
		d.cache = stuck{DirCache: cache, load: name}
		if _, err := d.refresh(); !errors.Is(err, errLocked) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := tuf.FromCache(t.Context(), d.cache, d.repo.Now); !errors.Is(err, errLocked) {
			t.Errorf("%s, from the cache: %v", name, err)
		}
		if got := fmt.Sprint(names(t, dir)); got != before {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestWhatCannotBeStoredIsNotTrusted(t *testing.T) {
	for _, name := range []string{"3.root.json", "timestamp.json", "snapshot.json", "targets.json", "floor.json"} {
		d, _ := stored(t)
		cache, ok := d.cache.(*tuf.DirCache)
		if !ok {
			t.Fatal("no folder")
		}
		d.repo.NextRoot()
		d.repo.Publish()
		d.cache = stuck{DirCache: cache, store: name}
		if trust, err := d.refresh(); !errors.Is(err, errLocked) || !strings.Contains(err.Error(), "store "+name) || trust != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := tuftest.New(t)
	cache, err := tuf.OpenDirCache(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	d := newDevice(t, r)
	d.cache = stuck{DirCache: cache, store: "1.root.json"}
	if _, err := d.refresh(); !errors.Is(err, errLocked) {
		t.Errorf("the first root: %v", err)
	}
}

func TestWhatCannotBeSetAsideEndsTheRefresh(t *testing.T) {
	d, dir := stored(t)
	cache, ok := d.cache.(*tuf.DirCache)
	if !ok {
		t.Fatal("no folder")
	}
	for _, c := range []struct {
		cache tuf.Cache
		want  error
	}{
		{stuck{DirCache: cache, quarantine: "timestamp.json"}, errLocked},
		{plainCache{stuck{DirCache: cache, remove: "timestamp.json"}}, errLocked},
		{stuck{DirCache: cache, remove: "timestamp.json"}, nil}, // it is not removed as well
		{plainCache{cache}, nil},
	} {
		if err := os.WriteFile(filepath.Join(dir, "timestamp.json"), []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		d.cache = c.cache
		if _, err := d.refresh(); !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), "timestamp.json") {
			t.Errorf("%T: %v, want %v", c.cache, err, c.want)
		}
	}
}

func TestWhatWasNeverStoredIsNotFound(t *testing.T) {
	for _, name := range []string{"timestamp.json", "snapshot.json", "targets.json"} {
		d, dir := stored(t)
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		if _, err := tuf.FromCache(t.Context(), d.cache, d.repo.Now); !errors.Is(err, tuf.ErrNotFound) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
