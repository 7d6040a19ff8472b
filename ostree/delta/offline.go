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
