package targets_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/targets"
	"github.com/otactl/otactl/tuf"
)

var now = time.Date(2027, 3, 1, 12, 0, 0, 7, time.FixedZone("", 3600))

const (
	old  = "00000000000000000000000000000000000000000000000000000000000000aa"
	next = "00000000000000000000000000000000000000000000000000000000000000bb"
	app  = "hub.example.com/acme/web@sha256:" + next
)

// draft holds targets given as "NAME VERSION HWID TAG,TAG MORE": MORE is put
// into custom as it is.
func draft(t *testing.T, lines ...string) *tuf.TargetsDraft {
	t.Helper()
	d := tuf.NewTargetsDraft()
	for _, line := range lines {
		f := strings.SplitN(line, " ", 5)
		tags, err := json.Marshal(strings.Split(f[3], ","))
		if err != nil {
			t.Fatal(err)
		}
		more := ""
		if len(f) > 4 {
			more = "," + f[4]
		}
		entry := fmt.Sprintf(`{"hashes":{"sha256":"%s"},"length":0,"custom":{"name":%q,"version":%q,"hardwareIds":[%q],"tags":%s,"targetFormat":"OSTREE"%s}}`,
			old, strings.TrimSuffix(f[0], "-"+f[1]), f[1], f[2], tags, more)
		if err := d.Set(f[0], json.RawMessage(entry)); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func custom(t *testing.T, d *tuf.TargetsDraft, name string) (tuf.Target, map[string]any) {
	t.Helper()
	target, err := d.Target(name)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(target.Custom, &m); err != nil {
		t.Fatal(err)
	}
	return target, m
}

func TestOSTreeTargetIsTheNewestOfItsTagWithAnotherCommit(t *testing.T) {
	d := draft(t, "rpi-2 2 rpi main", `rpi-10 10 rpi main,x "uri":"https://ci/10","origUri":"https://ci/9","delta-stats":{"size":1},"docker_compose_apps":{"web":{"uri":"u@sha256:x","k":1}},"x-own":[1,{"a":null}]`,
		"rpi-11 11 rpi devel", "x86-4 4 x86 main")
	before := string(d.Entry("rpi-10"))
	got, err := targets.Add(d, targets.AddRequest{Commits: map[string]string{"rpi": next}, Tags: []string{"next"}, SrcTag: "main", Version: 12, Now: now})
	if err != nil || len(got) != 1 || got[0] != (targets.Derived{Name: "rpi-12", From: "rpi-10"}) {
		t.Fatalf("%v, %v", got, err)
	}
	target, m := custom(t, d, "rpi-12")
	if target.Commit() != next || target.Length != 0 {
		t.Errorf("%+v", target)
	}
	want := `map[createdAt:2027-03-01T11:00:00Z docker_compose_apps:map[web:map[k:1 uri:u@sha256:x]] hardwareIds:[rpi] name:rpi origUriApps:https://ci/10 tags:[next] targetFormat:OSTREE updatedAt:2027-03-01T11:00:00Z version:12 x-own:[1 map[a:<nil>]]]`
	if fmt.Sprint(m) != want {
		t.Errorf("%v\nwant\n%s", m, want)
	}
	if string(d.Entry("rpi-10")) != before {
		t.Error("the source was changed")
	}
}

func TestAppTargetsAreMadeForEachHardwareWithTheApps(t *testing.T) {
	d := draft(t, `rpi-10 10 rpi main "uri":"https://ci/10","origUriApps":"https://ci/8","fetched-apps":{"uri":"x"}`,
		`x86-9 9 x86 main "uri":"https://ci/9","origUri":"https://ci/3"`)
	got, err := targets.Add(d, targets.AddRequest{Apps: map[string]string{"web": app}, Tags: []string{"main"}, SrcTag: "main", Version: 11, Now: now})
	if err != nil || fmt.Sprint(got) != "[{rpi-11 rpi-10} {x86-11 x86-9}]" {
		t.Fatalf("%v, %v", got, err)
	}
	for name, origin := range map[string]string{"rpi-11": "https://ci/10", "x86-11": "https://ci/3"} {
		target, m := custom(t, d, name)
		if target.Commit() != old || m["origUri"] != origin || m["uri"] != nil || m["origUriApps"] != nil || m["fetched-apps"] != nil ||
			fmt.Sprint(m["docker_compose_apps"]) != "map[web:map[uri:"+app+"]]" {
			t.Errorf("%s: %v", name, m)
		}
	}
}

func TestAddThatCannotBeMeantIsRefused(t *testing.T) {
	d := draft(t, "rpi-1 1 rpi main", "rpi-x x rpi main")
	req := targets.AddRequest{Commits: map[string]string{"rpi": next}, Tags: []string{"main"}, SrcTag: "main", Version: 2, Now: now}
	for what, c := range map[string]struct {
		change func(*targets.AddRequest)
		class  fail.Class
	}{
		"unknown hardware": {func(r *targets.AddRequest) { r.Commits = map[string]string{"nosuch": next} }, fail.NotFound},
		"unknown tag":      {func(r *targets.AddRequest) { r.SrcTag, r.Commits = "nosuch", nil }, fail.NotFound},
		"no tags":          {func(r *targets.AddRequest) { r.Tags = nil }, fail.Usage},
		"tag twice":        {func(r *targets.AddRequest) { r.Tags = []string{"a", "a"} }, fail.Usage},
		"odd tag":          {func(r *targets.AddRequest) { r.Tags = []string{"a b"} }, fail.Usage},
		"version taken":    {func(r *targets.AddRequest) { r.Version = 1 }, fail.Conflict},
	} {
		bad := req
		c.change(&bad)
		if _, err := targets.Add(d, bad); fail.ClassOf(err) != c.class {
			t.Errorf("%s: %v", what, err)
		}
	}
	if len(d.Names()) != 2 {
		t.Errorf("something was added: %v", d.Names())
	}
}

func TestArgumentsOfAddAreStrict(t *testing.T) {
	for _, args := range [][]string{nil, {"rpi"}, {"rpi", "zz"}, {"rpi", old, "rpi", next}, {"r/i", old}, {"rpi", strings.ToUpper(old)}, {"rpi", old, "x86"}} {
		if got, err := targets.ParseCommits(args); fail.ClassOf(err) != fail.Usage {
			t.Errorf("%v: %v, %v", args, got, err)
		}
	}
	for _, uris := range [][]string{nil, {"hub/acme/web"}, {"web@sha256:" + old}, {app, app}, {"hub/a b@sha256:" + old}, {"hub/acme/web@sha256:00"}, {"hub/acme/@sha256:" + old}, {"hub/\u00e9@sha256:" + old}} {
		if got, err := targets.ParseApps(uris); fail.ClassOf(err) != fail.Usage {
			t.Errorf("%v: %v, %v", uris, got, err)
		}
	}
	if got, err := targets.ParseApps([]string{app}); err != nil || got["web"] != app {
		t.Errorf("%v, %v", got, err)
	}
}

func TestTagsAreReplacedOrAppendedAndNothingElseChanges(t *testing.T) {
	d := draft(t, `rpi-1 1 rpi main "x":{"b":1}`, "x86-1 1 x86 main", "rpi-2 2 rpi main,devel")
	got, err := targets.Tag(d, targets.TagRequest{Which: []string{"rpi-1", "rpi-1"}, Tags: []string{"prod", "main"}, Now: now})
	if err != nil || fmt.Sprint(got) != "[{rpi-1 [main] [prod main]}]" {
		t.Errorf("%v, %v", got, err)
	}
	if got := string(d.Entry("rpi-1")); got != `{"custom":{"hardwareIds":["rpi"],"name":"rpi","tags":["prod","main"],"targetFormat":"OSTREE",`+
		`"updatedAt":"2027-03-01T11:00:00Z","version":"1","x":{"b":1}},"hashes":{"sha256":"`+old+`"},"length":0}` {
		t.Error(got)
	}
	got, err = targets.Tag(d, targets.TagRequest{Which: []string{"1"}, ByVersion: true, Append: true, Tags: []string{"main"}, Now: now})
	if err != nil || len(got) != 0 {
		t.Errorf("tags that are there already: %v, %v", got, err)
	}
	got, err = targets.Tag(d, targets.TagRequest{Which: []string{"1", "2"}, ByVersion: true, Append: true, Tags: []string{"next"}, Now: now})
	if err != nil || fmt.Sprint(got) != "[{rpi-1 [prod main] [prod main next]} {x86-1 [main] [main next]} {rpi-2 [main devel] [main devel next]}]" {
		t.Errorf("%v, %v", got, err)
	}
	for _, req := range []targets.TagRequest{{Which: []string{"nosuch"}, Tags: []string{"a"}}, {Which: []string{"1", "9"}, ByVersion: true, Tags: []string{"a"}}, {Which: []string{"1"}, Tags: []string{"a"}}} {
		if _, err := targets.Tag(d, req); fail.ClassOf(err) != fail.NotFound {
			t.Errorf("%v: %v", req, err)
		}
	}
}

func TestPruneTakesTheExactTagSetAndKeepsTheLast(t *testing.T) {
	lines := []string{"rpi-1 1 rpi a", "rpi-2 2 rpi b,a", "rpi-3 3 rpi a,b", "x86-3 3 x86 a,b", "rpi-10 10 rpi a,b", "rpi-11 11 rpi c"}
	for want, req := range map[string]targets.PruneRequest{
		"[rpi-1]":                     {Which: []string{"a"}, ByTag: true},
		"[rpi-10 rpi-2 rpi-3 x86-3]":  {Which: []string{"b", "a"}, ByTag: true},
		"[rpi-2]":                     {Which: []string{"a", "b"}, ByTag: true, KeepLast: 2},
		"[rpi-2 rpi-3 x86-3]":         {Which: []string{"a", "b"}, ByTag: true, KeepLast: 1},
		"[]":                          {Which: []string{"a", "b"}, ByTag: true, KeepLast: 3},
		"[] ":                         {Which: []string{"a", "b", "c"}, ByTag: true},
		"[rpi-1 rpi-2]":               {Which: []string{"rpi-2", "rpi-1", "rpi-2"}},
		"[rpi-1 rpi-10 rpi-11 rpi-2]": {Which: []string{"rpi-1", "rpi-2", "rpi-11", "rpi-10"}, Force: true},
	} {
		d := draft(t, lines...)
		before := d.Names()
		got, err := targets.Prune(d, req)
		if err != nil || fmt.Sprint(got.Names) != strings.TrimSpace(want) {
			t.Errorf("%+v: %v, %v, want %s", req, got, err, want)
		}
		left := slices.DeleteFunc(before, func(n string) bool { return slices.Contains(got.Names, n) })
		if !slices.Equal(left, d.Names()) {
			t.Errorf("%+v leaves %v", req, d.Names())
		}
	}
}

func TestNewestOfATagIsNotPrunedByAccident(t *testing.T) {
	lines := []string{"rpi-1 1 rpi main", "rpi-2 2 rpi main", "x86-1 1 x86 main", "old-5 5 rpi old"}
	for _, name := range []string{"rpi-2", "x86-1", "old-5"} {
		d := draft(t, lines...)
		if _, err := targets.Prune(d, targets.PruneRequest{Which: []string{"rpi-1", name}}); fail.ClassOf(err) != fail.Conflict || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if len(d.Names()) != 4 {
			t.Errorf("%s: %v are left", name, d.Names())
		}
		got, err := targets.Prune(d, targets.PruneRequest{Which: []string{"rpi-1", name}, Force: true})
		if err != nil || fmt.Sprint(got.Newest) != "["+name+"]" {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	d := draft(t, lines...)
	if _, err := targets.Prune(d, targets.PruneRequest{Which: []string{"nosuch"}}); fail.ClassOf(err) != fail.NotFound {
		t.Error(err)
	}
}

func TestDifferenceIsByName(t *testing.T) {
	got := targets.Diff(draft(t, "a-1 1 a x", "b-1 1 b x", "c-1 1 c x"), draft(t, "a-1 1 a x", "b-1 1 b y", "d-1 1 d x"))
	if fmt.Sprint(got) != "{[d-1] [c-1] [b-1] []}" || got.None() || !targets.Diff(draft(t), draft(t)).None() {
		t.Error(got)
	}
}

func TestHighestCountsNumbersOnly(t *testing.T) {
	for want, lines := range map[int][]string{0: nil, 1: {"a-x x a m", "a-1 1 a m"}, 12: {"a-9 9 a m", "b-12 12 b m"}} {
		if got, err := targets.Highest(draft(t, lines...)); err != nil || got != want {
			t.Errorf("%v: %d, %v", lines, got, err)
		}
	}
}
