package publish

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// made is a target with fields that nobody here knows.
func made(version int, tags ...string) json.RawMessage {
	list, _ := json.Marshal(tags)
	return fmt.Appendf(nil, `{"length":0,"hashes":{"sha256":"%064x"},"x-outer":[1],"custom":{"name":"demo","version":"%d",
		"hardwareIds":["demo"],"tags":%s,"targetFormat":"OSTREE","z":{"b":2,"a":["\u007e",null]}}}`, version, version, list)
}

// set is a signed and verified targets.json.
func set(t *testing.T, version int, entries map[string]json.RawMessage) *tuf.TargetsDraft {
	t.Helper()
	d := tuf.NewTargetsDraft()
	for name, e := range entries {
		if err := d.Set(name, e); err != nil {
			t.Fatal(err)
		}
	}
	file, err := d.Sign(version, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if d, err = tuf.DraftTargets(file); err != nil {
		t.Fatal(err)
	}
	return d
}

func ciSet(t *testing.T) *tuf.TargetsDraft {
	return set(t, 70, map[string]json.RawMessage{"a-3": made(3, "main"), "b-3": made(3, "devel"), "a-2": made(2, "main"), "a-1": made(1, "main")})
}

func TestWaveKeepsAllOfATargetButItsTags(t *testing.T) {
	prod := set(t, 2, map[string]json.RawMessage{"a-2": made(2, "prod"), "a-1": made(1, "prod")})
	p, err := PlanWave(WaveRequest{CI: ciSet(t), Production: prod, Version: 3, Tag: "prod", SourceTag: "main", Prune: []string{"1"}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.New, []string{"a-3"}) || !slices.Equal(p.Kept, []string{"a-2"}) || !slices.Equal(p.Pruned, []string{"a-1"}) || !slices.Equal(p.WithoutDelta, p.New) {
		t.Errorf("the plan is %+v", p)
	}
	want, err := tuf.Canonical(made(3, "prod"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Targets.Entry("a-3"); string(got) != string(want) {
		t.Errorf("the new target is %s, want %s", got, want)
	}
	if got := p.Targets.Entry("a-2"); string(got) != string(prod.Entry("a-2")) {
		t.Errorf("the kept target is %s", got)
	}
	if prod.Entry("a-1") == nil || prod.Entry("a-3") != nil {
		t.Error("the production targets themselves were changed")
	}
}

func TestWaveThatMakesNoSenseIsNotPlanned(t *testing.T) {
	prod := set(t, 2, map[string]json.RawMessage{"a-2": made(2, "prod"), "b-3": made(3, "prod")})
	base := WaveRequest{CI: ciSet(t), Production: prod, Version: 3, Tag: "prod", SourceTag: "main"}
	for what, c := range map[string]struct {
		change func(*WaveRequest)
		class  fail.Class
	}{
		"version as high":          {func(r *WaveRequest) { r.Version = 2 }, fail.Conflict},
		"no such version":          {func(r *WaveRequest) { r.Version = 9 }, fail.NotFound},
		"no such source tag":       {func(r *WaveRequest) { r.SourceTag = "x" }, fail.NotFound},
		"name taken in production": {func(r *WaveRequest) { r.SourceTag = "" }, fail.Conflict},
		"pruning what is not":      {func(r *WaveRequest) { r.Prune = []string{"2", "1"} }, fail.NotFound},
		"pruning itself":           {func(r *WaveRequest) { r.Prune = []string{"3"} }, fail.Usage},
	} {
		r := base
		c.change(&r)
		if _, err := PlanWave(r); fail.ClassOf(err) != c.class {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := PlanWave(base); err != nil {
		t.Error(err)
	}
}

func TestSignerIsToldWhatAWaveChangesAndRefusesWhatIsOdd(t *testing.T) {
	prod := set(t, 2, map[string]json.RawMessage{"a-2": made(2, "prod"), "a-1": made(1, "prod")})
	ci := ciSet(t)
	p, err := ReviewWave(set(t, 3, map[string]json.RawMessage{"a-2": made(2, "prod"), "a-3": made(3, "prod")}), prod, ci, "prod")
	if err != nil || !slices.Equal(p.New, []string{"a-3"}) || !slices.Equal(p.Kept, []string{"a-2"}) || !slices.Equal(p.Pruned, []string{"a-1"}) {
		t.Fatalf("%+v, %v", p, err)
	}
	odd := json.RawMessage(strings.Replace(string(made(3, "prod")), `"b":2`, `"b":3`, 1))
	for what, entries := range map[string]map[string]json.RawMessage{
		"another commit in production": {"a-2": made(1, "prod"), "a-3": made(3, "prod")},
		"other tags":                   {"a-3": made(3, "prod", "main")},
		"another tag":                  {"a-3": made(3, "main")},
		"not in CI":                    {"a-9": made(3, "prod")},
		"another version":              {"a-1": made(1, "prod"), "a-2": made(2, "prod"), "a-3": made(3, "prod"), "b-2": made(2, "prod")},
		"another commit than in CI":    {"a-3": made(2, "prod")},
		"another field than in CI":     {"a-3": odd},
	} {
		if _, err := ReviewWave(set(t, 3, entries), prod, ci, "prod"); fail.ClassOf(err) != fail.Verification {
			t.Errorf("%s: %v", what, err)
		}
	}
	file, err := set(t, 3, map[string]json.RawMessage{"a-3": made(3, "prod")}).Sign(3, time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	delegating, err := tuf.DraftTargets([]byte(strings.Replace(string(file), `"signed":{`, `"signed":{"delegations":{"keys":{}},`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ReviewWave(delegating, nil, ci, "prod"); fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), "delegations") {
		t.Errorf("a wave that hands the role on: %v", err)
	}
	if _, err := ReviewWave(set(t, 2, map[string]json.RawMessage{"a-3": made(3, "prod")}), prod, ci, "prod"); fail.ClassOf(err) != fail.Verification {
		t.Errorf("a version that doesn't go up: %v", err)
	}
	if _, err := ReviewWave(set(t, 3, map[string]json.RawMessage{"a-3": made(3, "prod")}), nil, ci, "prod"); err != nil {
		t.Errorf("the first wave of a tag: %v", err)
	}
}
