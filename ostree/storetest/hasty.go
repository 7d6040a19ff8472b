package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
)

// Hasty is a transport on which each request with a body is first answered 503
// before any of the body is read, as a busy server does it, and the body of that
// attempt is neither read nor closed until Check.
type Hasty struct {
	Next http.RoundTripper // of the second attempts; nil is the default one

	mu   sync.Mutex
	seen map[string]bool // by method, URL and content
	held []heldBody
}

type heldBody struct {
	what string
	body io.ReadCloser
	want []byte
}

// RoundTrip implements http.RoundTripper.
func (h *Hasty) RoundTrip(r *http.Request) (*http.Response, error) {
	next := h.Next
	if next == nil {
		next = http.DefaultTransport
	}
	if r.Body == nil || r.Body == http.NoBody {
		return next.RoundTrip(r)
	}
	held, err := h.hold(r)
	if err != nil {
		return nil, err
	}
	if !held {
		return next.RoundTrip(r)
	}
	return &http.Response{StatusCode: http.StatusServiceUnavailable, Status: "503 Service Unavailable", Proto: "HTTP/1.1",
		ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

// hold keeps the body of a first attempt.
func (h *Hasty) hold(r *http.Request) (bool, error) {
	if r.GetBody == nil {
		return false, errors.New(r.Method + " " + r.URL.Path + ": its body can't be sent again on another connection")
	}
	again, err := r.GetBody()
	if err != nil {
		return false, err
	}
	want, err := io.ReadAll(again)
	if err = errors.Join(err, again.Close()); err != nil {
		return false, err
	}
	sum := sha256.Sum256(want)
	what := r.Method + " " + r.URL.String()
	h.mu.Lock()
	defer h.mu.Unlock()
	key := what + string(sum[:])
	if h.seen[key] {
		return false, nil
	}
	if h.seen == nil {
		h.seen = map[string]bool{}
	}
	h.seen[key] = true
	h.held = append(h.held, heldBody{what, r.Body, want})
	return true, nil
}

// Check holds that what the first attempts were to send was not written over
// meanwhile, and that there were at least so many of them.
func (h *Hasty) Check(t *testing.T, least int) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.held) < least {
		t.Errorf("%d requests with a body, want at least %d: this showed nothing", len(h.held), least)
	}
	for _, b := range h.held {
		got, err := io.ReadAll(b.body)
		if err = errors.Join(err, b.body.Close()); err != nil || !bytes.Equal(got, b.want) {
			t.Errorf("%s: the body of the attempt that was given up changed: %d bytes, want %d, %v", b.what, len(got), len(b.want), err)
		}
	}
}
