package pgp

import (
	"slices"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// block is a transferable public key as packets: the primary key, signatures
// on it, user ids and subkeys, each with the signatures on them.
type block struct {
	primary raw
	direct  []raw
	users   []part // user ids and attributes
	subkeys []part
}

// part is a user id or a subkey with its signatures.
type part struct {
	head raw
	sigs []raw
}

// blocks sorts packets into keys. Secret keys and what belongs to them, trust
// packets and what is unknown are left out, but no revocation of a key: it is
// that of the key it stands behind, wherever in it, or it is loose.
func blocks(list []raw) (all []*block, loose []raw) {
	var b *block    // nil while what comes belongs to nothing that is kept
	var sigs *[]raw // where a signature belongs
	for _, r := range list {
		if r.revokesKey() {
			if b != nil {
				b.direct = append(b.direct, r)
			} else {
				loose = append(loose, r)
			}
			continue
		}
		switch r.tag {
		case tagPublicKey:
			b = &block{primary: r}
			sigs = &b.direct
			all = append(all, b)
		case tagSecretKey:
			b, sigs = nil, nil
		case tagUserID, tagUserAttribute:
			sigs = nil
			if b != nil {
				b.users = append(b.users, part{head: r})
				sigs = &b.users[len(b.users)-1].sigs
			}
		case tagPublicSubkey, tagSecretSubkey:
			sigs = nil
			if b != nil && r.tag == tagPublicSubkey {
				b.subkeys = append(b.subkeys, part{head: r})
				sigs = &b.subkeys[len(b.subkeys)-1].sigs
			}
		case tagSignature:
			if sigs != nil {
				*sigs = append(*sigs, r)
			}
		}
	}
	return all, loose
}

// revokesKey says whether a packet is a revocation of a primary key.
func (r raw) revokesKey() bool {
	return r.tag == tagSignature && typeOf(r) == packet.SigTypeKeyRevocation
}

// clone is a copy that a merge doesn't reach back from.
func (b *block) clone() *block {
	c := &block{primary: b.primary, direct: slices.Clone(b.direct)}
	for _, p := range b.users {
		c.users = append(c.users, part{p.head, slices.Clone(p.sigs)})
	}
	for _, p := range b.subkeys {
		c.subkeys = append(c.subkeys, part{p.head, slices.Clone(p.sigs)})
	}
	return c
}

// merge adds to b what another copy of the same key has and b has not.
func (b *block) merge(o *block) {
	b.direct = union(b.direct, o.direct)
	b.users = unionParts(b.users, o.users)
	b.subkeys = unionParts(b.subkeys, o.subkeys)
}

// name is what tells a packet from others.
func (r raw) name() string { return string(append([]byte{r.tag}, r.body...)) }

// union looks names up in a set: keys that somebody flooded have signatures by
// the hundred thousand.
func union(list, more []raw) []raw {
	have := make(map[string]bool, len(list))
	for _, r := range list {
		have[r.name()] = true
	}
	for _, r := range more {
		if name := r.name(); !have[name] {
			have[name] = true
			list = append(list, r)
		}
	}
	return list
}

func unionParts(list, more []part) []part {
	at := make(map[string]int, len(list))
	for i, p := range list {
		at[p.head.name()] = i
	}
	for _, p := range more {
		name := p.head.name()
		i, ok := at[name]
		if !ok {
			at[name] = len(list)
			list = append(list, p)
			continue
		}
		list[i].sigs = union(list[i].sigs, p.sigs)
	}
	return list
}

// append writes the key.
func (b *block) append(to []byte) []byte {
	to = b.primary.append(to)
	for _, r := range b.direct {
		to = r.append(to)
	}
	for _, list := range [][]part{b.users, b.subkeys} {
		for _, p := range list {
			to = p.head.append(to)
			for _, r := range p.sigs {
				to = r.append(to)
			}
		}
	}
	return to
}
