package treehub

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/otactl/otactl/client/treehub/treehubtest"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
)

var sized = ostree.Checksum{7}

// sizing is a store whose server answers so when it is asked for sizes.
func sizing(t *testing.T, answer http.HandlerFunc) *Store {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v3/config", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set(batch.Header, batch.Version) })
	mux.HandleFunc("GET /api/v3/batch/sizes/"+sized.String(), answer)
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	st, err := New(Options{BaseURL: srv.URL + "/api/v3/", Retry: quick})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	return st
}

func row(n byte, length int64) []byte {
	return batch.AppendFrame(nil, batch.Frame{ID: ostree.ObjectID{Sum: ostree.Checksum{n}, Type: ostree.TypeFile}, Length: length})
}

func TestSizesAreReadUnderCaps(t *testing.T) {
	whole := batch.AppendSizesEnd(append(row(1, 10), row(2, 20)...), 2)
	for what, c := range map[string]struct {
		body []byte
		sum  int64
		bad  bool
	}{
		"all":             {whole, 30, false},
		"nothing":         {nil, 0, true},
		"broken off":      {whole[:len(whole)-batch.FrameSize], 30, true},
		"another page":    {[]byte("<html>please log in to this network, it is free</html>"), 0, true},
		"too long an one": {row(1, batch.MaxSized+1), 0, true},
	} {
		t.Run(what, func(t *testing.T) {
			st := sizing(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(c.body) })
			sum := int64(0)
			err := st.Sizes(t.Context(), sized, func(_ ostree.ObjectID, size int64) error {
				sum += size
				return nil
			})
			if sum != c.sum || (fail.ClassOf(err) == fail.Network) != c.bad || (err != nil) != c.bad {
				t.Errorf("%d bytes, %v; want %d, an error of the network: %v", sum, err, c.sum, c.bad)
			}
		})
	}
}

func TestAServerFromBeforeSizesIsOneThatDoesNotKnow(t *testing.T) {
	none := func(ostree.ObjectID, int64) error { t.Error("it knows one"); return nil }
	for _, code := range []int{http.StatusNotFound, http.StatusMethodNotAllowed} {
		st := sizing(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		if err := st.Sizes(t.Context(), sized, none); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("%d: %v", code, err)
		}
	}
	hosted := treehubtest.New(t)
	hosted.Fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		t.Errorf("a treehub of others was asked: %s", r.URL)
		return false
	}
	if err := open(t, hosted, nil).Sizes(t.Context(), sized, none); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func TestWhoeverTakesSizesEndsThemWithAnErrorOfItsOwn(t *testing.T) {
	st := sizing(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(row(1, 10)) })
	own := fail.New(fail.NoSpace, "", "the medium")
	if err := st.Sizes(t.Context(), sized, func(ostree.ObjectID, int64) error { return own }); !errors.Is(err, own) || fail.ClassOf(err) != fail.NoSpace {
		t.Error(err)
	}
}
