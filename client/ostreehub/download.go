package ostreehub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/otactl/otactl/client/httprepo"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

// downloads is where a server lets its repository be read: elsewhere, with a
// proof of its own, which it tells who asks.
type downloads struct {
	mu     sync.Mutex
	source *httprepo.Source
	none   error // that the server has no such place
}

// open asks until it knows. A server that has nothing to download is
// errors.ErrUnsupported.
func (d *downloads) open(ctx context.Context, s *Store) (*httprepo.Source, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.source != nil || d.none != nil {
		return d.source, d.none
	}
	place, err := s.hub.downloadPlace(ctx)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		d.none = err
		return nil, err
	case err != nil:
		return nil, err
	}
	d.source = httprepo.Open(httprepo.Options{BaseURL: place.URL, HTTP: s.opt.HTTP, Retry: s.opt.Retry,
		Auth: &bearer{hub: s.hub, place: place}, Parallel: maxParallel})
	return d.source, nil
}

// Download is the repository as devices read it, from wherever the server
// keeps it. errors.ErrUnsupported says that this server tells no such place.
func (s *Store) Download(ctx context.Context) (*httprepo.Source, error) {
	return s.downloads.open(ctx, s)
}

// place is one from which a repository can be read.
type place struct {
	URL   string `json:"download_url"`
	Token string `json:"access_token"`
}

func (h *hub) downloadPlace(ctx context.Context) (place, error) {
	answer, err := h.call(ctx, http.MethodPost, "download-urls", func(req *http.Request) error {
		req.Header.Set("Content-Type", "application/json")
		return nil
	})
	switch httpx.Code(err) {
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return place{}, fail.As(fmt.Errorf("%s: it tells no place to download from: %w", httpx.Redact(h.base), errors.ErrUnsupported), fail.Unsupported, "")
	}
	if err != nil {
		return place{}, errorOf("ask where to download from", err)
	}
	return parsePlaces(answer, h.base)
}

// parsePlaces takes the last place of the list, as the original does. A server
// that is asked over TLS can't send elsewhere without.
func parsePlaces(answer []byte, base *url.URL) (place, error) {
	const hint = "check that the URL is that of an ostreehub"
	var list []place
	if err := json.Unmarshal(answer, &list); err != nil || len(list) == 0 {
		return place{}, fail.New(fail.Network, hint, "the server names no place to download from")
	}
	p := list[len(list)-1]
	u, err := url.Parse(p.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != base.Scheme {
		return place{}, fail.New(fail.Network, hint, "the place to download from is not an HTTPS address")
	}
	if strings.ContainsFunc(p.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return place{}, fail.New(fail.Network, hint, "the token to download with is none")
	}
	return p, nil
}

// bearer is the proof for a place, which runs out after a while.
type bearer struct {
	hub   *hub
	mu    sync.Mutex
	place place
}

func (b *bearer) Apply(_ context.Context, req *http.Request) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.place.Token != "" {
		req.Header.Set("Authorization", "Bearer "+b.place.Token)
	}
	return nil
}

// Renew asks for a new token. One for another place is of no use.
func (b *bearer) Renew(ctx context.Context, refused *http.Request) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if refused.Header.Get("Authorization") != "Bearer "+b.place.Token {
		return true, nil
	}
	fresh, err := b.hub.downloadPlace(ctx)
	if err != nil || fresh.URL != b.place.URL {
		return false, err
	}
	renewed := fresh.Token != b.place.Token
	b.place = fresh
	return renewed, nil
}

// Object is a handle to what the server has: to the same bytes in Local, if it
// has those, else to what can be downloaded. Of what Local has not, where the
// server tells no place to download from, nothing can be known: that is
// errors.ErrUnsupported.
func (s *Store) Object(ctx context.Context, id ostree.ObjectID) (ostree.Object, error) {
	crc, ok, err := s.localCRC(ctx, id)
	if err != nil {
		return nil, err
	}
	if ok {
		lacking, err := s.hub.check(ctx, map[string]uint32{id.ArchivePath(): crc})
		if err != nil {
			return nil, err
		}
		if len(lacking) == 0 {
			return s.opt.Local.Object(ctx, id)
		}
	}
	from, err := s.downloads.open(ctx, s)
	if ok && errors.Is(err, errors.ErrUnsupported) {
		return nil, &ostree.MissingError{ID: id, Where: s.URL()}
	}
	if err != nil {
		return nil, err
	}
	return from.Object(ctx, id)
}
