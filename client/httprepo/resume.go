package httprepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/otactl/otactl/internal/fail"
)

// resumes is how often one stream may be taken up again.
const resumes = 5

// resuming is the body of an object that goes on with a Range request after
// the connection broke. The bytes are content-addressed, so what is pieced
// together wrongly does not pass its verification.
type resuming struct {
	ctx    context.Context
	src    *Source
	site   *site
	path   string
	what   string // for messages
	body   io.ReadCloser
	offset int64
	length int64 // -1: not known, and then nothing is taken up again
	tries  int
}

// Read implements io.Reader.
func (r *resuming) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.offset += int64(n)
	if err == nil || err == io.EOF && (r.length < 0 || r.offset >= r.length) {
		return n, err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	for r.length >= 0 && r.tries < resumes && r.ctx.Err() == nil {
		r.tries++
		rerr := r.reopen()
		if rerr == nil {
			return n, nil
		}
		if !errors.Is(rerr, errCutAgain) {
			return n, r.failed(fmt.Errorf("%w, and then %w", err, rerr))
		}
	}
	return n, r.failed(err)
}

// errCutAgain says that a stream broke before it was back where it had been.
var errCutAgain = errors.New("the connection broke again")

func (r *resuming) failed(err error) error {
	if r.ctx.Err() != nil {
		err = context.Cause(r.ctx)
	}
	return fail.As(fmt.Errorf("read %s from %s: %w", r.what, r.site.url(), err), fail.Network, "")
}

func (r *resuming) reopen() error {
	_ = r.body.Close()
	resp, err := r.src.do(r.ctx, r.site, http.MethodGet, r.path, func(req *http.Request) error {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", r.offset))
		return nil
	})
	if err != nil {
		r.body = http.NoBody
		return err
	}
	r.body = resp.Body
	if resp.StatusCode == http.StatusPartialContent {
		return nil
	}
	// The server knows no ranges and began anew: skip what was read already.
	if _, err := io.CopyN(io.Discard, resp.Body, r.offset); err != nil {
		return fmt.Errorf("%w: %w", errCutAgain, err)
	}
	return nil
}

// Close gives the connection up, or back when all was read.
func (r *resuming) Close() error { return r.body.Close() }
