// Package factory talks to a backend's JSON API: targets, bundle metadata,
// devices, and the TUF metadata of the target repository.
//
// It trusts no reply to be small or well-formed; metadata it hands on is
// verified by package tuf, never here. It must never send its proof to another
// origin, or carry object bodies: those go through client/treehub.
package factory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/go-resty/resty/v2"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
)

// Options of a Client.
type Options struct {
	URL     string // API base, such as https://api.foundries.io; "" where there is none
	Factory string
	// Repo is where the target repository lies, without a trailing slash; ""
	// means URL/ota/repo/FACTORY.
	Repo  string
	Auth  httpx.Auth   // nil: none
	HTTP  *http.Client // nil makes one
	Retry httpx.Retry
}

// Client is one factory of one backend. Safe for concurrent use.
type Client struct {
	opt  Options
	rest *resty.Client
}

// New makes a Client for an account of the context file.
func New(a account.Account) (*Client, error) {
	pem, err := readCA(a.CAFile)
	if err != nil {
		return nil, err
	}
	cfg, err := httpx.TLSConfig(pem)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.CAFile, err)
	}
	o := Options{URL: a.URL, Factory: a.Factory, HTTP: httpx.NewClient(httpx.Options{TLS: cfg})}
	if a.Token != "" {
		o.Auth = httpx.HeaderAuth{"OSF-TOKEN": {a.Token}}
	}
	return Open(o), nil
}

func readCA(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	pem, err := fsx.ReadFile(path, limits.ConfigFile)
	if os.IsNotExist(err) {
		return nil, fail.New(fail.NotFound, "set ca_file to the backend's CA certificate", "CA file %s: no such file", path)
	}
	return pem, err
}

// FromCredentials makes a Client for the repository that tufrepo.url names. One
// that does not lie where a backend keeps it is metadata and nothing else.
// auth is shared with the treehub, so that one token serves both.
func FromCredentials(c *credentials.Credentials, hc *http.Client, auth httpx.Auth, r httpx.Retry) *Client {
	base, name, _ := c.Backend()
	return Open(Options{URL: base, Factory: name, Repo: c.RepoURL, Auth: auth, HTTP: hc, Retry: r})
}

// Open makes a Client; nothing is asked yet.
func Open(o Options) *Client {
	if o.HTTP == nil {
		o.HTTP = httpx.NewClient(httpx.Options{})
	}
	if o.Auth == nil {
		o.Auth = httpx.Anonymous{}
	}
	o.URL = strings.TrimRight(o.URL, "/")
	if o.Repo == "" {
		o.Repo = o.URL + "/ota/repo/" + url.PathEscape(o.Factory)
	}
	// This is resty's own copy of the client, since it may set fields of it.
	rc := resty.NewWithClient(httpx.Steady(o.HTTP)).
		SetRetryCount(0). // its retries neither rewind bodies nor know our budget
		SetResponseBodyLimit(limits.JSON).
		SetDisableWarn(true).
		SetLogger(silent{}) // it would print headers and URLs
	return &Client{opt: o, rest: rc}
}

// silent is a resty.Logger that says nothing.
type silent struct{}

// Errorf implements resty.Logger.
func (silent) Errorf(string, ...any) {}

// Warnf implements resty.Logger.
func (silent) Warnf(string, ...any) {}

// Debugf implements resty.Logger.
func (silent) Debugf(string, ...any) {}

// URL is the API base, or the repository's where there is no API.
func (c *Client) URL() string {
	if c.MetadataOnly() {
		return c.opt.Repo
	}
	return c.opt.URL
}

// MetadataOnly says that there is a repository of signed metadata and no API
// that plans, counts or signs: the methods that ask it fail with Usage.
func (c *Client) MetadataOnly() bool { return c.opt.URL == "" }

// Factory is the factory's name; "" with MetadataOnly.
func (c *Client) Factory() string { return c.opt.Factory }

// reply is a success.
type reply struct {
	code   int
	header http.Header
	body   []byte
}

// call sends one request with a JSON body (nil: none; bytes: as they are) and
// headers in pairs of name and value, with retries and one renewal of the proof.
// path begins with a slash and is below URL, or it is what repo returns.
func (c *Client) call(ctx context.Context, method, path string, query url.Values, body any, headers ...string) (*reply, error) {
	return c.callWith(ctx, c.opt.Retry, method, path, query, body, headers...)
}

func (c *Client) callWith(ctx context.Context, retry httpx.Retry, method, path string, query url.Values, body any, headers ...string) (*reply, error) {
	if below(path) && c.MetadataOnly() {
		return nil, fail.New(fail.Usage, "sign here: with --keys, or with credentials that hold targets.sec",
			"%s keeps what is signed elsewhere, and signs nothing", c.opt.Repo)
	}
	payload, raw := body.([]byte)
	if body != nil && !raw {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("%s %s: %w", method, path, err)
		}
	}
	var out *reply
	var last *http.Request
	renewed := false
	try := func(ctx context.Context) error {
		r, sent, err := c.once(ctx, method, path, query, payload, headers)
		last = sent
		if httpx.Code(err) == http.StatusUnauthorized && !renewed {
			renewed = true
			if ok, rerr := c.opt.Auth.Renew(ctx, sent); rerr != nil {
				return rerr
			} else if ok {
				r, _, err = c.once(ctx, method, path, query, payload, headers)
			}
		}
		out = r
		return err
	}
	err := httpx.Again(ctx, retry, try)
	return out, httpx.Explained(c.opt.Auth, last, err)
}

func (c *Client) once(ctx context.Context, method, path string, query url.Values, payload []byte, headers []string) (*reply, *http.Request, error) {
	target := path
	if below(path) {
		target = c.opt.URL + path
	}
	probe, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return nil, nil, fail.New(fail.Usage, "give it as https://HOST[:PORT]", "backend URL %q: not an address", c.opt.URL)
	}
	if err := c.opt.Auth.Apply(ctx, probe); err != nil {
		return nil, probe, err
	}
	r := c.rest.R().SetContext(ctx)
	r.Header = probe.Header
	for i := 0; i+1 < len(headers); i += 2 {
		r.SetHeader(headers[i], headers[i+1])
	}
	if query != nil {
		r.SetQueryParamsFromValues(query)
	}
	if payload != nil {
		r.SetHeader("Content-Type", "application/json").SetBody(payload)
	}
	resp, err := r.Execute(method, target)
	if errors.Is(err, resty.ErrResponseBodyTooLarge) {
		return nil, probe, &fsx.TooLargeError{Name: "reply to " + path, Max: limits.JSON}
	}
	if err != nil {
		return nil, probe, httpx.RedactError(probe, err)
	}
	if resp.IsError() || resp.StatusCode() < 200 || resp.StatusCode() > 299 {
		return nil, probe, httpx.NewStatusError(probe, resp.StatusCode(), resp.Header(), resp.Body())
	}
	return &reply{resp.StatusCode(), resp.Header(), resp.Body()}, probe, nil
}

// get decodes a JSON reply into out, strictly one value.
func (c *Client) get(ctx context.Context, path string, query url.Values, out any) error {
	r, err := c.call(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	return r.decode(path, out)
}

func (r *reply) decode(path string, out any) error {
	if n := valuesIn(r.body); n > limits.JSONValues {
		return fail.New(fail.Network, "check that the URL is that of the backend's API", "reply to %s: %d values, more than the %d allowed", path, n, limits.JSONValues)
	}
	if err := json.Unmarshal(r.body, out); err != nil {
		return fail.New(fail.Network, "check that the URL is that of the backend's API", "reply to %s: not the JSON expected: %v", path, err)
	}
	return nil
}

// valuesIn counts what JSON unpacks into: objects, arrays, and all that stands
// behind a comma.
func valuesIn(body []byte) (n int) {
	quoted := false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && (c == ',' || c == '{' || c == '['):
			n++
		}
	}
	return n
}

// below says that a path is below the API's base.
func below(path string) bool { return strings.HasPrefix(path, "/") }

// repo is the address of a file of the target repository.
func (c *Client) repo(name string) string {
	return c.opt.Repo + "/api/v1/user_repo/" + url.PathEscape(name)
}

func (c *Client) path(parts ...string) string {
	p := "/ota/factories/" + url.PathEscape(c.opt.Factory)
	for _, s := range parts {
		p += "/" + url.PathEscape(s)
	}
	return p
}
