package api

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
)

func TestNamesFromOutsideAreStrict(t *testing.T) {
	for s, want := range map[string]bool{
		"main": true, "a": true, "raspberrypi4-64": true, "1.2_3+x": true, strings.Repeat("a", 128): true,
		"": false, ".": false, "..": false, ".hidden": false, "-x": false, "a/b": false, "a b": false, "é": false,
		"a\n": false, strings.Repeat("a", 129): false,
	} {
		if IsWord(s) != want {
			t.Errorf("IsWord(%q) is %t", s, !want)
		}
	}
	for s, want := range map[string]bool{"0": true, "42": true, "": false, "01": false, "-1": false, "1.5": false, "9999999999999999999": false} {
		if IsVersion(s) != want {
			t.Errorf("IsVersion(%q) is %t", s, !want)
		}
	}
	for s, want := range map[string]bool{"main": true, "os/amd64/main": true, "a/_b": true, "": false, "/a": false, "a/": false,
		"a//b": false, "../a": false, "a/..": false, "a/.b": false, "a.lock": false, "a:b": false, strings.Repeat("a/", 200) + "a": false} {
		if _, err := ParseRef(s); (err == nil) != want {
			t.Errorf("ParseRef(%q): %v", s, err)
		}
	}
}

func TestOnlyFailuresAreLimitedAndEachPeerAlone(t *testing.T) {
	l := newLimiter(3, time.Second)
	now := time.Unix(1_000_000, 0)
	for i := range 2 {
		if wait := l.fail("a", now); wait != 0 {
			t.Fatalf("failure %d has to wait %s", i, wait)
		}
	}
	if l.fail("a", now) == 0 {
		t.Error("a third failure at once was free")
	}
	if l.fail("b", now) != 0 {
		t.Error("another peer has to wait for the first one's failures")
	}
	if l.fail("a", now.Add(2*time.Second)) != 0 {
		t.Error("failures are not forgiven with time")
	}
}

func TestLimiterMemoryIsBounded(t *testing.T) {
	l := newLimiter(3, time.Second)
	now := time.Unix(1_000_000, 0)
	for i := range 3 * maxPeers {
		l.fail(strings.Repeat("x", i%7)+string(rune(i)), now)
	}
	if len(l.debt) > maxPeers {
		t.Errorf("it remembers %d peers", len(l.debt))
	}
}

func TestFullDiskIsAnswered507(t *testing.T) {
	for _, err := range []error{&os.PathError{Op: "write", Path: "/x", Err: syscall.ENOSPC}, fmt.Errorf("database: %w", fail.New(fail.NoSpace, "", "full"))} {
		w := httptest.NewRecorder()
		Wrap(slog.New(slog.DiscardHandler), func(http.ResponseWriter, *http.Request) error { return err }).
			ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != 507 || !strings.Contains(w.Body.String(), `"no_space"`) {
			t.Errorf("%v: %d %s", err, w.Code, w.Body)
		}
	}
}

func TestPanicIsAnsweredAndLoggedAsAnError(t *testing.T) {
	var log bytes.Buffer
	w := httptest.NewRecorder()
	Wrap(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError})), func(http.ResponseWriter, *http.Request) error { panic("boom") }).
		ServeHTTP(w, httptest.NewRequest("GET", "/here", nil))
	if w.Code != 500 || strings.Contains(w.Body.String(), "boom") {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), "boom") || !strings.Contains(log.String(), "/here") {
		t.Errorf("logged %s", log.String())
	}
}

// deadlines notes the time a request was given.
type deadlines struct {
	http.ResponseWriter
	read, write time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error  { d.read = t; return nil }
func (d *deadlines) SetWriteDeadline(t time.Time) error { d.write = t; return nil }

func TestTimeForARequestGrowsWithItsSizeAndEnds(t *testing.T) {
	for size, want := range map[int64]time.Duration{-1: RequestTime, 0: RequestTime, 8 << 20: RequestTime + 512*time.Second, 3 << 30: mostTime, 1 << 62: mostTime} {
		d := &deadlines{}
		AllowTime(d, size)
		got := time.Until(d.write)
		if !d.read.Equal(d.write) || got > want || got < want-time.Minute/2 {
			t.Errorf("%d bytes: %s, want %s", size, got, want)
		}
	}
}

func TestPeerOfAnIPv6AddressIsItsNetwork(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1:5": "192.0.2.1", "[::ffff:192.0.2.1]:5": "192.0.2.1",
		"[2001:db8:1:2:3:4:5:6]:7": "2001:db8:1:2::/64", "[fe80::1%eth0]:1": "fe80::/64", "@": "unknown",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = addr
		if got := Peer(r); got != want {
			t.Errorf("Peer(%s) is %s, want %s", addr, got, want)
		}
	}
}

func TestTokenIsReadFromEitherHeaderInEitherForm(t *testing.T) {
	for header, value := range map[string]string{"OSF-TOKEN": "tok", "Authorization": "Bearer tok"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set(header, value)
		if got := presented(r); len(got) == 0 || got[0] != "tok" {
			t.Errorf("%s: %v", header, got)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "bearer dG9r")
	if got := presented(r); len(got) != 2 || got[1] != "tok" {
		t.Errorf("base64 form: %v", got)
	}
	r.Header.Set("Authorization", "Basic dG9r")
	if got := presented(r); len(got) != 0 {
		t.Errorf("Basic: %v", got)
	}
}

func FuzzParseRef(f *testing.F) {
	for _, s := range []string{"main", "os/amd64/main", "../x", "a//b", "a.lock", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := ParseRef(s)
		if err != nil {
			return
		}
		if ref != s || strings.Contains(ref, "..") && strings.Contains("/"+ref+"/", "/../") || strings.HasPrefix(ref, "/") {
			t.Errorf("%q was taken", s)
		}
	})
}
