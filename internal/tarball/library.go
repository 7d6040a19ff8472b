package tarball

import (
	"archive/tar"
	"context"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/mholt/archiver/v4"

	"github.com/otactl/otactl/internal/limits"
)

// All that is taken from mholt/archiver is in this file: its successor goes in
// here.

// eachMember calls fn for each member of the tar in r, in order, until fn fails.
// What open gives is to be read before fn returns. The header is nil where the
// library says nothing of a member.
func eachMember(ctx context.Context, r io.Reader, fn func(h *tar.Header, open func() (io.ReadCloser, error)) error) error {
	return archiver.Tar{}.Extract(ctx, r, func(_ context.Context, f archiver.FileInfo) error {
		h, _ := f.Header.(*tar.Header)
		return fn(h, func() (io.ReadCloser, error) { return f.Open() })
	})
}

func unbzip2(r io.Reader) (io.ReadCloser, error) { return archiver.Bz2{}.OpenReader(r) }

func unzstd(r io.Reader, opt Options) (io.ReadCloser, error) {
	return archiver.Zstd{DecoderOptions: []zstd.DOption{
		zstd.WithDecoderConcurrency(opt.Jobs), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(limits.ZstdWindow),
	}}.OpenReader(r)
}

func ungzip(r io.Reader, _ Options) (io.ReadCloser, error) { return archiver.Gz{}.OpenReader(r) }

// unxz takes dictionaries of up to 64 MiB, which is the library's own limit.
func unxz(r io.Reader, _ Options) (io.ReadCloser, error) { return archiver.Xz{}.OpenReader(r) }
