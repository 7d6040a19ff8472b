package ostreehub

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"

	"github.com/otactl/otactl/client/ostreehub/ostreehubtest"
	"github.com/otactl/otactl/ostree/storetest"
)

// gate is a transport that keeps tars until it is opened.
type gate struct {
	opened chan struct{}
	to     http.Handler
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	defer r.Body.Close()
	select {
	case <-g.opened:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	answer := httptest.NewRecorder()
	g.to.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// TestAPutThatIsCancelledTakesNoOtherWithIt: two wait for room with one object,
// and whichever is still there when there is some brings it.
func TestAPutThatIsCancelledTakesNoOtherWithIt(t *testing.T) {
	for name, cancelled := range map[string][2]bool{
		"neither": {}, "the first": {true, false}, "the second": {false, true}, "both": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			hub := ostreehubtest.New(t)
			synctest.Test(t, func(t *testing.T) { putTwiceWithoutRoom(t, hub, cancelled) })
		})
	}
}

func putTwiceWithoutRoom(t *testing.T, hub *ostreehubtest.Server, cancelled [2]bool) {
	line := &gate{make(chan struct{}), hub}
	st, err := New(Options{URL: hub.URL, Retry: quick, HTTP: &http.Client{Transport: line}})
	if err != nil {
		t.Fatal(err)
	}
	session, err := st.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range (pushes + 1) * packObjects { // all tars are full
		id, data := storetest.RandomFile(t, 16)
		if err := session.Put(t.Context(), storetest.Archived(id, data, true)); err != nil {
			t.Fatal(err)
		}
	}
	id, data := storetest.RandomFile(t, 100)
	var put [2]error
	var cancel [2]context.CancelFunc
	for i := range put {
		var ctx context.Context
		ctx, cancel[i] = context.WithCancel(t.Context())
		defer cancel[i]()
		go func() { put[i] = session.Put(ctx, storetest.Archived(id, data, true)) }()
		synctest.Wait()
	}
	for i, yes := range cancelled {
		if yes {
			cancel[i]()
			synctest.Wait()
		}
	}
	close(line.opened)
	synctest.Wait()
	if err := session.Close(t.Context()); err != nil {
		t.Error(err)
	}
	for i, yes := range cancelled {
		if yes != errors.Is(put[i], context.Canceled) || !yes && put[i] != nil {
			t.Errorf("put %d: %v", i+1, put[i])
		}
	}
	if there := bytes.Equal(hub.File(id.ArchivePath()), data); there == (cancelled[0] && cancelled[1]) {
		t.Errorf("it is there: %v", there)
	}
	if n, want := st.Tally().Stored, int64((pushes+1)*packObjects+1); n != want && !(cancelled[0] && cancelled[1]) {
		t.Errorf("%d objects were sent, want %d", n, want)
	}
}
