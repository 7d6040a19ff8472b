package httprepo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
)

var quick = httpx.Retry{Base: time.Millisecond, Max: time.Millisecond}

func source(t *testing.T, h http.HandlerFunc) *Source {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return Open(Options{BaseURL: s.URL + "/repo", Retry: quick, Header: http.Header{"X-Mine": {"1"}}})
}

func read(t *testing.T, s *Source, id ostree.ObjectID) ([]byte, error) {
	t.Helper()
	obj, err := s.Object(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	r, _, err := obj.OpenArchive(t.Context())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

var someFile = ostree.ObjectID{Sum: ostree.Checksum{0xab, 1}, Type: ostree.TypeFile}

func TestBrokenStreamGoesOnWhereItEnded(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789"), 5000)
	for _, ranges := range []bool{true, false} {
		var n atomic.Int32
		s := source(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/repo/"+someFile.ArchivePath() || r.Header.Get("X-Mine") == "" {
				t.Errorf("%s %v", r.URL, r.Header)
			}
			data := want
			var from int
			if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil && ranges {
				data = want[from:]
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(want)-1, len(want)))
				w.Header().Set("Content-Length", fmt.Sprint(len(data)))
				w.WriteHeader(http.StatusPartialContent)
			} else {
				w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			}
			if try := n.Add(1); try < 4 {
				w.Write(data[:len(data)/3/int(try)]) // earlier each time
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
			w.Write(data)
		})
		got, err := read(t, s, someFile)
		if err != nil || !bytes.Equal(got, want) || n.Load() != 4 {
			t.Errorf("ranges=%v: %d bytes, %v after %d requests", ranges, len(got), err, n.Load())
		}
	}
}

// A range need not go to the end, nor say how long the whole is. One that begins
// elsewhere, or is of another file, must not get among the bytes.
func TestBrokenStreamTakesOnlyWhatBeginsWhereItEnded(t *testing.T) {
	want := bytes.Repeat([]byte("0123456789"), 5000)
	const size = 50000
	for name, c := range map[string]struct {
		skip, most int // of the range
		whole      string
		ok         bool
	}{
		"of unknown length":  {0, size, "*", true},
		"a piece":            {0, size / 4, "50000", true},
		"begins elsewhere":   {1, size, "50000", false},
		"of another file":    {0, size, "50001", false},
		"ends before itself": {0, 0, "50000", false},
	} {
		s := source(t, func(w http.ResponseWriter, r *http.Request) {
			var from int
			if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err != nil {
				w.Header().Set("Content-Length", fmt.Sprint(size))
				_, _ = w.Write(want[:size/3])
				w.(http.Flusher).Flush()
				panic(http.ErrAbortHandler)
			}
			from += c.skip
			data := want[from:min(from+c.most, size)]
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%s", from, from+len(data)-1, c.whole))
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(data)
		})
		got, err := read(t, s, someFile)
		if c.ok && (err != nil || !bytes.Equal(got, want)) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if !c.ok && (fail.ClassOf(err) != fail.Network || !bytes.Equal(got, want[:size/3])) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

func TestStreamThatKeepsBreakingIsANetworkError(t *testing.T) {
	s := source(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("x"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	})
	_, err := read(t, s, someFile)
	if fail.ClassOf(err) != fail.Network || !strings.Contains(err.Error(), someFile.String()) {
		t.Errorf("%v", err)
	}
}

func TestMissingIsToldApartFromFailing(t *testing.T) {
	code := http.StatusNotFound
	s := source(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
	if _, err := read(t, s, someFile); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("%v", err)
	} else if _, ok := errors.AsType[*ostree.MissingError](err); !ok {
		t.Errorf("%v", err)
	}
	if _, err := s.Ref(t.Context(), "main"); !errors.Is(err, ostree.ErrRefNotFound) {
		t.Errorf("%v", err)
	}
	if have, err := s.Has(t.Context(), []ostree.ObjectID{someFile}); err != nil || have[0] {
		t.Errorf("%v, %v", have, err)
	}
	code = http.StatusForbidden
	if _, err := s.Has(t.Context(), []ostree.ObjectID{someFile}); fail.ClassOf(err) != fail.Auth {
		t.Errorf("403 on HEAD: %v", err)
	}
	if _, err := s.Ref(t.Context(), "main"); errors.Is(err, ostree.ErrRefNotFound) || err == nil {
		t.Errorf("403 on ref: %v", err)
	}
}

func TestRefsAreReadStrictlyAndCapped(t *testing.T) {
	hex := strings.Repeat("0a", 32)
	for body, ok := range map[string]bool{hex: true, hex + "\n": true, "<html>": false, "": false, strings.ToUpper(hex): false, strings.Repeat("a", 1<<20): false} {
		s := source(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/repo/refs/heads/os/a b" {
				t.Error(r.URL.Path)
			}
			io.WriteString(w, body)
		})
		c, err := s.Ref(t.Context(), "os/a b")
		if (err == nil) != ok || ok && c.String() != hex {
			t.Errorf("%.20q: %v, %v", body, c, err)
		}
	}
}

func TestMetadataLongerThanItsCapIsNotRead(t *testing.T) {
	s := source(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(200<<20))
		w.WriteHeader(http.StatusOK)
	})
	_, err := read(t, s, ostree.ObjectID{Type: ostree.TypeCommit})
	if _, ok := errors.AsType[*fsx.TooLargeError](err); !ok {
		t.Errorf("%v", err)
	}
}
