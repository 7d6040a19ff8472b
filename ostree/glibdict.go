package ostree

import "github.com/otactl/otactl/ostree/variant"

// dictOrder puts entries into the order that GLib's hash table has them in.
// libostree passes a commit's metadata through one when it marks the commit as
// bootable, and the order is part of the commit's name. Of a key that comes
// twice the later value counts.
func dictOrder(entries []variant.Entry) []variant.Entry {
	if len(entries) > maxDict {
		return entries
	}
	t := &dictTable{slots: make([]*variant.Entry, 8)}
	for i := range entries {
		t.insert(&entries[i])
	}
	out := make([]variant.Entry, 0, t.used)
	for _, e := range t.slots {
		if e != nil {
			out = append(out, *e)
		}
	}
	return out
}

// dictTable is a hash table with open addresses: a key's first slot is its hash
// modulo a prime below the size, and the k-th next is k slots further.
type dictTable struct {
	slots []*variant.Entry
	used  int
}

// maxDict is up to how many keys the order is known. No commit has more.
const maxDict = 64

// dictPrime is the prime for a table of 8, 16, 32, 64 or 128 slots.
func dictPrime(size int) uint32 {
	switch size {
	case 8:
		return 7
	case 16:
		return 13
	case 32:
		return 31
	case 64:
		return 61
	}
	return 127
}

func (t *dictTable) first(key string) int {
	hash := uint32(5381)
	for _, c := range []byte(key) {
		hash = hash*33 + uint32(int8(c))
	}
	return int(max(hash, 2) * 11 % dictPrime(len(t.slots)))
}

// find follows a key's slots to the first that ok takes.
func (t *dictTable) find(key string, ok func(slot int) bool) int {
	at := t.first(key)
	for step := 1; !ok(at); step++ {
		at = (at + step) & (len(t.slots) - 1)
	}
	return at
}

func (t *dictTable) insert(e *variant.Entry) {
	at := t.find(e.Key, func(slot int) bool { return t.slots[slot] == nil || t.slots[slot].Key == e.Key })
	if t.slots[at] == nil {
		t.used++
	}
	t.slots[at] = e
	if len(t.slots) <= t.used+t.used/16 {
		t.grow()
	}
}

// grow doubles the table. Each entry in turn goes to the first of its slots
// that is not settled yet; whoever was there moves next.
func (t *dictTable) grow() {
	old := len(t.slots)
	t.slots = append(t.slots, make([]*variant.Entry, old)...)
	settled := make([]bool, len(t.slots))
	for i := range old {
		if settled[i] {
			continue
		}
		moving := t.slots[i]
		t.slots[i] = nil
		for moving != nil {
			at := t.find(moving.Key, func(slot int) bool { return !settled[slot] })
			settled[at] = true
			moving, t.slots[at] = t.slots[at], moving
		}
	}
}
