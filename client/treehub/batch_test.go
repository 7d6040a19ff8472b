package treehub

import (
	"context"
	"errors"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
)

// stuck is a line to a server that takes many objects in a request, on which
// none of those comes to its end.
type stuck struct {
	began chan struct{}
	once  sync.Once
	under atomic.Int32 // requests on their way
}

func (s *stuck) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{batch.Header: {batch.Version}}, Body: http.NoBody, Request: r}, nil
	}
	s.under.Add(1)
	defer s.under.Add(-1)
	s.once.Do(func() { close(s.began) })
	<-r.Context().Done()
	for range 1000 {
		runtime.Gosched() // time for whoever does not wait
	}
	return nil, errors.Join(r.Context().Err(), r.Body.Close())
}

// TestNothingIsSentAfterASession that was given up.
func TestNothingIsSentAfterASession(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for how, end := range map[string]func(ostree.Session){
		"aborted": func(s ostree.Session) { s.Abort() },
		"closed by who waits no longer": func(s ostree.Session) {
			if err := s.Close(gone); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		},
	} {
		line := &stuck{began: make(chan struct{})}
		st, err := New(Options{BaseURL: "http://host/api/v3/", Retry: quick, HTTP: &http.Client{Transport: line}})
		if err == nil {
			err = st.Probe(t.Context())
		}
		if err != nil {
			t.Fatal(err)
		}
		session, err := st.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for sent := 0; sent < loadMemory; sent += inMemory - 100 {
			obj, _ := file(t, inMemory-100, true)
			if err := session.Put(t.Context(), obj); err != nil {
				t.Fatal(err)
			}
		}
		<-line.began
		end(session)
		if n := line.under.Load(); n > 0 {
			t.Errorf("%s: %d requests are still on their way", how, n)
		}
	}
}
