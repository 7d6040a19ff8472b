package tests

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/commands"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/term"
)

// hosted is a backend as Foundries runs it: applications get tokens that last an
// hour, and each token has scopes.
type hosted struct {
	t   *testing.T
	url string

	mu      sync.Mutex
	scope   string
	access  string // the one that is good
	refresh string
	issued  int
	grants  []string
}

func newHosted(t *testing.T) *hosted {
	h := &hosted{t: t, scope: "targets:read devices:read"}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	h.url = s.URL
	return h
}

func (h *hosted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case r.URL.Path == "/oauth/token/":
		h.token(w, r)
	case r.Header.Get("Authorization") != "Bearer "+base64.StdEncoding.EncodeToString([]byte(h.access)):
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/ota/factories/acme/devices/":
		fmt.Fprint(w, `{"devices":[]}`)
	default:
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"message":"insufficient scope"}`)
	}
}

func (h *hosted) token(w http.ResponseWriter, r *http.Request) {
	r.ParseForm()
	grant := r.PostForm.Get("grant_type")
	h.grants = append(h.grants, grant)
	if r.PostForm.Get("client_id") != "app-id" || r.PostForm.Get("client_secret") != "sesame-secret" ||
		grant == "refresh_token" && r.PostForm.Get("refresh_token") != h.refresh {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	h.issued++
	h.access, h.refresh = fmt.Sprintf("sesame-access-%d", h.issued), fmt.Sprintf("sesame-refresh-%d", h.issued)
	fmt.Fprintf(w, `{"access_token":%q,"refresh_token":%q,"token_type":"bearer","expires_in":3600,"scope":%q,"orgs":[{"name":"acme"}]}`, h.access, h.refresh, h.scope)
}

// person is somebody at a workstation without a keyring.
type person struct {
	t    *testing.T
	home string
	env  map[string]string
	now  time.Time
	sits bool   // at a terminal
	said string // all that was ever shown
}

func newPerson(t *testing.T) *person {
	return &person{t: t, home: t.TempDir(), env: map[string]string{}, now: time.Date(2026, 7, 1, 10, 0, 0, 0, time.UTC)}
}

func (p *person) run(stdin string, args ...string) (code int, stdout, stderr string) {
	p.t.Helper()
	var out, errs bytes.Buffer
	code = commands.Main(p.t.Context(), append([]string{"otactl", "-v"}, args...), func(name string) string {
		if name == "HOME" {
			return p.home
		}
		return p.env[name]
	}, term.Streams{In: strings.NewReader(stdin), Out: &out, Err: &errs, InTTY: p.sits, ErrTTY: p.sits}, clock.At(p.now))
	p.said += out.String() + errs.String()
	return code, out.String(), errs.String()
}

func TestApplicationLogsInOnceAndStaysSo(t *testing.T) {
	h, p := newHosted(t), newPerson(t)
	code, out, errs := p.run("app-id\nsesame-secret\n", "login", "--url", h.url, "--oauth-url", h.url+"/oauth", "--stdin", "--insecure-storage")
	if code != 0 || !strings.Contains(out, "acme") || !strings.Contains(errs, "ci:read") {
		t.Fatalf("login: exit %d: %s%s", code, out, errs)
	}
	devices := func() {
		t.Helper()
		if code, out, errs := p.run("", "devices", "list"); code != 0 {
			t.Errorf("exit %d: %s%s", code, out, errs)
		}
	}
	devices()
	p.now = p.now.Add(59*time.Minute + 50*time.Second) // shortly before its end
	devices()
	devices()
	h.mu.Lock()
	h.access, h.refresh = "taken back", "taken back" // both are refused from now on
	h.mu.Unlock()
	devices()
	want := "client_credentials refresh_token refresh_token client_credentials"
	if got := strings.Join(h.grants, " "); got != want {
		t.Errorf("asked for %s, want %s", got, want)
	}
	if strings.Contains(p.said, "sesame") {
		t.Errorf("a secret was shown: %s", p.said)
	}
	contexts, err := os.ReadFile(filepath.Join(p.home, ".config/otactl/config.yaml"))
	if err != nil || bytes.Contains(contexts, []byte("sesame")) {
		t.Errorf("contexts, %v: %s", err, contexts)
	}
}

func TestScopeThatIsMissingIsNamed(t *testing.T) {
	h, p := newHosted(t), newPerson(t)
	h.scope = "devices:read"
	p.env["OTACTL_CLIENT_ID"], p.env["OTACTL_CLIENT_SECRET"] = "app-id", "sesame-secret"
	p.env["OTACTL_URL"], p.env["OTACTL_FACTORY"] = h.url, "acme"
	code, out, errs := p.run("", "targets", "list")
	if code != 4 || !strings.Contains(errs, "the scope targets:read is missing") || !strings.Contains(errs, "it has devices:read") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if entries, err := os.ReadDir(p.home); err != nil || len(entries) > 0 {
		t.Errorf("something was stored: %v, %v", entries, err)
	}
}

func TestTokenStaysWhenTheServerSendsElsewhere(t *testing.T) {
	p := newPerson(t)
	var mu sync.Mutex
	var came []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		came = append(came, fmt.Sprint(r.Header["Osf-Token"], r.Header["Authorization"]))
	}))
	defer elsewhere.Close()
	sending := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer sending.Close()
	p.env["OTACTL_URL"], p.env["OTACTL_FACTORY"], p.env["OTACTL_TOKEN"] = sending.URL, "acme", "sesame"
	p.run("", "targets", "list")
	p.run("", "devices", "list")
	p.env["OTACTL_TOKEN"], p.env["OTACTL_CLIENT_ID"], p.env["OTACTL_CLIENT_SECRET"] = "", "app-id", "sesame"
	if code, _, errs := p.run("", "targets", "list"); code == 0 {
		t.Errorf("a token came from elsewhere: %s", errs)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(came) == 0 {
		t.Error("no redirect was followed: nothing was shown")
	}
	for _, proof := range came {
		if proof != "[] []" {
			t.Errorf("the other server got %s", proof)
		}
	}
}

func TestUpdateServerIsLoggedInAtAndTakesNoTargets(t *testing.T) {
	p := newPerson(t)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/updates" || r.Header.Get("Authorization") != "Bearer good" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{}`)
	}))
	defer s.Close()
	args := []string{"login", "sat", "--url", s.URL, "--update-server", "--stdin", "--insecure-storage"}
	if code, _, errs := p.run("bad\n", args...); code != 4 {
		t.Errorf("bad token: exit %d: %s", code, errs)
	}
	if code, out, errs := p.run("good\n", args...); code != 0 || !strings.Contains(out, "update-server") {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := p.run("", "targets", "list"); code != 2 || !strings.Contains(errs, `context "sat" is an update-server`) {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestWhoSitsAtATerminalIsAskedWhereASecretMayLie(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Osf-Token") != "sesame" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		fmt.Fprint(w, `{"devices":[]}`)
	}))
	defer s.Close()
	p := newPerson(t)
	p.sits = true
	t.Chdir(t.TempDir())
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile("ca.pem", ca, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"login", "--url", s.URL, "--factory", "acme", "--ca-file", "ca.pem"}
	secrets := filepath.Join(p.home, ".config/otactl/secrets.json")
	for _, no := range []string{"\n", "n\n", ""} {
		code, _, errs := p.run(no, args...)
		if _, err := os.Stat(secrets); code != 4 || err == nil {
			t.Errorf("%q: exit %d, stored: %v: %s", no, code, err == nil, errs)
		}
	}
	code, out, errs := p.run("y\nsesame\n", args...)
	if code != 0 || !strings.Contains(errs, "keep the secret in "+secrets) {
		t.Fatalf("exit %d: %s%s", code, out, errs)
	}
	t.Chdir(t.TempDir()) // the CA is found from anywhere
	if code, out, errs := p.run("", "devices", "list"); code != 0 {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	if code, out, errs := p.run("y\nsesame\n", "login", "acme"); code != 0 {
		t.Errorf("again: exit %d: %s%s", code, out, errs)
	}
	if code, _, errs := p.run("y\nsesame\n", "login", "--url", "http://127.0.0.1:1", "--factory", "acme"); code != 6 || !strings.Contains(errs, "another name") {
		t.Errorf("another server of this name: exit %d: %s", code, errs)
	}
	if code, _, errs := p.run("", "logout"); code != 0 {
		t.Errorf("logout: exit %d: %s", code, errs)
	}
	if code, _, errs := p.run("", "devices", "list"); code != 4 || !strings.Contains(errs, "you are not logged in: otactl login acme") {
		t.Errorf("logged out: exit %d: %s", code, errs)
	}
	if strings.Contains(p.said, "sesame") {
		t.Errorf("the secret was shown: %s", p.said)
	}
}
