package pgp

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Keyring is a set of public keys, one entry for each primary key. What is
// added about a key that is there is merged into it: signatures, user ids,
// subkeys, revocations.
type Keyring struct {
	blocks []*block
	byHead map[string]*block
	byID   map[uint64][]*block // by the key ids of primary keys and subkeys

	loose       []raw            // revocations that came without a key
	revocations map[uint64][]raw // all, by the key ids that they name as theirs
}

// Add takes the public keys in data and revocations of keys, binary or in ASCII
// armor, and says how many keys are new. A revocation counts for its key
// wherever it stands, also if the key comes later. Data with neither is
// ErrNoKeys.
func (r *Keyring) Add(data []byte) (added int, err error) {
	list, err := readPackets(data)
	if err != nil {
		return 0, err
	}
	all, loose := blocks(list)
	if len(all)+len(loose) == 0 {
		return 0, fmt.Errorf("%w: only packets of other types", ErrNoKeys)
	}
	if slices.ContainsFunc(loose, func(rev raw) bool { return len(rev.issuers()) == 0 }) {
		return 0, fmt.Errorf("%w: a revocation doesn't name its key", ErrMalformed)
	}
	for _, b := range all {
		if r.add(b) {
			added++
		}
	}
	r.takeLoose(loose)
	return added, nil
}

func (r *Keyring) add(b *block) (isNew bool) {
	if r.byHead == nil {
		r.byHead, r.byID = map[string]*block{}, map[uint64][]*block{}
	}
	head := string(b.primary.body)
	old := r.byHead[head]
	if old != nil {
		old.merge(b)
		b = old
	} else {
		r.byHead[head] = b
		r.blocks = append(r.blocks, b)
	}
	r.index(b.primary, b)
	for _, p := range b.subkeys {
		r.index(p.head, b)
	}
	r.revoke(b.direct)
	if id, ok := b.primary.keyID(); ok {
		b.direct = union(b.direct, r.revocations[id])
	}
	return old == nil
}

func (r *Keyring) index(key raw, b *block) {
	if id, ok := key.keyID(); ok && !slices.Contains(r.byID[id], b) {
		r.byID[id] = append(r.byID[id], b)
	}
}

// keyID is the key id of a public key packet, without a look at what is in it.
func (r raw) keyID() (uint64, bool) {
	n := len(r.body)
	switch {
	case n > 0 && r.body[0] == 4 && n < 1<<16:
		h := sha1.New()
		h.Write([]byte{0x99, byte(n >> 8), byte(n)})
		h.Write(r.body)
		return binary.BigEndian.Uint64(h.Sum(nil)[12:]), true
	case n > 0 && r.body[0] == 6:
		h := sha256.New()
		h.Write(binary.BigEndian.AppendUint32([]byte{0x9b}, uint32(n)))
		h.Write(r.body)
		return binary.BigEndian.Uint64(h.Sum(nil)), true
	}
	return 0, false
}

// Len is how many primary keys there are.
func (r *Keyring) Len() int { return len(r.blocks) }

// Bytes are the keys as GnuPG's pubring.gpg has them.
func (r *Keyring) Bytes() []byte {
	var out []byte
	for _, b := range r.blocks {
		out = b.append(out)
	}
	return out
}

// Keys are the keys in their order, with what is known about them at a time.
// One that this package can't read is left out.
func (r *Keyring) Keys(now time.Time) []*Key {
	var list []*Key
	for _, b := range r.blocks {
		if k, err := newKey(b, now); err == nil {
			list = append(list, k)
		}
	}
	return list
}

// Find are the keys of which id is the fingerprint, or at least its last eight
// digits, of the primary key or of a subkey; or of which it is in a user id.
func (r *Keyring) Find(id string, now time.Time) []*Key {
	var list []*Key
	for _, k := range r.Keys(now) {
		if k.Is(id) {
			list = append(list, k)
		}
	}
	return list
}

// Is says whether Find finds k by id.
func (k *Key) Is(id string) bool {
	if digits, ok := hexID(id); ok {
		return strings.HasSuffix(k.Fingerprint, digits) ||
			slices.ContainsFunc(k.Subkeys, func(s Subkey) bool { return strings.HasSuffix(s.Fingerprint, digits) })
	}
	return id != "" && slices.ContainsFunc(k.Users, func(u User) bool { return strings.Contains(strings.ToLower(u.ID), strings.ToLower(id)) })
}

// hexID reads a key id or fingerprint: 8 to 64 hex digits, perhaps with 0x
// before and ! behind them.
func hexID(s string) (string, bool) {
	s = strings.ToUpper(strings.TrimSuffix(s, "!"))
	s = strings.TrimPrefix(s, "0X")
	if len(s) < 8 || len(s) > 64 || strings.Trim(s, "0123456789ABCDEF") != "" {
		return "", false
	}
	return s, true
}

// Only is a keyring of the keys that ids name; each must name one.
func (r *Keyring) Only(now time.Time, ids ...string) (*Keyring, error) {
	out := &Keyring{}
	for _, id := range ids {
		switch list := r.Find(id, now); len(list) {
		case 0:
			return nil, fmt.Errorf("there is no key %q", id)
		case 1:
			out.add(list[0].block.clone())
		default:
			return nil, fmt.Errorf("key %q is ambiguous: %d keys go by it; give the fingerprint", id, len(list))
		}
	}
	return out, nil
}

// Merge adds the keys of another keyring and says how many are new.
func (r *Keyring) Merge(o *Keyring) (added int) {
	for _, b := range o.blocks {
		if r.add(b.clone()) {
			added++
		}
	}
	r.takeLoose(o.loose)
	return added
}
