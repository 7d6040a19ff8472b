package treehub

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
)

// What one body should hold, and of that in memory. Much more, and a kill costs
// more than it has to, and memory; much less, and there are many requests.
const (
	loadBytes   = 4 << 20
	loadMemory  = 3 << 19
	loadObjects = batch.MaxObjects
	// Parents go in smaller loads, since the server has nothing else to do while
	// the last of them is on its way.
	loadParents = batch.MaxObjects / 4
)

// load is the body of one request: objects that were verified, of which small
// ones are in memory and others are opened again when it is sent.
type load struct {
	buf     *bytes.Buffer // frames, and small objects behind theirs
	large   []large
	size    int64
	objects int
	most    int           // objects
	done    chan struct{} // closed once the server has answered, whatever
	lease   httpx.Lease   // of buf
}

// large is an object whose bytes belong at a place in buf.
type large struct {
	at     int
	obj    ostree.Object
	length int64
}

// newLoad is an empty load for so many objects at most.
func newLoad(buf *bytes.Buffer, most int) *load {
	buf.Grow(loadMemory)
	return &load{buf: buf, most: most, done: make(chan struct{})}
}

// release gives the memory back, for another load. A transport that gave up may
// still be reading; then it keeps it.
func (l *load) release() *bytes.Buffer {
	if !l.lease.Over() {
		return new(bytes.Buffer)
	}
	l.buf.Reset()
	return l.buf
}

// fits says whether one more object of a length should still go along, of which
// so much is held in memory.
func (l *load) fits(length, held int64) bool {
	return l.objects == 0 || l.objects < l.most && l.size+length+batch.FrameSize <= loadBytes &&
		int64(l.buf.Len())+held+batch.FrameSize <= loadMemory
}

// full says that it is not worth waiting for more.
func (l *load) full() bool {
	return l.objects == l.most || l.size >= loadBytes*7/8 || l.buf.Len() >= loadMemory*7/8
}

// add appends an object: by its bytes, or where data is nil by its handle.
func (l *load) add(f batch.Frame, data []byte, obj ostree.Object) {
	l.buf.Write(batch.AppendFrame(l.buf.AvailableBuffer(), f))
	if data == nil {
		l.large = append(l.large, large{l.buf.Len(), obj, f.Length})
	} else {
		l.buf.Write(data)
	}
	l.objects++
	l.size += batch.FrameSize + f.Length
}

// open is the body from its beginning.
func (l *load) open(ctx context.Context) io.ReadCloser {
	r := &loadReader{ctx: ctx, load: l}
	r.part = bytes.NewReader(l.buf.Bytes()[:r.end()])
	return l.lease.Body(r)
}

// loadReader reads a load: what lies in memory up to a large object, then that,
// and so on.
type loadReader struct {
	ctx    context.Context
	load   *load
	passed int           // large objects that were read
	part   *bytes.Reader // of what is in memory
	object io.ReadCloser // the large object at hand, or nil
	left   int64         // of it
}

// end is where the part of memory ends that is at hand.
func (r *loadReader) end() int {
	if r.passed < len(r.load.large) {
		return r.load.large[r.passed].at
	}
	return r.load.buf.Len()
}

func (r *loadReader) Read(p []byte) (int, error) {
	for {
		if r.object != nil {
			n, err := r.readObject(p)
			if n > 0 || err != nil {
				return n, err
			}
			continue
		}
		if r.part.Len() > 0 {
			return r.part.Read(p)
		}
		if r.passed == len(r.load.large) {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
}

// next opens the large object that follows.
func (r *loadReader) next() error {
	l := r.load.large[r.passed]
	body, n, err := l.obj.OpenArchive(r.ctx)
	if err != nil {
		return err
	}
	if n != l.length {
		return errors.Join(changed(l.obj.ID()), body.Close())
	}
	r.object, r.left = body, n
	return nil
}

func changed(id ostree.ObjectID) error {
	return &ostree.CorruptError{ID: id, Why: "its length changed while it was sent"}
}

func (r *loadReader) readObject(p []byte) (int, error) {
	n, err := r.object.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	switch {
	case r.left == 0:
		return n, r.pass()
	case err == io.EOF:
		return n, changed(r.load.large[r.passed].obj.ID())
	}
	return n, err
}

// pass goes on to what is behind the large object.
func (r *loadReader) pass() error {
	err := r.object.Close()
	from := r.load.large[r.passed].at
	r.object = nil
	r.passed++
	r.part = bytes.NewReader(r.load.buf.Bytes()[from:r.end()])
	return err
}

// Close ends the reading.
func (r *loadReader) Close() error {
	if r.object == nil {
		return nil
	}
	return r.object.Close()
}
