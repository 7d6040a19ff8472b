package httpx

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
)

// Lease counts the request bodies that read memory which is meant for reuse. A
// transport may go on reading a body after it has returned an answer or an
// error, until it closes it (net/http, RoundTripper): a server may answer
// before it has read the request, and the next attempt may be through before
// the first is given up. The zero value is ready for use.
type Lease struct{ open atomic.Int32 }

// Body is r as a request body. From its Close on it reads nothing of r, even
// where a Read is under way in another goroutine.
func (l *Lease) Body(r io.ReadCloser) io.ReadCloser {
	l.open.Add(1)
	return &body{r: r, lease: l}
}

// Over says that no body is open: the memory may be written again. Where it is
// not over, who owns the memory takes new one and leaves this to the transport.
func (l *Lease) Over() bool { return l.open.Load() == 0 }

// Buffer is memory for what is sent, with the bodies that read it.
type Buffer struct {
	bytes.Buffer
	lease Lease
}

// Body is all that the buffer holds now, as a request body.
func (b *Buffer) Body() io.ReadCloser {
	return b.lease.Body(io.NopCloser(bytes.NewReader(b.Bytes())))
}

// Buffers keeps buffers for reuse. Safe for concurrent use.
type Buffers struct {
	keep int // bytes; a larger one is let go
	pool sync.Pool
}

// NewBuffers keeps none larger than keep bytes: a hundred that wait for reuse
// would be memory.
func NewBuffers(keep int) *Buffers { return &Buffers{keep: keep} }

// Get is an empty buffer.
func (p *Buffers) Get() *Buffer {
	if b, ok := p.pool.Get().(*Buffer); ok {
		return b
	}
	return new(Buffer)
}

// Put takes a buffer back, unless a transport still reads it.
func (p *Buffers) Put(b *Buffer) {
	if b.Cap() > p.keep || !b.lease.Over() {
		return
	}
	b.Reset()
	p.pool.Put(b)
}
