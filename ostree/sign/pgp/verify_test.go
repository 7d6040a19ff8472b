package pgp

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/otactl/otactl/internal/limits"
)

func TestSignatureIsGoodOnlyByAKeyThatMaySign(t *testing.T) {
	year := uint32(400 * 24 * 3600)
	month := uint32(31 * 24 * 3600)
	lifetime := func(seconds uint32) change { return func(s *packet.Signature) { s.KeyLifetimeSecs = &seconds } }
	soft := packet.KeySuperseded
	stranger := fresh(t)
	for name, c := range map[string]struct {
		make func() (*owner, *packet.PrivateKey)
		want Status
		why  string
	}{
		"primary key": {func() (*owner, *packet.PrivateKey) { o := newSigner(t); return o, o.key }, Good, ""},
		"subkey":      {func() (*owner, *packet.PrivateKey) { o := newSigner(t); return o, o.subkey(true, nil) }, Good, ""},
		"subkey of a primary key that only certifies": {func() (*owner, *packet.PrivateKey) {
			o := newOwner(t).user(userID, born, func(s *packet.Signature) { s.FlagSign = false })
			return o, o.subkey(true, nil)
		}, Good, ""},
		"key bound by a direct signature alone": {func() (*owner, *packet.PrivateKey) {
			o := newOwner(t).direct(packet.SigTypeDirectSignature, born, nil, nil)
			return o, o.key
		}, Good, ""},
		"key that lives on": {func() (*owner, *packet.PrivateKey) {
			o := newOwner(t).user(userID, born, lifetime(year))
			return o, o.key
		}, Good, ""},
		"key whose end was moved": {func() (*owner, *packet.PrivateKey) {
			o := newOwner(t).user(userID, born, lifetime(month)).user(userID, then, lifetime(year))
			return o, o.key
		}, Good, ""},

		"unknown key": {func() (*owner, *packet.PrivateKey) { return newSigner(t), fresh(t) }, KeyMissing, ""},
		"key that only certifies": {func() (*owner, *packet.PrivateKey) {
			o := newOwner(t).user(userID, born, func(s *packet.Signature) { s.FlagSign = false })
			return o, o.key
		}, Refused, notForSigning},
		"key without a user id": {func() (*owner, *packet.PrivateKey) { o := newOwner(t); return o, o.key }, Refused, "binds it"},
		"key whose user id somebody else signed": {func() (*owner, *packet.PrivateKey) {
			o, other := newOwner(t), newSigner(t)
			o.users = other.users
			return o, o.key
		}, Refused, "binds it"},
		"key whose only user id is revoked": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t).user(userID, then, func(s *packet.Signature) { s.SigType = packet.SigTypeCertificationRevocation })
			return o, o.key
		}, Refused, "binds it"},
		"key bound by a signature with a critical notation": {func() (*owner, *packet.PrivateKey) {
			o := newOwner(t).user(userID, born, func(s *packet.Signature) {
				s.Notations = []*packet.Notation{{Name: "x@example.com", Value: []byte("y"), IsCritical: true, IsHumanReadable: true}}
			})
			return o, o.key
		}, Refused, "binds it"},
		"key bound by a signature that is over": {func() (*owner, *packet.PrivateKey) {
			o := newOwner(t).user(userID, born, func(s *packet.Signature) { s.SigLifetimeSecs = &month })
			return o, o.key
		}, Refused, "binds it"},
		"subkey that did not agree": {func() (*owner, *packet.PrivateKey) { o := newSigner(t); return o, o.subkey(false, nil) }, KeyMissing, ""},
		"subkey that agreed to somebody else": {func() (*owner, *packet.PrivateKey) {
			o, other := newSigner(t), newSigner(t)
			sub := o.subkey(true, nil)
			o.subkeys[0].sigs, o.subkeys[0].head = nil, raw{}
			o.subkeys = nil
			other.subkey(true, nil)
			o.adopt(sub, true, func(s *packet.Signature) {
				e := template(sub, packet.SigTypePrimaryKeyBinding, born, nil)
				other.check(e.CrossSignKey(&sub.PublicKey, &other.key.PublicKey, sub, nil))
				s.EmbeddedSignature = e
			})
			return o, sub
		}, KeyMissing, ""},
		"subkey for encryption": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t)
			return o, o.subkey(true, func(s *packet.Signature) { s.FlagSign, s.FlagEncryptStorage = false, true })
		}, Refused, notForSigning},

		"revoked key": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t).direct(packet.SigTypeKeyRevocation, now, nil, nil)
			return o, o.key
		}, KeyRevoked, ""},
		"key that was superseded after it signed": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t).direct(packet.SigTypeKeyRevocation, now, nil, func(s *packet.Signature) { s.RevocationReason = &soft })
			return o, o.key
		}, KeyRevoked, ""},
		"key whose revocation is of the future": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t).direct(packet.SigTypeKeyRevocation, now.AddDate(9, 0, 0), nil, nil)
			return o, o.key
		}, KeyRevoked, ""},
		"subkey of a revoked key": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t).direct(packet.SigTypeKeyRevocation, now, nil, nil)
			return o, o.subkey(true, nil)
		}, KeyRevoked, ""},
		"revoked subkey": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t)
			sub := o.subkey(true, nil)
			o.revokeSubkey(sub, now)
			return o, sub
		}, KeyRevoked, ""},
		"key with a revocation that can't be read": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t).direct(packet.SigTypeKeyRevocation, now, nil, nil)
			body := bytes.Clone(o.block.direct[0].body)
			body[2] = 99 // an algorithm that nobody knows
			o.block.direct[0].body = body
			return o, o.key
		}, KeyRevoked, ""},
		"key that a stranger revoked": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t).direct(packet.SigTypeKeyRevocation, now, stranger, nil)
			return o, o.key
		}, Good, ""},
		"key with a forged revocation": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t).direct(packet.SigTypeKeyRevocation, now, nil, nil)
			body := bytes.Clone(o.block.direct[0].body)
			body[len(body)-1] ^= 1
			o.block.direct[0].body = body
			return o, o.key
		}, Good, ""},

		"expired key": {func() (*owner, *packet.PrivateKey) {
			o := newOwner(t).user(userID, born, lifetime(month))
			return o, o.key
		}, KeyExpired, ""},
		"key whose end was moved nearer": {func() (*owner, *packet.PrivateKey) {
			o := newOwner(t).user(userID, born, lifetime(year)).user(userID, then, lifetime(month))
			return o, o.key
		}, KeyExpired, ""},
		"key that a direct signature ends": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t).direct(packet.SigTypeDirectSignature, born, nil, lifetime(month))
			return o, o.key
		}, KeyExpired, ""},
		"subkey of an expired key": {func() (*owner, *packet.PrivateKey) {
			o := newOwner(t).user(userID, born, lifetime(month))
			return o, o.subkey(true, nil)
		}, KeyExpired, ""},
		"expired subkey": {func() (*owner, *packet.PrivateKey) {
			o := newSigner(t)
			return o, o.subkey(true, lifetime(month))
		}, KeyExpired, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o, key := c.make()
			got := outcome(t, ring(t, o), signature(t, key, nil), now)
			if got.Status != c.want || !strings.Contains(got.Why, c.why) {
				t.Errorf("it is %d (%s), want %d (%s)", got.Status, got.Why, c.want, c.why)
			}
		})
	}
}

func TestSignatureItselfMustBeFit(t *testing.T) {
	o := newSigner(t)
	r := ring(t, o)
	day := uint32(24 * 3600)
	for name, c := range map[string]struct {
		edit change
		want Status
	}{
		"plain":                    {nil, Good},
		"SHA-512":                  {func(s *packet.Signature) { s.Hash = crypto.SHA512 }, Good},
		"with a notation":          {func(s *packet.Signature) { s.Notations = []*packet.Notation{{Name: "x@y", Value: []byte("z")}} }, Good},
		"expired":                  {func(s *packet.Signature) { s.SigLifetimeSecs = &day }, SignatureExpired},
		"older than its key":       {func(s *packet.Signature) { s.CreationTime = born.Add(-time.Hour) }, Refused},
		"of text":                  {func(s *packet.Signature) { s.SigType = packet.SigTypeText }, Refused},
		"a certification":          {func(s *packet.Signature) { s.SigType = packet.SigTypeGenericCert }, Refused},
		"with a critical notation": {func(s *packet.Signature) { s.Notations = []*packet.Notation{{Name: "x@y", IsCritical: true}} }, Refused},
	} {
		if got := outcome(t, r, signature(t, o.key, c.edit), now); got.Status != c.want {
			t.Errorf("%s: it is %d (%s), want %d", name, got.Status, got.Why, c.want)
		}
	}
}

func TestIssuerIsWhatTheSignatureNames(t *testing.T) {
	o := newSigner(t)
	r := ring(t, o)
	good := signature(t, o.key, nil)
	fingerprint := append([]byte{22, 33, 4}, o.key.Fingerprint...) // length, type, version
	keyID := append([]byte{9, 16}, o.key.Fingerprint[12:]...)
	for name, c := range map[string]struct {
		from, to []byte
		want     Status
	}{
		"another fingerprint": {fingerprint, append([]byte{22, 33, 4}, make([]byte, 20)...), KeyMissing},
		"no fingerprint":      {fingerprint, append([]byte{22, 100, 4}, o.key.Fingerprint...), Bad}, // it was hashed
	} {
		b := bytes.Replace(good, c.from, c.to, 1)
		if bytes.Equal(b, good) {
			t.Fatalf("%s: nothing to change", name)
		}
		if got := outcome(t, r, b, now); got.Status != c.want {
			t.Errorf("%s: it is %d (%s), want %d", name, got.Status, got.Why, c.want)
		}
	}
	none := bytes.Replace(good, fingerprint, append([]byte{22, 100, 4}, o.key.Fingerprint...), 1)
	none = bytes.Replace(none, keyID, append([]byte{9, 100}, o.key.Fingerprint[12:]...), 1)
	if got := outcome(t, r, none, now); got.Status != Refused {
		t.Errorf("no issuer at all: it is %d (%s), want Refused", got.Status, got.Why)
	}
	if k := r.Keys(now)[0]; !k.Signed(good) || k.Signed(none) || !IssuedBy(good, k.Fingerprint) || !IssuedBy(good, "0x"+k.KeyID()[8:]) || IssuedBy(good, "00000000") {
		t.Error("whose signature it is was not told")
	}
}

func TestSignatureOfOtherDataIsBad(t *testing.T) {
	o := newSigner(t)
	sig := signature(t, o.key, nil)
	list, err := ring(t, o).Verify([]byte("something else"), [][]byte{sig}, now)
	if err != nil || list[0].Status != Bad || list[0].User != userID {
		t.Errorf("%+v, %v, want Bad", list, err)
	}
}

func TestKeyOfTheFutureIsRefused(t *testing.T) {
	o := newSigner(t)
	if got := outcome(t, ring(t, o), signature(t, o.key, nil), born.Add(-time.Hour)); got.Status != Refused {
		t.Errorf("it is %d (%s), want Refused", got.Status, got.Why)
	}
}

func TestRevocationInAnotherCopyOfTheKeyCounts(t *testing.T) {
	o := newSigner(t)
	sig := signature(t, o.key, nil)
	clean := o.append(nil)
	o.direct(packet.SigTypeKeyRevocation, now, nil, nil)
	revoked := o.append(nil)
	for _, order := range [][][]byte{{clean, revoked}, {revoked, clean}} {
		r := &Keyring{}
		for _, b := range order {
			must(r.Add(b))(t)
		}
		if r.Len() != 1 {
			t.Errorf("%d keys, want one", r.Len())
		}
		if got := outcome(t, r, sig, now); got.Status != KeyRevoked {
			t.Errorf("it is %d, want KeyRevoked", got.Status)
		}
	}
}

// The key that a self-signature names as revoker need not be at hand for its
// revocation to count.
func TestRevocationByANamedRevokerCounts(t *testing.T) {
	revoker := fresh(t)
	o := newSigner(t).direct(packet.SigTypeKeyRevocation, now, revoker, nil)
	// The library can't write the subpacket: put it where a notation was, and
	// ask only what is read.
	body := []byte{4, byte(packet.SigTypeDirectSignature), 22, 8, 0, 24, 23, 12, 0x80, 22}
	body = append(body, revoker.Fingerprint...)
	if c := (claim{body: body}); !c.namesRevoker(revoker.KeyId) || c.namesRevoker(o.key.KeyId) {
		t.Error("the revoker was not found")
	}
	k := must(publicOf(o.primary))(t)
	key := &Key{Subkey: newSubkey(k)}
	key.readRevocations(&o.block, []claim{{body: body}})
	if !key.Revoked {
		t.Error("the revocation does not count")
	}
}

func TestMalformedSignatureFailsBesideAGoodOne(t *testing.T) {
	o := newSigner(t)
	r := ring(t, o)
	good := signature(t, o.key, nil)
	bad := map[string][]byte{
		"nothing":               {},
		"text":                  []byte("borkborkbork\n"),
		"armor":                 []byte("-----BEGIN PGP SIGNATURE-----\n\niQ==\n-----END PGP SIGNATURE-----\n"),
		"a byte more":           append(bytes.Clone(good), 0),
		"half of another one":   append(bytes.Clone(good), good[:20]...),
		"a key":                 o.append(nil),
		"a byte after the body": raw{tagSignature, append(bytes.Clone(must(split(good))(t)[0].body), 0)}.append(nil),
		"a length of 2 GiB":     {0x8a, 0x7f, 0xff, 0xff, 0xff, 4, 0},
		"no length":             {0x8b, 4, 0, 22, 8},
		"parts":                 {0xc2, 0xe1, 4, 0},
	}
	for n := range len(good) {
		bad["cut at "+string(rune('0'+n%10))+" of "+string(rune('a'+n/10))] = good[:n]
	}
	for name, b := range bad {
		for _, list := range [][][]byte{{good, b}, {b, good}} {
			if got, err := r.Verify(data, list, now); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s: %+v, %v, want ErrMalformed", name, got, err)
			}
		}
	}
	if got, err := r.Verify(data, [][]byte{append(bytes.Clone(good), good...)}, now); err != nil || len(got) != 2 || got[1].Status != Good {
		t.Errorf("two packets in one member: %+v, %v", got, err)
	}
}

func TestSignaturesPackedTogetherAreNoMoreThanSignaturesApart(t *testing.T) {
	o := newSigner(t)
	good := signature(t, o.key, nil)
	most := bytes.Repeat(good, limits.DetachedSignatures)
	if got, err := ring(t, o).Verify(data, [][]byte{most}, now); err != nil || len(got) != limits.DetachedSignatures {
		t.Errorf("%d judged, %v", len(got), err)
	}
	for _, list := range [][][]byte{{append(most, good...)}, {most, good}, {good, most}} {
		got, err := ring(t, o).Verify(data, list, now)
		if !errors.Is(err, ErrMalformed) || len(got) > limits.DetachedSignatures {
			t.Errorf("%d judged, %v, want ErrMalformed", len(got), err)
		}
	}
}

func TestNoBitOfASignatureCanBeTurned(t *testing.T) {
	o := newSigner(t)
	r := ring(t, o)
	good := signature(t, o.key, func(s *packet.Signature) { s.IssuerFingerprint = nil })
	unread := 0
	for i := range len(good) * 8 {
		b := bytes.Clone(good)
		b[i/8] ^= 1 << (i % 8)
		list, err := r.Verify(data, [][]byte{b}, now)
		if err == nil && len(list) == 1 && list[0].Status == Good {
			unread++ // a subpacket that is not hashed and not read, or the critical bit of one
			if unread > 8 {
				t.Fatalf("bit %d can be turned", i)
			}
		}
	}
}

func TestSignatureByAnUnknownAlgorithmDoesNotSpoilAGoodOne(t *testing.T) {
	o := newSigner(t)
	good := signature(t, o.key, nil)
	other := must(split(good))(t)[0]
	other.body = bytes.Clone(other.body)
	other.body[2] = 99
	list, err := ring(t, o).Verify(data, [][]byte{other.append(nil), good}, now)
	if err != nil || len(list) != 2 || list[0].Status != Refused || list[1].Status != Good {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestFloodedKeyIsMergedAndAsked(t *testing.T) {
	o := newSigner(t)
	sig := signature(t, o.key, nil)
	clean := o.append(nil)
	stranger := fresh(t)
	flood := rawOf(t, func(w io.Writer) error {
		s := template(stranger, packet.SigTypeGenericCert, born, nil)
		o.check(s.SignUserId(userID, &o.key.PublicKey, stranger, nil))
		return s.Serialize(w)
	})
	const strangers = 200_000 // signature by signature, to merge them would outlast any test
	for i := range strangers {
		body := bytes.Clone(flood.body)
		binary.BigEndian.PutUint32(body[len(body)-4:], uint32(i))
		o.users[0].sigs = append(o.users[0].sigs, raw{tagSignature, body})
	}
	flooded := o.append(nil)
	r := &Keyring{}
	for _, b := range [][]byte{flooded, clean, flooded} {
		must(r.Add(b))(t)
	}
	if got := len(r.blocks[0].users[0].sigs); len(r.blocks) != 1 || got != len(o.users[0].sigs) {
		t.Errorf("%d keys, the first with %d signatures", len(r.blocks), got)
	}
	if got := outcome(t, r, sig, now); got.Status != Good {
		t.Errorf("it is %d, want Good", got.Status)
	}
}
