package treehub

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

// DefaultStorageFrom is where a treehub's limits for the body of a request and
// the time that it takes begin to matter. Below it, nothing is won: an upload
// to the storage that is killed keeps everybody from sending that object for an
// hour, where the server itself sees a broken line and forgets it.
const DefaultStorageFrom = 32 << 20

// bring sends an object to wherever the server wants it. A treehub that keeps
// objects in S3 lets a client bring them there: it answers the POST with a
// redirect to an address that is good for an hour, and is told by a PUT when
// the object is there. One with a disk refuses the question with 400, and is
// not asked again.
func (s *Store) bring(ctx context.Context, obj ostree.Object, length int64) error {
	if length <= s.opt.StorageFrom || s.far.batches.Load() || s.far.keeps.Load() {
		return s.post(ctx, obj, length)
	}
	to, err := s.offer(ctx, obj, length)
	switch {
	case httpx.Code(err) == http.StatusBadRequest:
		s.far.keeps.Store(true)
		return s.post(ctx, obj, length)
	case err != nil || to == nil:
		return err
	}
	if err := s.upload(ctx, obj, length, to); err != nil {
		return fmt.Errorf("to the server's storage at %s: %w", to.Host, err)
	}
	return s.complete(ctx, obj.ID())
}

// offer posts the object as one that may be sent elsewhere, and returns where
// to; nil means that the server took it itself, as those do that know nothing
// of this.
func (s *Store) offer(ctx context.Context, obj ostree.Object, length int64) (to *url.URL, err error) {
	client := *s.opt.HTTP
	client.CheckRedirect = func(next *http.Request, _ []*http.Request) error {
		to = next.URL
		return http.ErrUseLastResponse
	}
	resp, err := httpx.DoAuth(ctx, &client, s.opt.Retry, s.opt.Auth, func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost,
			s.opt.BaseURL+obj.ID().ArchivePath()+"?size="+strconv.FormatInt(length, 10), nil)
		if err != nil {
			return nil, err
		}
		to = nil
		req.Header = s.header.Clone()
		req.Header.Set("Content-Type", "application/octet-stream")
		req.Header.Set("X-Ats-Accept-Redirect", "true")
		return req, objectBody(ctx, req, obj, length)
	})
	switch {
	case err == nil:
		httpx.Discard(resp)
		return nil, nil
	case to == nil || httpx.Code(err) != http.StatusFound:
		return nil, err
	case to.Scheme != "https" && (to.Scheme != "http" || strings.HasPrefix(s.opt.BaseURL, "https:")):
		return nil, fail.New(fail.Network, "tell who runs the server", "the server wants it at %s, without TLS", to.Host)
	}
	return to, nil
}

// upload puts the object to an address that is its own proof: who we are is
// nobody's business there.
func (s *Store) upload(ctx context.Context, obj ostree.Object, length int64, to *url.URL) error {
	resp, err := httpx.Do(ctx, s.opt.HTTP, s.opt.Retry, func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodPut, to.String(), nil)
		if err != nil {
			return nil, err
		}
		return req, objectBody(ctx, req, obj, length)
	})
	if err == nil {
		httpx.Discard(resp)
	}
	return err
}

// complete tells the server that the object is in its storage. Looking for
// itself, it may have found that out before: then it knows of no upload.
func (s *Store) complete(ctx context.Context, id ostree.ObjectID) error {
	resp, err := s.send(ctx, http.MethodPut, id.ArchivePath(), nil)
	switch {
	case err == nil:
		httpx.Discard(resp)
		return nil
	case httpx.Code(err) != http.StatusNotFound:
		return err
	}
	return s.arrived(ctx, id, askFirst+1)
}

// arrived holds that an object which the server says it has is really there:
// it says so of a large one that somebody has only begun to bring to its
// storage, too, and of one where that was killed.
func (s *Store) arrived(ctx context.Context, id ostree.ObjectID, length int64) error {
	if length <= askFirst || s.far.batches.Load() {
		return nil
	}
	have, err := s.Source.Has(ctx, []ostree.ObjectID{id})
	if err == nil && !have[0] {
		err = fail.New(fail.Conflict, "wait for it, or an hour, until the server gives it up, and run this again",
			"somebody has begun to upload it and has not come to the end")
	}
	return err
}

// objectBody makes the object the body of req, which each attempt opens anew.
// The server may refuse a long one before it is sent.
func objectBody(ctx context.Context, req *http.Request, obj ostree.Object, length int64) error {
	body, n, err := obj.OpenArchive(ctx)
	if err != nil {
		return err
	}
	if n != length {
		_ = body.Close()
		return &ostree.CorruptError{ID: obj.ID(), Why: "its length changed while it was sent"}
	}
	req.Body, req.ContentLength = body, length
	req.GetBody = func() (io.ReadCloser, error) { // for a kept connection that turns out to be closed
		again, _, err := obj.OpenArchive(ctx)
		return again, err
	}
	if length > askFirst {
		req.Header.Set("Expect", "100-continue")
	}
	return nil
}
