package bucket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/summary"
)

// summaryRounds is how often the summary is made anew because somebody else
// moved a ref, or wrote a summary, meanwhile.
const summaryRounds = 8

// UpdateSummary implements ostree.Summarizer.
//
// The summary is written first and its signature after it. A client that holds
// the summary before asks for the signature first, finds the one it knows and
// goes on with what it holds; one that holds none finds a pair that does not
// fit, refuses it and tries again. The other way round both would.
//
// After both are written the refs are looked at again, and whether the summary
// is still this one: the last of several publishers to look sees what all of
// them did, and makes it good.
func (s *Store) UpdateSummary(ctx context.Context) error {
	if s.config.Load() == nil {
		return nil
	}
	for range summaryRounds {
		settled, err := s.summarize(ctx)
		if err != nil {
			return fmt.Errorf("summary of %s: %w", s.url, err)
		}
		if settled {
			return nil
		}
	}
	return fail.New(fail.Conflict, "wait until the other publishers are done and run this again", "summary of %s: others kept changing refs", s.url)
}

// summarize is one round. It is settled when nobody else wrote meanwhile.
func (s *Store) summarize(ctx context.Context) (settled bool, err error) {
	tags, err := s.refETags(ctx)
	if err != nil {
		return false, err
	}
	now, etag, err := s.readSummary(ctx)
	if err != nil {
		return false, err
	}
	next, err := s.buildSummary(ctx, now)
	if err != nil {
		return false, err
	}
	wrote, err := s.writeSummary(ctx, now, next, etag)
	if errors.Is(err, errChanged) {
		return false, nil
	}
	if err != nil || !wrote {
		return err == nil, err
	}
	after, err := s.refETags(ctx)
	if err != nil || !maps.Equal(tags, after) {
		return false, err
	}
	last, _, err := s.readSummary(ctx)
	return bytes.Equal(last, next), err
}

// readSummary reads the summary that is there; nil if there is none.
func (s *Store) readSummary(ctx context.Context) ([]byte, condition, error) {
	data, etag, err := s.readFile(ctx, summary.File, limits.Summary)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ifAbsent, nil
	}
	return data, condition(etag), err
}

func (s *Store) buildSummary(ctx context.Context, now []byte) ([]byte, error) {
	refs, err := s.Refs(ctx)
	if err != nil {
		return nil, err
	}
	deltas, err := s.deltas(ctx)
	if err != nil {
		return nil, err
	}
	opt := summary.Options{Now: s.opt.Clock(), Deltas: deltas}
	old, err := summary.Parse(now)
	if err != nil { // there is none, or none that is of use
		return summary.BuildArchive(ctx, s, s.config.Load(), refs, nil, opt)
	}
	// What is signed is not taken over from whoever wrote the one before.
	known := old
	if s.opt.SignSummary != nil {
		known = nil
	}
	same := opt
	same.Now = old.LastModified
	data, err := summary.BuildArchive(ctx, s, s.config.Load(), refs, known, same)
	if err != nil || bytes.Equal(data, now) {
		return data, err
	}
	return summary.BuildArchive(ctx, s, s.config.Load(), refs, known, opt)
}

// writeSummary writes the next summary unless it is the one that is there, and
// its signature unless it is there too.
func (s *Store) writeSummary(ctx context.Context, now, next []byte, when condition) (wrote bool, err error) {
	same := now != nil && bytes.Equal(now, next)
	if same && s.opt.SignSummary == nil {
		return false, nil
	}
	if same {
		signed, err := s.isSigned(ctx, now)
		if err != nil || signed {
			return false, err
		}
	}
	if err := faults.At(s.opt.Faults, "bucket.summary"); err != nil {
		return false, err
	}
	if !same {
		if _, err := s.putBytes(ctx, summary.File, next, when); err != nil {
			return false, err
		}
	}
	return true, s.sign(ctx, next)
}

func (s *Store) sign(ctx context.Context, data []byte) error {
	if s.opt.SignSummary == nil {
		return nil
	}
	sig, err := s.opt.SignSummary(data)
	if err != nil {
		return err
	}
	if err := faults.At(s.opt.Faults, "bucket.signature"); err != nil {
		return err
	}
	b := bodyOf(sig)
	b.covers = coverOf(data)
	_, err = s.put(ctx, summary.SigFile, b, always)
	return err
}

// deltas are the static deltas in the bucket with the digests of their
// superblocks.
func (s *Store) deltas(ctx context.Context) (map[string][sha256.Size]byte, error) {
	files := map[string]string{}
	err := s.eachKey(ctx, "deltas/", func(e entry) {
		if dir, file := path.Split(e.Key); file == "superblock" {
			if name, ok := summary.DeltaName(strings.TrimSuffix(dir, "/")); ok {
				files[name] = e.Key
			}
		}
	})
	if err != nil {
		return nil, err
	}
	sums := make(map[string][sha256.Size]byte, len(files))
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s.opt.Jobs)
	for name, key := range files {
		g.Go(func() error {
			sum, err := s.hashFile(ctx, key)
			if errors.Is(err, fs.ErrNotExist) {
				return nil // deleted meanwhile
			}
			mu.Lock()
			defer mu.Unlock()
			sums[name] = sum
			return err
		})
	}
	return sums, g.Wait()
}

// headerCovers is what is noted with a signature: the SHA-256 of the summary
// that it is of.
const headerCovers = "X-Amz-Meta-Summary-Sha256"

func coverOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// isSigned says whether the signature that is there is of this summary: else
// somebody was killed before he had signed.
func (s *Store) isSigned(ctx context.Context, data []byte) (bool, error) {
	resp, err := s.do(ctx, http.MethodHead, summary.SigFile, nil, nil)
	if httpx.Code(err) == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	httpx.Discard(resp)
	return resp.Header.Get(headerCovers) == coverOf(data), nil
}
