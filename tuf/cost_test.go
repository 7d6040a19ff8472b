package tuf_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// full is a repository of n targets of some 420 bytes: 8 MiB at 20,000.
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
func TestVerifyingAndChangingTargetsCostInProportionToThem(t *testing.T) {
	if testing.Short() {
		t.Skip("it is long")
	}
	verify, change := map[int]float64{}, map[int]float64{}
	for _, n := range []int{1000, 10000, 20000} {
		r := full(t, n)
		verify[n] = testing.AllocsPerRun(1, func() { r.Trust() })
		file, key, entry := r.Files[tuf.TargetsFile], seeded(t, 2), json.RawMessage(`{"hashes":{"sha256":"`+commit+`"},"length":0}`)
		change[n] = testing.AllocsPerRun(1, func() {
			d, err := tuf.DraftTargets(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := d.Set("new", entry); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Sign(7, tuftest.Start, key); err != nil {
				t.Fatal(err)
			}
		})
	}
	t.Logf("allocations to verify: %v, to change: %v", verify, change)
	for _, n := range []int{10000, 20000} {
		if each := verify[n] / float64(n); each > 6.5 {
			t.Errorf("%.1f allocations a target to verify %d", each, n)
		}
		if each := change[n] / float64(n); each > 1.5 {
			t.Errorf("%.1f allocations a target to add one to %d", each, n)
		}
	}
}
