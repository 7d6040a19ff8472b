// Package httprepo reads a plain archive-mode OSTree repository over HTTP(S):
// what "ostree pull" reads, laid out as the folder is.
//
// It trusts no byte that arrives: whoever receives an object verifies it
// against its checksum, and everything else is read under a cap. It must never
// send its headers to another origin, nor hold a whole file object in memory.
package httprepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"unicode"

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
	http     *http.Client
	steady   *http.Client // for what a server has at hand
	retry    httpx.Retry
	parallel int
	// Where refs, the summary and detached metadata are, and where all else
	// is: mirrors of each other, the best first, at least one of each.
	meta, content []*site
	summary       []byte // that a metalink vouched for, or nil
}

// site is one place that has the repository, and what it gets to see.
type site struct {
	base   string // with a trailing slash
	header http.Header
	auth   httpx.Auth
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
	sites := []*site{{base: folder(o.BaseURL), header: o.Header, auth: o.Auth}}
	return &Source{http: o.HTTP, steady: httpx.Steady(o.HTTP), retry: o.Retry, parallel: o.Parallel, meta: sites, content: sites}
}

func folder(u string) string { return strings.TrimRight(u, "/") + "/" }

// URL is the repository's address without anything secret in it.
func (s *Source) URL() string { return s.meta[0].url() }

func (t *site) url() string {
	u, err := url.Parse(t.base)
	if err != nil {
		return "(bad URL)"
	}
	return strings.TrimSuffix(httpx.Redact(u), "/")
}

// Do sends one request below the base; path is relative and must be clean.
// prepare (may be nil) completes each attempt's request.
func (s *Source) Do(ctx context.Context, method, path string, prepare func(*http.Request) error) (*http.Response, error) {
	return s.do(ctx, s.meta[0], method, path, prepare)
}

func (s *Source) do(ctx context.Context, t *site, method, path string, prepare func(*http.Request) error) (*http.Response, error) {
	client := s.http
	if method == http.MethodGet {
		client = s.steady
	}
	return httpx.DoAuth(ctx, client, s.retry, t.auth, func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, method, t.base+path, nil)
		if err != nil {
			return nil, fail.New(fail.Usage, "give it as https://HOST/PATH", "repository URL %s: not an address", t.url())
		}
		for k, v := range t.header {
			req.Header[http.CanonicalHeaderKey(k)] = v
		}
		if prepare != nil {
			err = prepare(req)
		}
		return req, err
	})
}

// get is a GET of path from the first of its mirrors that has it.
func (s *Source) get(ctx context.Context, path string, prepare func(*http.Request) error) (*http.Response, *site, error) {
	var first error
	for _, t := range s.sites(path) {
		resp, err := s.getAt(ctx, t, path, prepare)
		if err == nil {
			return resp, t, nil
		}
		if httpx.Code(err) == http.StatusNotModified {
			return nil, t, err
		}
		// Where no mirror has it, what the first one said is the answer, unless
		// that one only lacks it and another broke down.
		if first == nil || isMissing(first) && !isMissing(err) {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, nil, first
}

// getAt is a GET from one place, of the bytes as they are there.
func (s *Source) getAt(ctx context.Context, t *site, path string, prepare func(*http.Request) error) (*http.Response, error) {
	resp, err := s.do(ctx, t, http.MethodGet, path, func(req *http.Request) error {
		req.Header.Set("Accept-Encoding", "identity")
		if prepare == nil {
			return nil
		}
		return prepare(req)
	})
	if err == nil {
		err = checkEncoding(resp)
	}
	return resp, err
}

// sites are where path is.
func (s *Source) sites(path string) []*site {
	for _, top := range []string{"objects/", "deltas/", "delta-indexes/"} {
		if strings.HasPrefix(path, top) && !strings.HasSuffix(path, "."+ostree.TypeCommitMeta.Ext()) {
			return s.content
		}
	}
	return s.meta
}

// checkEncoding refuses a body that somebody on the way has packed: its bytes
// are not those of the file.
func checkEncoding(resp *http.Response) error {
	enc := resp.Header.Get("Content-Encoding")
	if enc == "" || strings.EqualFold(enc, "identity") {
		return nil
	}
	_ = resp.Body.Close()
	return fail.New(fail.Network, "turn compression off for this repository on the server or proxy",
		"GET %s: the reply is packed with %.40q, which nobody asked for", httpx.Redact(resp.Request.URL), enc)
}

// isMissing says whether a server has no such file. Buckets that may not be
// listed say 403 for it.
func isMissing(err error) bool {
	switch httpx.Code(err) {
	case http.StatusNotFound, http.StatusGone, http.StatusForbidden:
		return true
	}
	return false
}

// isGone is isMissing for what has to be there: a 403 is then what it says.
func isGone(err error) bool {
	return httpx.Code(err) == http.StatusNotFound || httpx.Code(err) == http.StatusGone
}

// Has asks with one HEAD per object, several at a time.
func (s *Source) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	have := make([]bool, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s.parallel)
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
	path := id.ArchivePath()
	for _, t := range s.sites(path) {
		resp, err := s.do(ctx, t, http.MethodHead, path, nil)
		if err == nil {
			httpx.Discard(resp)
			return true, nil
		}
		if !isGone(err) {
			return false, err
		}
	}
	return false, nil
}

// Ref reads refs/heads/NAME.
func (s *Source) Ref(ctx context.Context, name string) (ostree.Checksum, error) {
	path, err := RefPath(name)
	if err != nil {
		return ostree.Checksum{}, err
	}
	data, _, err := s.File(ctx, path, limits.Ref, ostree.FileVersion{})
	if httpx.Code(err) == http.StatusForbidden {
		return ostree.Checksum{}, fail.As(err, fail.Auth, "")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return ostree.Checksum{}, fail.As(fmt.Errorf("%w: %s at %s: %w", ostree.ErrRefNotFound, name, s.URL(), err), fail.NotFound, "")
	}
	if err != nil {
		return ostree.Checksum{}, err
	}
	c, err := ostree.ParseChecksum(strings.TrimSpace(string(data)))
	if err != nil {
		return ostree.Checksum{}, fail.New(fail.Verification, "check that the URL is that of an OSTree repository",
			"ref %s at %s: no checksum, but %s", name, s.URL(), shown(data))
	}
	return c, nil
}

// shown is the beginning of what is not what it should be, safe for a terminal.
func shown(data []byte) string {
	text := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, strings.ToValidUTF8(string(data[:min(len(data), 80)]), "?"))
	if len(data) > 80 {
		text += "…"
	}
	return text
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
	rest, err := o.openFrom(ctx, ostree.Place{})
	if err != nil {
		return nil, 0, err
	}
	return rest, rest.Length, nil
}

// OpenFrom is of ostree.ResumingSource.
func (s *Source) OpenFrom(ctx context.Context, id ostree.ObjectID, at ostree.Place) (*ostree.Rest, error) {
	return (&object{src: s, id: id}).openFrom(ctx, at)
}

func (o *object) openFrom(ctx context.Context, at ostree.Place) (*ostree.Rest, error) {
	resp, t, err := o.src.getFrom(ctx, o.id.ArchivePath(), at)
	if isGone(err) || o.id.Type == ostree.TypeCommitMeta && isMissing(err) {
		gone := &ostree.MissingError{ID: o.id, Where: o.src.URL()}
		return nil, fail.As(fmt.Errorf("%w: %w", gone, err), fail.NotFound, "")
	}
	if err != nil {
		return nil, fmt.Errorf("object %s: %w", o.id, err)
	}
	rest := o.src.follow(ctx, resp, t, o.id.ArchivePath(), o.id.String(), at)
	if max := ostree.MostBytes(o.id.Type); o.id.Type != ostree.TypeFile && rest.Length > max {
		_ = rest.Close()
		return nil, &fsx.TooLargeError{Name: "object " + o.id.String(), Max: max}
	}
	return rest, nil
}
