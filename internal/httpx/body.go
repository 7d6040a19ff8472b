package httpx

import (
	"io"
	"net/http"
	"sync"
)

// body is a request body that is read no more once it is closed, and closed
// only while nobody reads it. net/http promises neither: http.Client closes the
// body of a request that was answered with a redirect while the transport may
// still send it. What lies below need not stand that: a file that is closed
// under a Read may be another one by the time it reads.
type body struct {
	mu     sync.Mutex
	r      io.ReadCloser
	closed bool
	lease  *Lease // of the memory that r reads; nil: that is for no reuse
}

// guard makes bodies of what req sends.
func guard(req *http.Request) {
	if req.Body == nil || req.Body == http.NoBody {
		return
	}
	req.Body = guarded(req.Body)
	if open := req.GetBody; open != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			r, err := open()
			if err != nil {
				return nil, err
			}
			return guarded(r), nil
		}
	}
}

func guarded(r io.ReadCloser) io.ReadCloser {
	if b, ok := r.(*body); ok {
		return b
	}
	return &body{r: r}
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return 0, io.ErrClosedPipe
	}
	return b.r.Read(p)
}

// Close implements io.Closer.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	err := b.r.Close()
	if b.lease != nil {
		b.lease.open.Add(-1)
	}
	return err
}
