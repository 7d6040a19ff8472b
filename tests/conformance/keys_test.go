package conformance_test

import (
	"bytes"
	"fmt"
)

// Where ota-tuf is narrower than the specification.
const (
	noECDSA              = "no-ecdsa"
	unreachableThreshold = "unreachable-threshold"
)

func keyCases() []testCase {
	const group = "keys"
	return []testCase{
		{group, "snapshot_does_not_meet_threshold", "two of three signatures are not enough", one(func(c *client) {
			c.r.of(snapshot)["threshold"] = 3
			c.r.addKey(snapshot, c.r.newKey(ed))
			c.r.addKey(snapshot, c.r.newKey(ed))
			c.r.everything()
			c.passes()
			c.r.keys[snapshot] = c.r.keys[snapshot][:2]
			c.r.publish(targets, snapshot, timestamp)
			c.fails()
			c.expect(c.version(snapshot) != 3, "snapshot 3 is stored")
		})},
		{group, "snapshot_has_too_few_keys", "a threshold above the number of keys is never met", one(func(c *client) {
			for range 4 {
				c.r.addKey(snapshot, c.r.newKey(ed))
			}
			c.r.of(snapshot)["threshold"] = 6
			c.r.publish(root, snapshot, timestamp)
			c.fails()
			c.expect(c.version(snapshot) != 2, "snapshot 2 is stored")
			if got := c.version(root); c.lang.spec() {
				c.expect(got == 2, "root %d is stored", got)
			} else {
				c.unless(unreachableThreshold, got == 2, got == 1, "root %d is stored", got)
			}
		})},
		{group, "duplicate_keys", "one key counts once, however often it is named and signs", one(func(c *client) {
			k := c.r.newKey(ed)
			for range 9 {
				c.r.allow(snapshot, k)
			}
			c.r.keys[snapshot] = append(c.r.keys[snapshot], k)
			c.r.of(snapshot)["threshold"] = 6
			c.r.publish(root, snapshot, timestamp)
			c.r.edit(snapshot, func(f doc) {
				list := f["signatures"].([]any)
				for range 8 {
					list = append(list, list[1])
				}
				f["signatures"] = list
			})
			c.fails()
			c.expect(c.version(snapshot) == 0, "the snapshot is stored")
		})},
		{group, "duplicate_sig_keyids", "two signatures under one key id are refused", one(func(c *client) {
			c.r.edit(snapshot, func(f doc) {
				list := f["signatures"].([]any)
				f["signatures"] = append(list, list[0])
			})
			c.fails()
			c.expect(c.version(snapshot) == 0, "the snapshot is stored")
		})},
		{group, "keytype_and_scheme", "each type of key of the specification", []variant{
			{rs, keyKind(rs)}, {ec, keyKind(ec)}, {ed, keyKind(ed)},
		}},
		{group, "invalid_sig_in_valid_metadata", "a bad signature does no harm to enough good ones", one(badBesideGood)},
	}
}

// keyKind adds a root key that has to sign, and then signs wrongly with it.
func keyKind(kind string) func(*client) {
	return func(c *client) {
		k := c.r.newKey(kind)
		c.r.addKey(root, k)
		c.r.of(root)["threshold"] = 2
		c.r.publish(root)
		if kind == ec && !c.lang.spec() {
			_, err := c.trust()
			c.typed(err)
			c.unless(noECDSA, err == nil, err != nil && c.version(root) == 1, "a root with an ECDSA key")
			return
		}
		c.passes()
		c.expect(c.version(root) == 2, "root %d is stored", c.version(root))
		c.r.publish(root)
		wrong := c.lang.signature(c.t, k, []byte("something else"))
		c.r.edit(root, func(f doc) { replaceSignature(f, k.id, wrong["sig"]) })
		c.fails()
		c.expect(c.version(root) == 2, "root %d is stored", c.version(root))
	}
}

func replaceSignature(file doc, id string, sig any) {
	for _, s := range file["signatures"].([]any) {
		if s := s.(doc); s["keyid"] == id {
			s["sig"] = sig
		}
	}
}

func badBesideGood(c *client) {
	old := c.r.keys[timestamp][0]
	wrong := c.lang.signature(c.t, old, []byte("something else"))
	c.r.addKey(timestamp, c.r.newKey(ed))
	c.r.publish(root, timestamp)
	c.r.edit(timestamp, func(f doc) { replaceSignature(f, old.id, wrong["sig"]) })
	c.passes()
	c.r.publish(timestamp)
	c.r.edit(timestamp, func(f doc) { replaceSignature(f, old.id, "") })
	c.passes()
	c.expect(c.version(timestamp) == 3, "timestamp %d is stored", c.version(timestamp))
}

// signing is one version of a role: which of ten keys it has, how many it takes,
// and which sign.
type signing struct {
	keys      []int
	threshold int
	sigs      []int
}

// rotation is a row of versions of the root, and whether the last one counts.
type rotation struct {
	name  string
	good  bool
	steps []signing
}

func rotations() []rotation {
	five, next := []int{0, 1, 2, 3, 4}, []int{0, 1, 3, 4, 5}
	return []rotation{
		{"1-of-1", true, []signing{{[]int{1}, 1, []int{1}}, {[]int{2}, 1, []int{2, 1}}, {[]int{2}, 1, []int{2}}}},
		{"1-of-1 with signatures that nobody needs", true, []signing{{[]int{1}, 1, []int{3, 1, 4}}, {[]int{2}, 1, []int{3, 2, 1, 4}}, {[]int{2}, 1, []int{3, 2, 4}}}},
		{"3-of-5 by other three each time", true, []signing{{five, 3, []int{0, 2, 4}}, {five, 3, []int{0, 4, 1}}, {five, 3, []int{0, 1, 3}}, {five, 3, []int{0, 1, 3}}}},
		{"3-of-5, one key replaced", true, []signing{{five, 3, []int{0, 2, 4}}, {next, 3, []int{0, 4, 1}}}},
		{"3-of-5, one key replaced with a step between", true, []signing{{five, 3, []int{0, 2, 4}}, {next, 3, []int{0, 2, 4, 5}}, {next, 3, []int{0, 4, 5}}}},
		{"3-of-5, all keys replaced with a step between", true, []signing{{five, 3, []int{0, 2, 4}}, {[]int{5, 6, 7, 8, 9}, 3, []int{0, 2, 4, 5, 6, 7}}, {[]int{5, 6, 7, 8, 9}, 3, []int{5, 6, 7}}}},
		{"1-of-3 becomes 2-of-3", true, []signing{{[]int{1, 2, 3}, 1, []int{1}}, {[]int{1, 2, 3}, 2, []int{1, 2}}}},
		{"2-of-3 becomes 1-of-3", true, []signing{{[]int{1, 2, 3}, 2, []int{1, 2}}, {[]int{1, 2, 3}, 1, []int{1, 2}}, {[]int{1, 2, 3}, 1, []int{1}}}},
		{"1-of-1 becomes 2-of-2", true, []signing{{[]int{1}, 1, []int{1}}, {[]int{1, 2}, 2, []int{1, 2}}}},
		{"1-of-1, the old key did not sign", false, []signing{{[]int{1}, 1, []int{1}}, {[]int{2}, 1, []int{2, 3, 4}}}},
		{"1-of-1, the new key did not sign", false, []signing{{[]int{1}, 1, []int{1}}, {[]int{2}, 1, []int{1, 3, 4}}}},
		{"3-of-5, too few new keys signed", false, []signing{{five, 3, []int{0, 2, 4}}, {next, 3, []int{0, 2, 4}}}},
		{"3-of-5, too few old keys signed", false, []signing{{five, 3, []int{0, 2, 4}}, {next, 3, []int{0, 4, 5}}}},
		{"1-of-3 becomes 2-of-3, below the new threshold", false, []signing{{[]int{1, 2, 3}, 1, []int{1}}, {[]int{1, 2, 3}, 2, []int{2}}}},
		{"2-of-3 becomes 1-of-3, below the old threshold", false, []signing{{[]int{1, 2, 3}, 2, []int{1, 2}}, {[]int{1, 2, 3}, 1, []int{1}}}},
	}
}

// sets are the ways in which the keys of the other roles are replaced.
func sets() []rotation {
	five, next := []int{0, 1, 2, 3, 4}, []int{0, 1, 3, 4, 5}
	return []rotation{
		{"1-of-1", true, []signing{{[]int{2}, 1, []int{2}}}},
		{"1-of-1 with signatures that nobody needs", true, []signing{{[]int{1}, 1, []int{3, 1, 4}}}},
		{"1-of-1, the new key did not sign", false, []signing{{[]int{2}, 1, []int{1, 3, 4}}}},
		{"3-of-5, one of three is by another key", false, []signing{{next, 3, []int{0, 2, 4}}}},
		{"3-of-5, two signed", false, []signing{{next, 3, []int{0, 4}}}},
		{"3-of-5, first way", true, []signing{{five, 3, []int{0, 2, 4}}}},
		{"3-of-5, second way", true, []signing{{five, 3, []int{0, 4, 1}}}},
		{"3-of-5, third way", true, []signing{{five, 3, []int{0, 1, 3}}}},
		{"3-of-5, fourth way", true, []signing{{five, 3, []int{1, 2, 3}}}},
		{"3-of-5, fifth way", true, []signing{{five, 3, []int{2, 3, 4}}}},
	}
}

func rotationCases() []testCase {
	const group = "rotation"
	var chains, roles []variant
	for _, v := range rotations() {
		chains = append(chains, variant{v.name, func(c *client) { rootChain(c, v) }})
	}
	for _, v := range sets() {
		roles = append(roles, variant{v.name, func(c *client) { roleKeys(c, v) }})
	}
	return []testCase{
		{group, "root_rotation", "roots that replace keys and thresholds", chains},
		{group, "non_root_rotations", "keys and thresholds of the other roles replaced", roles},
	}
}

func (s signing) of(pool []*key) (allowed, signing []*key) {
	for _, i := range s.keys {
		allowed = append(allowed, pool[i])
	}
	for _, i := range s.sigs {
		signing = append(signing, pool[i])
	}
	return allowed, signing
}

func (c *client) pool() []*key {
	var pool []*key
	for range 10 {
		pool = append(pool, c.r.newKey(ed))
	}
	return pool
}

func rootChain(c *client, v rotation) {
	pool := c.pool()
	c.r.forget(root)
	for _, step := range v.steps {
		allowed, signs := step.of(pool)
		c.r.setKeys(root, step.threshold, allowed, signs)
		c.r.publish(root)
	}
	c.r.publish(targets, snapshot, timestamp)
	c.root = c.r.files[root][0]
	stored := c.r.last(root)
	if v.good {
		c.passes()
	} else {
		c.fails()
		stored = c.r.files[root][len(c.r.files[root])-2]
	}
	c.expect(bytes.Equal(c.rootFile(), stored), "another root than the last good one is stored")
}

func roleKeys(c *client, v rotation) {
	pool := c.pool()
	for _, role := range []string{timestamp, snapshot, targets} {
		allowed, signs := v.steps[0].of(pool)
		c.r.setKeys(role, v.steps[0].threshold, allowed, signs)
		c.r.everything()
		if !v.good {
			c.fails()
			continue
		}
		c.passes()
		c.expect(bytes.Equal(c.load(role+".json"), c.r.last(role)), "%s is not stored as it was served", role)
	}
}

// delegatedNotStored: Find asks for delegated roles each time and keeps none.
const delegatedNotStored = "delegated-not-stored"

func quotingCases() []testCase {
	var list []variant
	for _, name := range []string{"?", "#", "/delegatedrole", "../delegatedrole"} {
		list = append(list, variant{name, func(c *client) {
			c.r.delegate(delegation{from: targets, to: name, paths: []string{"*"}})
			c.r.publish(name, targets, snapshot, timestamp)
			c.misses("nonexistent target")
			asked := c.r.asked[len(c.r.asked)-1] == fmt.Sprintf("%s 1", name)
			if !c.lang.spec() {
				c.unless(noDelegations, asked, !asked, "a role that is delegated to")
				return
			}
			c.expect(asked, "asked for %q", c.r.asked)
			n := c.roles()
			c.unless(delegatedNotStored, n == 5, n == 4, "%d roles stored", n)
		}})
	}
	return []testCase{{"quoting", "unusual_role_name", "a role's name leads neither out of a URL nor out of a folder", list}}
}
