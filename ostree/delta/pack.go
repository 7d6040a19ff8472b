package delta

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta/xz"
)

// packer compresses parts.
type packer struct {
	src     ostree.Source
	spool   io.ReaderAt
	program string // of xz; empty: our own encoder
}

// pack writes a part to path and gives what the superblock says of it.
func (p *packer) pack(ctx context.Context, d *draft, path string) (Part, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return Part{}, err
	}
	out := &hashed{w: f, sum: sha256.New()}
	_, err = out.Write([]byte{packedXZ})
	if err == nil {
		err = p.compress(ctx, out, d)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return Part{}, err
	}
	return Part{Sum: ostree.Checksum(out.sum.Sum(nil)), Size: out.n, USize: d.usize, Objects: d.table}, nil
}

// dictionary is the size of the dictionary for a payload: as large as that, so
// that nothing in it is out of reach, but no larger than what an encoder has
// memory for.
func dictionary(payload int64) int64 {
	size := int64(64 << 10)
	for size < payload && size < maxDictionary {
		size *= 2
	}
	return size
}

// maxDictionary keeps an encoder below 100 MiB: it takes 11 times as much. Device
// and server need as much as this to unpack.
const maxDictionary = 8 << 20

func (p *packer) compress(ctx context.Context, out io.Writer, d *draft) error {
	in, feed := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := d.write(ctx, feed, p.src, p.spool)
		_ = feed.CloseWithError(err)
		done <- err
	}()
	err := p.squeeze(ctx, out, in, dictionary(d.size()))
	_ = in.Close() // so that the writer ends, whatever happened
	if werr := <-done; werr != nil && !errors.Is(werr, io.ErrClosedPipe) {
		return werr
	}
	return err
}

// squeeze packs what in gives, by the program if there is one.
func (p *packer) squeeze(ctx context.Context, out io.Writer, in io.Reader, dict int64) error {
	if p.program == "" {
		return xz.Encode(out, in, int(dict))
	}
	cmd := exec.CommandContext(ctx, p.program, "--format=xz", "--check=crc64", "--threads=1", "--stdout",
		fmt.Sprintf("--lzma2=preset=%d,dict=%d", preset, dict))
	var complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, &complaint
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", p.program, err, strings.TrimSpace(complaint.String()))
	}
	return nil
}

// preset is the effort of xz, that of libostree.
const preset = 8

// hashed hashes and counts what it passes on.
type hashed struct {
	w   io.Writer
	sum interface {
		io.Writer
		Sum([]byte) []byte
	}
	n uint64
}

func (h *hashed) Write(p []byte) (int, error) {
	n, err := h.w.Write(p)
	_, _ = h.sum.Write(p[:n])
	h.n += uint64(n)
	return n, err
}
