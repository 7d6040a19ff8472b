package pgp

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// The subpackets that name a key.
const (
	subRevocationKey = 12 // who may revoke: class, algorithm, fingerprint
	subIssuer        = 16 // key id
	subIssuerPrint   = 33 // version, fingerprint
)

// readRevocations looks for revocations of the key.
func (k *Key) readRevocations(b *block, claims []claim) {
	k.Revoked = slices.ContainsFunc(b.direct, func(r raw) bool { return r.revokesKey() && k.revokedBy(r, claims) })
	for i := range k.Users {
		k.Users[i].Revoked = k.Users[i].Revoked || k.Revoked
	}
}

// revokedBy says whether a revocation is of k. One counts whenever it was made
// and whatever reason it gives. One that can't be read counts too unless it
// names another key, and so does one by a key that a self-signature names as
// revoker: that key may not be at hand.
func (k *Key) revokedBy(r raw, claims []claim) bool {
	sig, err := signatureOf(r)
	if err == nil && k.madeBySelf(sig) {
		return fits(func() error { return k.pub.VerifyRevocationSignature(sig) })
	}
	ids := r.issuers()
	if err != nil && (len(ids) == 0 || slices.Contains(ids, k.id)) {
		return true
	}
	return slices.ContainsFunc(claims, func(c claim) bool { return slices.ContainsFunc(ids, c.namesRevoker) })
}

// namesRevoker says whether the hashed part of a version 4 signature names the
// key id as that of somebody who may revoke the key.
func (c claim) namesRevoker(id uint64) bool {
	if len(c.body) == 0 || c.body[0] != 4 {
		return false
	}
	hashed, _ := areas(c.body)
	return slices.ContainsFunc(subpackets(hashed), func(s *packet.OpaqueSubpacket) bool {
		return s.SubType&0x7f == subRevocationKey && len(s.Contents) == 22 && binary.BigEndian.Uint64(s.Contents[14:]) == id
	})
}

// issuers are the key ids that a signature names as its issuer's, also where
// its algorithm is unknown.
func (r raw) issuers() []uint64 {
	var ids []uint64
	add := func(id []byte) {
		if n := binary.BigEndian.Uint64(id); !slices.Contains(ids, n) {
			ids = append(ids, n)
		}
	}
	if len(r.body) >= 15 && r.body[0] < 4 {
		add(r.body[7:15])
	}
	hashed, unhashed := areas(r.body)
	for _, s := range append(subpackets(hashed), subpackets(unhashed)...) {
		switch typ, c := s.SubType&0x7f, s.Contents; {
		case typ == subIssuer && len(c) == 8:
			add(c)
		case typ == subIssuerPrint && len(c) == 21 && c[0] == 4:
			add(c[13:])
		case typ == subIssuerPrint && len(c) == 33 && c[0] == 6:
			add(c[1:])
		}
	}
	return ids
}

// areas are where the subpackets of a signature are: what it covers, and what
// anybody can add to it.
func areas(body []byte) (hashed, unhashed []byte) {
	if len(body) < 4 || body[0] != 4 && body[0] != 6 {
		return nil, nil
	}
	hashed, rest := area(body[0], body[4:])
	unhashed, _ = area(body[0], rest)
	return hashed, unhashed
}

// area cuts off bytes behind their length, of two bytes in version 4 and of
// four in version 6.
func area(version byte, b []byte) (head, rest []byte) {
	size := 2
	if version == 6 {
		size = 4
	}
	if len(b) < size {
		return nil, nil
	}
	n := uint64(binary.BigEndian.Uint16(b))
	if version == 6 {
		n = uint64(binary.BigEndian.Uint32(b))
	}
	if b = b[size:]; n > uint64(len(b)) {
		return nil, nil
	}
	return b[:n], b[n:]
}

// subpackets are those in an area, none if it is malformed.
func subpackets(area []byte) []*packet.OpaqueSubpacket {
	var list []*packet.OpaqueSubpacket
	err := guard(func() (err error) {
		list, err = packet.OpaqueSubpackets(area)
		return err
	})
	if err != nil {
		return nil
	}
	return list
}

// takeLoose takes revocations that came without their key.
func (r *Keyring) takeLoose(list []raw) {
	r.loose = union(r.loose, list)
	r.revoke(list)
}

// revoke gives each revocation in a list to the key that it names, now or when
// that key comes.
func (r *Keyring) revoke(list []raw) {
	if r.revocations == nil {
		r.revocations = map[uint64][]raw{}
	}
	named := map[uint64][]raw{}
	for _, rev := range list {
		if !rev.revokesKey() {
			continue
		}
		for _, id := range rev.issuers() {
			named[id] = append(named[id], rev)
		}
	}
	for id, revs := range named {
		r.revocations[id] = union(r.revocations[id], revs)
		for _, b := range r.primaries(id) {
			b.direct = union(b.direct, revs)
		}
	}
}

// primaries are the keys whose primary key has a key id.
func (r *Keyring) primaries(id uint64) []*block {
	var list []*block
	for _, b := range r.byID[id] {
		if own, ok := b.primary.keyID(); ok && own == id {
			list = append(list, b)
		}
	}
	return list
}

// Strays are the key ids of revocations that came without their key, and whose
// key is not in r: Bytes leaves them out.
func (r *Keyring) Strays() []string {
	var list []string
	for _, rev := range r.loose {
		ids := rev.issuers()
		if !slices.ContainsFunc(ids, func(id uint64) bool { return len(r.primaries(id)) > 0 }) {
			list = append(list, fmt.Sprintf("%016X", ids[0]))
		}
	}
	return list
}
