package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"
)

// withKey is a request whose key is replaced by another one, under a signature
// of as many bytes as that key would make.
func withKey(t *testing.T, key any, size int) []byte {
	t.Helper()
	own, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{
		CommonName: "11111111-2222-4333-8444-555555555555", OrganizationalUnit: []string{"local"}}}, own)
	if err != nil {
		t.Fatal(err)
	}
	var request struct {
		Info struct {
			Version    int
			Subject    asn1.RawValue
			PublicKey  asn1.RawValue
			Attributes asn1.RawValue
		}
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &request); err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	request.Info.PublicKey = asn1.RawValue{FullBytes: spki}
	request.Algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, Parameters: asn1.NullRawValue}
	request.Signature = asn1.BitString{Bytes: append([]byte{1}, make([]byte, size-1)...), BitLength: 8 * size}
	if der, err = asn1.Marshal(request); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func TestARequestWithAHugeKeyIsRefusedBeforeItsSignatureIsLookedAt(t *testing.T) {
	const bytes = 60 << 10
	n := new(big.Int).SetBytes(append([]byte{0xff}, make([]byte, bytes-1)...))
	n.SetBit(n, 0, 1)
	request := withKey(t, &rsa.PublicKey{N: n, E: 1<<31 - 1}, bytes)
	begin := time.Now()
	_, err := ParseRequest(request, "local")
	if err == nil || !strings.Contains(err.Error(), "not EC P-256") {
		t.Error(err)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it took %s to refuse it", took)
	}
}
