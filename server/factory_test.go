package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// target is the body that adds one target.
func target(name string, version int, commit ostree.Checksum, tags ...string) []byte {
	list, _ := json.Marshal(tags)
	return fmt.Appendf(nil, `{"targets":{%q:{"length":0,"hashes":{"sha256":"%s"},"custom":{"name":"demo","version":"%d",
		"hardwareIds":["demo"],"tags":%s,"targetFormat":"OSTREE","x-extra":{"kept":[1,2]}}}},"targets-creator":"test"}`,
		name, commit, version, list)
}

const targetsPath = "/ota/factories/local/targets/"

func (b *backend) add(t *testing.T, token string, body []byte) answer {
	t.Helper()
	return b.call(t, token, "POST", targetsPath, body)
}

// fetcher gets metadata from the server, or from a bundle where that has it.
type fetcher struct {
	t      *testing.T
	b      *backend
	bundle map[string]json.RawMessage // nil: online
}

func (f fetcher) Fetch(_ context.Context, name string, _ int64) ([]byte, error) {
	if body, ok := f.bundle[strings.TrimSuffix(name, ".json")]; ok {
		return body, nil
	}
	a := f.b.call(f.t, f.b.operator, "GET", "/ota/repo/local/api/v1/user_repo/"+name+"?tag=main", nil)
	if a.code == 404 {
		return nil, tuf.ErrNotFound
	}
	a.want(f.t, 200)
	if a.header.Get("x-ats-role-checksum") == "" {
		f.t.Errorf("%s has no x-ats-role-checksum", name)
	}
	return []byte(a.body), nil
}

// device verifies metadata as a device does, and remembers it.
func device(t *testing.T) *tuf.DirCache {
	t.Helper()
	c, err := tuf.OpenDirCache(filepath.Join(t.TempDir(), "tuf"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func refresh(t *testing.T, f fetcher, c tuf.Cache) (*tuf.Trust, error) {
	t.Helper()
	return tuf.Refresh(t.Context(), f, c, tuf.RefreshOptions{Now: f.b.time(), FirstUse: true})
}

func mustRefresh(t *testing.T, f fetcher, c tuf.Cache) *tuf.Trust {
	t.Helper()
	trust, err := refresh(t, f, c)
	if err != nil {
		t.Fatal(err)
	}
	return trust
}

func TestAddedTargetIsSignedAndVerifies(t *testing.T) {
	b, token, l := published(t)
	var before, after struct {
		Version int `json:"targets-version"`
	}
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201).json(t, &after)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 200).json(t, &before)
	if before != after {
		t.Errorf("adding the same target again made version %d out of %d", after.Version, before.Version)
	}
	trust := mustRefresh(t, fetcher{t: t, b: b}, device(t))
	got := trust.Targets().Targets["demo-1"]
	if got.Commit() != l.commit.String() || !strings.Contains(string(got.Custom), `"x-extra"`) {
		t.Errorf("the signed target is %+v", got)
	}
	var one struct{ Hashes map[string]string }
	b.call(t, token, "GET", targetsPath+"demo-1", nil).want(t, 200).json(t, &one)
	if one.Hashes["sha256"] != l.commit.String() {
		t.Errorf("GET target says %v", one)
	}
	for query, n := range map[string]int{"": 1, "?version=1": 1, "?version=2": 0} {
		var all map[string]json.RawMessage
		b.call(t, token, "GET", targetsPath+query, nil).want(t, 200).json(t, &all)
		if len(all) != n {
			t.Errorf("GET targets%s lists %d, want %d", query, len(all), n)
		}
	}
}

func TestTargetIsRefused(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	var absent ostree.Checksum
	b.add(t, token, target("demo-2", 2, absent, "main")).refused(t, 412, "commit_incomplete")
	b.add(t, token, target("demo-1", 2, l.commit, "main")).refused(t, 409, "target_exists")
	b.add(t, token, target("other-1", 1, l.commit, "main")).refused(t, 409, "target_exists")
	b.add(t, token, target("../x", 3, l.commit, "main")).refused(t, 400, "bad_target")
	b.add(t, token, target("demo-3", 3, l.commit, "a b")).refused(t, 400, "bad_target")
	b.add(t, token, []byte(`{"targets":{}}`)).refused(t, 400, "bad_target")
	b.add(t, token, []byte(`{"targets":{"a":{},"a":{}}}`)).refused(t, 400, "bad_target")
	b.add(t, "", target("demo-4", 4, l.commit, "main")).refused(t, 401, "unauthorized")
	b.call(t, token, "POST", "/ota/factories/other/targets/", nil).refused(t, 404, "factory_not_found")
}

func TestMetadataIsRenewedUnderNewVersionsBeforeItExpires(t *testing.T) {
	b := start(t)
	dev := device(t)
	first := mustRefresh(t, fetcher{t: t, b: b}, dev)
	b.pass(5 * 24 * time.Hour)
	b.restart(t)
	second := mustRefresh(t, fetcher{t: t, b: b}, dev)
	if second.Timestamp().Version <= first.Timestamp().Version || !second.Timestamp().Expires.After(first.Timestamp().Expires) {
		t.Errorf("timestamp %d until %s was not renewed: %d until %s", first.Timestamp().Version,
			first.Timestamp().Expires, second.Timestamp().Version, second.Timestamp().Expires)
	}
	b.pass(400 * 24 * time.Hour)
	b.restart(t)
	third := mustRefresh(t, fetcher{t: t, b: b}, dev)
	if third.Root().Version != 2 || third.Targets().Version != first.Targets().Version+1 {
		t.Errorf("after 400 days root is %d and targets %d", third.Root().Version, third.Targets().Version)
	}
}

// bundle asks for a bundle's metadata.
func (b *backend) bundle(t *testing.T, token, name string, days int, extend json.RawMessage) answer {
	t.Helper()
	body, err := json.Marshal(map[string]any{"tag": "main", "expires-in-days": days, "production": false, "wave": "", "bundle-targets": extend})
	if err != nil {
		t.Fatal(err)
	}
	return b.call(t, token, "POST", targetsPath+name+"/meta/", body)
}

func TestBundleVerifiesAndCanBeExtended(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	b.add(t, token, target("demo-2", 2, l.commit, "main")).want(t, 201)
	b.add(t, token, target("dev-3", 3, l.commit, "dev")).want(t, 201)
	var one, two map[string]json.RawMessage
	b.bundle(t, token, "demo-1", 30, nil).want(t, 200).json(t, &one)
	b.bundle(t, token, "demo-2", 40, one["bundle-targets"]).want(t, 200).json(t, &two)
	trust := mustRefresh(t, fetcher{t: t, b: b, bundle: two}, device(t))
	list, err := trust.VerifyBundle(two["bundle-targets"], b.time())
	if err != nil {
		t.Fatal(err)
	}
	if want := b.time().Add(40 * 24 * time.Hour).Truncate(time.Second); !trust.Expires().Equal(want) || !list.Expires.Equal(want) {
		t.Errorf("the bundle expires %s, its list %s, want %s", trust.Expires(), list.Expires, want)
	}
	if got := fmt.Sprint(list.Type, " ", list.Tag, " ", list.Targets); got != "ci main [demo-1 demo-2]" {
		t.Errorf("the list is %s", got)
	}

	forged := json.RawMessage(strings.Replace(string(one["bundle-targets"]), "demo-1", "demo-2", 1))
	b.bundle(t, token, "demo-1", 30, forged).refused(t, 400, "bad_request")
	b.bundle(t, token, "demo-1", 30, one["targets"]).refused(t, 400, "bad_request")
	b.bundle(t, token, "dev-3", 30, nil).refused(t, 404, "target_not_found")
	b.bundle(t, token, "none", 30, nil).refused(t, 404, "target_not_found")
	b.bundle(t, token, "demo-1", 0, nil).refused(t, 400, "bad_request")
	a := b.bundle(t, token, "demo-1", 500, nil).want(t, 400)
	if !strings.Contains(a.body, "Targets metadata expire (") || !strings.Contains(a.body, ") before the specified expiration time (") {
		t.Errorf("the refusal is %s", a.body)
	}
	if a = b.bundle(t, token, "demo-1", 3000, nil).want(t, 400); !strings.Contains(a.body, "Root metadata expire (") {
		t.Errorf("the refusal is %s", a.body)
	}
}

func TestBundleExpiresAtTheTimeThatWasAskedFor(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	ask := func(at string) answer {
		body := fmt.Appendf(nil, `{"tag":"main","expires-in-days":3,"expires-at":%q}`, at)
		return b.call(t, token, "POST", targetsPath+"demo-1/meta/", body)
	}
	at := b.time().Add(90*time.Hour + 300*time.Millisecond)
	var files map[string]json.RawMessage
	ask(at.Format(time.RFC3339Nano)).want(t, 200).json(t, &files)
	trust := mustRefresh(t, fetcher{t: t, b: b, bundle: files}, device(t))
	if list, err := trust.VerifyBundle(files["bundle-targets"], b.time()); err != nil || !list.Expires.Equal(at.Truncate(time.Second)) || !trust.Expires().Equal(list.Expires) {
		t.Errorf("%+v, %v, want %s", list, err, at)
	}
	ask(b.time().Format(time.RFC3339)).refused(t, 400, "bad_request")
	ask("2300-01-01T00:00:00Z").refused(t, 400, "bad_request")
	ask("tomorrow").refused(t, 400, "json")
}

func TestBundleAndOnlineMetadataFollowEachOtherInAnyOrder(t *testing.T) {
	b, token, l := published(t)
	b.add(t, token, target("demo-1", 1, l.commit, "main")).want(t, 201)
	online := fetcher{t: t, b: b}
	early := device(t) // was online before the bundle was made
	mustRefresh(t, online, early)
	var files map[string]json.RawMessage
	b.bundle(t, token, "demo-1", 60, nil).want(t, 200).json(t, &files)
	offline := fetcher{t: t, b: b, bundle: files}

	mustRefresh(t, offline, early)
	mustRefresh(t, online, early) // nothing was published since, and still it moves on

	fresh := device(t) // begins with the bundle
	b.pass(20 * 24 * time.Hour)
	mustRefresh(t, offline, fresh)
	b.restart(t)
	mustRefresh(t, online, fresh)

	late := device(t) // was online after the bundle was made, then long not
	seen := mustRefresh(t, online, late)
	b.pass(39 * 24 * time.Hour)
	if _, err := refresh(t, offline, late); err == nil {
		t.Fatal("a device took a bundle that is older than what it has seen")
	}
	if !seen.Expires().After(b.time()) {
		t.Errorf("what it has stored expired %s, before the bundle: it can install nothing", seen.Expires())
	}
}
