package tuf

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"log/slog"
	"slices"
	"strings"
)

// Signer makes signatures with one key, wherever that is kept.
type Signer interface {
	// Public is the key that verifies; its ID goes into the signature.
	Public() *PublicKey
	// Method is what the signature is labelled with.
	Method() string
	// Sign signs msg, not a digest of it.
	Sign(msg []byte) ([]byte, error)
}

// PrivateKey is a Signer whose key is in memory. Its JSON form, the one of
// fioctl's key files, holds the secret; logging and printing do not.
type PrivateKey struct {
	public *PublicKey
	key    crypto.Signer // ed25519.PrivateKey or *rsa.PrivateKey
}

// NewPrivateKey takes an ed25519.PrivateKey or an *rsa.PrivateKey.
func NewPrivateKey(key crypto.Signer) (*PrivateKey, error) {
	if k, ok := key.(ed25519.PrivateKey); ok && len(k) != ed25519.PrivateKeySize {
		return nil, refuse(ErrKey, "an ED25519 private key of %d bytes", len(k))
	}
	public, err := NewPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	return &PrivateKey{public: public, key: key}, nil
}

// GenerateKey makes a new key; RSA ones have 4096 bits.
func GenerateKey(t KeyType) (*PrivateKey, error) {
	var key crypto.Signer
	var err error
	switch t {
	case ED25519:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case RSA:
		key, err = rsa.GenerateKey(rand.Reader, 4096)
	default:
		return nil, refuse(ErrKey, "key type %q", string(t))
	}
	if err != nil {
		return nil, err
	}
	return NewPrivateKey(key)
}

// ParsePrivateKey reads {"keytype":…,"keyval":{"private":…}}: for ED25519 the
// hex of the 32-byte seed or of seed and public key, for RSA a PKCS #1 PEM.
func ParsePrivateKey(data []byte) (*PrivateKey, error) {
	kind, text, err := parseKey(data, "private")
	if err != nil {
		return nil, err
	}
	text = strings.TrimSpace(text)
	switch kind {
	case ED25519:
		key, err := decodeSeed(text)
		if err != nil {
			return nil, err
		}
		return NewPrivateKey(key)
	case RSA:
		der, err := decodePEM(text, "RSA PRIVATE KEY")
		if err != nil {
			return nil, err
		}
		key, err := x509.ParsePKCS1PrivateKey(der)
		if err != nil {
			return nil, refuse(ErrKey, "an RSA private key cannot be read")
		}
		return NewPrivateKey(key)
	}
	return nil, refuse(ErrKey, "key type %q", string(kind))
}

func decodeSeed(text string) (ed25519.PrivateKey, error) {
	raw, err := hex.DecodeString(text)
	if err != nil || len(raw) != ed25519.SeedSize && len(raw) != ed25519.PrivateKeySize {
		return nil, refuse(ErrKey, "an ED25519 private key is not the hex of 32 or 64 bytes")
	}
	key := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
	if len(raw) == ed25519.PrivateKeySize && !key.Equal(ed25519.PrivateKey(raw)) {
		return nil, refuse(ErrKey, "an ED25519 private key carries another key's public half")
	}
	return key, nil
}

// Public is the key that verifies.
func (k *PrivateKey) Public() *PublicKey { return k.public }

// Method is "ed25519" or "rsassa-pss-sha256".
func (k *PrivateKey) Method() string {
	if k.public.Type == RSA {
		return MethodRSA
	}
	return MethodED25519
}

// Sign signs msg.
func (k *PrivateKey) Sign(msg []byte) ([]byte, error) {
	if k.public.Type == RSA {
		sum := sha256.Sum256(msg)
		return k.key.Sign(rand.Reader, sum[:], &rsa.PSSOptions{SaltLength: saltLength, Hash: crypto.SHA256})
	}
	return k.key.Sign(rand.Reader, msg, crypto.Hash(0))
}

// MarshalJSON gives the secret in the form that ParsePrivateKey reads.
func (k PrivateKey) MarshalJSON() ([]byte, error) {
	switch key := k.key.(type) {
	case ed25519.PrivateKey:
		return marshalKey(ED25519, "private", hex.EncodeToString(key.Seed()))
	case *rsa.PrivateKey:
		block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
		return marshalKey(RSA, "private", string(pem.EncodeToMemory(block)))
	}
	return nil, refuse(ErrKey, "a key of type %T cannot be written down", k.key)
}

// String names the key and leaves out the secret.
func (k PrivateKey) String() string { return "private key " + k.public.ID }

// GoString is String, so that %#v leaves out the secret too.
func (k PrivateKey) GoString() string { return k.String() }

// LogValue keeps MarshalJSON away from loggers.
func (k PrivateKey) LogValue() slog.Value { return slog.StringValue(k.String()) }

// known is a signer under the id that a root gives its key. It shows nothing of
// the signer to loggers and encoders.
type known struct {
	signer Signer
	public PublicKey
}

func (k *known) Public() *PublicKey              { return &k.public }
func (k *known) Method() string                  { return k.signer.Method() }
func (k *known) Sign(msg []byte) ([]byte, error) { return k.signer.Sign(msg) }

// withID is s with another key id in its signatures.
func withID(s Signer, id string) Signer {
	k := &known{signer: s, public: *s.Public()}
	k.public.ID = id
	return k
}

// find is the id under which role lists a key.
func (r *Root) find(role Role, k *PublicKey) (string, bool) {
	for _, id := range r.Roles[role].KeyIDs {
		if r.Keys[id].Equal(k) {
			return id, true
		}
	}
	return "", false
}

// RolesOf are the names of the roles that k may sign for, sorted.
func (r *Root) RolesOf(k *PublicKey) []string {
	var roles []string
	for role := range r.Roles {
		if _, ok := r.find(role, k); ok {
			roles = append(roles, string(role))
		}
	}
	slices.Sort(roles)
	return roles
}

// WithRootID is s signing under the id that root gives its key for role, or
// ErrKey where root does not let it sign for that.
func (r *Root) WithRootID(role Role, s Signer) (Signer, error) {
	id, ok := r.find(role, s.Public())
	if !ok {
		return nil, refuse(ErrKey, "root %d does not let key %s sign %s", r.Version, s.Public().ID, role)
	}
	return withID(s, id), nil
}
