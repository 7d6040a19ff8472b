package plumbing

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// showSizes adds up what a commit says of its objects, all of them and those
// that the repo lacks.
func (e *Env) showSizes(c *cli.Context, repo *ostree.Repo, sum ostree.Checksum, commit *ostree.Commit) error {
	value, ok := commit.Lookup(ostree.KeySizes)
	if !ok {
		return fail.New(fail.NotFound, "commit with --generate-sizes", "commit %s says nothing of sizes", sum)
	}
	list, err := ostree.ParseSizes(value)
	if err != nil {
		return fail.As(fmt.Errorf("commit %s: %w", sum, err), fail.Verification, "")
	}
	ids := make([]ostree.ObjectID, len(list))
	for i, s := range list {
		ids[i] = s.ID
	}
	there, err := repo.Has(c.Context, ids)
	if err != nil {
		return err
	}
	var view sizesView
	for i, s := range list {
		view.Total.add(s)
		if !there[i] {
			view.Needed.add(s)
		}
	}
	return e.Render(view)
}

type sizesView struct {
	Needed objectSums `json:"needed"`
	Total  objectSums `json:"total"`
}

type objectSums struct {
	Objects  int    `json:"objects"`
	Archived uint64 `json:"archived"` // bytes, as fetched
	Unpacked uint64 `json:"unpacked"`
}

func (o *objectSums) add(s ostree.ObjectSize) {
	o.Objects++
	o.Archived += s.Archived
	o.Unpacked += s.Unpacked
}

// Table prints what ostree show --print-sizes prints.
func (v sizesView) Table(w io.Writer) {
	fmt.Fprintf(w, "Compressed size (needed/total): %s/%s\n", sizeText(v.Needed.Archived), sizeText(v.Total.Archived))
	fmt.Fprintf(w, "Unpacked size (needed/total): %s/%s\n", sizeText(v.Needed.Unpacked), sizeText(v.Total.Unpacked))
	fmt.Fprintf(w, "Number of objects (needed/total): %d/%d\n", v.Needed.Objects, v.Total.Objects)
}
