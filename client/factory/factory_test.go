package factory

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

var quick = httpx.Retry{Base: time.Millisecond, Max: time.Millisecond}

func client(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return Open(Options{URL: s.URL + "/", Factory: "acme", Auth: httpx.HeaderAuth{"OSF-TOKEN": {"sesame"}}, Retry: quick})
}

func TestTokenGoesToTheBackendAndNoFurther(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Osf-Token") != "" {
			t.Error("the token reached another origin")
		}
		io.WriteString(w, `{}`)
	}))
	t.Cleanup(other.Close)
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Osf-Token") != "sesame" {
			t.Error("the backend did not get the token")
		}
		http.Redirect(w, r, other.URL, http.StatusFound)
	})
	if _, err := c.Targets(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestTargetsAreSentAndReadInTheFieldsShape(t *testing.T) {
	var got struct {
		Targets map[string]map[string]any `json:"targets"`
		Creator string                    `json:"targets-creator"`
	}
	code := http.StatusCreated
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/ota/factories/acme/targets/" || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"))
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		w.WriteHeader(code)
		io.WriteString(w, `{"targets-version":7}`)
	})
	sum := strings.Repeat("ab", 32)
	target := tuf.Target{Hashes: map[string]string{"sha256": sum}, Custom: json.RawMessage(`{"version":"3"}`)}
	added, err := c.AddTargets(t.Context(), map[string]tuf.Target{"hw-3": target}, "me")
	if err != nil || added != (Added{Created: true, Version: 7}) {
		t.Fatalf("%+v, %v", added, err)
	}
	want := map[string]any{"length": 0.0, "hashes": map[string]any{"sha256": sum}, "custom": map[string]any{"version": "3"}}
	if fmt.Sprint(got.Targets["hw-3"]) != fmt.Sprint(want) || got.Creator != "me" {
		t.Errorf("sent %v by %q", got.Targets, got.Creator)
	}
	code = http.StatusOK
	if added, err := c.AddTargets(t.Context(), map[string]tuf.Target{"hw-3": target}, "me"); err != nil || added.Created {
		t.Errorf("identical: %+v, %v", added, err)
	}
}

func TestBodyIsSentWholeOnEachAttempt(t *testing.T) {
	var n atomic.Int32
	var first string
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if n.Add(1) == 1 {
			first = string(b)
		} else if string(b) != first || first == "" {
			t.Errorf("attempt %d sent %q, the first %q", n.Load(), b, first)
		}
		if n.Load() < 3 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		io.WriteString(w, `{"timestamp":{}}`)
	})
	m, err := c.BundleMeta(t.Context(), "hw-1", map[string]any{"tag": "main"})
	if err != nil || n.Load() != 3 || string(m["timestamp"]) != "{}" {
		t.Errorf("%v, %v after %d attempts", m, err, n.Load())
	}
}

func TestFailuresHaveTheClassOfTheirStatus(t *testing.T) {
	for code, class := range map[int]fail.Class{401: fail.Auth, 403: fail.Auth, 404: fail.NotFound, 409: fail.Conflict, 412: fail.Conflict, 507: fail.NoSpace, 503: fail.Network} {
		var n atomic.Int32
		c := client(t, func(w http.ResponseWriter, _ *http.Request) {
			n.Add(1)
			w.WriteHeader(code)
			io.WriteString(w, `{"message":"because","code":"why"}`)
		})
		_, err := c.Targets(t.Context())
		if fail.ClassOf(err) != class || httpx.Reason(err) != "why" || !strings.Contains(err.Error(), "because") || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%d: %v", code, err)
		}
		if code != 503 && n.Load() != 1 {
			t.Errorf("%d: %d attempts", code, n.Load())
		}
	}
}

func TestRepliesAreCapped(t *testing.T) {
	c := client(t, func(w http.ResponseWriter, _ *http.Request) {
		b := make([]byte, 1<<20)
		for range limits.JSON>>20 + 1 {
			w.Write(b)
		}
	})
	_, err := c.Targets(t.Context())
	if _, ok := errors.AsType[*fsx.TooLargeError](err); !ok {
		t.Errorf("%v", err)
	}
	if _, err := client(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "0123456789") }).
		Fetcher(nil).Fetch(t.Context(), "root.json", 9); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("%v", err)
	}
}

func TestMetadataComesByteForByteAndOnly404EndsTheChain(t *testing.T) {
	const odd = " {\"b\":1,\n\"a\":2} "
	code := http.StatusOK
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.String() != "/ota/repo/acme/api/v1/user_repo/3.root.json" {
			t.Error(r.URL)
		}
		w.WriteHeader(code)
		io.WriteString(w, odd)
	})
	if b, err := c.Root(t.Context(), 3); err != nil || string(b) != odd {
		t.Errorf("%q, %v", b, err)
	}
	for code = range map[int]bool{404: true, 403: true, 500: true} {
		if _, err := c.Root(t.Context(), 3); errors.Is(err, tuf.ErrNotFound) != (code == 404) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestDevicesComeBareOrWrapped(t *testing.T) {
	for _, body := range []string{`[{"name":"d1"}]`, `{"devices":[{"name":"d1"}],"total":1}`} {
		c := client(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
		if d, err := c.Devices(t.Context()); err != nil || len(d) != 1 || d[0].Name != "d1" {
			t.Errorf("%s: %v, %v", body, d, err)
		}
	}
}

func TestAccountNeedsAReadableCA(t *testing.T) {
	if _, err := New(account.Account{URL: "https://h", Factory: "f", CAFile: "/nonexistent/ca.pem"}); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("%v", err)
	}
}

// TestAReplyOfMillionsOfValuesIsNotUnpacked: three bytes of JSON become a device of
// more than a hundred.
func TestAReplyOfMillionsOfValuesIsNotUnpacked(t *testing.T) {
	const values = 1_500_000
	for _, value := range []string{"{}", "1", "[]", "null"} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("[" + strings.Repeat(value+",", values) + value + "]"))
		}))
		list, err := Open(Options{URL: srv.URL, Factory: "f"}).Devices(t.Context())
		srv.Close()
		if fail.ClassOf(err) != fail.Network || len(list) > 0 {
			t.Errorf("%d times %s: %d devices, %v", values, value, len(list), err)
		}
	}
	for text, want := range map[string]int{"": 0, "7": 0, `{"a": [1, "2, {[", "\\", "\"{,"]}`: 5, `[[[`: 3} {
		if got := valuesIn([]byte(text)); got != want {
			t.Errorf("%s: %d values, want %d", text, got, want)
		}
	}
}

// TestAnApprovalWhoseAnswerGotLostIsNotCalledUnknown: asked for again, a backend
// says that the code is not waiting, since it is approved.
func TestAnApprovalWhoseAnswerGotLostIsNotCalledUnknown(t *testing.T) {
	var approved atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if approved.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"code": "code_not_found"}`))
	}))
	defer srv.Close()
	c := Open(Options{URL: srv.URL, Factory: "f", Retry: httpx.Retry{Base: time.Millisecond, Max: time.Millisecond}})
	_, err := c.ApproveDevice(t.Context(), "ABCD-EFGH")
	if fail.ClassOf(err) != fail.Network || !strings.Contains(fail.HintOf(err), "devices list") || approved.Load() != 1 {
		t.Errorf("asked %d times: %v, hint %q", approved.Load(), err, fail.HintOf(err))
	}
}
