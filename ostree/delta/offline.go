package delta

import (
	"context"
	"io"

	"github.com/otactl/otactl/ostree"
)

// ApplyFile is Apply for a delta on disk, with its parts inside or beside it.
// Signatures are the caller's to check, over f.Raw.
func ApplyFile(ctx context.Context, repo *ostree.Repo, f *File, opt ApplyOptions) (ApplyReport, error) {
	return Apply(ctx, repo, f.Superblock, func(_ context.Context, i int) (io.ReadCloser, error) { return f.Part(i) }, opt)
}

// FetchFrom is for ApplyOptions.Fetch: what a delta leaves out is copied from
// src.
func FetchFrom(src ostree.Source) func(context.Context, ostree.Session, []ostree.ObjectID) error {
	return func(ctx context.Context, to ostree.Session, ids []ostree.ObjectID) error {
		for _, id := range ids {
			obj, err := src.Object(ctx, id)
			if err == nil {
				err = to.Put(ctx, obj)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}
