package httprepo

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

// File reads a small file of the repository, such as "summary", of at most max
// bytes. have, if it says something, is the version that the caller holds:
// where that is still the one, the error is ostree.ErrNotModified. A file that
// is not there, also by the word of a server that answers 403 for it, is
// fs.ErrNotExist.
func (s *Source) File(ctx context.Context, path string, max int64, have ostree.FileVersion) ([]byte, ostree.FileVersion, error) {
	if path == "summary" && s.summary != nil {
		return s.summary, ostree.FileVersion{}, nil
	}
	for try := 1; ; try++ {
		resp, _, err := s.get(ctx, path, func(req *http.Request) error {
			conditions(req, have)
			return nil
		})
		switch {
		case httpx.Code(err) == http.StatusNotModified:
			return nil, have, ostree.ErrNotModified
		case isMissing(err):
			return nil, have, fail.As(fmt.Errorf("%w: %w", fs.ErrNotExist, err), fail.NotFound, "")
		case err != nil:
			return nil, have, err
		}
		data, err := readFile(resp, path, max)
		if err == nil {
			return data, versionOf(resp), nil
		}
		if _, long := err.(*fsx.TooLargeError); long || try > resumes || ctx.Err() != nil {
			return nil, have, fail.As(fmt.Errorf("read %s from %s: %w", path, s.URL(), err), fail.Network, "")
		}
	}
}

func conditions(req *http.Request, have ostree.FileVersion) {
	if have.ETag != "" {
		req.Header.Set("If-None-Match", have.ETag)
	}
	if have.Modified != "" {
		req.Header.Set("If-Modified-Since", have.Modified)
	}
}

// versionOf is what a reply says of its version; overlong claims are none.
func versionOf(resp *http.Response) ostree.FileVersion {
	v := ostree.FileVersion{ETag: resp.Header.Get("ETag"), Modified: resp.Header.Get("Last-Modified")}
	if len(v.ETag) > 256 || len(v.Modified) > 64 {
		return ostree.FileVersion{}
	}
	return v
}

func readFile(resp *http.Response, name string, max int64) ([]byte, error) {
	defer resp.Body.Close()
	if resp.ContentLength > max {
		return nil, &fsx.TooLargeError{Name: name, Max: max}
	}
	return fsx.ReadAll(resp.Body, name, max)
}

// Stream opens a file of any size, such as a part of a static delta, at a place,
// or from its start if what is there now may be another one. A stream that breaks
// off is taken up where it ended; the length is -1 when the server does not say.
func (s *Source) Stream(ctx context.Context, path string, at ostree.Place) (*ostree.Rest, error) {
	resp, t, err := s.getFrom(ctx, path, at)
	if isMissing(err) {
		return nil, fail.As(fmt.Errorf("%w: %w", fs.ErrNotExist, err), fail.NotFound, "")
	}
	if err != nil {
		return nil, err
	}
	return s.follow(ctx, resp, t, path, path, at), nil
}
