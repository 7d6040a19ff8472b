package httprepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
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
	resp, err := r.src.getAt(r.ctx, r.site, r.path, from(r.at))
	if err != nil {
		r.body = http.NoBody
		return err
	}
	r.body = resp.Body
	if resp.StatusCode == http.StatusPartialContent {
		if begins(resp, r.at) { // where it ends too early it is taken up again
			return nil
		}
		return fmt.Errorf("asked for what comes at byte %d the server sent %.60q", r.at.Offset, resp.Header.Get("Content-Range"))
	}
	// The server knows no ranges, or has another file there, and began anew:
	// skip what was read already.
	if _, err := io.CopyN(io.Discard, resp.Body, r.at.Offset); err != nil {
		return fmt.Errorf("%w: %w", errCutAgain, err)
	}
	return nil
}

// follow is the body of a reply to getFrom, and where that begins.
func (s *Source) follow(ctx context.Context, resp *http.Response, t *site, path, what string, at ostree.Place) *ostree.Rest {
	if !continues(resp, at) {
		at = ostree.Place{Length: resp.ContentLength, Version: versionOf(resp)}
	}
	return &ostree.Rest{ReadCloser: &resuming{ctx: ctx, src: s, site: t, path: path, what: what, body: resp.Body, at: at}, Place: at}
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
	} else if !refusesRange(err) {
		return nil, nil, err
	}
	return s.get(ctx, path, nil)
}

// refusesRange says whether a server may have an answer without the range: one
// that can't serve ranges, or something in front of it, says so in many ways.
func refusesRange(err error) bool {
	switch httpx.Code(err) {
	case http.StatusRequestedRangeNotSatisfiable, http.StatusBadRequest, http.StatusForbidden,
		http.StatusMethodNotAllowed, http.StatusPreconditionFailed, http.StatusNotImplemented:
		return true
	}
	return false
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
	to, ok := rangeTo(resp, at)
	return ok && to == at.Length-1
}

// begins says whether a reply is what comes at a place, or the beginning of it.
func begins(resp *http.Response, at ostree.Place) bool {
	_, ok := rangeTo(resp, at)
	return ok
}

// rangeTo is the last byte of a reply that begins at a place. How long the whole
// is a server need not know.
func rangeTo(resp *http.Response, at ostree.Place) (to int64, ok bool) {
	var from int64
	var whole string
	_, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%s", &from, &to, &whole)
	ok = err == nil && resp.StatusCode == http.StatusPartialContent &&
		from == at.Offset && from <= to && to < at.Length && (whole == "*" || whole == strconv.FormatInt(at.Length, 10))
	return to, ok
}

// Close gives the connection up, or back when all was read.
func (r *resuming) Close() error { return r.body.Close() }
