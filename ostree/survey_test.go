package ostree_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

// bulk counts questions, whatever they hold.
type bulk struct {
	*storetest.Memory
	questions atomic.Int32
}

func (c *bulk) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	c.questions.Add(1)
	return c.Memory.Has(ctx, ids)
}

func TestAStoreThatAnswersManyAtOnceIsAskedOnce(t *testing.T) {
	sample, next := storetest.NewSample(t, 5, 4, "a"), storetest.NewSample(t, 5, 4, "b")
	src := newRepo(t, ostree.ModeArchive)
	storetest.Filled(t, src, sample)
	storetest.Filled(t, src, next)
	dst := &bulk{Memory: &storetest.Memory{Rules: ostree.Traits{Ordered: true, Batch: 1000, Bulk: true, MaxParallel: 4}}}
	for _, step := range []struct {
		what   string
		commit ostree.Checksum
		opt    ostree.CopyOptions
		copied int
	}{
		{"into an empty store", sample.Commit, ostree.CopyOptions{}, 32},
		{"again", sample.Commit, ostree.CopyOptions{}, 0},
		{"again, looking at everything", sample.Commit, ostree.CopyOptions{FullCheck: true}, 0},
		{"the next commit", next.Commit, ostree.CopyOptions{Known: []ostree.Checksum{sample.Commit}}, 3},
	} {
		dst.questions.Store(0)
		r := mustCopy(t, dst, src, step.commit, step.opt)
		if n := dst.questions.Load(); n != 1 || r.Copied != step.copied {
			t.Errorf("%s: %d questions and %d objects, want 1 and %d", step.what, n, r.Copied, step.copied)
		}
	}
	lost := sample.Files[2]
	dst.SetRaw(lost, nil)
	if r := mustCopy(t, dst, src, sample.Commit, ostree.CopyOptions{FullCheck: true}); r.Copied != 1 || dst.Raw(lost) == nil {
		t.Errorf("a lost file did not come back: %+v", r)
	}
	all := &bulk{Memory: &storetest.Memory{Rules: ostree.Traits{Batch: 10, Bulk: true}}}
	mustCopy(t, all, src, sample.Commit, ostree.CopyOptions{})
	if n := all.questions.Load(); n != 4 {
		t.Errorf("32 objects, 10 to a question: %d questions", n)
	}
}
