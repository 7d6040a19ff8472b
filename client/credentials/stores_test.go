package credentials

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// issued is a certificate that a CA of the test's own made, or the CA.
type issued struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func issue(t *testing.T, name string, by *issued) *issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: by == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	parent, signer := tmpl, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issued{cert, key}
}

// asking is a TLS server that asks for a client certificate, and says in its
// answer whose it got.
func asking(t *testing.T, ca *x509.Certificate, also http.HandlerFunc) (*httptest.Server, *atomic.Int32) {
	t.Helper()
	shown := new(atomic.Int32)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := "nobody"
		if certs := r.TLS.PeerCertificates; len(certs) > 0 {
			shown.Add(1)
			name = certs[0].Subject.CommonName
		}
		if also != nil {
			also(w, r)
			return
		}
		fmt.Fprint(w, name)
	}))
	pool := x509.NewCertPool()
	pool.AddCert(ca)
	s.TLS = &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, shown
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

func client(t *testing.T, c *Credentials) *http.Client {
	t.Helper()
	cfg, err := httpx.TLSConfig(c.ServerCA)
	if err != nil {
		t.Fatal(err)
	}
	return httpx.NewClient(httpx.Options{TLS: cfg, Client: c.Certificate()})
}

func get(t *testing.T, hc *http.Client, url string) string {
	t.Helper()
	resp, err := hc.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

func TestClientCertificateProvesWhoOneIsInEveryCipherOfTheField(t *testing.T) {
	ca := issue(t, "ca", nil)
	me := issue(t, "publisher", ca)
	server, _ := asking(t, ca.cert, nil)
	for name, enc := range map[string]*pkcs12.Encoder{
		"RC2 and 3DES": pkcs12.LegacyRC2, "3DES": pkcs12.LegacyDES, "AES": pkcs12.Modern, "plain": pkcs12.Passwordless,
	} {
		p12, err := enc.Encode(me.key, me.cert, []*x509.Certificate{ca.cert}, "")
		if err != nil {
			t.Fatal(err)
		}
		trust, err := pkcs12.Modern.EncodeTrustStore([]*x509.Certificate{server.Certificate()}, "")
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse(zipped(t, "treehub.json", `{"no_auth":false,"oauth2":{"server":"https://x","client_id":"a"},"ostree":{"server":"`+server.URL+`/api/v3"}}`,
			"client_auth.p12", string(p12), "server.p12", string(trust)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.Auth(nil, httpx.Retry{}) != (httpx.Anonymous{}) {
			t.Errorf("%s: a second proof goes with the certificate", name)
		}
		if got := get(t, client(t, c), server.URL+"/api/v3/x"); got != "publisher" {
			t.Errorf("%s: the server saw %s", name, got)
		}
	}
}

func TestClientCertificateIsShownToItsOriginsOnly(t *testing.T) {
	ca := issue(t, "ca", nil)
	me := issue(t, "publisher", ca)
	elsewhere, shown := asking(t, ca.cert, nil)
	server, _ := asking(t, ca.cert, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/object", http.StatusFound)
	})
	p12, err := pkcs12.Modern.Encode(me.key, me.cert, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(zipped(t, "treehub.json", `{"ostree":{"server":"`+server.URL+`"}}`, "client_auth.p12", string(p12),
		"server_ca.pem", string(pemOf(server.Certificate()))))
	if err != nil {
		t.Fatal(err)
	}
	if got := get(t, client(t, c), server.URL+"/objects/x"); got != "nobody" || shown.Load() != 0 {
		t.Errorf("the other server saw %s, %d certificates", got, shown.Load())
	}
}

func TestStoresThatOpenSSLMadeAreRead(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl here")
	}
	ca := issue(t, "ca", nil)
	me := issue(t, "publisher", ca)
	dir := t.TempDir()
	der, err := x509.MarshalECPrivateKey(me.key)
	if err != nil {
		t.Fatal(err)
	}
	both := append(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), append(pemOf(me.cert), pemOf(ca.cert)...)...)
	if err := os.WriteFile(filepath.Join(dir, "both.pem"), both, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		nil, {"-legacy"}, {"-keypbe", "NONE", "-certpbe", "NONE"}, {"-nomac"}, {"-macalg", "sha512"}, {"-name", "a name", "-caname", "another"},
	} {
		out := filepath.Join(dir, "out.p12")
		cmd := exec.Command(openssl, append([]string{"pkcs12", "-export", "-in", filepath.Join(dir, "both.pem"), "-out", out, "-passout", "pass:"}, args...)...)
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v: %s", args, err, text)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := clientCertificate(data)
		if err != nil || !cert.Leaf.Equal(me.cert) || len(cert.Certificate) != 2 {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestStoreWithAPasswordSaysWhatToDo(t *testing.T) {
	me := issue(t, "publisher", nil)
	p12, err := pkcs12.Modern.Encode(me.key, me.cert, nil, "sesame")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Parse(zipped(t, "treehub.json", oauth2JSON, "client_auth.p12", string(p12)))
	if err == nil || !strings.Contains(err.Error(), "client_auth.p12") || !strings.Contains(err.Error(), "empty password") {
		t.Error(err)
	}
}

func TestKeyOfAnotherCertificateIsRefused(t *testing.T) {
	a, b := issue(t, "a", nil), issue(t, "b", nil)
	p12, err := pkcs12.Modern.Encode(a.key, b.cert, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clientCertificate(p12); err == nil || !strings.Contains(err.Error(), "no certificate in it is for its key") {
		t.Error(err)
	}
}

func TestTargetsKeyHasToBeThatOfItsPublicHalf(t *testing.T) {
	pair := func(kind tuf.KeyType) (sec, pub []byte) {
		k, err := tuf.GenerateKey(tuf.ED25519)
		if kind == tuf.RSA {
			k = tuftest.RSAKey(t)
		}
		if err != nil {
			t.Fatal(err)
		}
		sec, err = json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		if pub, err = json.Marshal(k.Public()); err != nil {
			t.Fatal(err)
		}
		return sec, pub
	}
	sec, pub := pair(tuf.ED25519)
	rsaSec, rsaPub := pair(tuf.RSA)
	for _, tc := range []struct {
		name     string
		sec, pub []byte
		ok       bool
	}{
		{"ed25519", sec, pub, true}, {"rsa", rsaSec, rsaPub, true}, {"another's", sec, rsaPub, false},
		{"public for secret", pub, pub, false}, {"nonsense", []byte("sesame"), pub, false}, {"none", nil, pub, false},
	} {
		c := &Credentials{TargetsSec: tc.sec, TargetsPub: tc.pub, Root: []byte("{}"), RepoURL: "https://h/repo"}
		_, err := c.TargetsKey()
		if (err == nil) != tc.ok {
			t.Errorf("%s: %v", tc.name, err)
		}
		if err != nil && bytes.Contains([]byte(err.Error()), []byte("sesame")) {
			t.Errorf("%s: the key is in the error: %v", tc.name, err)
		}
		if c.CanSign() != (tc.sec != nil) {
			t.Errorf("%s: can sign: %v", tc.name, c.CanSign())
		}
	}
}
