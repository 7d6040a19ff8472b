package pgp

import (
	//lint:ignore SA1019 keys of that kind are in use; here they are only measured
	"crypto/dsa"
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// The least size of a key that may sign, in bits: an RSA modulus, or the prime
// of DSA.
const leastBits = 2047

// notForSigning is of a key whose owner made it for other uses. A primary key
// like that may have subkeys that sign.
const notForSigning = "it is not for signing"

// Key is a primary key with what is known about it at one time.
type Key struct {
	Subkey // of the primary key itself
	Users  []User
	// Subkeys are all that are bound to the primary key, for whatever use.
	Subkeys []Subkey

	block *block
}

// Subkey is a single key.
type Subkey struct {
	Fingerprint string // upper-case hex
	Algorithm   string // RSA, DSA, EdDSA, …
	Created     time.Time
	Expires     time.Time // zero for never
	Revoked     bool

	id     uint64 // the key id
	refuse string // why it may not sign; empty if it may
	pub    *packet.PublicKey
}

// User is a user id.
type User struct {
	ID      string // "Name <address>"
	Revoked bool

	primary bool
	made    time.Time // of the newest signature that binds it
}

// KeyID is the last 16 digits of the fingerprint of a version 4 key.
func (s Subkey) KeyID() string { return fmt.Sprintf("%016X", s.id) }

// ExpiredAt says whether the key is past its end.
func (s Subkey) ExpiredAt(now time.Time) bool { return !s.Expires.IsZero() && !now.Before(s.Expires) }

// User is the user id that a person knows the key by: the one that is marked
// primary, else the one that was bound last.
func (k *Key) User() string {
	best := -1
	for i, u := range k.Users {
		if u.Revoked {
			continue
		}
		if best < 0 || u.primary && !k.Users[best].primary ||
			u.primary == k.Users[best].primary && u.made.After(k.Users[best].made) {
			best = i
		}
	}
	if best < 0 {
		return ""
	}
	return k.Users[best].ID
}

func publicOf(r raw) (*packet.PublicKey, error) {
	p, err := r.parse()
	if err != nil {
		return nil, err
	}
	pub, ok := p.(*packet.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: packet of type %d is no public key", ErrMalformed, r.tag)
	}
	return pub, nil
}

func newSubkey(pub *packet.PublicKey) Subkey {
	return Subkey{
		Fingerprint: fmt.Sprintf("%X", pub.Fingerprint),
		Algorithm:   algorithmName(pub.PubKeyAlgo),
		Created:     pub.CreationTime.UTC(),
		id:          pub.KeyId,
		pub:         pub,
		refuse:      weakness(pub),
	}
}

// weakness says why a key is not fit for signing, whatever its owner says.
func weakness(pub *packet.PublicKey) string {
	if !pub.PubKeyAlgo.CanSign() {
		return "its algorithm doesn't sign"
	}
	switch key := pub.PublicKey.(type) {
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < leastBits {
			return fmt.Sprintf("its RSA modulus has %d bits, fewer than 2048", n)
		}
	case *dsa.PublicKey:
		if n := key.P.BitLen(); n < leastBits {
			return fmt.Sprintf("its DSA prime has %d bits, fewer than 2048", n)
		}
	case *ecdsa.PublicKey:
		if key.Curve == nil {
			return "its curve is not known"
		}
	}
	return ""
}

// algorithmName is how GnuPG calls an algorithm.
func algorithmName(a packet.PublicKeyAlgorithm) string {
	switch a {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSAEncryptOnly, packet.PubKeyAlgoRSASignOnly:
		return "RSA"
	case packet.PubKeyAlgoElGamal:
		return "ELG"
	case packet.PubKeyAlgoDSA:
		return "DSA"
	case packet.PubKeyAlgoECDH:
		return "ECDH"
	case packet.PubKeyAlgoECDSA:
		return "ECDSA"
	case packet.PubKeyAlgoEdDSA, packet.PubKeyAlgoEd25519, packet.PubKeyAlgoEd448:
		return "EdDSA"
	}
	return "[unknown name]"
}
