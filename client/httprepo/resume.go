package httprepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

// resumes is how often one stream may be taken up again.
const resumes = 5

// resuming is the body of an object that goes on with a Range request after
// the connection broke. The bytes are content-addressed, so what is pieced
// together wrongly does not pass its verification.
type resuming struct {
	ctx   context.Context
	src   *Source
	site  *site
	path  string
	what  string // for messages
	body  io.ReadCloser
	at    ostree.Place // where body is; of no known length, nothing is taken up again
	tries int
}

// Read implements io.Reader.
func (r *resuming) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.at.Offset += int64(n)
	if err == nil || err == io.EOF && (r.at.Length < 0 || r.at.Offset >= r.at.Length) {
		return n, err
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	for r.at.Length >= 0 && r.tries < resumes && r.ctx.Err() == nil {
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
	resp, err := r.src.do(r.ctx, r.site, http.MethodGet, r.path, from(r.at))
	if err != nil {
		r.body = http.NoBody
		return err
	}
	r.body = resp.Body
	if continues(resp, r.at) {
		return nil
	}
	// The server knows no ranges, or has another file there, and began anew:
	// skip what was read already.
	if _, err := io.CopyN(io.Discard, resp.Body, r.at.Offset); err != nil {
		return fmt.Errorf("%w: %w", errCutAgain, err)
	}
	return nil
}

// getFrom is get from a place on, or from the start where a server won't.
func (s *Source) getFrom(ctx context.Context, path string, at ostree.Place) (*http.Response, *site, error) {
	if at.Offset == 0 {
		return s.get(ctx, path, nil)
	}
	resp, t, err := s.get(ctx, path, from(at))
	if err == nil && (resp.StatusCode != http.StatusPartialContent || continues(resp, at)) {
		return resp, t, nil
	}
	if err == nil {
		_ = resp.Body.Close() // it is not what was asked for
	} else if httpx.Code(err) != http.StatusRequestedRangeNotSatisfiable {
		return nil, nil, err
	}
	return s.get(ctx, path, nil)
}

// from asks for what comes at a place, unless the file is another one by now.
func from(at ostree.Place) func(*http.Request) error {
	return func(req *http.Request) error {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", at.Offset))
		switch {
		case at.Version.ETag != "" && !strings.HasPrefix(at.Version.ETag, "W/"):
			req.Header.Set("If-Range", at.Version.ETag)
		case at.Version.Modified != "":
			req.Header.Set("If-Range", at.Version.Modified)
		}
		return nil
	}
}

// continues says whether a reply is all that comes at a place.
func continues(resp *http.Response, at ostree.Place) bool {
	return resp.StatusCode == http.StatusPartialContent &&
		resp.Header.Get("Content-Range") == fmt.Sprintf("bytes %d-%d/%d", at.Offset, at.Length-1, at.Length)
}

// Close gives the connection up, or back when all was read.
func (r *resuming) Close() error { return r.body.Close() }
