package httpx

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
)

// hugeAuthority is a CA with a key of 60 KiB, and a certificate that says that it
// is by that key.
func hugeAuthority(t *testing.T) (ca, leaf *x509.Certificate) {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	const size = 60 << 10
	n := new(big.Int).SetBytes(append([]byte{0xff}, make([]byte, size-1)...))
	n.SetBit(n, 0, 1)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ca"}, IsCA: true,
		BasicConstraintsValid: true, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &rsa.PublicKey{N: n, E: 1<<31 - 1}, own)
	if err != nil {
		t.Fatal(err)
	}
	if ca, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	leaf = &x509.Certificate{RawIssuer: ca.RawSubject, SignatureAlgorithm: x509.SHA256WithRSA,
		Signature: append([]byte{1}, make([]byte, size-1)...), NotAfter: template.NotAfter, Raw: []byte("leaf")}
	return ca, leaf
}

func TestAHugeCAIsNotTrusted(t *testing.T) {
	ca, leaf := hugeAuthority(t)
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	for _, text := range [][]byte{text, append([]byte("something before it\n"), text...)} {
		cfg, err := TLSConfig(text)
		if fail.ClassOf(err) == fail.Usage {
			continue
		}
		begin := time.Now()
		_, verr := leaf.Verify(x509.VerifyOptions{Roots: cfg.RootCAs})
		t.Errorf("it is trusted (%v), and to refuse what it has not signed takes %s: %v", err, time.Since(begin), verr)
	}
}
