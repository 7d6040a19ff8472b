// Package updateserver hands bundles to an update-server (foundriesio/update-server),
// which offers them to its devices.
//
// It trusts nothing that the server says but its status. The token goes to the
// server's own origin, and a redirect is not followed with it. It must never hold
// a bundle in memory or on disk: the body is made anew for each attempt.
package updateserver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// Options of Open.
type Options struct {
	URL   string // base, without a trailing slash
	Auth  httpx.Auth
	HTTP  *http.Client
	Retry httpx.Retry
}

// Client speaks to one server.
type Client struct{ opt Options }

// An update-server shuts an address out for half a minute that called too often,
// whoever did, and says no time in a form for programs. What is waited for is a
// little more, and up to three times.
const (
	shutOut = 31 * time.Second
	budget  = 2 * time.Minute
)

// Open makes a client; nothing is sent yet.
func Open(opt Options) *Client {
	opt.Retry.Crowded, opt.Retry.Budget = cmp.Or(opt.Retry.Crowded, shutOut), cmp.Or(opt.Retry.Budget, budget)
	hc := *opt.HTTP
	hc.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	opt.HTTP = &hc
	return &Client{opt}
}

// Update is what the server calls a bundle. All but Tag and Name is for servers
// that make TUF metadata of their own, and may be empty: others take what the
// bundle says.
type Update struct {
	Tag  string
	Name string

	Target     string
	Version    int
	HardwareID string
	Commit     string
	Apps       map[string]string // digests by name
}

// path is the address of the update below the server's.
func (u Update) path() string {
	query := url.Values{}
	for name, value := range map[string]string{"name": u.Target, "hardware-id": u.HardwareID, "ostree-hash": u.Commit} {
		if value != "" {
			query.Set(name, value)
		}
	}
	if u.Version > 0 {
		query.Set("version", strconv.Itoa(u.Version))
	}
	for app, digest := range u.Apps {
		query.Add("apps", app+"="+digest)
	}
	path := "/v1/updates/" + url.PathEscape(u.Tag) + "/" + url.PathEscape(u.Name)
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// Create sends a bundle as a tar of size bytes, which body opens from its start as
// often as it has to be sent.
func (c *Client) Create(ctx context.Context, u Update, size int64, body func() io.ReadCloser) error {
	attempts := 0
	resp, err := httpx.DoAuth(ctx, c.opt.HTTP, c.opt.Retry, c.opt.Auth, func(ctx context.Context) (*http.Request, error) {
		attempts++
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.opt.URL+u.path(), body())
		if err != nil {
			return nil, err
		}
		req.ContentLength = size
		req.Header.Set("Content-Type", "application/x-tar")
		// A server that has it already says so before all of it is sent.
		req.Header.Set("Expect", "100-continue")
		return req, nil
	})
	if err != nil {
		return explained(u, err, attempts)
	}
	httpx.Discard(resp)
	if resp.StatusCode != http.StatusCreated {
		return fail.New(fail.Network, "check that the URL is that of an update-server's API", "update %s/%s: the server answered %s, not 201", u.Tag, u.Name, resp.Status)
	}
	return nil
}

// explained says what a refusal of the last of so many attempts means and what to
// do.
func explained(u Update, err error, attempts int) error {
	err = fmt.Errorf("update %s/%s: %w", u.Tag, u.Name, err)
	switch code := httpx.Code(err); {
	case code == http.StatusConflict && attempts > 1:
		return fail.As(err, fail.Conflict, "it may be this very bundle, brought by an attempt whose answer got lost: look at it on the server, and delete it there if it is not whole")
	case code == http.StatusConflict:
		return fail.As(err, fail.Conflict, "give it another name with --as, or delete the one that is there")
	case code == http.StatusBadRequest:
		return fail.As(err, fail.Verification, "the server does not take this bundle; it wants a target of the tag, and content")
	case code == http.StatusForbidden:
		return fail.As(err, fail.Auth, "the token needs the scope updates:read-update")
	case (code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable) && fail.HintOf(err) == "":
		// It stays of the class of what may be repeated as it is.
		return fail.Hint(err, "the server takes no more calls for now: wait a minute, and run this again")
	case code >= 300 && code < 400:
		return fail.As(err, fail.Network, "name the server by the address that it redirects to")
	case code == http.StatusNotFound:
		return fail.As(err, fail.NotFound, "check that the URL is that of an update-server's API")
	}
	return err
}

// CheckName refuses what cannot stand in the address of an update.
func CheckName(name string) error {
	bad := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`/\?#%"`, r) }
	if name == "" || name == "." || name == ".." || len(name) > 200 || strings.ContainsFunc(name, bad) {
		return fail.As(errors.New("name or tag of an update "+strconv.QuoteToASCII(name[:min(len(name), 80)])+": not a plain name"), fail.Usage,
			"use letters, digits and . _ + -")
	}
	return nil
}
