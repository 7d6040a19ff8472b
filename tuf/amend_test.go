package tuf_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// amended signs what AmendTargets makes of file.
func amended(t *testing.T, file []byte, put map[string]tuf.Target, drop ...string) []byte {
	t.Helper()
	signed, err := tuf.AmendTargets(file, 7, tuftest.Start, put, drop...)
	if err != nil {
		t.Fatal(err)
	}
	out, err := tuf.Sign(signed, seeded(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(out, signed) {
		t.Errorf("what was made is not in canonical form: %s", signed)
	}
	return out
}

func TestAnAmendedFileIsWhatWritingItAnewGives(t *testing.T) {
	target := func(version string) tuf.Target {
		return tuf.Target{Length: 1, Hashes: map[string]string{"sha256": commit}, Custom: json.RawMessage(`{"version":"` + version + `"}`)}
	}
	have := map[string]tuf.Target{"b": target("1"), "d": target("2"), `f"\`: target("3")}
	cases := map[string]struct {
		put  map[string]tuf.Target
		drop []string
	}{
		"nothing":                 {},
		"first":                   {put: map[string]tuf.Target{"a": target("4")}},
		"between":                 {put: map[string]tuf.Target{"c": target("4"), "e": target("5")}},
		"last":                    {put: map[string]tuf.Target{"z": target("4"), "zz": target("5")}},
		"in the place of another": {put: map[string]tuf.Target{"b": target("4"), `f"\`: target("5")}},
		"dropped":                 {drop: []string{"b", "none"}},
		"all dropped":             {drop: []string{"b", "d", `f"\`}},
		"dropped and put":         {put: map[string]tuf.Target{"d": target("9")}, drop: []string{"d"}},
		"escapes in a name":       {put: map[string]tuf.Target{`f"`: target("4"), "\t": target("5")}},
		"all at once":             {put: map[string]tuf.Target{"": target("x"), "c": target("4")}, drop: []string{"d"}},
	}
	delete(cases["all at once"].put, "")
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			file, err := tuf.Sign(tuf.NewTargets(6, tuftest.Start, have), seeded(t, 2))
			if err != nil {
				t.Fatal(err)
			}
			want := maps.Clone(have)
			for _, name := range c.drop {
				delete(want, name)
			}
			maps.Copy(want, c.put)
			anew, err := tuf.Sign(tuf.NewTargets(7, tuftest.Start, want), seeded(t, 2))
			if err != nil {
				t.Fatal(err)
			}
			if got := amended(t, file, c.put, c.drop...); !bytes.Equal(got, anew) {
				t.Errorf("got  %s\nwant %s", got, anew)
			}
		})
	}
	empty, err := tuf.Sign(tuf.NewTargets(6, tuftest.Start, nil), seeded(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := tuf.ParseTargets(amended(t, empty, map[string]tuf.Target{"a": target("1")})); err != nil || len(got.Targets) != 1 || got.Version != 7 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnAmendmentKeepsWhatItDoesNotKnow(t *testing.T) {
	signed := `{"_type":"Targets","expires":"2026-01-01T00:00:00Z","targets":{"a":{"custom":{"x":[1,{"y":null}]},"hashes":{"md5":"00","sha256":"` + commit + `"},"length":3,"z":1}},"version":1,"x-more":{"b":[]},"delegations":{}}`
	got := string(amended(t, tuftest.SignRaw(t, []byte(signed)), nil))
	for _, want := range []string{`"a":{"custom":{"x":[1,{"y":null}]},"hashes":{"md5":"00","sha256":"` + commit + `"},"length":3,"z":1}`, `"x-more":{"b":[]}`, `"delegations":{}`, `"version":7`, `"expires":"2026-07-01T10:00:00Z"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %s", got, want)
		}
	}
}

func TestAnAmendmentThatNoDeviceWouldReadIsRefused(t *testing.T) {
	file, err := tuf.Sign(tuf.NewTargets(6, tuftest.Start, nil), seeded(t, 2))
	if err != nil {
		t.Fatal(err)
	}
	hashes := map[string]string{"sha256": commit}
	for what, put := range map[string]map[string]tuf.Target{
		"no name":            {"": {Hashes: hashes}},
		"no hash":            {"pc-1": {}},
		"a short hash":       {"pc-1": {Hashes: map[string]string{"sha256": "00"}}},
		"a length below 0":   {"pc-1": {Length: -1, Hashes: hashes}},
		"custom as text":     {"pc-1": {Hashes: hashes, Custom: json.RawMessage(`"x"`)}},
		"custom with more":   {"pc-1": {Hashes: hashes, Custom: json.RawMessage(`{},"more":{}`)}},
		"custom cut short":   {"pc-1": {Hashes: hashes, Custom: json.RawMessage(`{`)}},
		"custom with halves": {"pc-1": {Hashes: hashes, Custom: json.RawMessage(`{"a":0.5}`)}},
	} {
		_, err := tuf.AmendTargets(file, 7, tuftest.Start, put)
		if !errors.Is(err, tuf.ErrMalformed) || put["pc-1"].Hashes != nil && !strings.Contains(err.Error(), "pc-1") {
			t.Errorf("%s: %v", what, err)
		}
	}
	bundle := golden(t, "bundle-targets.json")
	for _, file := range [][]byte{nil, []byte("{}"), golden(t, "snapshot.json"), bundle} {
		if _, err := tuf.AmendTargets(file, 7, tuftest.Start, nil); !errors.Is(err, tuf.ErrMalformed) || !strings.Contains(err.Error(), "targets.json") {
			t.Errorf("%.40q: %v", file, err)
		}
	}
}

// full is a repository of n targets of 419 bytes: 8 MiB at 20,000.
func full(t testing.TB, n int) *tuftest.Repo {
	t.Helper()
	r := tuftest.New(t)
	for i := range n {
		name := fmt.Sprintf("intel-corei7-64-lmp-%d", i)
		r.AddTarget(name, commit, "intel-corei7-64", fmt.Sprintf("%05d", i), "main", "devel")
		custom := r.Targets[name]
		custom.Custom = bytes.Replace(custom.Custom, []byte(`{`), fmt.Appendf(nil, `{"a-note":"%s",`, strings.Repeat("x", 57)), 1)
		r.Targets[name] = custom
	}
	r.Publish()
	return r
}

// Times depend on the machine; how often and how much is allocated does not.
func TestVerifyingAndAmendingCostInProportionToTheTargets(t *testing.T) {
	verify, amend := map[int]float64{}, map[int]float64{}
	for _, n := range []int{1000, 10000, 20000} {
		r := full(t, n)
		verify[n] = testing.AllocsPerRun(1, func() { r.Trust() })
		file, add := r.Files[tuf.TargetsFile], map[string]tuf.Target{"new": {Hashes: map[string]string{"sha256": commit}}}
		amend[n] = testing.AllocsPerRun(1, func() { amended(t, file, add) })
	}
	t.Logf("allocations to verify: %v, to amend: %v", verify, amend)
	for _, n := range []int{10000, 20000} {
		if each := verify[n] / float64(n); each > 6.5 {
			t.Errorf("%.1f allocations a target to verify %d", each, n)
		}
		if amend[n] > amend[1000]+50 {
			t.Errorf("%.0f allocations to amend %d targets, %.0f to amend 1000", amend[n], n, amend[1000])
		}
	}
}
