package gateway

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// serving is a repository behind HTTP, with answer in the place of one file. It
// may be slow for so long.
func serving(t *testing.T, name string, slow time.Duration, answer http.HandlerFunc) (*tuftest.Repo, *Client) {
	t.Helper()
	r := tuftest.New(t)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		file := strings.TrimPrefix(req.URL.Path, "/repo/")
		switch data, ok := r.Files[file]; {
		case file == name || strings.HasPrefix(req.URL.Path, "/elsewhere/"):
			answer(w, req)
		case ok:
			_, _ = w.Write(data)
		default:
			http.NotFound(w, req)
		}
	}))
	t.Cleanup(srv.Close)
	c, err := New(Options{URL: srv.URL, LowSpeed: httpx.LowSpeed{Bytes: 1000, Time: slow}})
	if err != nil {
		t.Fatal(err)
	}
	return r, c
}

func refresh(t *testing.T, c *Client) (*tuf.Trust, error) {
	t.Helper()
	return tuf.Refresh(t.Context(), c.Metadata(), nil, tuf.RefreshOptions{Now: tuftest.Start, FirstUse: true})
}

// What stands in the place of a root that is not there must not end the chain:
// whoever can say "no" instead of "not found" could hold a device at an old root.
func TestNoAnswerButNotFoundEndsTheRootChain(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	login := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/elsewhere/") {
				w.WriteHeader(code)
				_, _ = w.Write([]byte("<html>log in</html>"))
				return
			}
			http.Redirect(w, r, "/elsewhere/login", http.StatusFound)
		}
	}
	for what, answer := range map[string]http.HandlerFunc{
		"400": status(400), "401": status(401), "402": status(402), "403": status(403), "405": status(405), "410": status(410), "418": status(418),
		"204": status(204), "304": status(304), "501": status(501),
		"302 to a page":      login(200),
		"302 to a 404":       login(404),
		"302 to nowhere":     status(302),
		"200 with HTML":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>not found</html>")) },
		"200 with nothing":   status(200),
		"a connection reset": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			_, c := serving(t, "2.root.json", time.Minute, answer)
			if trust, err := refresh(t, c); err == nil || errors.Is(err, tuf.ErrNotFound) || trust != nil {
				t.Errorf("got %v", err)
			} else if !strings.Contains(err.Error(), "2.root.json") {
				t.Errorf("%v does not name the file", err)
			}
		})
	}
	t.Run("404", func(t *testing.T) {
		_, c := serving(t, "2.root.json", time.Minute, status(404))
		if _, err := refresh(t, c); err != nil {
			t.Error(err)
		}
	})
}

func TestEndlessDataIsCutOff(t *testing.T) {
	stream := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil {
				return
			}
		}
	}
	drip := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = w.Write([]byte(" "))
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	}
	says := func(length, sent int64) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(length))
			_, _ = w.Write(make([]byte, min(sent, 64<<10)))
		}
	}
	silent := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	for _, name := range []string{"2.root.json", "timestamp.json", "snapshot.json", "targets.json"} {
		for what, c := range map[string]struct {
			answer http.HandlerFunc
			slow   time.Duration
			large  bool
		}{
			"a stream that never stops":                 {stream, time.Minute, true},
			"a length over the cap":                     {says(limits.Targets+1, 10), time.Minute, true},
			"a length of 2^62":                          {says(1<<62, 10), time.Minute, true},
			"a length that more was promised than came": {says(1000, 10), time.Minute, false},
			"a byte now and then":                       {drip, 200 * time.Millisecond, false},
			"nothing after the header":                  {silent, 200 * time.Millisecond, false},
		} {
			t.Run(name+"/"+what, func(t *testing.T) {
				t.Parallel()
				_, client := serving(t, name, c.slow, c.answer)
				_, err := refresh(t, client)
				if err == nil || errors.Is(err, tuf.ErrNotFound) || errors.Is(err, tuf.ErrTooLarge) != c.large {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// A gateway that takes the connection and says nothing is given up too, by the
// time limits of internal/httpx.
func TestALengthBelowWhatComesCutsNothingShortUnseen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := tuftest.New(t)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4<<10))
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\n%s", r.Files["1.root.json"])
			_ = conn.Close()
		}
	}()
	c, err := New(Options{URL: "http://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := refresh(t, c); !errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

// The name of what runs was chosen by who signed it, perhaps with a key that was
// stolen. It makes no header of its own, and keeps nobody from the gateway that
// has what comes next.
func TestANameThatIsNoHeaderIsToldWithoutWhatItMayNotHave(t *testing.T) {
	for name, want := range map[string]string{
		"board-1\r\nx-ats-tags: other": "board-1??x-ats-tags: other",
		"board\x00\x7f\x1b[2J-1":       "board???[2J-1",
		"bräd-1":                       "bräd-1",
		strings.Repeat("x", 1<<20):     strings.Repeat("x", 1024),
	} {
		var got http.Header
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = r.Header
			_, _ = w.Write([]byte("{}"))
		}))
		c, err := New(Options{URL: srv.URL, Headers: Headers{Tags: []string{"main"}, Target: name, Apps: []string{"a\nb"}}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Metadata().Fetch(t.Context(), "timestamp.json", 10)
		srv.Close()
		if err != nil || got.Get("x-ats-target") != want || got.Get("x-ats-tags") != "main" {
			t.Errorf("%.40q: told %.40q, tags %q, %v", name, got.Get("x-ats-target"), got.Get("x-ats-tags"), err)
		}
	}
}
