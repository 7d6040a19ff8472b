package tuf_test

import (
	"fmt"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

func BenchmarkRefresh(b *testing.B) {
	for _, n := range []int{1000, 10000, 20000} {
		r := tuftest.New(b)
		for i := range n {
			r.AddTarget(fmt.Sprintf("intel-corei7-64-lmp-%d", i), commit, "intel-corei7-64", fmt.Sprint(i), "main", "devel")
		}
		for range 99 {
			r.NextRoot()
		}
		r.Publish()
		b.Run(fmt.Sprintf("targets=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(r.Files[tuf.TargetsFile])))
			for b.Loop() {
				r.Trust()
			}
		})
	}
}

func BenchmarkAddTarget(b *testing.B) {
	r := tuftest.New(b)
	for i := range 20000 {
		r.AddTarget(fmt.Sprintf("intel-corei7-64-lmp-%d", i), commit, "intel-corei7-64", fmt.Sprint(i), "main", "devel")
	}
	r.Publish()
	file := r.Files[tuf.TargetsFile]
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		t, err := tuf.ParseTargets(file)
		if err != nil {
			b.Fatal(err)
		}
		t.Targets["new"] = tuf.Target{Hashes: map[string]string{"sha256": commit}}
		if _, err := tuf.Sign(tuf.NewTargets(t.Version+1, t.Expires, t.Targets), r.Keys[tuf.RoleTargets][0]); err != nil {
			b.Fatal(err)
		}
	}
}
