// Package ostreehub is an ostree.Store on the far side of a Foundries
// ostreehub, as fiopush speaks to it: what is missing is asked for in batches
// of paths with their CRC32C, and sent in tar streams.
//
// The server verifies nothing and keeps no order, so this side does both: an
// object is verified before its first byte leaves, and a parent leaves only
// after the server has taken the children. It trusts the server's word on what
// it has, and nothing else it says. It must never send a ref ahead of its
// commit, take a partial success for one, hold more than a few tars in memory,
// or hand its proof to where objects are downloaded from.
package ostreehub

import (
	"context"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

// What the service stands: the tools of its makers were cut down to these, for
// a proxy before it gives up on what takes long.
const (
	// checkBatch is how many files one question is about.
	checkBatch = 150
	// checks and pushes are how many requests of a kind are under way at once.
	checks, pushes = 5, 3
	// packObjects and packBytes close a tar.
	packObjects, packBytes = 256, 3 << 19
)

// question is how many objects a caller should ask about at once: nearly as
// many as it takes to have all requests under way all the time.
const question = 40 * checkBatch

// Connections is how many a Store keeps to its server.
const Connections = checks + pushes

// maxParallel is how many callers of Put and Has are of use: some wait for the
// server while others read and verify.
const maxParallel = 8

// Options of a Store.
type Options struct {
	// URL is the repository's, as Address and its kin make it.
	URL  string
	Auth httpx.Auth   // nil: none
	HTTP *http.Client // nil makes one
	// Retry is how stubborn each request is.
	Retry httpx.Retry
	// Local is where the objects are that are asked about and sent: a question
	// needs their bytes. Objects in it must be kept in archive form. What Local
	// has not is asked about where the server lets itself be downloaded from.
	Local ostree.Source
	// Config is the config file of the repository, sent with a ref where the
	// server has another or none; nil: the server's own is left alone.
	Config []byte
	// CorrelationID goes with all requests; empty: a random one.
	CorrelationID string
	Faults        faults.Injector // points: ostreehub.put, ostreehub.send, ostreehub.ref
}

// Store is an ostree.Store, with Files, Summarizer and Tallying. Safe for
// concurrent use.
type Store struct {
	opt Options
	hub *hub

	buffers *httpx.Buffers
	pieces  sync.Pool // of *[]byte, to read through
	// checking bounds how many objects are read and hashed at once: that is
	// work for processors.
	checking chan struct{}
	stored   atomic.Int64
	sent     atomic.Int64
	reportMu sync.Mutex
	report   Report

	downloads downloads
}

var (
	_ ostree.Store      = (*Store)(nil)
	_ ostree.Files      = (*Store)(nil)
	_ ostree.Summarizer = (*Store)(nil)
	_ ostree.Tallying   = (*Store)(nil)
)

// New makes a Store; nothing is asked yet.
func New(o Options) (*Store, error) {
	base, err := url.Parse(o.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" || base.User != nil {
		return nil, fail.New(fail.Usage, "give it as https://HOST/ota/ostreehub/FACTORY/v2/repos/lmp", "ostreehub URL: not an HTTP address")
	}
	if o.HTTP == nil {
		o.HTTP = httpx.NewClient(httpx.Options{MaxConns: Connections})
	}
	if o.CorrelationID == "" {
		o.CorrelationID = uuid.NewString()
	}
	return &Store{
		opt:      o,
		hub:      newHub(o, base),
		buffers:  httpx.NewBuffers(keepBuffer),
		pieces:   sync.Pool{New: func() any { piece := make([]byte, 64<<10); return &piece }},
		checking: make(chan struct{}, runtime.GOMAXPROCS(0)+2),
	}, nil
}

// URL is for people; it holds no secret.
func (s *Store) URL() string { return httpx.Redact(s.hub.base) }

// CorrelationID is what all requests carry, for whoever asks the service's
// makers about them.
func (s *Store) CorrelationID() string { return s.opt.CorrelationID }

// Traits says that nothing may be concluded: other clients send parents before
// children, and refs beside either.
func (s *Store) Traits() ostree.Traits {
	return ostree.Traits{Ordered: false, AskAll: true, Bulk: true, Batch: question, MaxParallel: maxParallel}
}

// Tally is what the server took since New.
func (s *Store) Tally() ostree.Tally {
	return ostree.Tally{Stored: s.stored.Load(), Bytes: s.sent.Load()}
}

// Report is what the server said that it did since New.
func (s *Store) Report() Report {
	s.reportMu.Lock()
	defer s.reportMu.Unlock()
	return s.report
}

// UpdateSummary has the server make the summary anew.
func (s *Store) UpdateSummary(ctx context.Context) error {
	_, err := s.hub.call(ctx, http.MethodPut, "summary", nil)
	if err != nil {
		return fail.As(errorOf("update the summary", err), fail.ClassOf(err), "")
	}
	return nil
}
