package pgp

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// seeds are keys in which each kind of packet is. They are short: what a fuzzer
// finds interesting it first makes shorter, byte by byte.
func seeds(tb testing.TB) []*owner {
	tb.Helper()
	bound := newOwner(tb)
	bound.subkey(true, nil)
	gone := newOwner(tb)
	gone.revokeSubkey(gone.subkey(true, nil), then)
	return []*owner{
		newSigner(tb), bound, gone,
		newSigner(tb).user(userID, then, func(s *packet.Signature) { s.SigType = packet.SigTypeCertificationRevocation }),
		newOwner(tb).direct(packet.SigTypeDirectSignature, born, nil, nil),
		newOwner(tb).direct(packet.SigTypeKeyRevocation, now, nil, nil),
	}
}

// FuzzKeyring: what is read as keys is written in a way that reads the same,
// and whatever it says can be asked for.
func FuzzKeyring(f *testing.F) {
	for _, o := range seeds(f) {
		f.Add(o.append(nil))
	}
	revoked := newSigner(f)
	f.Add(join(revoked.append(nil), revoked.revocation().append(nil)))
	f.Add(join(revoked.revocation().append(nil), revoked.append(nil)))
	f.Add([]byte("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmA==\n=twTO\n-----END PGP PUBLIC KEY BLOCK-----\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &Keyring{}
		if _, err := r.Add(b); err != nil {
			return
		}
		r.Strays()
		if r.Len() == 0 {
			return // revocations alone
		}
		once := r.Bytes()
		again := &Keyring{}
		if _, err := again.Add(once); err != nil || !bytes.Equal(again.Bytes(), once) {
			t.Fatalf("%x is written as %x, which reads differently: %v", b, once, err)
		}
		for _, k := range r.Keys(now) {
			_ = k.User()
			if !k.Is(k.Fingerprint) || !k.Is("0x"+k.KeyID()) && len(k.Fingerprint) == 40 {
				t.Fatalf("key %s does not go by its name", k.Fingerprint)
			}
			for _, u := range k.Users {
				u.DirectoryURLs()
			}
		}
	})
}

// FuzzSignature: no bytes but a signature are a signature. The corpus begins
// with good ones, so that one bit away from them is looked at.
func FuzzSignature(f *testing.F) {
	o := newSigner(f)
	r := ring(f, o)
	good := signature(f, o.key, nil)
	f.Add(good)
	f.Add(signature(f, o.key, func(s *packet.Signature) { s.SigType = packet.SigTypeText }))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := r.Verify([]byte("data that nobody signed"), [][]byte{b}, now)
		for _, s := range list {
			if s.Status == Good {
				t.Fatalf("%x is a good signature of data that nobody signed (%v)", b, err)
			}
			_ = s.Lines(now, now.Location())
		}
		IssuedBy(b, "0123456789ABCDEF")
	})
}

// FuzzKeybox: what a keybox says of lengths is never believed.
func FuzzKeybox(f *testing.F) {
	keys := newSigner(f).append(nil)
	blob := binary.BigEndian.AppendUint32(nil, uint32(16+len(keys)))
	blob = append(blob, 2, 1, 0, 0)
	blob = binary.BigEndian.AppendUint32(blob, 16)
	blob = binary.BigEndian.AppendUint32(blob, uint32(len(keys)))
	f.Add(append(blob, keys...))
	f.Fuzz(func(t *testing.T, b []byte) {
		out, err := keybox(b)
		if err == nil && len(out) > len(b) {
			t.Fatalf("%d bytes of keys came out of %d", len(out), len(b))
		}
	})
}
