package pki

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string, at time.Time, names ...string) *PKI {
	t.Helper()
	p, err := Open(dir, "local", names, clock.At(at))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestKeysArePrivateAndCAsStayTheSame(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	first := open(t, dir, start)
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 6 {
		t.Fatalf("%d files: %v", len(entries), err)
	}
	for _, e := range entries {
		if i, err := e.Info(); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.Name(), i.Mode())
		}
	}
	again := open(t, dir, start.AddDate(1, 0, 0))
	if !first.root.cert.Equal(again.root.cert) || !first.device.cert.Equal(again.device.cert) {
		t.Error("a CA was made anew")
	}
}

func TestNothingIsSignedByAClockFromBeforeTheRoot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	open(t, dir, start)
	if _, err := Open(dir, "local", nil, clock.At(time.Unix(0, 0))); fail.ClassOf(err) != fail.Verification {
		t.Errorf("in 1970: %v", err)
	}
	open(t, dir, start.Add(-time.Minute)) // clocks are set back by a little
}

func TestGatewayCertificateIsRenewedForTimeAndNames(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	roots := x509.NewCertPool()
	roots.AddCert(open(t, dir, start).root.cert)
	serial := func(at time.Time, names ...string) string {
		p := open(t, dir, at, names...)
		for _, n := range append(names, "localhost", "127.0.0.1") {
			if _, err := p.tls.Leaf.Verify(x509.VerifyOptions{DNSName: n, Roots: roots, CurrentTime: at}); err != nil {
				t.Errorf("%s at %s: %v", n, at, err)
			}
		}
		return p.tls.Leaf.SerialNumber.String()
	}
	one := serial(start)
	if serial(start.AddDate(0, 6, 0)) != one {
		t.Error("it was renewed without need")
	}
	two := serial(start, "ota.example.com", "192.0.2.7")
	if two == one {
		t.Error("a new name did not get into the certificate")
	}
	if serial(start.AddDate(0, 12, 20), "ota.example.com") == two {
		t.Error("it was not renewed before its end")
	}
}

func TestCertificateCutOffFromItsKeyIsMadeAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	p := open(t, dir, start)
	if err := os.Remove(filepath.Join(dir, "root.crt")); err != nil { // as after a crash between the two files
		t.Fatal(err)
	}
	again := open(t, dir, start)
	if string(again.root.cert.RawSubjectPublicKeyInfo) != string(p.root.cert.RawSubjectPublicKeyInfo) {
		t.Error("a key that was there was replaced")
	}
	if err := again.tls.Leaf.CheckSignatureFrom(again.root.cert); err != nil {
		t.Error(err)
	}
}

func TestCAWithoutItsKeyServesAndSignsNothing(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	open(t, dir, start)
	if err := os.Remove(filepath.Join(dir, "root.key")); err != nil {
		t.Fatal(err)
	}
	open(t, dir, start)
	if _, err := Open(dir, "local", []string{"new.example.com"}, clock.At(start)); err == nil {
		t.Error("a certificate was made without the root's key")
	}
	open(t, dir, start) // and the old one is still there
}
