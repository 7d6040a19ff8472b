package offline

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/tuf"
)

// A bundle that is made is one that Verify calls good.

func TestMetadataThatVerifyCallsBadMakesNoBundle(t *testing.T) {
	stranger := newKey(t)
	sign := func(member string) func(map[string]json.RawMessage) {
		return func(r map[string]json.RawMessage) {
			signed, err := tuf.AddSignature(r[member], stranger)
			check(t, err)
			r[member] = signed
		}
	}
	for name, spoil := range map[string]func(map[string]json.RawMessage){
		"the timestamp has a signature of a stranger": sign(replyTimestamp),
		"the list has a signature of a stranger":      sign(replyBundle),
		"a method that devices don't know": func(r map[string]json.RawMessage) {
			r[replyTimestamp] = json.RawMessage(strings.Replace(string(r[replyTimestamp]), `"method":"ed25519"`, `"method":"rot13"`, 1))
		},
	} {
		dir, b := small(t)
		before := tree(t, dir)
		b.spoil = spoil
		if _, err := Build(t.Context(), b, dir, options("pc-1")); fail.ClassOf(err) != fail.Verification || fail.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
		if tree(t, dir) != before {
			t.Errorf("%s: the old bundle changed", name)
		}
	}
}

func TestNoBundleNamesATargetOfWhoseAppsItHasSome(t *testing.T) {
	blobs, web, shop := twoApps()
	for name, change := range map[string]func(*BuildOptions){
		"its metadata is renewed":      func(o *BuildOptions) { o.TUFOnly = true },
		"it is built without its apps": func(o *BuildOptions) { o.NoApps = true },
		"another one is added":         func(o *BuildOptions) { o.Target, o.AllowMultiple = "board-1", true },
	} {
		b := newBackend(t, 0)
		b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(web))
		b.publish("board-1", "board", tinyTree(t, "2"), nil)
		dir := t.TempDir()
		opt := options("pc-1")
		opt.AppsSource = appStore(t, blobs)
		_, err := Build(t.Context(), b, dir, opt)
		check(t, err)
		before := tree(t, filepath.Join(dir, "tuf"))
		more := withApps(web, shop)
		maps.Copy(more, map[string]any{"version": "1", "hardwareIds": []string{"pc"}, "tags": []string{"main"}, "targetFormat": "OSTREE"})
		custom, err := json.Marshal(more)
		check(t, err)
		b.targets["pc-1"] = tuf.Target{Hashes: b.targets["pc-1"].Hashes, Custom: custom}
		b.version++
		opt.AppsSource = nil
		change(&opt)
		if _, err := Build(t.Context(), b, dir, opt); fail.ClassOf(err) != fail.Conflict || !strings.Contains(err.Error(), "shop") {
			t.Errorf("%s: %v", name, err)
		}
		if tree(t, filepath.Join(dir, "tuf")) != before {
			t.Errorf("%s: the old metadata is gone", name)
		}
	}
}

func TestAppsOfOtherTargetsAreWholeOrTheBuildFails(t *testing.T) {
	blobs, web, _ := twoApps()
	large := blobs.AppOf("hub.example/acme/large", testkit.Gzip(testkit.Tar(
		"docker-compose.yml", "services: {a: {image: "+blobs.Image("hub.example/acme/db")+"}}", "noise", string(noise(2<<20)))))
	for _, custom := range []map[string]any{nil, withApps(web)} {
		b := newBackend(t, 0)
		b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(large))
		b.publish("board-1", "board", tinyTree(t, "2"), custom)
		whole := t.TempDir()
		opt := options("pc-1")
		opt.AppsSource = appStore(t, blobs)
		_, err := Build(t.Context(), b, whole, opt)
		check(t, err)
		opt.Target, opt.AllowMultiple = "board-1", true
		for _, name := range held(t, whole) {
			dir := t.TempDir()
			check(t, os.CopyFS(dir, os.DirFS(whole)))
			write(t, filepath.Join(dir, "apps/blobs/sha256", name), append([]byte("x"), blobs[name][1:]...))
			alone := opt
			alone.NoApps, alone.AppsSource = true, nil
			if _, err := Build(t.Context(), b, dir, alone); fail.ClassOf(err) != fail.Conflict || !strings.Contains(err.Error(), "target pc-1") {
				t.Errorf("blob %s, from nowhere: %v", name, err)
			}
			if rep := verify(t, dir); names(rep) != "pc-1" {
				t.Errorf("blob %s, from nowhere: it names %s", name, names(rep))
			}
			rep, err := Build(t.Context(), b, dir, opt)
			check(t, err)
			if v := verify(t, dir); v.Err() != nil || rep.AppsPresent < 0 {
				t.Errorf("blob %s: made, and bad: %v, report %+v", name, v.Err(), rep)
			}
		}
		check(t, os.Remove(filepath.Join(whole, "apps/apps/large", testkit.Hex(large), "uri")))
		if _, err := Build(t.Context(), b, whole, opt); err != nil {
			t.Errorf("the folder of an app can be made anew: %v", err)
		}
		if rep := verify(t, whole); rep.Err() != nil {
			t.Errorf("made, and bad: %v", rep.Err())
		}
	}
}
