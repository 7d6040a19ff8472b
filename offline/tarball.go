package offline

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

// Tarball is a bundle as a plain tar, as an update-server takes it: the folders
// tuf, ostree_repo and apps, made while it is read.
type Tarball struct {
	b     *Bundle
	files []packed
	// Size is how long the tar is.
	Size int64

	opened  []*io.PipeReader
	writing sync.WaitGroup
}

// Tar looks up what a bundle has to be sent of; what has no place in a bundle is
// an error, as with Pack.
func Tar(ctx context.Context, b *Bundle) (*Tarball, error) {
	files, err := packable(ctx, b)
	if err != nil {
		return nil, err
	}
	files = slices.DeleteFunc(files, func(f packed) bool {
		top, _, _ := strings.Cut(f.name, "/")
		return top != dirMetadata && top != dirRepo && top != dirApps
	})
	list := metadataPath(tuf.BundleTargetsFile)
	info, err := fs.Stat(b.files, list)
	if err != nil {
		return nil, missing(err)
	}
	t := &Tarball{b: b, files: append(files, packed{list, info.Size()}), Size: 2 * tarBlock}
	for _, f := range t.files {
		head, err := headLength(f)
		if err != nil {
			return nil, err
		}
		t.Size += head + (f.size+tarBlock-1)/tarBlock*tarBlock
	}
	return t, nil
}

const tarBlock = 512

func (f packed) header() *tar.Header {
	return &tar.Header{Name: f.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: f.size}
}

// headLength is how long the header of a file is: more than a block where its
// name is long.
func headLength(f packed) (int64, error) {
	var n counter
	err := tar.NewWriter(&n).WriteHeader(f.header())
	return int64(n), err
}

type counter int64

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// Open reads the tar from its start; it may be opened again, by one at a time. A
// file that changes while it is read is an error.
func (t *Tarball) Open(ctx context.Context, sink progress.Sink) io.ReadCloser {
	r, w := io.Pipe()
	t.opened = append(t.opened, r)
	t.writing.Go(func() { w.CloseWithError(t.write(ctx, w, sink)) })
	return r
}

// Close ends what was opened. The bundle is to be closed after that only: closing
// a reader does not wait for a file of the bundle that is being unpacked for it.
func (t *Tarball) Close() {
	for _, r := range t.opened {
		r.Close()
	}
	t.writing.Wait()
}

func (t *Tarball) write(ctx context.Context, to io.Writer, sink progress.Sink) error {
	task := progress.Start(sink, "sending the bundle", progress.Bytes, t.Size)
	defer task.Done()
	w := tar.NewWriter(to)
	for _, f := range t.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.add(w, f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		task.Add(f.size + tarBlock)
	}
	return w.Close()
}

func (t *Tarball) add(w *tar.Writer, f packed) error {
	in, err := t.b.files.Open(f.name)
	if err != nil {
		return medium.Cause(err)
	}
	defer in.Close()
	if err := w.WriteHeader(f.header()); err != nil {
		return err
	}
	n, err := io.Copy(w, io.LimitReader(in, f.size))
	if err == nil && n < f.size {
		err = errors.New("it became shorter while it was read")
	}
	return err
}
