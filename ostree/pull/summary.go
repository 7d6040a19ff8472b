package pull

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/summary"
)

// signedSummary is a summary with its signatures, as files.
type signedSummary struct {
	data, sig               []byte // nil where there is none
	dataVersion, sigVersion ostree.FileVersion
	cached                  bool // data is what the cache had
	parsed                  *summary.Summary
}

// readSummary reads the remote's summary if something depends on it, verifies
// it, and keeps it.
func (r *run) readSummary(ctx context.Context) error {
	if !r.wantsSummary() {
		return nil
	}
	c := r.cache()
	s, err := FetchSummary(ctx, r.remote, SummaryOptions{Cache: c, Signed: r.wantsSig(), Check: r.opt.CheckSummary, Now: r.opt.Now, Faults: r.opt.Faults})
	if errors.Is(err, fs.ErrNotExist) {
		if r.opt.CheckSummary != nil {
			return fail.New(fail.Verification, "have one made and signed on the server, or set gpg-verify-summary=false for the remote",
				"signatures of the summary are to be verified, and no summary was found at %s", r.remote.URL())
		}
		return nil
	}
	if err != nil {
		return err
	}
	r.sum, r.sumData, r.sumSig = s.Parsed, s.Data, s.Sig
	if r.opt.CheckSummary != nil && !r.sum.Expires.IsZero() && !r.opt.Now.IsZero() && r.opt.Now.After(r.sum.Expires) {
		return fail.New(fail.Expired, "have it made anew on the server", "the summary of %s expired on %s", r.remote.URL(), stamp(r.sum.Expires))
	}
	return nil
}

// wantsSummary says whether anything depends on the summary. A ref that is to
// stand at a given commit does not; a commit without a ref does so only for
// the sake of a delta.
func (r *run) wantsSummary() bool {
	if r.opt.CheckSummary != nil || r.mirrorsAll() {
		return true
	}
	for _, ref := range r.opt.Refs {
		if ref.Commit == nil || ref.Name == "" && r.mayUseDeltas() {
			return true
		}
	}
	return false
}

// wantsSig says whether signatures of the summary are verified or mirrored.
func (r *run) wantsSig() bool {
	return r.opt.CheckSummary != nil || r.mirrorsAll()
}

// SummaryOptions of FetchSummary. The zero value fetches a summary alone.
type SummaryOptions struct {
	Cache  *Cache // nil keeps none
	Signed bool   // fetch the signatures too
	// Check verifies; nil verifies nothing. sig is nil where there is none.
	Check func(data, sig []byte) error
	// Now bounds what is believed of a server's date: by a later one nothing
	// new would ever be there. Zero believes all.
	Now    time.Time
	Faults faults.Injector
}

// believed is v without a date by which it can't be asked for.
func (o SummaryOptions) believed(v ostree.FileVersion) ostree.FileVersion {
	at, err := time.Parse(httpDate, v.Modified)
	if err != nil || !o.Now.IsZero() && at.After(o.Now) {
		v.Modified = ""
	}
	return v
}

// SummaryFiles are a summary and its signatures as they are in the remote.
type SummaryFiles struct {
	Data, Sig []byte // Sig is nil where there is none, or none was asked for
	Parsed    *summary.Summary
}

// FetchSummary reads the summary of a remote, by way of a cache, and verifies
// it. One that does not fit its signatures is fetched once more, past all
// caches: whoever publishes replaces one file after the other. So is one that is
// no summary, such as the page of a network that wants a login first; it is
// never kept. Where there is no summary the error is fs.ErrNotExist.
func FetchSummary(ctx context.Context, remote Remote, opt SummaryOptions) (SummaryFiles, error) {
	had := opt.Cache.load(remote.URL(), opt.Signed)
	s, err := fetchBoth(ctx, remote, opt, had)
	if err != nil {
		return SummaryFiles{}, err
	}
	if err = opt.judge(s); err != nil {
		if s.cached {
			if err := faults.At(opt.Faults, "pull.invalid-cache"); err != nil {
				return SummaryFiles{}, err
			}
		}
		if s, err = again(ctx, remote, opt, err); err != nil {
			return SummaryFiles{}, fmt.Errorf("summary of %s: %w", remote.URL(), err)
		}
	}
	return SummaryFiles{s.data, s.sig, s.parsed}, opt.Cache.store(had, s, remote.URL(), opt.Signed)
}

// judge verifies a summary, and reads it then.
func (o SummaryOptions) judge(s *signedSummary) (err error) {
	if o.Check != nil {
		err = o.Check(s.data, s.sig)
	}
	if err == nil {
		s.parsed, err = summary.Parse(s.data)
	}
	return err
}

// again fetches a summary anew after one that is not good.
func again(ctx context.Context, remote Remote, opt SummaryOptions, why error) (*signedSummary, error) {
	s, err := fetchBoth(ctx, remote, opt, &signedSummary{})
	if err != nil {
		return nil, errors.Join(why, err)
	}
	return s, opt.judge(s)
}

// fetchBoth fetches the two files at once. Signatures that are still those of
// the cache mean the summary of the cache: it is the one that they sign.
func fetchBoth(ctx context.Context, remote Remote, opt SummaryOptions, had *signedSummary) (*signedSummary, error) {
	var s signedSummary
	var dataErr, sigErr error
	var both sync.WaitGroup
	if opt.Signed {
		both.Go(func() {
			s.sig, s.sigVersion, sigErr = opt.optional(ctx, remote, "summary.sig", limits.SummarySig, had.sig, had.sigVersion)
		})
	}
	s.data, s.dataVersion, dataErr = opt.optional(ctx, remote, "summary", limits.Summary, had.data, had.dataVersion)
	both.Wait()
	if sigErr != nil {
		return nil, sigErr
	}
	if opt.Signed && had.data != nil && s.sig != nil && bytes.Equal(s.sig, had.sig) {
		s.data, s.dataVersion, dataErr = had.data, had.dataVersion, nil
	}
	if dataErr != nil {
		return nil, dataErr
	}
	if s.data == nil {
		return nil, fail.As(fmt.Errorf("summary of %s: %w", remote.URL(), fs.ErrNotExist), fail.NotFound, "")
	}
	s.cached = had.data != nil && bytes.Equal(s.data, had.data)
	return &s, nil
}

// optional reads a file that may be missing, or be the one that we have.
func (o SummaryOptions) optional(ctx context.Context, remote Remote, path string, max int64, have []byte, version ostree.FileVersion) ([]byte, ostree.FileVersion, error) {
	if have == nil {
		version = ostree.FileVersion{}
	}
	version = o.believed(version)
	data, v, err := remote.File(ctx, path, max, version)
	switch {
	case errors.Is(err, ostree.ErrNotModified):
		return have, version, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, ostree.FileVersion{}, nil
	case err == nil && data == nil:
		data = []byte{}
	}
	return data, o.believed(v), err
}

// mirrorSummary makes the summary that was pulled that of the repo, where all
// of it was pulled.
func (r *run) mirrorSummary(ctx context.Context) error {
	if !r.mirrorsAll() || r.sumData == nil {
		return nil
	}
	return summary.Write(ctx, r.repo, r.sumData, r.sumSig, r.opt.Now)
}
