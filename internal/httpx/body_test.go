package httpx

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
)

// file is a body that, like a file without a lock, may be neither read nor
// closed a second time once it is closed, nor both at the same time.
type file struct {
	t      *testing.T
	at     int // what Read and Close both write
	closed bool
}

func (f *file) Read(p []byte) (int, error) {
	if f.closed {
		f.t.Error("it was read after it was closed")
	}
	f.at++
	p[0] = 'x'
	return 1, nil
}

func (f *file) Close() error {
	if f.closed {
		f.t.Error("it was closed twice")
	}
	f.at, f.closed = 0, true
	return nil
}

// sender is a transport that answers the first request with a redirect while
// it reads the body, and goes on with that once the client has moved on.
type sender struct {
	code    int
	reading chan struct{} // closed when the body was read once
	goOn    chan struct{} // closed when the client has gone on
	done    chan struct{} // closed when the body was given up
}

func (s *sender) RoundTrip(req *http.Request) (*http.Response, error) {
	answer := &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: req}
	if req.URL.Path == "/elsewhere" {
		close(s.goOn)
		<-s.done
		return answer, nil
	}
	go s.send(req.Body)
	<-s.reading
	answer.StatusCode = s.code
	answer.Header.Set("Location", "/elsewhere")
	return answer, nil
}

func (s *sender) send(body io.ReadCloser) {
	defer close(s.done)
	piece := make([]byte, 1)
	_, err := body.Read(piece)
	close(s.reading)
	for over := false; err == nil && !over; _, err = body.Read(piece) {
		select {
		case <-s.goOn:
			over = true
		default:
		}
	}
	_ = body.Close()
}

// TestABodyIsNotReadOnceItIsClosed, nor closed while it is read: net/http does
// both where a server redirects before it has read a request.
func TestABodyIsNotReadOnceItIsClosed(t *testing.T) {
	for _, code := range []int{http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		s := &sender{code, make(chan struct{}), make(chan struct{}), make(chan struct{})}
		var bodies []*file
		open := func() (io.ReadCloser, error) {
			f := &file{t: t}
			bodies = append(bodies, f)
			return f, nil
		}
		resp, err := Do(t.Context(), &http.Client{Transport: s}, quick, func(ctx context.Context) (*http.Request, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://host/object", nil)
			if err == nil {
				req.Body, err = open()
				req.GetBody, req.ContentLength = open, 1<<20
			}
			return req, err
		})
		if err != nil {
			t.Fatal(err)
		}
		Discard(resp)
		if len(bodies) != 2 || !bodies[0].closed {
			t.Errorf("%d: %d bodies were opened, the first is closed: %v", code, len(bodies), bodies[0].closed)
		}
	}
}

// refusing is an Auth that has no proof.
type refusing struct{ Anonymous }

var errNoProof = errors.New("no proof")

func (refusing) Apply(context.Context, *http.Request) error { return errNoProof }

// TestABodyIsClosedThoughItsRequestIsNotSent: without a proof nobody else does.
func TestABodyIsClosedThoughItsRequestIsNotSent(t *testing.T) {
	f := &file{t: t}
	_, err := DoAuth(t.Context(), NewClient(Options{}), quick, refusing{}, func(ctx context.Context) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodPut, "http://host.invalid/object", f)
	})
	if !errors.Is(err, errNoProof) || !f.closed {
		t.Errorf("%v, closed: %v", err, f.closed)
	}
}
