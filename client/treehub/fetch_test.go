package treehub

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
	"github.com/otactl/otactl/ostree/storetest"
)

// answering is a store whose server answers a request for many objects so.
func answering(t *testing.T, answer http.HandlerFunc) *Store {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(batch.Header, batch.Version)
		if r.URL.Path == "/api/v3/"+batch.FetchPath {
			answer(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	st, err := New(Options{BaseURL: srv.URL + "/api/v3/", Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	if st.GivesMany() {
		t.Error("it gives many before it has said anything")
	}
	if err := st.Probe(t.Context()); err != nil || !st.GivesMany() {
		t.Fatalf("it does not give many: %v", err)
	}
	return st
}

func TestAnAnswerOfManyObjectsIsReadUnderCaps(t *testing.T) {
	id, data := storetest.RandomFile(t, 100)
	good := append(batch.AppendFrame(nil, batch.Frame{ID: id, Length: int64(len(data))}), data...)
	for what, c := range map[string]struct {
		body  []byte
		given int
		bad   bool
	}{
		"nothing":         {nil, 0, false},
		"one":             {good, 1, false},
		"two":             {append(bytes.Clone(good), good...), 2, false},
		"a cut frame":     {append(bytes.Clone(good), good[:10]...), 1, true},
		"a cut object":    {append(bytes.Clone(good), good[:len(good)-1]...), 1, true},
		"too long a one":  {batch.AppendFrame(nil, batch.Frame{ID: id, Length: batch.MaxFetched + 1}), 0, true},
		"no frame at all": {[]byte("<html>please log in to this network, it is free</html>"), 0, true},
	} {
		t.Run(what, func(t *testing.T) {
			st := answering(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(c.body) })
			given := 0
			err := st.GetMany(t.Context(), []ostree.ObjectID{id}, func(_ ostree.ObjectID, got []byte) error {
				given++
				if !bytes.Equal(got, data) {
					t.Errorf("got %x", got)
				}
				return nil
			})
			if given != c.given || (fail.ClassOf(err) == fail.Network) != c.bad || (err != nil) != c.bad {
				t.Errorf("%d given, %v; want %d, an error of the network: %v", given, err, c.given, c.bad)
			}
		})
	}
}

func TestAServerThatOnlyTakesManyIsAskedOnce(t *testing.T) {
	asked := 0
	st := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		asked++
		http.Error(w, "404", http.StatusNotFound)
	})
	err := st.GetMany(t.Context(), make([]ostree.ObjectID, 3*batch.MaxObjects), func(ostree.ObjectID, []byte) error { return nil })
	if err != nil || asked != 1 || st.GivesMany() {
		t.Errorf("asked %d times, gives many: %v, %v", asked, st.GivesMany(), err)
	}
}
