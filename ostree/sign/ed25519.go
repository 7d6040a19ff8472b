package sign

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
)

// edKey is a public Ed25519 key: 32 bytes.
type edKey ed25519.PublicKey

func (k edKey) raw() []byte { return k }

// fits is RFC 8032 without a cofactor. Go refuses a signature whose S is not
// reduced, so there is one signature for a message, a key and an R.
func (k edKey) fits(data, signature []byte) bool {
	return len(signature) == ed25519.SignatureSize && ed25519.Verify(ed25519.PublicKey(k), data, signature)
}

func edInForm(signature []byte) error {
	if len(signature) != ed25519.SignatureSize {
		return fmt.Errorf("%d bytes, want %d", len(signature), ed25519.SignatureSize)
	}
	return nil
}

// smallOrder are the encodings, without their sign, of the points of order 1,
// 2, 4 and 8. Under such a key a signature can be made by anybody.
func smallOrder() [][]byte {
	var list [][]byte
	for _, s := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		b, err := hex.DecodeString(s)
		if err == nil {
			list = append(list, b)
		}
	}
	return list
}

// parseEdKey takes the 32 bytes of a public key. It refuses one whose
// coordinate is not reduced, and one of small order.
func parseEdKey(b []byte) (publicKey, error) {
	if len(b) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("a public key has %d bytes, not %d", ed25519.PublicKeySize, len(b))
	}
	y := bytes.Clone(b)
	y[31] &= 0x7f
	if !reduced(y) {
		return nil, fmt.Errorf("the public key is not in its canonical form")
	}
	if slices.ContainsFunc(smallOrder(), func(p []byte) bool { return bytes.Equal(p, y) }) {
		return nil, fmt.Errorf("the public key is of small order: anybody can sign for it")
	}
	return edKey(bytes.Clone(b)), nil
}

// reduced says whether y, little-endian, is below 2^255-19.
func reduced(y []byte) bool {
	if y[31] != 0x7f || y[0] < 0xed {
		return true
	}
	return slices.ContainsFunc(y[1:31], func(b byte) bool { return b != 0xff })
}

// edSigner signs with an Ed25519 key.
type edSigner struct{ key ed25519.PrivateKey }

func (edSigner) Name() string { return Ed25519 }

func (s edSigner) Sign(data []byte) ([]byte, error) { return ed25519.Sign(s.key, data), nil }

// parseEdSecret takes the 64 bytes of a secret key: the seed and the public key
// that follows from it.
func parseEdSecret(b []byte) (Signer, error) {
	if len(b) != ed25519.PrivateKeySize {
		return nil, fail.New(fail.Usage, "give the base64 of seed and public key", "ed25519: a secret key has %d bytes, not %d", ed25519.PrivateKeySize, len(b))
	}
	key := ed25519.NewKeyFromSeed(b[:ed25519.SeedSize])
	if !bytes.Equal(key, b) {
		return nil, fail.New(fail.Usage, "give the base64 of seed and public key", "ed25519: the secret key's two halves don't belong together")
	}
	return edSigner{key}, nil
}

// decode64 reads standard base64 with its padding, as libostree's tools write
// it. Blank space around it doesn't count.
func decode64(s string) ([]byte, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(strings.TrimSpace(s))
	if err != nil {
		return nil, fmt.Errorf("not base64: %w", err)
	}
	return b, nil
}
