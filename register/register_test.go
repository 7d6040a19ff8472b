package register

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf/tuftest"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// backend signs like a registration server; each knob makes one thing wrong.
type backend struct {
	t      *testing.T
	ca     *x509.Certificate
	key    *ecdsa.PrivateKey
	srv    *httptest.Server
	polls  []string // answers of /token/, in order; the last one repeats
	status int      // of the POST, 0 means 201
	cert   func(*x509.Certificate)
	files  func(map[string]string)
	raw    string // instead of the map

	header http.Header
	body   request
}

func newBackend(t *testing.T) *backend {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca", OrganizationalUnit: []string{"acme"}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	b := &backend{t: t, ca: ca, key: key, polls: []string{"ok"}}
	mux := http.NewServeMux()
	mux.HandleFunc("/oauth/authorization/device/", b.authorize)
	mux.HandleFunc("/oauth/token/", b.token)
	mux.HandleFunc("/ota/devices/", b.register)
	b.srv = httptest.NewServer(mux)
	t.Cleanup(b.srv.Close)
	return b
}

func (b *backend) authorize(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, `{"device_code":"dc","user_code":"ABCD-EFGH","verification_uri":%q,"expires_in":60,"interval":0}`, b.srv.URL+"/activate")
}

func (b *backend) token(w http.ResponseWriter, r *http.Request) {
	step := b.polls[0]
	if len(b.polls) > 1 {
		b.polls = b.polls[1:]
	}
	switch step {
	case "ok":
		fmt.Fprint(w, `{"access_token":"s3cret"}`)
	case "down":
		w.WriteHeader(http.StatusServiceUnavailable)
	case "garbage":
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, "<html>")
	default:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":%q}`, step)
	}
}

func (b *backend) register(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	b.header = r.Header
	raw, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(raw, &b.body); err != nil {
		b.t.Error(err)
	}
	if b.status != 0 {
		w.WriteHeader(b.status)
		fmt.Fprint(w, `{"message":"no","errors":{"name":"taken"}}`)
		return
	}
	w.WriteHeader(http.StatusCreated)
	if b.raw != "" {
		fmt.Fprint(w, b.raw)
		return
	}
	files := b.sign()
	if b.files != nil {
		b.files(files)
	}
	_ = json.NewEncoder(w).Encode(files)
}

func (b *backend) sign() map[string]string {
	block, _ := pem.Decode([]byte(b.body.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || csr.CheckSignature() != nil {
		b.t.Errorf("csr: %v", err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: csr.Subject, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, PublicKey: csr.PublicKey}
	c.Subject.ExtraNames = c.Subject.Names
	if b.cert != nil {
		b.cert(c)
	}
	der, err := x509.CreateCertificate(rand.Reader, c, b.ca, c.PublicKey, b.key)
	if err != nil {
		b.t.Error(err)
	}
	root, _ := x509.CreateCertificate(rand.Reader, b.ca, b.ca, b.key.Public(), b.key)
	dir := b.body.SotaConfigDir
	return map[string]string{
		rootCA:     string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root})),
		clientCert: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		sotaToml: fmt.Sprintf("[tls]\nserver = \"https://gw.example:8443\"\n[storage]\npath = %q\n[import]\ntls_pkey_path = %q\n",
			dir+"/", filepath.Join(dir, keyFile)),
	}
}

// longRoot is a CA with an RSA key twice as long as a handshake allows.
func (b *backend) longRoot() string {
	n := new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), 1<<14), 0, 1)
	der, err := x509.CreateCertificate(rand.Reader, b.ca, b.ca, &rsa.PublicKey{N: n, E: 3}, b.key)
	if err != nil {
		b.t.Error(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func (b *backend) options(t *testing.T) Options {
	return Options{Factory: "acme", Tags: []string{"main"}, Name: "dev1", HardwareID: "intel-corei7-64", UUID: "0b2c5d0e-7f3f-4c55-9d7e-1f0a3d1c2b4a",
		Dir: filepath.Join(t.TempDir(), "sota"), DeviceAPI: b.srv.URL + "/ota/devices/", OAuthBase: b.srv.URL + "/oauth",
		TokenHeader: "OSF-TOKEN", HTTP: b.srv.Client(), Clock: clock.At(now), LockFile: filepath.Join(t.TempDir(), "aklite.lock")}
}

func TestRegistersWithTokenAndWritesEverythingPrivate(t *testing.T) {
	b := newBackend(t)
	o := b.options(t)
	o.Token = "tok"
	res, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{rootCA, keyFile, clientCert, sotaToml}; !slices.Equal(res.Files, want) {
		t.Errorf("files in order %v, want %v", res.Files, want)
	}
	if b.header.Get("OSF-TOKEN") != "tok" || b.header.Get("Authorization") != "" {
		t.Errorf("credentials sent: %v", b.header)
	}
	if b.body.UseOSTreeServer != "false" || b.body.Overrides["pacman"]["tags"] != `"main"` {
		t.Errorf("body %+v", b.body)
	}
	for _, name := range res.Files {
		st, err := os.Stat(filepath.Join(o.Dir, name))
		if err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, %v", name, st.Mode(), err)
		}
	}
	assertNoStage(t, o.Dir)
}

func TestNewIdentityIsShownToTheGatewayAndTheFirstRootKept(t *testing.T) {
	repo := tuftest.New(t)
	repo.Publish()
	b := newBackend(t)
	var seen []*x509.Certificate
	gw := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.TLS.PeerCertificates
		file, err := repo.Fetch(r.Context(), strings.TrimPrefix(r.URL.Path, "/repo/"), 0)
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = w.Write(file)
	}))
	gw.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	gw.StartTLS()
	t.Cleanup(gw.Close)
	b.files = func(m map[string]string) {
		m[rootCA] = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: gw.Certificate().Raw}))
		m[sotaToml] = strings.Replace(m[sotaToml], "https://gw.example:8443", gw.URL, 1)
	}
	o := b.options(t)
	o.Token, o.GatewayPatience = "tok", time.Minute
	res, err := Run(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := repo.Fetch(context.Background(), "1.root.json", 0)
	got, err := os.ReadFile(filepath.Join(o.Dir, importedRoot))
	if err != nil || string(got) != string(want) || !res.Trusted {
		t.Errorf("root %.40q, trusted %v, %v", got, res.Trusted, err)
	}
	if len(seen) != 1 || seen[0].Subject.CommonName != o.UUID {
		t.Errorf("the gateway saw %v", seen)
	}

	// Another factory's root must not stay when the next gateway gives none.
	o.Force, o.GatewayPatience = true, 0
	if _, err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(o.Dir, importedRoot)); err == nil {
		t.Error("the old registration's root is still there")
	}
}

func TestDeviceFlowOutlastsPendingSlowAnswersAndShortOutages(t *testing.T) {
	b := newBackend(t)
	b.polls = []string{"authorization_pending", "down", "authorization_pending", "ok"}
	o := b.options(t)
	var shown DeviceCode
	o.Prompt = func(c DeviceCode) { shown = c }
	if _, err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	want := "Bearer " + base64.StdEncoding.EncodeToString([]byte("s3cret"))
	if got := b.header.Get("Authorization"); got != want {
		t.Errorf("Authorization %q, want %q", got, want)
	}
	if shown.UserCode != "ABCD-EFGH" || shown.UUID != o.UUID {
		t.Errorf("prompt got %+v", shown)
	}
}

func TestDeviceFlowEndsWhenItIsRefused(t *testing.T) {
	for answer, want := range map[string]error{"access_denied": ErrDenied, "expired_token": ErrCodeExpired, "invalid_client": ErrRefused} {
		b := newBackend(t)
		b.polls = []string{"authorization_pending", answer}
		o := b.options(t)
		if _, err := Run(context.Background(), o); !errors.Is(err, want) || fail.ClassOf(err) != fail.Auth {
			t.Errorf("%s: %v, want %v", answer, err, want)
		}
		if registered(o.Dir) != "" {
			t.Errorf("%s: something was written", answer)
		}
	}
}

func TestReplyThatIsNotForThisDeviceChangesNothing(t *testing.T) {
	other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	cases := map[string]func(*backend){
		"other key": func(b *backend) { b.cert = func(c *x509.Certificate) { c.PublicKey = other.Public() } },
		"other device": func(b *backend) {
			b.cert = func(c *x509.Certificate) {
				c.Subject = pkix.Name{CommonName: "x", OrganizationalUnit: []string{"acme"}}
			}
		},
		"other factory": func(b *backend) {
			b.cert = func(c *x509.Certificate) {
				c.Subject = pkix.Name{CommonName: b.body.UUID, OrganizationalUnit: []string{"evil"}}
			}
		},
		"not for clients": func(b *backend) {
			b.cert = func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }
		},
		"not yet valid":              func(b *backend) { b.cert = func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) } },
		"expired":                    func(b *backend) { b.cert = func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) } },
		"path in name":               func(b *backend) { b.files = func(m map[string]string) { m["../etc/cron.d/x.pem"] = "x" } },
		"dot file":                   func(b *backend) { b.files = func(m map[string]string) { m[".x.pem"] = "x" } },
		"sends a key":                func(b *backend) { b.files = func(m map[string]string) { m[keyFile] = "x" } },
		"no root":                    func(b *backend) { b.files = func(m map[string]string) { delete(m, rootCA) } },
		"root is no CA":              func(b *backend) { b.files = func(m map[string]string) { m[rootCA] = m[clientCert] } },
		"root too long to verify by": func(b *backend) { b.files = func(m map[string]string) { m[rootCA] = b.longRoot() } },
		"http gateway": func(b *backend) {
			b.files = func(m map[string]string) { m[sotaToml] = "[tls]\nserver=\"http://gw\"\n" }
		},
		"storage elsewhere": func(b *backend) {
			b.files = func(m map[string]string) { m[sotaToml] = "[tls]\nserver=\"https://gw\"\n[storage]\npath=\"/etc\"\n" }
		},
		"key elsewhere": func(b *backend) {
			b.files = func(m map[string]string) {
				m[sotaToml] = "[tls]\nserver=\"https://gw\"\n[import]\ntls_pkey_path=\"/etc/key\"\n"
			}
		},
		"key by a relative path": func(b *backend) {
			b.files = func(m map[string]string) {
				m[sotaToml] = "[tls]\nserver=\"https://gw\"\n[import]\nbase_path=\"/\"\ntls_pkey_path=\"etc/key\"\n"
			}
		},
		"not toml":   func(b *backend) { b.files = func(m map[string]string) { m[sotaToml] = "][" } },
		"not json":   func(b *backend) { b.raw = "<html>" },
		"cut off":    func(b *backend) { b.raw = `{"root.crt":"x"` },
		"name twice": func(b *backend) { b.raw = `{"root.crt":"x","root.crt":"y","client.pem":"z","sota.toml":"z"}` },
		"too large":  func(b *backend) { b.raw = `{"root.crt":"` + strings.Repeat("x", 2<<20) + `"}` },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t)
			spoil(b)
			o := b.options(t)
			o.Token = "tok"
			if _, err := Run(context.Background(), o); !errors.Is(err, ErrBadReply) {
				t.Fatalf("got %v, want ErrBadReply", err)
			}
			left, _ := os.ReadDir(o.Dir)
			if len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestRefusalSaysWhatTheBackendSaid(t *testing.T) {
	for status, class := range map[int]fail.Class{401: fail.Auth, 403: fail.Auth, 409: fail.Conflict, 400: fail.Usage, 503: fail.Network, 200: fail.Usage} {
		b := newBackend(t)
		b.status = status
		o := b.options(t)
		o.Token = "tok"
		_, err := Run(context.Background(), o)
		if !errors.Is(err, ErrRefused) || fail.ClassOf(err) != class || !strings.Contains(err.Error(), "errors.name: taken") {
			t.Errorf("%d: %v (class %v)", status, err, fail.ClassOf(err))
		}
	}
}

func TestExistingRegistrationStaysUnlessForced(t *testing.T) {
	b := newBackend(t)
	o := b.options(t)
	o.Token = "tok"
	writeOld(t, o.Dir)
	if _, err := Run(context.Background(), o); !errors.Is(err, ErrRegistered) {
		t.Fatalf("got %v, want ErrRegistered", err)
	}
	assertOld(t, o.Dir)
	o.Force, b.status = true, 401
	if _, err := Run(context.Background(), o); err == nil {
		t.Fatal("401 must fail")
	}
	assertOld(t, o.Dir)
	b.status = 0
	if _, err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(o.Dir, "sql.db")); err == nil {
		t.Error("sql.db of the old identity is still there")
	}
	assertNoStage(t, o.Dir)
}

func TestRunningDaemonBlocksRegistration(t *testing.T) {
	b := newBackend(t)
	o := b.options(t)
	unlock, err := takeLock(o.LockFile)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	if _, err := Run(context.Background(), o); !errors.Is(err, ErrDaemonRuns) {
		t.Fatalf("got %v, want ErrDaemonRuns", err)
	}
}

// The folder of the lock is one that every user may write to.
func TestALinkInThePlaceOfTheLockLeadsNowhere(t *testing.T) {
	b := newBackend(t)
	o := b.options(t)
	o.Token = "tok"
	victim := filepath.Join(t.TempDir(), "nologin")
	if err := os.Symlink(victim, o.LockFile); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), o); err == nil {
		t.Error("registered with a lock that somebody else chose")
	}
	if _, err := os.Lstat(victim); err == nil {
		t.Error("a file was made where the link leads")
	}
}

// stop fails, or dies, at the n-th fault point.
type stop struct {
	n    int
	die  bool
	seen []string
}

type killed struct{}

func (s *stop) At(p string) error {
	s.seen = append(s.seen, p)
	if len(s.seen)-1 != s.n {
		return nil
	}
	if s.die {
		panic(killed{})
	}
	return errors.New("no space left on device")
}

func TestFailureAtAnyStepLeavesOldSetOrNewSetAndNeverAMix(t *testing.T) {
	for _, die := range []bool{false, true} {
		for n := 0; ; n++ {
			b := newBackend(t)
			o := b.options(t)
			o.Token, o.Force = "tok", true
			o.Dir += " [old] *" // a pattern for whoever globs
			b.files = func(m map[string]string) { m["extra.pem"], m["new.pem"] = "new", "new" }
			writeOld(t, o.Dir)
			s := &stop{n: n, die: die}
			o.Faults = s
			runKilled(o)
			if len(s.seen) <= n {
				break // past the last point: the run went through
			}
			if !die {
				assertOld(t, o.Dir)
				assertNoStage(t, o.Dir)
			}
			if _, err := os.Stat(filepath.Join(o.Dir, sotaToml)); err == nil {
				assertOld(t, o.Dir) // the gate is open, so the set has to be whole
			}
			f, err := openFolder(o.Dir, func(string) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
			assertOld(t, o.Dir)
			if _, err := os.Stat(filepath.Join(o.Dir, "new.pem")); err == nil {
				t.Errorf("stopped at %d: a file of the new set is still there", n)
			}
			_ = f.close()
		}
	}
}

func TestFirstRegistrationThatWasKilledCanBeRunAgain(t *testing.T) {
	for n := 0; n < 8; n++ {
		b := newBackend(t)
		o := b.options(t)
		o.Token = "tok"
		o.Faults = &stop{n: n, die: true}
		runKilled(o)
		o.Faults = nil
		if _, err := Run(context.Background(), o); err != nil && !errors.Is(err, ErrRegistered) {
			t.Fatalf("killed at %d: %v", n, err)
		}
		if _, err := os.Stat(filepath.Join(o.Dir, sotaToml)); err != nil {
			t.Fatalf("killed at %d: %v", n, err)
		}
	}
}

// runKilled runs until the fault point panics, as if the process had died:
// deferred clean-up doesn't get to the files.
func runKilled(o Options) (died bool) {
	defer func() {
		r := recover()
		if died = r != nil; died && r != any(killed{}) {
			panic(r)
		}
	}()
	_, _ = Run(context.Background(), o)
	return false
}

// oldSet is a registration, and a file that a reply may name as well.
var oldSet = []string{sotaToml, "sql.db", clientCert, keyFile, rootCA, "extra.pem", importedRoot}

func writeOld(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(importedRoot)), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range oldSet {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("old "+name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func assertOld(t *testing.T, dir string) {
	t.Helper()
	for _, name := range oldSet {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(b) != "old "+name {
			t.Errorf("%s is %.20q, %v: want the old one", name, b, err)
		}
	}
}

func assertNoStage(t *testing.T, dir string) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(dir, stagePrefix+"*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestRequestAsksForTheExtensionsBackendsExpect(t *testing.T) {
	id, err := newIdentity("0b2c5d0e-7f3f-4c55-9d7e-1f0a3d1c2b4a", "acme", true)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(id.csrPEM)
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	critical := 0
	for _, e := range csr.Extensions {
		if e.Critical {
			critical++
		}
	}
	if critical != 2 {
		t.Errorf("%d critical extensions, want keyUsage and extKeyUsage", critical)
	}
	if got := csr.Subject.ToRDNSequence().String(); !strings.Contains(got, "CN=0b2c5d0e") || len(csr.Subject.Names) != 3 {
		t.Errorf("subject %s (%d attributes)", got, len(csr.Subject.Names))
	}
	if key, _ := pem.Decode(id.keyPEM); key.Type != "EC PRIVATE KEY" {
		t.Errorf("key is %s, want SEC 1", key.Type)
	}
}

func FuzzReplyNamesOnlyFilesABackendMayWrite(f *testing.F) {
	f.Add([]byte(`{"root.crt":"a","client.pem":"b","sota.toml":"c"}`))
	f.Add([]byte(`{"root.crt":"a","../x.pem":"b","sota.toml":"c"}`))
	f.Add([]byte(`{"root.crt":1}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		files, err := decodeFiles(raw)
		if err != nil {
			return
		}
		for name := range files {
			if name != filepath.Base(name) || strings.HasPrefix(name, ".") || name == keyFile {
				t.Errorf("let %q through", name)
			}
		}
	})
}
