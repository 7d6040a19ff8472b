// Package bucket is an ostree.Store in a bucket of S3 or of what speaks its
// protocol: the files of an archive repo under their own names, so that devices
// pull from the bucket, or from a CDN before it, as from any web server.
//
// It trusts nothing it sends: an object is verified before its first byte
// leaves, and goes with the SHA-256 of those very bytes, so that the server
// refuses what was changed on the way. It must never send an object after the
// ref that needs it, hold more than a small object in memory, or let a secret
// reach a log, an error, or another host than the bucket's.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/otactl/otactl/client/httprepo"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/keyfile"
)

// DefaultJobs is how many requests are under way at once: a bucket answers each
// slowly and many together.
const DefaultJobs = 64

// Options of a Store. Bucket and Keys are needed.
type Options struct {
	Bucket string
	Prefix string // folder in the bucket, without slashes at its ends; may be empty
	// Endpoint is the server, as https://HOST[:PORT]; empty means Amazon's.
	Endpoint string
	// Region is what requests are signed for. Empty means the bucket's own at
	// Amazon, us-east-1 elsewhere.
	Region string
	Keys   *Keys
	HTTP   *http.Client // nil makes one
	Retry  httpx.Retry
	Jobs   int // 0 means DefaultJobs
	// ReadOnly is for who writes nothing: a signed summary is then no matter.
	ReadOnly bool
	// SignSummary gives the signatures of a summary, detached metadata as package
	// sign makes it; nil leaves summaries unsigned.
	SignSummary func(data []byte) ([]byte, error)
	Clock       clock.Clock     // nil is the machine's
	Faults      faults.Injector // points: bucket.put, bucket.ref, bucket.summary
}

// Store is an ostree.Store with Files, RefLister and Summarizer. Safe for
// concurrent use.
type Store struct {
	*httprepo.Source
	root   *httprepo.Source // the bucket itself, for lists
	opt    Options
	url    string
	prefix string // of each key: "" or "FOLDER/"
	signer *requestSigner
	config atomic.Pointer[keyfile.File] // nil: there is no repo yet

	plusIsSpace bool // see namesOf
	pageSize    int  // keys that one list may hold; 0: as many as the server likes

	fans    [256]fan // what lies in objects/XX/
	asked   atomic.Int64
	buffers *httpx.Buffers
	// checking bounds how many objects are read and verified at once: that is
	// work for processors, while many more may wait for the network.
	checking chan struct{}
	starting sync.Mutex // held while the config is made

	stored, existed, sent atomic.Int64
}

var (
	bucketName = regexp.MustCompile(`^[A-Za-z0-9][-._A-Za-z0-9]{1,61}[A-Za-z0-9]$`)
	prefixName = regexp.MustCompile(`^[-._=A-Za-z0-9]+(/[-._=A-Za-z0-9]+)*$`)
)

func isPrefix(s string) bool {
	return prefixName.MatchString(s) && fs.ValidPath(s) && len(s) <= limits.NameLength
}

// ParseURL reads s3://BUCKET[/PREFIX].
func ParseURL(u string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(u, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	prefix = strings.TrimSuffix(prefix, "/")
	if !ok || !bucketName.MatchString(bucket) || prefix != "" && !isPrefix(prefix) {
		return "", "", fail.New(fail.Usage, "give it as s3://BUCKET or s3://BUCKET/FOLDER, of letters, digits and - . _", "%.200q is not the address of a bucket", u)
	}
	return bucket, prefix, nil
}

// Open makes a Store and reads the config of the repo in the bucket, so that
// what is wrong with keys, rights, region or clock is known before anything is
// sent. A bucket without a repo is fine; the first session makes it one.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Jobs == 0 {
		o.Jobs = DefaultJobs
	}
	if o.HTTP == nil {
		o.HTTP = httpx.NewClient(httpx.Options{MaxConns: o.Jobs})
	}
	if o.Clock == nil {
		o.Clock = clock.System
	}
	at, err := locate(ctx, o)
	if err != nil {
		return nil, err
	}
	s := &Store{
		opt: o, url: "s3://" + strings.TrimSuffix(o.Bucket+"/"+o.Prefix, "/"),
		signer:   &requestSigner{keys: o.Keys, region: at.region},
		buffers:  httpx.NewBuffers(keepBuffer),
		checking: make(chan struct{}, runtime.GOMAXPROCS(0)+2),

		plusIsSpace: o.Endpoint == "" || strings.Contains(at.base, ".amazonaws.com"),
	}
	base := at.base
	if o.Prefix != "" {
		s.prefix = o.Prefix + "/"
		base += s.prefix
	}
	s.Source = httprepo.Open(httprepo.Options{BaseURL: base, HTTP: o.HTTP, Auth: s.signer, Retry: o.Retry, Parallel: o.Jobs})
	s.root = httprepo.Open(httprepo.Options{BaseURL: at.base, HTTP: o.HTTP, Auth: s.signer, Retry: o.Retry})
	return s, s.readConfig(ctx)
}

// newConfig is what ostree init --mode=archive writes.
const newConfig = "[core]\nrepo_version=1\nmode=archive-z2\n"

func (s *Store) readConfig(ctx context.Context) error {
	data, err := s.ReadFile(ctx, "config", limits.RepoConfig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	config, err := keyfile.Parse(data)
	if err != nil {
		return fail.As(fmt.Errorf("config in %s: %w", s.url, err), fail.Verification, "this does not look like an OSTree repo; choose another folder of the bucket")
	}
	if mode, _ := config.Get("core", "mode"); mode != "archive-z2" && mode != "archive" {
		return fail.New(fail.Conflict, "choose another folder of the bucket; devices pull from archive repos only", "%s: the repo there is of mode %.40q", s.url, mode)
	}
	s.config.Store(config)
	return s.checkSignature(ctx)
}

// checkSignature refuses to go on where a summary is signed that this store
// could only replace by one that is not: devices that check it would take no
// update any more.
func (s *Store) checkSignature(ctx context.Context) error {
	if s.opt.SignSummary != nil || s.opt.ReadOnly {
		return nil
	}
	_, err := s.ReadFile(ctx, "summary.sig", limits.SummarySig)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return fail.New(fail.Usage, "sign with the key that devices trust, or delete summary.sig if none checks it",
		"%s: the summary there is signed, and no key was given to sign the next one", s.url)
}

// makeRepo gives a new repo its config, before anything else. It is over when
// the config was read: without one Has finds nothing, not even what was sent.
// A server may say that a config is there before it gives the one that another
// publisher is sending; it is asked again.
func (s *Store) makeRepo(ctx context.Context) error {
	s.starting.Lock()
	defer s.starting.Unlock()
	if s.config.Load() != nil {
		return nil
	}
	for attempt := 1; ; attempt++ {
		_, err := s.putBytes(ctx, "config", []byte(newConfig), ifAbsent)
		if err == nil || errors.Is(err, errChanged) {
			err = s.readConfig(ctx)
		}
		switch {
		case err != nil || s.config.Load() != nil:
			return err
		case attempt == attempts:
			return fail.New(fail.Network, "run this again when nobody else begins to publish there; if that is no help, delete the config from the bucket",
				"%s: the server says that a config is there, and does not give it", s.url)
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// URL is s3://BUCKET/PREFIX.
func (s *Store) URL() string { return s.url }

// Traits promise no order: this program sends children first and each object is
// durable when it is answered, but a bucket can't insist on it, and whatever
// copies files into it keeps none. What a ref names is complete all the same,
// since refs move last. The batch is what makes asking by lists pay.
func (s *Store) Traits() ostree.Traits {
	return ostree.Traits{OneByOne: true, Batch: 1024, MaxParallel: s.opt.Jobs}
}

// Tally is what was sent since Open.
func (s *Store) Tally() ostree.Tally {
	return ostree.Tally{Stored: s.stored.Load(), Existed: s.existed.Load(), Bytes: s.sent.Load()}
}
