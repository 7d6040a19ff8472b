package pgp

import (
	"bytes"
	"crypto"
	stded25519 "crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/ed25519"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

var (
	// born is when keys in tests are made, then when they sign, and now when
	// the signatures are looked at.
	born = time.Unix(1_600_000_000, 0).UTC()
	then = born.AddDate(0, 1, 0)
	now  = born.AddDate(1, 0, 0)

	data = []byte("what is signed")
)

const userID = "Test Key <test@example.com>"

func must[T any](v T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// owner makes the packets of a key step by step, right or wrong.
type owner struct {
	tb  testing.TB
	key *packet.PrivateKey
	block
}

// made counts the keys, each of which has its number as its secret: what a
// fuzz target sees is the same in every process.
var made atomic.Uint64

// fresh is a new key, made when born.
func fresh(tb testing.TB) *packet.PrivateKey {
	tb.Helper()
	seed := sha256.Sum256(binary.BigEndian.AppendUint64(nil, made.Add(1)))
	secret := stded25519.NewKeyFromSeed(seed[:])
	pub := ed25519.NewPublicKey()
	pub.Point = secret.Public().(stded25519.PublicKey)
	key := ed25519.NewPrivateKey(*pub)
	key.Key = secret
	return packet.NewEd25519PrivateKey(born, key)
}

// newOwner has a key without a user id.
func newOwner(tb testing.TB) *owner {
	tb.Helper()
	o := &owner{tb: tb, key: fresh(tb)}
	o.primary = rawOf(tb, o.key.PublicKey.Serialize)
	return o
}

// newSigner has a key with a user id, good for signing.
func newSigner(tb testing.TB) *owner {
	tb.Helper()
	o := newOwner(tb)
	o.user(userID, born, nil)
	return o
}

func rawOf(tb testing.TB, serialize func(io.Writer) error) raw {
	tb.Helper()
	var buf bytes.Buffer
	if err := serialize(&buf); err != nil {
		tb.Fatal(err)
	}
	list := must(split(buf.Bytes()))(tb)
	if len(list) != 1 {
		tb.Fatalf("%d packets, want 1", len(list))
	}
	return list[0]
}

// change is what a test does to a signature before it is made.
type change = func(*packet.Signature)

// template is a signature by key at a time, yet to be made.
func template(key *packet.PrivateKey, typ packet.SignatureType, when time.Time, edit change) *packet.Signature {
	id := key.KeyId
	s := &packet.Signature{
		Version: 4, SigType: typ, PubKeyAlgo: key.PubKeyAlgo, Hash: crypto.SHA256, CreationTime: when,
		IssuerKeyId: &id, IssuerFingerprint: key.Fingerprint,
	}
	if edit != nil {
		edit(s)
	}
	return s
}

func (o *owner) check(err error) {
	o.tb.Helper()
	if err != nil {
		o.tb.Fatal(err)
	}
}

// user binds a user id, for signing and certifying unless edit says otherwise.
func (o *owner) user(id string, when time.Time, edit change) *owner {
	o.tb.Helper()
	s := template(o.key, packet.SigTypePositiveCert, when, func(s *packet.Signature) {
		s.FlagsValid, s.FlagCertify, s.FlagSign = true, true, true
		if edit != nil {
			edit(s)
		}
	})
	o.check(s.SignUserId(id, &o.key.PublicKey, o.key, nil))
	o.users = unionParts(o.users, []part{{raw{tagUserID, []byte(id)}, []raw{rawOf(o.tb, s.Serialize)}}})
	return o
}

// direct adds a signature on the key itself, by another key if by is given.
func (o *owner) direct(typ packet.SignatureType, when time.Time, by *packet.PrivateKey, edit change) *owner {
	o.tb.Helper()
	if by == nil {
		by = o.key
	}
	s := template(by, typ, when, edit)
	o.check(s.SignDirectKeyBinding(&o.key.PublicKey, by, nil))
	o.block.direct = append(o.block.direct, rawOf(o.tb, s.Serialize))
	return o
}

// subkey adds a new subkey for signing, which agrees to it unless not.
func (o *owner) subkey(agrees bool, edit change) *packet.PrivateKey {
	o.tb.Helper()
	return o.adopt(fresh(o.tb), agrees, edit)
}

// adopt binds a key as a subkey for signing.
func (o *owner) adopt(sub *packet.PrivateKey, agrees bool, edit change) *packet.PrivateKey {
	o.tb.Helper()
	s := template(o.key, packet.SigTypeSubkeyBinding, born, func(s *packet.Signature) { s.FlagsValid, s.FlagSign = true, true })
	if agrees {
		s.EmbeddedSignature = template(sub, packet.SigTypePrimaryKeyBinding, born, nil)
		o.check(s.EmbeddedSignature.CrossSignKey(&sub.PublicKey, &o.key.PublicKey, sub, nil))
	}
	if edit != nil {
		edit(s)
	}
	o.check(s.SignKey(&sub.PublicKey, o.key, nil))
	head := rawOf(o.tb, sub.PublicKey.Serialize)
	head.tag = tagPublicSubkey
	o.subkeys = append(o.subkeys, part{head, []raw{rawOf(o.tb, s.Serialize)}})
	return sub
}

// revokeSubkey revokes the last subkey.
func (o *owner) revokeSubkey(sub *packet.PrivateKey, when time.Time) {
	o.tb.Helper()
	s := template(o.key, packet.SigTypeSubkeyRevocation, when, nil)
	o.check(s.RevokeSubkey(&sub.PublicKey, o.key, nil))
	p := &o.subkeys[len(o.subkeys)-1]
	p.sigs = append(p.sigs, rawOf(o.tb, s.Serialize))
}

// ring is a keyring of the keys as they are now.
func ring(tb testing.TB, owners ...*owner) *Keyring {
	tb.Helper()
	r := &Keyring{}
	for _, o := range owners {
		must(r.Add(o.append(nil)))(tb)
	}
	return r
}

// signature is one of data by key.
func signature(tb testing.TB, key *packet.PrivateKey, edit change) []byte {
	tb.Helper()
	s := template(key, packet.SigTypeBinary, then, edit)
	h := must(s.PrepareSign(nil))(tb)
	h.Write(data)
	if err := s.Sign(h, key, nil); err != nil {
		tb.Fatal(err)
	}
	return rawOf(tb, s.Serialize).append(nil)
}

// outcome is what a keyring says about one signature of data.
func outcome(tb testing.TB, r *Keyring, sig []byte, when time.Time) Signature {
	tb.Helper()
	list, err := r.Verify(data, [][]byte{sig}, when)
	if err != nil {
		tb.Fatal(err)
	}
	if len(list) != 1 {
		tb.Fatalf("%d signatures, want 1", len(list))
	}
	return list[0]
}
