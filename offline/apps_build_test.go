package offline

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/offline/apps"
)

// appStore writes blobs into a store of composectl's and opens it.
func appStore(t testing.TB, blobs testkit.AppBlobs) apps.Store {
	t.Helper()
	dir := t.TempDir()
	check(t, blobs.Write(dir))
	store, closer, err := apps.OpenStore(dir)
	check(t, err)
	t.Cleanup(func() { check(t, closer.Close()) })
	return store
}

// withApps is the custom part of a target with these apps.
func withApps(uris ...string) map[string]any {
	list := map[string]any{}
	for _, uri := range uris {
		path, _, _ := strings.Cut(uri, "@")
		list[path[strings.LastIndex(path, "/")+1:]] = map[string]string{"uri": uri}
	}
	return map[string]any{"docker_compose_apps": list, "arch": "x86_64"}
}

// twoApps share an image.
func twoApps() (blobs testkit.AppBlobs, web, shop string) {
	blobs = testkit.AppBlobs{}
	shared := blobs.Image("hub.example/acme/base", "amd64", "arm64")
	return blobs, blobs.App("hub.example/acme/web", shared), blobs.App("hub.example/acme/shop", shared, blobs.Image("hub.example/acme/db"))
}

// held are the names of the blobs in a bundle.
func held(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "apps/blobs/sha256"))
	if os.IsNotExist(err) {
		return nil
	}
	check(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestABundleHoldsAllAppsOfItsTarget(t *testing.T) {
	blobs, web, shop := twoApps()
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(web, shop))
	dir := filepath.Join(t.TempDir(), "bundle")
	opt := options("pc-1")
	opt.AppsSource = appStore(t, blobs)
	opt.DryRun = true
	planned, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	opt.DryRun = false
	rep, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	if !slices.Equal(rep.Apps, []string{"shop", "web"}) || rep.AppsCopied != rep.AppBlobs || rep.AppBlobs != planned.AppBlobs || rep.AppBlobs != len(held(t, dir)) {
		t.Errorf("report %+v, planned %+v, %d blobs", rep, planned, len(held(t, dir)))
	}
	if v := verify(t, dir); v.Err() != nil {
		t.Errorf("verify: %v", v.Findings)
	}
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	uris, err := bundle.AppURIs(t.Context())
	if err != nil || !slices.Equal(uris, []string{shop, web}) {
		t.Errorf("the bundle has %v (%v)", uris, err)
	}
	// A second target with one of them adds its own blobs and no others.
	next := blobs.App("hub.example/acme/more", blobs.Image("hub.example/acme/db"))
	b.publish("board-1", "board", tinyTree(t, "1"), withApps(web, next))
	opt = options("board-1")
	opt.AllowMultiple, opt.AppsSource = true, appStore(t, blobs)
	if rep, err = Build(t.Context(), b, dir, opt); err != nil || rep.AppsCopied != 3 || rep.AppsPresent != rep.AppBlobs-3 {
		t.Errorf("a second target: %+v, %v", rep, err)
	}
	if v := verify(t, dir); v.Err() != nil {
		t.Errorf("verify: %v", v.Findings)
	}
}

func TestWhichAppsABundleHoldsIsTheTargetsToSay(t *testing.T) {
	blobs, web, shop := twoApps()
	uri := "https://api.example/apps.tar"
	for name, c := range map[string]struct {
		fetched  any
		noApps   bool
		want     []string
		disabled bool
		leftOut  []string
	}{
		"no word":             {want: []string{"shop", "web"}},
		"all":                 {fetched: map[string]any{"uri": uri}, want: []string{"shop", "web"}},
		"a shortlist":         {fetched: map[string]any{"uri": uri, "shortlist": "web,gone"}, want: []string{"web"}},
		"a list with spaces":  {fetched: map[string]any{"uri": uri, "shortlist": "gone shop,  web"}, want: []string{"shop", "web"}},
		"a list of strangers": {fetched: map[string]any{"uri": uri, "shortlist": "gone"}, want: []string{}},
		"turned off":          {fetched: map[string]any{"uri": nil}, want: []string{}, disabled: true},
		"an empty uri":        {fetched: map[string]any{"uri": ""}, want: []string{}, disabled: true},
		"not asked for":       {noApps: true, want: []string{}, leftOut: []string{"shop", "web"}},
	} {
		custom := withApps(web, shop)
		if c.fetched != nil {
			custom["fetched-apps"] = c.fetched
		}
		b := newBackend(t, 0)
		b.publish("pc-1", "pc", tinyTree(t, "1"), custom)
		opt := options("pc-1")
		opt.NoApps, opt.AppsSource = c.noApps, appStore(t, blobs)
		dir := t.TempDir()
		rep, err := Build(t.Context(), b, dir, opt)
		if err != nil || !slices.Equal(rep.Apps, c.want) || rep.AppsDisabled != c.disabled || !slices.Equal(rep.AppsLeftOut, c.leftOut) {
			t.Errorf("%s: %+v, %v", name, rep, err)
		}
		if (len(held(t, dir)) == 0) != (len(c.want) == 0) {
			t.Errorf("%s: blobs %v", name, held(t, dir))
		}
	}
}

func TestAnAppThatIsNotWholeFailsTheBuildBeforeAnythingIsWritten(t *testing.T) {
	whole, web, shop := twoApps()
	want := func(name string, class fail.Class, word string, opt BuildOptions, custom map[string]any) {
		t.Helper()
		b := newBackend(t, 0)
		b.publish("pc-1", "pc", tinyTree(t, "1"), custom)
		dir := filepath.Join(t.TempDir(), "bundle")
		_, err := Build(t.Context(), b, dir, opt)
		if fail.ClassOf(err) != class || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Lstat(dir); err == nil {
			t.Errorf("%s: something was written", name)
		}
	}
	opt := options("pc-1")
	want("no source", fail.NotFound, "app manifest is missing: sha256:"+testkit.Hex(shop), opt, withApps(web, shop))
	app, err := apps.Closure(t.Context(), appStore(t, whole), shop, "amd64")
	check(t, err)
	for _, blob := range app.Blobs {
		if blob.Kind == apps.KindBundleIndex || blob.Kind == apps.KindLayersMeta {
			continue
		}
		blobs := maps.Clone(whole)
		delete(blobs, blob.Digest.Hex())
		opt.AppsSource = appStore(t, blobs)
		want("without the "+string(blob.Kind), fail.NotFound, string(blob.Digest), opt, withApps(shop))
	}
	opt.AppsSource = appStore(t, whole)
	want("name of another app", fail.Verification, "names the app web", opt,
		map[string]any{"docker_compose_apps": map[string]any{"shop": map[string]string{"uri": web}}})
	want("uri without a digest", fail.Verification, "not of the form", opt,
		map[string]any{"docker_compose_apps": map[string]any{"web": map[string]string{"uri": "hub.example/acme/web:latest"}}})
	want("other architecture", fail.Unsupported, "linux/riscv64", opt, func() map[string]any {
		custom := withApps(web)
		custom["arch"] = "riscv64"
		return custom
	}())
}

// A stick with a damaged blob gets a good one; a store with one is named.
func TestADamagedBlobIsReplacedOrNamed(t *testing.T) {
	blobs, web, _ := twoApps()
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(web))
	dir := t.TempDir()
	opt := options("pc-1")
	opt.AppsSource = appStore(t, blobs)
	_, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	for _, name := range held(t, dir) {
		file := filepath.Join(dir, "apps/blobs/sha256", name)
		check(t, os.WriteFile(file, append([]byte("x"), blobs[name][1:]...), 0o644))
		if rep, err := Build(t.Context(), b, dir, opt); err != nil || rep.AppsCopied != 1 {
			t.Errorf("blob %s: %+v, %v", name, rep, err)
		}
	}
	if v := verify(t, dir); v.Err() != nil {
		t.Errorf("verify: %v", v.Findings)
	}
	for name := range blobs {
		spoilt := maps.Clone(blobs)
		spoilt[name] = append([]byte("x"), blobs[name][1:]...)
		opt.AppsSource = appStore(t, spoilt)
		fresh := t.TempDir()
		_, err := Build(t.Context(), b, fresh, opt)
		if err == nil {
			continue // not of this app
		}
		if fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), name) {
			t.Errorf("blob %s of the store: %v", name, err)
		}
		if _, err := os.Lstat(filepath.Join(fresh, "tuf")); err == nil {
			t.Errorf("blob %s of the store: metadata was written", name)
		}
	}
}

func TestAppsCutOffAreTakenUpAgain(t *testing.T) {
	blobs := testkit.AppBlobs{}
	web := blobs.App("hub.example/acme/web", blobs.Image("hub.example/acme/db"))
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(web))
	opt := options("pc-1")
	opt.AppsSource = appStore(t, blobs)
	root := t.TempDir()
	fresh := func() string {
		dir, err := os.MkdirTemp(root, "bundle")
		check(t, err)
		return dir
	}
	interrupted(t, fresh, opt, b, func(dir, at string) {
		if at == FaultSync {
			return
		}
		wantFinding(t, verify(t, dir), RuleComplete, "tuf/bundle-targets.json")
	})
}

// meanwhile does something at one point of a build.
type meanwhile struct {
	at string
	do func()
}

func (m meanwhile) At(point string) error {
	if point == m.at {
		m.do()
	}
	return nil
}

func TestAppsThatDoNotFitAreSaidBeforeAndWhileWriting(t *testing.T) {
	stick := t.TempDir()
	run(t, "mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", stick)
	t.Cleanup(func() { run(t, "umount", stick) })
	dir := filepath.Join(stick, "bundle")
	blobs := testkit.AppBlobs{}
	small := blobs.App("hub.example/acme/small", blobs.Image("hub.example/acme/db"))
	large := blobs.AppOf("hub.example/acme/large", testkit.Gzip(testkit.Tar(
		"docker-compose.yml", "services: {a: {image: "+blobs.Image("hub.example/acme/db")+"}}", "noise", string(noise(2<<20)))))
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(small))
	b.publish("board-1", "board", tinyTree(t, "1"), withApps(small, large))
	opt := options("pc-1")
	opt.AppsSource = appStore(t, blobs)
	_, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	opt = options("board-1")
	opt.AllowMultiple, opt.AppsSource = true, appStore(t, blobs)
	take := func() { write(t, filepath.Join(stick, "other"), noise(3<<20)) }
	full := func(when string) {
		t.Helper()
		if _, err := Build(t.Context(), b, dir, opt); fail.ClassOf(err) != fail.NoSpace {
			t.Errorf("%s: %v", when, err)
		}
		if v := verify(t, dir); v.Err() != nil || names(v) != "pc-1" {
			t.Errorf("%s, the old bundle: %v", when, v.Findings)
		}
	}
	opt.Faults = meanwhile{FaultApps, take}
	full("somebody else writes")
	opt.Faults = nil
	full("it is known before")
	check(t, os.Remove(filepath.Join(stick, "other")))
	_, err = Build(t.Context(), b, dir, opt)
	check(t, err)
	if v := verify(t, dir); v.Err() != nil || len(v.Findings) > 0 {
		t.Errorf("with room again: %v", v.Findings)
	}
}
