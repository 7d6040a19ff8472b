package sign

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"

	"github.com/otactl/otactl/internal/fail"
)

// The sizes of RSA keys that are taken, in bits.
const (
	rsaLeast = 2048
	rsaMost  = 16384
)

// spkiKey is a public key in the DER form of X.509, SubjectPublicKeyInfo.
type spkiKey struct {
	der []byte
	key crypto.PublicKey
}

func (k spkiKey) raw() []byte { return k.der }

// fits is what OpenSSL's one-shot verification does for the key's type: pure
// Ed25519; ECDSA in DER over SHA-256; RSA PKCS #1 v1.5 over SHA-256.
func (k spkiKey) fits(data, signature []byte) bool {
	sum := sha256.Sum256(data)
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		return edKey(key).fits(data, signature)
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(key, sum[:], signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	}
	return false
}

// spkiInForm refuses what no kind of key makes: 64 bytes for Ed25519, a
// sequence of two positive numbers for ECDSA, as long as a modulus for RSA.
func spkiInForm(signature []byte) error {
	n := len(signature)
	if n == ed25519.SignatureSize || n >= rsaLeast/8 && n <= rsaMost/8 {
		return nil
	}
	var pair struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(signature, &pair)
	if err != nil || len(rest) > 0 || pair.R.Sign() <= 0 || pair.S.Sign() <= 0 {
		return fmt.Errorf("its %d bytes are no Ed25519, ECDSA or RSA signature", n)
	}
	return nil
}

// parseSPKI takes a public key in DER.
func parseSPKI(der []byte) (publicKey, error) {
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("no public key in SubjectPublicKeyInfo form: %w", err)
	}
	switch key := parsed.(type) {
	case ed25519.PublicKey:
		if _, err := parseEdKey(key); err != nil {
			return nil, err
		}
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < rsaLeast || n > rsaMost {
			return nil, fmt.Errorf("an RSA key of %d bits: %d to %d are allowed", n, rsaLeast, rsaMost)
		}
	case *ecdsa.PublicKey:
	default:
		return nil, fmt.Errorf("a key of type %T: use Ed25519, ECDSA or RSA", parsed)
	}
	return spkiKey{der, parsed}, nil
}

// spkiSigner signs with a key of any of the types that fits knows.
type spkiSigner struct{ key crypto.Signer }

func (spkiSigner) Name() string { return SPKI }

func (s spkiSigner) Sign(data []byte) ([]byte, error) {
	if _, ok := s.key.(ed25519.PrivateKey); ok {
		return s.key.Sign(rand.Reader, data, crypto.Hash(0))
	}
	sum := sha256.Sum256(data)
	return s.key.Sign(rand.Reader, sum[:], crypto.SHA256)
}

// parseSPKISecret takes a secret key in DER: PKCS #8, SEC 1 or PKCS #1.
func parseSPKISecret(der []byte) (Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		key, err = x509.ParseECPrivateKey(der)
	}
	if err != nil {
		key, err = x509.ParsePKCS1PrivateKey(der)
	}
	if err != nil {
		return nil, fail.New(fail.Usage, "give a key in PKCS #8", "spki: the secret key is not in PKCS #8, SEC 1 or PKCS #1 form")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fail.New(fail.Usage, "use Ed25519, ECDSA or RSA", "spki: a secret key of type %T", key)
	}
	der, err = x509.MarshalPKIXPublicKey(signer.Public())
	if err != nil {
		return nil, err
	}
	if _, err := parseSPKI(der); err != nil {
		return nil, fail.New(fail.Usage, "make another key", "spki: %w", err)
	}
	return spkiSigner{signer}, nil
}
