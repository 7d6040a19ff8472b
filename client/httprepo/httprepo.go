// Package httprepo reads a plain archive-mode OSTree repository over HTTP(S):
// what "ostree pull" reads, laid out as the folder is.
//
// It trusts no byte that arrives: whoever receives an object verifies it
// against its checksum. It must never send its headers to another origin, nor
// hold a whole file object in memory.
package httprepo

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// DefaultParallel is how many requests one Has keeps under way.
const DefaultParallel = 32

// Options of a Source.
type Options struct {
	// BaseURL is the repository's folder: it has objects/ and refs/ below it.
	BaseURL string
	HTTP    *http.Client // nil makes one
	// Header is sent with each request; Auth (nil: nothing) adds the proof.
	Header http.Header
	Auth   httpx.Auth
	Retry  httpx.Retry
	// Parallel is how many HEADs Has keeps under way; 0 means DefaultParallel.
	Parallel int
}

// Source is an ostree.Source. Safe for concurrent use.
type Source struct {
	opt  Options
	base string // with a trailing slash
}

// New is Open with the usual choices. A URL that is not one fails on first use.
func New(baseURL string, client *http.Client, header http.Header) *Source {
	return Open(Options{BaseURL: baseURL, HTTP: client, Header: header})
}

// Open makes a Source; nothing is asked yet.
func Open(o Options) *Source {
	if o.HTTP == nil {
		o.HTTP = httpx.NewClient(httpx.Options{})
	}
	if o.Parallel == 0 {
		o.Parallel = DefaultParallel
	}
	return &Source{opt: o, base: strings.TrimRight(o.BaseURL, "/") + "/"}
}

// URL is the repository's address without anything secret in it.
func (s *Source) URL() string {
	u, err := url.Parse(s.base)
	if err != nil {
		return "(bad URL)"
	}
	return httpx.Redact(u)
}

// Do sends one request below the base; path is relative and must be clean.
// prepare (may be nil) completes each attempt's request.
func (s *Source) Do(ctx context.Context, method, path string, prepare func(*http.Request) error) (*http.Response, error) {
	return httpx.DoAuth(ctx, s.opt.HTTP, s.opt.Retry, s.opt.Auth, func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, method, s.base+path, nil)
		if err != nil {
			return nil, fail.New(fail.Usage, "give it as https://HOST/PATH", "repository URL %s: not an address", s.URL())
		}
		for k, v := range s.opt.Header {
			req.Header[http.CanonicalHeaderKey(k)] = v
		}
		if prepare != nil {
			err = prepare(req)
		}
		return req, err
	})
}

// Has asks with one HEAD per object, several at a time.
func (s *Source) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	have := make([]bool, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s.opt.Parallel)
	for i, id := range ids {
		g.Go(func() error {
			ok, err := s.head(ctx, id)
			have[i] = ok
			return err
		})
	}
	return have, g.Wait()
}

func (s *Source) head(ctx context.Context, id ostree.ObjectID) (bool, error) {
	resp, err := s.Do(ctx, http.MethodHead, id.ArchivePath(), nil)
	if httpx.Code(err) == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	httpx.Discard(resp)
	return true, nil
}

// Ref reads refs/heads/NAME.
func (s *Source) Ref(ctx context.Context, name string) (ostree.Checksum, error) {
	path, err := RefPath(name)
	if err != nil {
		return ostree.Checksum{}, err
	}
	resp, err := s.Do(ctx, http.MethodGet, path, nil)
	if httpx.Code(err) == http.StatusNotFound {
		return ostree.Checksum{}, fail.As(fmt.Errorf("%w: %s at %s", ostree.ErrRefNotFound, name, s.URL()), fail.NotFound, "")
	}
	if err != nil {
		return ostree.Checksum{}, err
	}
	defer resp.Body.Close()
	data, err := fsx.ReadAll(resp.Body, "ref "+name, limits.Ref)
	if err != nil {
		return ostree.Checksum{}, fail.As(err, fail.Network, "")
	}
	c, err := ostree.ParseChecksum(strings.TrimSpace(string(data)))
	if err != nil {
		return ostree.Checksum{}, fail.New(fail.Verification, "check that the URL is that of an OSTree repository", "ref %s at %s: %w", name, s.URL(), err)
	}
	return c, nil
}

// RefPath is "refs/heads/NAME" with each part escaped. A name with an empty or
// dotted part, or with a control character, is an error.
func RefPath(name string) (string, error) {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		if p == "" || p == "." || p == ".." || strings.ContainsFunc(p, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
			return "", fail.New(fail.Usage, "", "ref %.200q: not a ref name", name)
		}
		parts[i] = url.PathEscape(p)
	}
	return "refs/heads/" + strings.Join(parts, "/"), nil
}

// Object returns a handle and asks nothing; its Open says whether the object
// is there.
func (s *Source) Object(_ context.Context, id ostree.ObjectID) (ostree.Object, error) {
	return ostree.NewArchived(id, (&object{src: s, id: id}).open), nil
}

type object struct {
	src *Source
	id  ostree.ObjectID
}

// open streams the object. A stream that breaks off is taken up where
// it ended; the length is -1 when the server does not say.
func (o *object) open(ctx context.Context) (io.ReadCloser, int64, error) {
	resp, err := o.src.Do(ctx, http.MethodGet, o.id.ArchivePath(), nil)
	if httpx.Code(err) == http.StatusNotFound {
		return nil, 0, fail.As(&ostree.MissingError{ID: o.id, Where: o.src.URL()}, fail.NotFound, "")
	}
	if err != nil {
		return nil, 0, err
	}
	length := resp.ContentLength
	if o.id.Type != ostree.TypeFile && length > limits.OSTreeMetadata {
		_ = resp.Body.Close()
		return nil, 0, &fsx.TooLargeError{Name: o.id.String(), Max: limits.OSTreeMetadata}
	}
	return &resuming{ctx: ctx, obj: o, body: resp.Body, length: length}, length, nil
}
