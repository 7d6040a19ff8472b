package tests

import (
	"archive/zip"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/otactl/otactl/client/treehub/treehubtest"
)

// mutual is a treehub that speaks only to who shows a certificate of its CA, and
// credentials with such a one, or without.
func mutual(t *testing.T) (hub *treehubtest.Server, with, without string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "publisher"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	hub = treehubtest.New(t)
	s := httptest.NewUnstartedServer(hub)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	s.TLS = &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	s.StartTLS()
	t.Cleanup(s.Close)

	p12, err := pkcs12.LegacyRC2.Encode(key, cert, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	members := map[string]string{
		"treehub.json":    `{"ostree":{"server":"` + s.URL + `/api/v3/"}}`,
		"server_ca.pem":   string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})),
		"api_gateway.url": "ignored", "autoprov_credentials.p12": "ignored",
	}
	without = zipFile(t, members)
	members["client_auth.p12"] = string(p12)
	return hub, zipFile(t, members), without
}

func zipFile(t *testing.T, members map[string]string) string {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, text := range members {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "credentials.zip")
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPublisherProvesItselfByItsCertificate(t *testing.T) {
	hub, with, without := mutual(t)
	repo := smallRepo(t)
	if code, _, errs := run(t, "publish", "-r", repo, "--no-target", "-c", without); code != 4 || !strings.Contains(errs, "client_auth.p12") || hub.Requests() != 0 {
		t.Errorf("without: exit %d, %d requests: %s", code, hub.Requests(), errs)
	}
	if code, out, errs := run(t, "publish", "-r", repo, "--no-target", "-c", with); code != 0 || !strings.Contains(out, "main, new") {
		t.Errorf("with: exit %d: %s%s", code, out, errs)
	}
	if code, out, errs := run(t, "garage-push", "--repo", repo, "--ref", "main", "--credentials", with); code != 0 {
		t.Errorf("garage-push: exit %d: %s%s", code, out, errs)
	}
}
