package pgp

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/otactl/otactl/internal/limits"
)

// Status is what came out about one signature.
type Status int

// The outcomes. Only Good is success.
const (
	Bad              Status = iota // it doesn't fit the data and a trusted key
	Good                           // valid, by a trusted key
	KeyMissing                     // no trusted key has its key id
	KeyRevoked                     // fits, but the key or its primary key is revoked
	KeyExpired                     // fits, but the key or its primary key is expired
	SignatureExpired               // fits, but it says itself that it is expired
	Refused                        // by a key or in a way that is not fit for signing
)

// Signature is one signature and what came out about it.
type Signature struct {
	Status Status
	Why    string // for Bad and Refused: the reason, if there is more to say

	Key        string    // fingerprint of the key, or its key id if it is missing; in hex
	Primary    string    // fingerprint of the primary key, if the key is known
	Algorithm  string    // of the key: RSA, DSA, EdDSA, ECDSA, …
	User       string    // user id of the key: "Name <address>"
	Created    time.Time // of the signature
	Expires    time.Time // of the signature, zero for never
	KeyExpires time.Time // of the key, zero for never
	// PrimaryExpires is when the primary key expires, zero for never.
	PrimaryExpires time.Time
}

// Verify judges the detached binary signatures in the list, each one or more
// packets, over data, by the keys of r at a time. A list with a member that is
// malformed is an error; everything else is told signature by signature.
func (r *Keyring) Verify(data []byte, list [][]byte, now time.Time) ([]Signature, error) {
	c := &court{ring: r, data: data, now: now, keys: map[*block]*Key{}}
	var out []Signature
	for i, item := range list {
		packets, err := split(item)
		if err != nil {
			return out, fmt.Errorf("signature %d: %w", i, err)
		}
		if len(packets) == 0 {
			return out, fmt.Errorf("signature %d: %w: it is empty", i, ErrMalformed)
		}
		if len(out)+len(packets) > limits.DetachedSignatures {
			// Each has all of the data hashed: thousands would take hours.
			return out, fmt.Errorf("signature %d: %w: more than %d packets in all", i, ErrMalformed, limits.DetachedSignatures)
		}
		for _, p := range packets {
			s, err := c.judge(p)
			if err != nil {
				return out, fmt.Errorf("signature %d: %w", i, err)
			}
			out = append(out, s)
		}
	}
	return out, nil
}

// court judges the signatures of one verification. It works out a key only when
// a signature names it, and once.
type court struct {
	ring *Keyring
	data []byte
	now  time.Time
	keys map[*block]*Key
}

// named are the keys that hold one with a key id.
func (c *court) named(id uint64) []*Key {
	var list []*Key
	for _, b := range c.ring.byID[id] {
		k, done := c.keys[b]
		if !done {
			k, _ = newKey(b, c.now) // nil if it can't be read
			c.keys[b] = k
		}
		if k != nil {
			list = append(list, k)
		}
	}
	return list
}

// judge looks at one packet.
func (c *court) judge(p raw) (Signature, error) {
	if p.tag != tagSignature {
		return Signature{}, fmt.Errorf("%w: packet of type %d is no signature", ErrMalformed, p.tag)
	}
	sig, err := signatureOf(p)
	if errors.Is(err, errUnsupported) {
		return Signature{Status: Refused, Why: err.Error(), Algorithm: "[unknown name]"}, nil
	}
	if err != nil {
		return Signature{}, err
	}
	s := describe(sig)
	if s.Why = unfit(sig); s.Why != "" {
		s.Status = Refused
		return s, nil
	}
	s.Status = KeyMissing
	for _, k := range c.named(*sig.IssuerKeyId) {
		for _, sub := range k.signers(sig) {
			if s = k.judge(sub, sig, c.data, describe(sig), c.now); s.Status != Bad {
				return s, nil
			}
		}
	}
	return s, nil
}

func describe(sig *packet.Signature) Signature {
	s := Signature{
		Algorithm: algorithmName(sig.PubKeyAlgo),
		Created:   sig.CreationTime.UTC(),
		Expires:   endOf(sig.CreationTime, sig.SigLifetimeSecs),
	}
	switch {
	case len(sig.IssuerFingerprint) > 0:
		s.Key = fmt.Sprintf("%X", sig.IssuerFingerprint)
	case sig.IssuerKeyId != nil:
		s.Key = fmt.Sprintf("%016X", *sig.IssuerKeyId)
	}
	return s
}

// unfit says why a signature can't count, whoever made it.
func unfit(sig *packet.Signature) string {
	switch {
	case sig.SigType != packet.SigTypeBinary:
		return fmt.Sprintf("it is of type %#02x, not one of binary data", byte(sig.SigType))
	case sig.Hash == crypto.SHA1:
		return "it is over a SHA-1 sum, of which two data can have the same"
	case demands(sig):
		return "it carries a critical notation that is not known here"
	case sig.IssuerKeyId == nil: // it is taken from a fingerprint too
		return "it doesn't name its key"
	}
	return ""
}

// signers are the keys of k that a signature names as its issuer.
func (k *Key) signers(sig *packet.Signature) []*Subkey {
	var list []*Subkey
	if sig.CheckKeyIdOrFingerprint(k.pub) {
		list = append(list, &k.Subkey)
	}
	for i := range k.Subkeys {
		if sig.CheckKeyIdOrFingerprint(k.Subkeys[i].pub) {
			list = append(list, &k.Subkeys[i])
		}
	}
	return list
}

// judge holds a signature against one key of k.
func (k *Key) judge(sub *Subkey, sig *packet.Signature, data []byte, s Signature, now time.Time) Signature {
	s.Key, s.Primary, s.User = sub.Fingerprint, k.Fingerprint, k.User()
	s.KeyExpires, s.PrimaryExpires = sub.Expires, k.Expires
	fit := fits(func() error {
		h, err := sig.PrepareVerify()
		if err != nil {
			return err
		}
		if _, err := h.Write(data); err != nil {
			return err
		}
		if err := sub.pub.VerifySignature(h, sig); err != nil {
			return err
		}
		// The library leaves the first bytes of the sum, which a signature of
		// version 4 repeats, unread.
		if !bytes.HasPrefix(h.Sum(nil), sig.HashTag[:]) {
			return errors.New("hash tag doesn't match")
		}
		return nil
	})
	switch {
	case !fit:
		s.Status = Bad
	case k.Revoked || sub.Revoked:
		s.Status = KeyRevoked
	case sub.refuse != "":
		s.Status, s.Why = Refused, sub.refuse
	case k.refuse != "" && k.refuse != notForSigning:
		s.Status, s.Why = Refused, k.refuse
	case s.Created.Before(sub.Created), s.Created.Before(k.Created):
		s.Status, s.Why = Refused, "it is older than its key"
	case now.Before(sub.Created), now.Before(k.Created):
		s.Status, s.Why = Refused, "its key was made in the future, or the clock is wrong"
	case k.ExpiredAt(now), sub.ExpiredAt(now):
		s.Status = KeyExpired
	case !s.Expires.IsZero() && !now.Before(s.Expires):
		s.Status = SignatureExpired
	default:
		s.Status = Good
	}
	return s
}

// Signed says whether k, or a subkey of it, is what a signature names as its
// issuer. It verifies nothing.
func (k *Key) Signed(signature []byte) bool {
	return anySignature(signature, func(sig *packet.Signature) bool { return len(k.signers(sig)) > 0 })
}

// IssuedBy says whether a signature names a key as its issuer whose id or
// fingerprint ends like id. It verifies nothing.
func IssuedBy(signature []byte, id string) bool {
	digits, ok := hexID(id)
	return ok && anySignature(signature, func(sig *packet.Signature) bool {
		key := describe(sig).Key
		return len(key) >= 8 && (strings.HasSuffix(key, digits) || strings.HasSuffix(digits, key))
	})
}

func anySignature(signature []byte, is func(*packet.Signature) bool) bool {
	packets, err := split(signature)
	if err != nil {
		return false
	}
	for _, p := range packets {
		if sig, err := signatureOf(p); err == nil && is(sig) {
			return true
		}
	}
	return false
}
