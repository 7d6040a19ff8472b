package pgp

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// newKey works out what a block's signatures say about its keys at a time.
func newKey(b *block, now time.Time) (*Key, error) {
	pub, err := publicOf(b.primary)
	if err != nil {
		return nil, err
	}
	k := &Key{Subkey: newSubkey(pub), block: b}
	claims := k.readDirect(b, now)
	claims = append(claims, k.readUsers(b, now)...)
	k.readRevocations(b, claims)
	k.settle(claims)
	for _, p := range b.subkeys {
		if s, ok := k.readSubkey(p, now); ok {
			k.Subkeys = append(k.Subkeys, s)
		}
	}
	return k, nil
}

// claim is what a self-signature says about the primary key.
type claim struct {
	sig    *packet.Signature
	body   []byte
	direct bool // on the key itself, not on a user id
}

// signatureOf parses a signature packet.
func signatureOf(r raw) (*packet.Signature, error) {
	p, err := r.parse()
	if err != nil {
		return nil, err
	}
	sig, ok := p.(*packet.Signature)
	if !ok {
		return nil, fmt.Errorf("%w: packet of type %d is no signature", ErrMalformed, r.tag)
	}
	return sig, nil
}

// typeOf is the type of a signature, known or not, of any version.
func typeOf(r raw) packet.SignatureType {
	at := 1
	if len(r.body) > 0 && r.body[0] < 4 { // behind the length of what is hashed
		at = 2
	}
	if len(r.body) <= at {
		return 0
	}
	return packet.SignatureType(r.body[at])
}

// madeBySelf says whether a signature names the primary key as its issuer.
func (k *Key) madeBySelf(sig *packet.Signature) bool { return sig.CheckKeyIdOrFingerprint(k.pub) }

// binds says whether a self-signature may be counted, if it fits: by this key,
// not older than it, not over, and without a demand that is not understood.
func (k *Key) binds(sig *packet.Signature, now time.Time) bool {
	end := endOf(sig.CreationTime, sig.SigLifetimeSecs)
	return k.madeBySelf(sig) && !sig.CreationTime.Before(k.pub.CreationTime) &&
		(end.IsZero() || now.Before(end)) && !demands(sig)
}

// demands says whether a signature carries a critical notation: whoever doesn't
// know what it means must not count the signature.
func demands(sig *packet.Signature) bool {
	return slices.ContainsFunc(sig.Notations, func(n *packet.Notation) bool { return n.IsCritical })
}

// endOf is when something ends that began at start; zero for never.
func endOf(start time.Time, seconds *uint32) time.Time {
	if seconds == nil || *seconds == 0 {
		return time.Time{}
	}
	return start.Add(time.Duration(*seconds) * time.Second).UTC()
}

// fits says whether a check of the library is content.
func fits(check func() error) bool { return guard(check) == nil }

// readDirect are the direct key signatures.
func (k *Key) readDirect(b *block, now time.Time) []claim {
	var claims []claim
	for _, r := range b.direct {
		if typeOf(r) != packet.SigTypeDirectSignature {
			continue
		}
		sig, err := signatureOf(r)
		if err == nil && k.binds(sig, now) && fits(func() error { return k.pub.VerifyDirectKeySignature(sig) }) {
			claims = append(claims, claim{sig, r.body, true})
		}
	}
	return claims
}

// readUsers are, of each user id that is not revoked, the newest signature that
// binds it.
func (k *Key) readUsers(b *block, now time.Time) []claim {
	var claims []claim
	for _, p := range b.users {
		if p.head.tag != tagUserID {
			continue
		}
		id := string(p.head.body)
		newest, revoked := k.newestOn(id, p.sigs, now)
		if newest.sig == nil {
			continue
		}
		k.Users = append(k.Users, User{
			ID:      strings.ToValidUTF8(id, "?"),
			Revoked: revoked,
			primary: newest.sig.IsPrimaryId != nil && *newest.sig.IsPrimaryId,
			made:    newest.sig.CreationTime,
		})
		if !revoked {
			claims = append(claims, newest)
		}
	}
	return claims
}

// newestOn finds the newest self-signature on a user id, and whether it was
// revoked at the same time or later.
func (k *Key) newestOn(id string, sigs []raw, now time.Time) (newest claim, revoked bool) {
	var gone time.Time
	for _, r := range sigs {
		typ := typeOf(r)
		certifies := typ >= packet.SigTypeGenericCert && typ <= packet.SigTypePositiveCert
		if !certifies && typ != packet.SigTypeCertificationRevocation {
			continue
		}
		sig, err := signatureOf(r)
		if err != nil || !k.binds(sig, now) || !fits(func() error { return k.pub.VerifyUserIdSignature(id, k.pub, sig) }) {
			continue
		}
		switch {
		case !certifies:
			if sig.CreationTime.After(gone) {
				gone = sig.CreationTime
			}
		case newest.sig == nil || !sig.CreationTime.Before(newest.sig.CreationTime):
			newest = claim{sig, r.body, false}
		}
	}
	return newest, newest.sig != nil && !gone.Before(newest.sig.CreationTime)
}

// settle works out from the self-signatures until when the primary key holds
// and whether it may sign. Where a direct signature and one on a user id differ
// the narrower one counts.
func (k *Key) settle(claims []claim) {
	if len(claims) == 0 && k.refuse == "" {
		k.refuse = "no valid signature of its own binds it to a user id"
	}
	for _, direct := range []bool{true, false} {
		var newest *packet.Signature
		for _, c := range claims {
			if c.direct == direct && (newest == nil || !c.sig.CreationTime.Before(newest.CreationTime)) {
				newest = c.sig
			}
		}
		if newest == nil {
			continue
		}
		if end := endOf(k.pub.CreationTime, newest.KeyLifetimeSecs); !end.IsZero() && (k.Expires.IsZero() || end.Before(k.Expires)) {
			k.Expires = end
		}
		if newest.FlagsValid && !newest.FlagSign && k.refuse == "" {
			k.refuse = notForSigning
		}
	}
}

// readSubkey works out what a subkey is; one that is not bound to the primary
// key, which for signing takes its consent, is none.
func (k *Key) readSubkey(p part, now time.Time) (Subkey, bool) {
	pub, err := publicOf(p.head)
	if err != nil {
		return Subkey{}, false
	}
	s := newSubkey(pub)
	s.Revoked = k.Revoked
	var newest *packet.Signature
	for _, r := range p.sigs {
		switch typeOf(r) {
		case packet.SigTypeSubkeyRevocation:
			sig, err := signatureOf(r)
			s.Revoked = s.Revoked || err != nil || k.madeBySelf(sig) && fits(func() error { return k.pub.VerifySubkeyRevocationSignature(sig, pub) })
		case packet.SigTypeSubkeyBinding:
			sig, err := signatureOf(r)
			if err == nil && k.binds(sig, now) && fits(func() error { return k.pub.VerifyKeySignature(pub, sig) }) &&
				(newest == nil || !sig.CreationTime.Before(newest.CreationTime)) {
				newest = sig
			}
		}
	}
	if newest == nil {
		return s, false
	}
	s.Expires = endOf(pub.CreationTime, newest.KeyLifetimeSecs)
	if !newest.FlagSign && s.refuse == "" {
		s.refuse = notForSigning
	}
	if e := newest.EmbeddedSignature; e != nil && s.refuse == "" {
		if end := endOf(e.CreationTime, e.SigLifetimeSecs); !end.IsZero() && !now.Before(end) {
			s.refuse = "its consent to the primary key is expired"
		}
	}
	return s, true
}
