// Package treehub is an ostree.Store on the far side of the treehub protocol,
// as garage-push speaks it: HEAD and POST of objects, refs last. With a server
// that says that it speaks package batch, many objects share a request.
//
// It trusts nothing it sends: an object is verified before its first byte
// leaves, because a treehub stores what it is given. It must never move a ref
// ahead of its objects, or hold more in memory than small objects and a few
// bodies of them.
package treehub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/otactl/otactl/client/httprepo"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
)

// DefaultJobs is how many requests are under way at once. Each object waits for
// an answer of its own: over 20 ms two hundred keep two processors in work,
// half of them do not, and more only cost memory. A server that has enough says
// 429 or 503 and is waited for.
const DefaultJobs = 200

// hasBatch is how many ids a caller should ask about in one call; each is a
// request of its own, DefaultJobs at a time.
const hasBatch = 256

// Options of a Store.
type Options struct {
	// BaseURL is ostree.server of the credentials, ending in /api/v2/ or /api/v3/.
	BaseURL string
	Auth    httpx.Auth   // nil: none
	HTTP    *http.Client // nil makes one
	Retry   httpx.Retry
	Jobs    int         // 0 means DefaultJobs
	Header  http.Header // sent with each request
	// StorageFrom is the length, in bytes, above which an object goes to the
	// server's own storage if it offers that; 0 means DefaultStorageFrom.
	StorageFrom int64
	Faults      faults.Injector // points: treehub.put, treehub.ref
}

// Store is an ostree.Store. Safe for concurrent use.
type Store struct {
	*httprepo.Source
	opt     Options
	header  http.Header // of each request
	buffers *httpx.Buffers
	// checking bounds how many objects are read and verified at once: that is
	// work for processors, while many more may wait for the network.
	checking chan struct{}
	far      *notice

	stored, existed, sent atomic.Int64
}

// Errors of the stricter servers, which keep the order themselves.
var (
	// ErrMissingChild says that a commit or dirtree came before what it names.
	ErrMissingChild = errors.New("an object it names is not on the server")
	// ErrIncomplete says that a ref or target names a commit with holes.
	ErrIncomplete = errors.New("the commit is not complete on the server")
)

// New makes a Store; nothing is asked yet.
func New(o Options) (*Store, error) {
	if !strings.HasPrefix(o.BaseURL, "http://") && !strings.HasPrefix(o.BaseURL, "https://") {
		return nil, fail.New(fail.Usage, "give it as https://HOST/api/v3/", "treehub URL: not an HTTP address")
	}
	if o.Jobs == 0 {
		o.Jobs = DefaultJobs
	}
	if o.StorageFrom == 0 {
		o.StorageFrom = DefaultStorageFrom
	}
	if o.HTTP == nil {
		o.HTTP = httpx.NewClient(httpx.Options{MaxConns: o.Jobs})
	}
	far := &notice{base: o.BaseURL}
	o.HTTP = far.listen(o.HTTP)
	h := o.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	// Every treehub client sends it with each request; without it a server
	// moves a ref to a child of its old value only.
	h.Set("X-Ats-Ostree-Force", "true")
	src := httprepo.Open(httprepo.Options{BaseURL: o.BaseURL, HTTP: o.HTTP, Auth: o.Auth, Retry: o.Retry, Parallel: o.Jobs, Header: h})
	return &Store{
		Source: src, opt: o, header: h,
		buffers:  httpx.NewBuffers(keepBuffer),
		checking: make(chan struct{}, runtime.GOMAXPROCS(0)+2),
		far:      far,
	}, nil
}

// Traits says that order is kept: every client of a treehub sends children
// first, and otactl's own server insists on it. What is known of the server
// grows with the first answer.
func (s *Store) Traits() ostree.Traits {
	if s.far.batches.Load() {
		return ostree.Traits{Ordered: true, Batch: batch.MaxQuestion, Bulk: true, MaxParallel: min(s.opt.Jobs, cap(s.checking)+2)}
	}
	return ostree.Traits{Ordered: true, OneByOne: true, Batch: hasBatch, MaxParallel: s.opt.Jobs}
}

// Tally is what was sent since New.
func (s *Store) Tally() ostree.Tally {
	return ostree.Tally{Stored: s.stored.Load(), Existed: s.existed.Load(), Bytes: s.sent.Load()}
}

// Begin opens a session.
func (s *Store) Begin(ctx context.Context) (ostree.Session, error) {
	if s.far.batches.Load() {
		return newBatchSession(ctx, s), nil
	}
	return &session{s: s}, nil
}

// session sends object by object. The server makes each durable as it answers,
// so that a session keeps nothing but whether it is over.
type session struct {
	s    *Store
	over atomic.Bool
}

// Close has nothing left to make durable.
func (t *session) Close(ctx context.Context) error {
	t.over.Store(true)
	return ctx.Err()
}

// Abort has nothing to undo: what arrived stays, and a later run finds it.
func (t *session) Abort() { t.over.Store(true) }

// SetRef points name at c. want is sent as If-Match, which otactl's server
// honours, and compared with what the ref is now, which is the best that can
// be done where the server knows only force.
func (s *Store) SetRef(ctx context.Context, name string, c ostree.Checksum, want *ostree.Checksum) error {
	path, err := httprepo.RefPath(name)
	if err != nil {
		return err
	}
	if !s.far.batches.Load() { // such a server honours If-Match, and need not be asked first
		if done, err := s.checkRef(ctx, name, c, want); done || err != nil {
			return err
		}
	}
	if err := faults.At(s.opt.Faults, "treehub.ref"); err != nil {
		return err
	}
	resp, err := s.send(ctx, http.MethodPost, path, func(req *http.Request) error {
		setBody(req, []byte(c.String()))
		expect(req, want)
		return nil
	})
	if err == nil {
		httpx.Discard(resp)
		return nil
	}
	return s.refRefused(ctx, name, c, err)
}

// checkRef says whether the ref is where it should be already, and whether it
// is where the caller thinks it is.
func (s *Store) checkRef(ctx context.Context, name string, c ostree.Checksum, want *ostree.Checksum) (done bool, err error) {
	if want == nil {
		return false, nil
	}
	now, err := s.Ref(ctx, name)
	if errors.Is(err, ostree.ErrRefNotFound) {
		now, err = ostree.Checksum{}, nil
	}
	switch {
	case err != nil:
		return false, err
	case now == *want:
		return now == c && !c.IsZero(), nil
	case now == c:
		return true, nil
	}
	return false, refMoved(name, now.String())
}

func refMoved(name, now string) error {
	return fail.As(fmt.Errorf("%w: %s is now %s", ostree.ErrRefMoved, name, now), fail.Conflict,
		"somebody else published meanwhile; run this again to publish on top of it")
}

func expect(req *http.Request, want *ostree.Checksum) {
	switch {
	case want == nil:
	case want.IsZero():
		req.Header.Set("If-None-Match", "*")
	default:
		req.Header.Set("If-Match", `"`+want.String()+`"`)
	}
}

// refRefused explains a failed POST of a ref. A lost answer and a second try
// look like somebody else's move, unless the ref is where it should be.
func (s *Store) refRefused(ctx context.Context, name string, c ostree.Checksum, err error) error {
	if httpx.Code(err) != http.StatusPreconditionFailed {
		return fmt.Errorf("ref %s: %w", name, err)
	}
	if httpx.Reason(err) == "commit_incomplete" || httpx.Reason(err) == "commit_missing" {
		return fail.As(fmt.Errorf("ref %s: %w: %w", name, ErrIncomplete, err), fail.Verification,
			"run this again with --full-check to send what the server lost")
	}
	now, rerr := s.Ref(ctx, name)
	switch {
	case rerr == nil && now == c:
		return nil
	case rerr == nil:
		return refMoved(name, now.String())
	case errors.Is(rerr, ostree.ErrRefNotFound):
		return refMoved(name, "not there")
	}
	return fmt.Errorf("ref %s: %w", name, err)
}

func setBody(req *http.Request, data []byte) {
	req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
}
