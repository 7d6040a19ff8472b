package pki

import (
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
)

const maxPEM = 64 << 10 // bytes

func writeKey(path string, k *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		return fmt.Errorf("pki: %w", err)
	}
	return fsx.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

func writeCert(path string, der []byte) error {
	if path == "" {
		return nil
	}
	return fsx.WriteFile(path, encodeCert(der), 0o600)
}

func encodeCert(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// loadAuthority reads a CA. A missing certificate is os.ErrNotExist; a missing
// key leaves it unable to sign.
func loadAuthority(crt, key string) (*authority, error) {
	b, err := fsx.ReadFile(crt, maxPEM)
	if err != nil {
		return nil, err
	}
	cert, err := parseCert(b)
	if err != nil {
		return nil, damaged(crt, err)
	}
	a := &authority{cert: cert, pem: b}
	k, err := loadKey(key)
	if os.IsNotExist(err) {
		return a, nil
	}
	if err != nil {
		return nil, damaged(key, err)
	}
	if !k.PublicKey.Equal(cert.PublicKey) {
		return nil, damaged(key, fmt.Errorf("it is not the key of %s", crt))
	}
	a.key = k
	return a, nil
}

func damaged(path string, err error) error {
	return fail.New(fail.Verification, "restore the file from a backup", "pki: %s: %w", path, err)
}

func parseCert(b []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fmt.Errorf("no PEM certificate in it")
	}
	return x509.ParseCertificate(block.Bytes)
}

func loadKey(path string) (*ecdsa.PrivateKey, error) {
	b, err := fsx.ReadFile(path, maxPEM)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "EC PRIVATE KEY" {
		return nil, fmt.Errorf("no PEM EC private key in it")
	}
	return x509.ParseECPrivateKey(block.Bytes)
}
