package tuf_test

import (
	"errors"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

func TestAnHonestRepositoryIsTrusted(t *testing.T) {
	r := tuftest.New(t)
	r.AddTarget("intel-lmp-1", commit, "intel", "1", "main")
	r.Publish()
	trust := r.Trust()
	got := trust.Targets().Targets["intel-lmp-1"]
	if got.Commit() != commit {
		t.Errorf("commit = %q", got.Commit())
	}
	if want := r.Now.Add(r.Lifetime[tuf.RoleTimestamp]); !trust.Expires().Equal(want) {
		t.Errorf("expires %v, want the timestamp's %v", trust.Expires(), want)
	}
	r.Bundle("ci", "main", "intel-lmp-1")
	b, err := trust.VerifyBundle(r.Files[tuf.BundleTargetsFile], r.Now)
	if err != nil || b.Tag != "main" || b.Type != "ci" || len(b.Targets) != 1 {
		t.Errorf("bundle = %+v, %v", b, err)
	}
	if _, err := trust.VerifyBundle(r.Files[tuf.TargetsFile], r.Now); !errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("targets.json as a bundle: %v", err)
	}
}
