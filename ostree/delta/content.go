package delta

import (
	"context"
	"errors"
	"io"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// object is the object that a task makes, ready for a session. It can be opened
// as often as needed.
func (r *runner) object(t task) (ostree.Object, error) {
	if t.start.code == opOpen {
		h, err := r.payload.header(t.start.mode, t.start.xattrs, t.start.size)
		if err != nil {
			return nil, err
		}
		return ostree.NewFile(t.id.Sum, h, func(ctx context.Context) (io.ReadCloser, error) {
			return r.content(ctx, t), nil
		}), nil
	}
	blob := r.payload.data.section(r.payload.blobAt+t.start.offset, t.start.size)
	if t.id.Type != ostree.TypeFile {
		data := make([]byte, t.start.size)
		if _, err := io.ReadFull(blob, data); err != nil {
			return nil, err
		}
		return ostree.NewNamedMetadata(t.id, data), nil
	}
	h, err := r.payload.header(t.start.mode, t.start.xattrs, t.start.size)
	if err != nil {
		return nil, err
	}
	if h.IsSymlink() {
		target := make([]byte, min(t.start.size, limits.SymlinkTarget))
		if _, err := io.ReadFull(blob, target); err != nil {
			return nil, err
		}
		h.Target, h.Size = string(target), 0
		return ostree.NewFile(t.id.Sum, h, nil), nil
	}
	return ostree.NewFile(t.id.Sum, h, func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(blob, 0, int64(t.start.size))), nil
	}), nil
}

// content reads the file that the operations from after the o up to the c make.
func (r *runner) content(ctx context.Context, t task) io.ReadCloser {
	return &content{ctx: ctx, runner: r, task: t, script: r.script(ctx, t), at: t.start.at}
}

// script reads the operations of a task.
func (r *runner) script(ctx context.Context, t task) *script {
	begin := r.payload.data.section(r.payload.opsAt, uint64(t.end))
	_, _ = begin.Seek(t.start.at, io.SeekStart)
	return newScript(&cancellable{ctx, begin}, t.start.at)
}

// copied is the file that an r names.
func (r *runner) copied(o op) (sum ostree.Checksum, err error) {
	_, err = r.payload.data.ReadAt(sum[:], int64(r.payload.blobAt+o.offset))
	return sum, err
}

// content is a file that a program makes, as it is read.
type content struct {
	ctx    context.Context
	runner *runner
	task   task
	script *script
	source *source   // nil: read from the blob
	from   io.Reader // of the operation under way; nil between two
	left   uint64    // bytes that it still gives
	at     int64     // of the operation, for errors
	err    error
}

func (c *content) Read(b []byte) (int, error) {
	for c.err == nil && len(b) > 0 {
		if c.from == nil {
			c.err = c.advance()
			continue
		}
		if c.left == 0 {
			c.err = c.done()
			continue
		}
		n, err := c.from.Read(b[:min(uint64(len(b)), c.left)])
		c.left -= uint64(n)
		if err == io.EOF && c.left > 0 {
			err = bad("file to copy from ends %d bytes too early", c.left)
		}
		if err != nil && err != io.EOF {
			c.err = blame(c.task.id, c.at, err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, c.err
}

// done ends an operation. A patch must end with the file that it makes.
func (c *content) done() error {
	p, ok := c.from.(*patched)
	c.from = nil
	if !ok {
		return nil
	}
	if err := p.end(); err != io.EOF {
		return blame(c.task.id, c.at, err)
	}
	return nil
}

// advance goes on to the next operation that gives bytes. The walk before has
// checked them all.
func (c *content) advance() error {
	for {
		o, err := c.script.next(true)
		if err != nil {
			return err
		}
		c.at = o.at
		switch o.code {
		case opOpen:
			if c.task.source != nil {
				err = c.open(*c.task.source)
			}
		case opSource:
			err = c.open(o)
		case opRelease:
			err = c.release()
		case opClose:
			if err := c.release(); err != nil {
				return err
			}
			return io.EOF
		case opWrite:
			c.left = o.size
			if c.source == nil {
				c.from = c.runner.payload.data.section(c.runner.payload.blobAt+o.offset, o.size)
			} else {
				c.from = io.NewSectionReader(c.source, int64(o.offset), int64(o.size))
			}
			return nil
		case opPatch:
			patch := c.runner.payload.data.section(c.runner.payload.blobAt+o.offset, o.size)
			c.left = c.task.start.size
			c.from = newPatched(patch, c.source, c.source.size, int64(c.left))
			return nil
		}
		if err != nil {
			return blame(c.task.id, o.at, err)
		}
	}
}

// open goes on with the file that an r names; the one that is open need not be
// opened, and out of an archive repo unpacked, again.
func (c *content) open(o op) error {
	sum, err := c.runner.copied(o)
	if err != nil || c.source != nil && c.source.sum == sum {
		return err
	}
	if err := errors.Join(c.ctx.Err(), c.release()); err != nil {
		return err
	}
	c.source, err = c.runner.sources.open(c.ctx, sum)
	return err
}

func (c *content) release() error {
	if c.source == nil {
		return nil
	}
	s := c.source
	c.source = nil
	return s.Close()
}

func (c *content) Close() error { return c.release() }
