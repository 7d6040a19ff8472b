// Package tufrepo fetches metadata from any repository on the web: a gateway, a
// backend, or a plain web server.
//
// It trusts nothing that comes; package tuf verifies it. Its proof goes to the
// repository's own origin and to no other.
package tufrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
)

// Repo is a repository at a URL. It is a tuf.Fetcher.
type Repo struct {
	Base   *url.URL // the folder that timestamp.json is in
	Query  url.Values
	Header http.Header
	HTTP   *http.Client
	Auth   httpx.Auth // nil: none
	Retry  httpx.Retry
}

// ParseBase reads the URL of a repository.
func ParseBase(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return nil, fail.New(fail.Usage, "give the URL of the folder that timestamp.json is in", "not an http(s) URL of a repository")
	}
	return u, nil
}

// Fetch gets a file; only a 404 is tuf.ErrNotFound.
func (r *Repo) Fetch(ctx context.Context, name string, max int64) ([]byte, error) {
	target := r.Base.JoinPath(name)
	query := target.Query()
	for k, v := range r.Query {
		query[k] = v
	}
	target.RawQuery = query.Encode()
	resp, err := httpx.DoAuth(ctx, httpx.Steady(r.HTTP), r.Retry, r.Auth, func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
		if err == nil {
			req.Header = r.Header.Clone()
		}
		return req, err
	})
	if httpx.Code(err) == http.StatusNotFound {
		return nil, fmt.Errorf("%w: %w", tuf.ErrNotFound, err)
	}
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := fsx.ReadAll(io.Reader(resp.Body), name, max)
	if _, long := errors.AsType[*fsx.TooLargeError](err); long {
		return nil, fmt.Errorf("%w: %w", tuf.ErrTooLarge, err)
	}
	return data, fail.As(err, fail.Network, "")
}
