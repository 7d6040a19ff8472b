package tuf

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
)

// KeyType is the kind of a key, spelled as the dialect writes it.
type KeyType string

// The key types. They are read in any case.
const (
	ED25519 KeyType = "ED25519"
	RSA     KeyType = "RSA"
)

// Signature methods, one per key type.
const (
	MethodED25519 = "ed25519"
	MethodRSA     = "rsassa-pss-sha256"
)

// RSA moduli in bits: smaller ones are weak, larger ones cost the verifier.
const (
	minRSABits = 2048
	maxRSABits = 8192
	saltLength = 32
)

// PublicKey is a key that signatures are checked with.
type PublicKey struct {
	// ID is what a root calls the key. It is believed as it stands and proves
	// nothing; whether two keys are the same is Equal's to say. A key that
	// comes from no root has hex SHA-256 of its DER SubjectPublicKeyInfo.
	ID   string
	Type KeyType

	key  any    // ed25519.PublicKey or *rsa.PublicKey
	text string // keyval.public as received
	spki string // DER; one per key, however it was written
}

// NewPublicKey takes an ed25519.PublicKey or an *rsa.PublicKey.
func NewPublicKey(key crypto.PublicKey) (*PublicKey, error) {
	k := &PublicKey{key: key}
	switch key := key.(type) {
	case ed25519.PublicKey:
		if err := checkED25519(key); err != nil {
			return nil, err
		}
		k.Type, k.text = ED25519, hex.EncodeToString(key)
	case *rsa.PublicKey:
		k.Type = RSA
	default:
		return nil, refuse(ErrKey, "a key of type %T", key)
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, refuse(ErrKey, "%v", err)
	}
	if k.Type == RSA {
		k.text = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	}
	sum := sha256.Sum256(der)
	k.spki, k.ID = string(der), hex.EncodeToString(sum[:])
	if key, ok := key.(*rsa.PublicKey); ok && (key.N.BitLen() < minRSABits || key.N.BitLen() > maxRSABits) {
		return nil, refuse(ErrKey, "RSA key %.12s has a modulus of %d bits", k.ID, key.N.BitLen())
	}
	return k, nil
}

// ParsePublicKey reads {"keytype":…,"keyval":{"public":…}}.
func ParsePublicKey(data []byte) (*PublicKey, error) {
	kind, value, err := parseKey(data, "public")
	if err != nil {
		return nil, err
	}
	key, err := decodePublic(kind, value)
	if err != nil {
		return nil, err
	}
	k, err := NewPublicKey(key)
	if err != nil {
		return nil, err
	}
	k.text = value
	return k, nil
}

// parseKey gives the type of a key in JSON and the part of it asked for.
func parseKey(data []byte, part string) (KeyType, string, error) {
	canon, err := canonicalise(data, formEscaped)
	if err != nil {
		return "", "", in("key", err)
	}
	f, err := object("key", canon)
	if err != nil {
		return "", "", err
	}
	kind, err := f.text("keytype")
	if err != nil {
		return "", "", err
	}
	val, err := f.object("keyval")
	if err != nil {
		return "", "", err
	}
	text, err := val.text(part)
	return KeyType(strings.ToUpper(kind)), text, err
}

func decodePublic(kind KeyType, text string) (crypto.PublicKey, error) {
	switch kind {
	case ED25519:
		raw, err := hex.DecodeString(text)
		if err != nil {
			return nil, refuse(ErrKey, "an ED25519 public key is not hex")
		}
		return ed25519.PublicKey(raw), nil
	case RSA:
		der, err := decodePEM(text, "PUBLIC KEY")
		if err != nil {
			return nil, err
		}
		key, err := x509.ParsePKIXPublicKey(der)
		if err != nil {
			return nil, refuse(ErrKey, "an RSA public key: %v", err)
		}
		if _, ok := key.(*rsa.PublicKey); !ok {
			return nil, refuse(ErrKey, "a key that says RSA and is not")
		}
		return key, nil
	}
	return nil, refuse(ErrKey, "key type %q", string(kind))
}

func decodePEM(text, kind string) ([]byte, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != kind || strings.TrimSpace(string(rest)) != "" {
		return nil, refuse(ErrKey, "an RSA key is not one PEM block %q", kind)
	}
	return block.Bytes, nil
}

// checkED25519 refuses points of small order, for which signatures can be made
// without a private key, and second encodings of a point, with which one key
// could count as two.
func checkED25519(key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return refuse(ErrKey, "an ED25519 public key of %d bytes", len(key))
	}
	y := slices.Clone(key)
	y[31] &= 0x7f
	slices.Reverse(y)
	if new(big.Int).SetBytes(y).Cmp(fieldPrime()) >= 0 || slices.Contains(smallOrder, hex.EncodeToString(y)) {
		return refuse(ErrKey, "an ED25519 public key that is not a proper point")
	}
	return nil
}

// fieldPrime is 2^255 - 19.
func fieldPrime() *big.Int {
	p := new(big.Int).Lsh(big.NewInt(1), 255)
	return p.Sub(p, big.NewInt(19))
}

// smallOrder are the y coordinates, big-endian, of the points of order 1, 2, 4
// and 8.
var smallOrder = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0000000000000000000000000000000000000000000000000000000000000001",
	"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec",
	"05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826",
	"7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7",
}

// Equal reports whether both are the same key, whatever they are called and
// however they were written down.
func (k *PublicKey) Equal(o *PublicKey) bool { return k.spki == o.spki }

// MarshalJSON gives {"keytype":…,"keyval":{"public":…}}.
func (k PublicKey) MarshalJSON() ([]byte, error) {
	return marshalKey(k.Type, "public", k.text)
}

func marshalKey(kind KeyType, part, text string) ([]byte, error) {
	return json.Marshal(map[string]any{"keytype": kind, "keyval": map[string]string{part: text}})
}

// Verify checks that s is a signature of msg by k. The method must be the one
// for the type of the key.
func (k *PublicKey) Verify(msg []byte, s Signature) error {
	raw, _ := base64.StdEncoding.DecodeString(s.Sig)
	if base64.StdEncoding.EncodeToString(raw) != s.Sig {
		return refuse(ErrSignature, "signature by %s is not plain base64", s.KeyID)
	}
	if !fits(k.Type, s.Method) {
		return refuse(ErrSignature, "method %q does not fit key %s of type %s", s.Method, s.KeyID, k.Type)
	}
	ok := false
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		ok = len(raw) == ed25519.SignatureSize && ed25519.Verify(key, msg, raw)
	case *rsa.PublicKey:
		sum := sha256.Sum256(msg)
		opt := &rsa.PSSOptions{SaltLength: saltLength, Hash: crypto.SHA256}
		ok = rsa.VerifyPSS(key, crypto.SHA256, sum[:], raw, opt) == nil
	}
	if !ok {
		return refuse(ErrSignature, "signature by %s does not verify", s.KeyID)
	}
	return nil
}

// fits says whether a signature method belongs to a key type. Peers write
// methods in any case, and "rsassa-pss" for the same thing.
func fits(t KeyType, method string) bool {
	switch strings.ToLower(method) {
	case MethodED25519:
		return t == ED25519
	case MethodRSA, "rsassa-pss":
		return t == RSA
	}
	return false
}
