package commands

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/server"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// unsure is a backend in front of which something may happen to a request.
type unsure struct {
	backend http.Handler
	mishap  atomic.Pointer[mishap] // or nil; a request that was lost may still look at it
}

// mishap is what happens to requests to the transaction.
type mishap struct {
	method, verb string // "POST", "/apply"
	wrong        func(w http.ResponseWriter, r *http.Request, backend http.Handler)
}

func (u *unsure) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := u.mishap.Load()
	if m != nil && m.method == r.Method && strings.HasSuffix(r.URL.Path, "/root/updates"+m.verb) {
		m.wrong(w, r, u.backend)
		return
	}
	u.backend.ServeHTTP(w, r)
}

// refused answers a status and does nothing.
func refused(code int) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { w.WriteHeader(code) }
}

// lost does what was asked for, and the answer never arrives.
func lost(_ http.ResponseWriter, r *http.Request, backend http.Handler) {
	backend.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// takenOver is a factory whose root key is in an archive, and a transaction in
// which that key was replaced.
func takenOver(t *testing.T) (*rootWork, *unsure, keyRotation) {
	t.Helper()
	dir := t.TempDir()
	s, err := server.Open(t.Context(), server.Options{DataDir: filepath.Join(dir, "srv"), Addr: "127.0.0.1:0", GatewayAddr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	token, err := os.ReadFile(filepath.Join(dir, "srv", "operator.token"))
	if err != nil {
		t.Fatal(err)
	}
	u := &unsure{backend: s.Handler()}
	front := httptest.NewServer(u)
	t.Cleanup(front.Close)
	rt, _, _ := testRuntime(map[string]string{"HOME": dir})
	w := &rootWork{rt: rt, api: factory.Open(factory.Options{URL: front.URL, Factory: "local",
		Auth: httpx.HeaderAuth{"OSF-TOKEN": {strings.TrimSpace(string(token))}}, Retry: httpx.Retry{Attempts: 1}})}
	file := filepath.Join(dir, "root.tgz")
	if err := w.begin(t.Context(), "take over", file, true); err != nil {
		t.Fatal(err)
	}
	r := keyRotation{newKey: newKey{file: file, kind: tuf.ED25519, plain: true}, role: tuf.RoleRoot, rootFile: file, sign: true}
	return w, u, r
}

func TestApplySaysWhetherAnythingHasChanged(t *testing.T) {
	for what, c := range map[string]struct {
		wrong func(http.ResponseWriter, *http.Request, http.Handler)
		class fail.Class
		hint  string
	}{
		"refused for now":      {refused(423), fail.Busy, "nothing has changed"},
		"refused as it stands": {refused(422), fail.Conflict, "nothing has changed"},
		"refused to us":        {refused(403), fail.Auth, "nothing has changed"},
		"failed":               {refused(418), fail.Partial, "apply again"},
		"claimed":              {refused(200), fail.Partial, "apply again"},
	} {
		w, u, r := takenOver(t)
		if err := w.rotateKey(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		u.mishap.Store(&mishap{"POST", "/apply", c.wrong})
		err := w.apply(t.Context())
		if fail.ClassOf(err) != c.class || !strings.Contains(fail.HintOf(err), c.hint) {
			t.Errorf("%s: %v (class %v, hint %q)", what, err, fail.ClassOf(err), fail.HintOf(err))
		}
		u.mishap.Store(nil)
		if err := w.apply(t.Context()); err != nil {
			t.Errorf("%s, and then again: %v", what, err)
		}
	}
}

func TestAppliedRootWhoseAnswerGotLostIsFoundOut(t *testing.T) {
	w, u, r := takenOver(t)
	if err := w.rotateKey(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	u.mishap.Store(&mishap{"POST", "/apply", lost})
	if err := w.apply(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNewKeyIsNeverThrownAwayWhenNobodyKnowsWhoHasIt(t *testing.T) {
	w, u, r := takenOver(t)
	u.mishap.Store(&mishap{"PUT", "", refused(400)})
	if err := w.rotateKey(t.Context(), r); err == nil {
		t.Fatal("staged")
	}
	if _, err := os.Stat(r.file + ".tmp"); !os.IsNotExist(err) {
		t.Errorf("refused, and %v", err)
	}
	w.rt.keys.files = nil // another run
	u.mishap.Store(&mishap{"PUT", "", lost})
	err := w.rotateKey(t.Context(), r)
	if err == nil || !strings.Contains(fail.HintOf(err), r.file+".tmp") {
		t.Errorf("%v (hint %q)", err, fail.HintOf(err))
	}
	u.mishap.Store(nil)
	w.rt.keys.files = nil
	if err := os.Rename(r.file+".tmp", r.file); err != nil {
		t.Fatal(err)
	}
	if err := w.sign(t.Context(), []string{r.file}); err != nil {
		t.Fatal(err)
	}
	if err := w.apply(t.Context()); err != nil {
		t.Error(err)
	}
}

// Somebody in the middle, or a backend that was taken over, tells of another
// root in force than the one that devices get.
func TestBackendThatTellsTwoStoriesGetsNoSignature(t *testing.T) {
	w, u, r := takenOver(t)
	u.mishap.Store(&mishap{"GET", "", func(rw http.ResponseWriter, req *http.Request, backend http.Handler) {
		rec := httptest.NewRecorder()
		backend.ServeHTTP(rec, req)
		_, _ = rw.Write([]byte(strings.ReplaceAll(rec.Body.String(), `\"message\":\"otactl serve\"`, `\"message\":\"another\"`)))
	}})
	for what, do := range map[string]func(context.Context) error{
		"rotate": func(ctx context.Context) error { return w.rotateKey(ctx, r) },
		"sign":   func(ctx context.Context) error { return w.sign(ctx, []string{r.file}) },
		"apply":  w.apply,
		"review": func(ctx context.Context) error { return w.review(ctx, false, false, false) },
	} {
		if err := do(t.Context()); fail.ClassOf(err) != fail.Verification || !strings.Contains(err.Error(), "another root is in force") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// The hosted service has a state for a root that it is putting into force.
func TestTransactionThatIsBeingAppliedCanOnlyBeApplied(t *testing.T) {
	w, u, r := takenOver(t)
	if err := w.rotateKey(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	u.mishap.Store(&mishap{"GET", "", func(rw http.ResponseWriter, req *http.Request, backend http.Handler) {
		rec := httptest.NewRecorder()
		backend.ServeHTTP(rec, req)
		_, _ = rw.Write([]byte(strings.Replace(rec.Body.String(), author.StatusStarted, author.StatusApplying, 1)))
	}})
	if err := w.sign(t.Context(), []string{r.file}); fail.ClassOf(err) != fail.Conflict || !strings.Contains(err.Error(), "being applied") {
		t.Errorf("sign: %v", err)
	}
	if err := w.review(t.Context(), false, false, false); err != nil {
		t.Errorf("review: %v", err)
	}
	if err := w.apply(t.Context()); err != nil {
		t.Errorf("apply: %v", err)
	}
}
