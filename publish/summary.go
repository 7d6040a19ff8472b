package publish

import (
	"context"
	"fmt"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/ostree"
)

// summarize has a store that shows a summary to its readers make it anew, once
// all refs moved. A run that moves nothing asks for it too where the store knows
// its refs, and so sees by itself whether a summary is owed: somebody may have
// been killed between the ref and the summary.
//
// The refs have moved by now, and readers that need no summary have the commit;
// so a summary that fails is an error of its own, and the next run mends it.
func (r *run) summarize(ctx context.Context) error {
	s, ok := r.Remote.(ostree.Summarizer)
	if !ok || r.DryRun {
		return nil
	}
	if _, knows := r.Remote.(ostree.RefLister); !knows && !r.movedRef() && !r.report.sentDeltas() && r.report.Delivered == 0 {
		return nil
	}
	err := faults.At(r.Faults, "publish.summary")
	if err == nil {
		err = s.UpdateSummary(ctx)
	}
	if err != nil {
		return fail.Hint(fmt.Errorf("the commit is published, and its summary is not: %w", err), "run this again")
	}
	return nil
}

func (r *run) movedRef() bool {
	for _, it := range r.report.Items {
		if it.RefMoved {
			return true
		}
	}
	return false
}
