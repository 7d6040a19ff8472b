package conformance_test

import (
	"bytes"
	"slices"
	"strings"

	"github.com/otactl/otactl/tuf"
)

// everything publishes a new version of all four roles.
func (r *repo) everything() { r.publish(root, targets, snapshot, timestamp) }

// first are the requests of the first refresh from version 1.
func (r *repo) first() []string {
	return []string{"root 2", timestamp, r.want(snapshot, 1), r.want(targets, 1)}
}

// storesAll wants the files of the newest versions to be stored byte by byte.
func (c *client) storesAll() {
	c.expect(bytes.Equal(c.rootFile(), c.r.last(root)), "root is not stored as it was served")
	for _, role := range []string{timestamp, snapshot, targets} {
		c.expect(bytes.Equal(c.load(role+".json"), c.r.last(role)), "%s is not stored as it was served", role)
	}
}

func basicCases() []testCase {
	const group = "basic"
	return []testCase{
		{group, "basic_refresh_requests", "one refresh asks for each file once, in order", one(func(c *client) {
			c.passes()
			c.expect(slices.Equal(c.r.asked, c.r.first()), "asked for %v", c.r.asked)
		})},
		{group, "basic_refresh_trusted_data", "what is stored is what was served", one(func(c *client) {
			c.passes()
			c.storesAll()
		})},
		{group, "implicit_refresh", "a download refreshes first", one(func(c *client) {
			c.misses("nonexistent artifact")
			c.expect(slices.Equal(c.r.asked, c.r.first()), "asked for %v", c.r.asked)
			c.storesAll()
		})},
		{group, "invalid_initial_root", "a first root without a version leads nowhere", one(func(c *client) {
			c.r.edit(root, func(f doc) { delete(f["signed"].(doc), "version") })
			c.root = c.r.last(root)
			c.fails()
			c.expect(len(c.r.asked) == 0, "asked for %v", c.r.asked)
		})},
		{group, "unsigned_initial_root", "a first root that its own key did not sign leads nowhere", one(func(c *client) {
			other := c.lang.signature(c.t, c.r.keys[root][0], []byte("something else"))
			c.r.edit(root, func(f doc) { f["signatures"] = []any{other} })
			c.root = c.r.last(root)
			c.fails()
			c.expect(len(c.r.asked) == 0, "asked for %v", c.r.asked)
		})},
		{group, "unsigned_metadata", "a role that is not signed is refused", unsigned()},
		{group, "url_and_metadata_version_mismatch", "a file under the name of another version is refused", misnamed()},
		{group, "timestamp_content_changes", "a timestamp of the version at hand is not taken for new", one(func(c *client) {
			c.passes()
			c.r.note(timestamp, snapshot)["version"] = 100
			c.r.forget(timestamp)
			c.r.publish(timestamp)
			before := c.load(tuf.TimestampFile)
			c.passes()
			c.expect(c.r.asked[len(c.r.asked)-1] == timestamp, "asked for %v", c.r.asked)
			c.expect(bytes.Equal(before, c.load(tuf.TimestampFile)), "the stored timestamp has changed")
		})},
		{group, "basic_metadata_hash_support", "lengths and hashes of metadata that are right are accepted", one(func(c *client) {
			c.r.hashes = true
			c.r.publish(targets, snapshot, timestamp)
			c.passes()
		})},
		{group, "targets_hash_mismatch", "targets with another hash than the snapshot's are refused", one(wrongTargetsHash)},
		{group, "snapshot_hash_mismatch", "a snapshot with another hash than the timestamp's is refused", one(wrongSnapshotHash)},
		{group, "metadata_bytes_match", "what is stored is not written anew", one(func(c *client) {
			c.r.replace(timestamp, append(c.r.last(timestamp), ' '))
			c.passes()
			c.storesAll()
		})},
		{group, "custom_fields", "unknown fields are signed for and do no harm", one(customFields)},
		{group, "deprecated_keyid_hash_algorithms", "a field that is obsolete means nothing", one(obsoleteField)},
		{group, "snapshot_404", "no snapshot under the announced version", one(func(c *client) {
			c.passes()
			c.r.note(timestamp, snapshot)["version"] = 2
			c.r.publish(timestamp)
			c.fails()
			c.expect(c.r.asked[len(c.r.asked)-1] == c.r.want(snapshot, 2), "asked for %v", c.r.asked)
			c.stores(trusts{1, 1, 1, 2}, trusts{1, 1, 1, 1})
		})},
		{group, "targets_404", "no targets under the announced version", one(func(c *client) {
			c.passes()
			c.r.note(snapshot, targets)["version"] = 2
			c.r.publish(snapshot, timestamp)
			c.fails()
			c.expect(c.r.asked[len(c.r.asked)-1] == c.r.want(targets, 2), "asked for %v", c.r.asked)
			c.stores(trusts{1, 2, 1, 2}, trusts{1, 1, 1, 1})
		})},
		{group, "timestamp_404", "no timestamp at all", one(func(c *client) {
			c.passes()
			c.r.forget(timestamp)
			c.fails()
			c.expect(c.r.asked[len(c.r.asked)-1] == timestamp, "asked for %v", c.r.asked)
		})},
		{group, "incorrect_metadata_type", "a snapshot does not pass for a timestamp", one(wrongType)},
		{group, "faketime", "expiry is judged by the clock at hand", one(func(c *client) {
			c.r.docs[root]["expires"] = stamp(days(7))
			c.r.publish(root)
			c.passes()
			c.now = days(8)
			c.fails()
		})},
	}
}

func unsigned() []variant {
	var list []variant
	for _, v := range []struct {
		role        string
		suite, ours trusts
	}{
		{root, trusts{1, 0, 0, 0}, trusts{1, 0, 0, 0}},
		{timestamp, trusts{2, 0, 0, 0}, trusts{2, 0, 0, 0}},
		{snapshot, trusts{2, 0, 0, 2}, trusts{2, 0, 0, 0}},
		{targets, trusts{2, 2, 0, 2}, trusts{2, 0, 0, 0}},
	} {
		list = append(list, variant{v.role, func(c *client) {
			c.r.keys[v.role] = nil
			c.r.everything()
			c.fails()
			c.stores(v.suite, v.ours)
		}})
	}
	return list
}

// unversionedNames: in ota-tuf only roots are named by version, so that there
// is no name to contradict.
const unversionedNames = "unversioned-names"

func misnamed() []variant {
	var list []variant
	for _, v := range []struct {
		role        string
		suite, ours trusts
	}{
		{root, trusts{1, 0, 0, 0}, trusts{1, 0, 0, 0}},
		{snapshot, trusts{2, 0, 0, 2}, trusts{2, 0, 0, 0}},
		{targets, trusts{2, 2, 0, 2}, trusts{2, 0, 0, 0}},
	} {
		list = append(list, variant{v.role, func(c *client) {
			c.r.set(v.role, 2)
			c.r.everything()
			if !c.lang.spec() && v.role != root {
				_, err := c.trust()
				c.unless(unversionedNames, err != nil, err == nil && c.version(v.role) == 3, "version 3 of %s", v.role)
				return
			}
			c.fails()
			c.stores(v.suite, v.ours)
		}})
	}
	return list
}

func wrongTargetsHash(c *client) {
	c.r.hashes = true
	c.r.publish(targets, snapshot, timestamp)
	c.passes()
	c.r.publish(targets)
	c.r.note(snapshot, targets)["hashes"].(doc)["sha256"] = strings.Repeat("0", 64)
	c.r.publish(snapshot, timestamp)
	c.fails()
	c.expect(c.version(targets) != 3, "targets with a wrong hash are stored")
	c.unless(allOrNothing, c.version(snapshot) == 3, c.version(snapshot) == 2, "snapshot %d is stored", c.version(snapshot))
}

func wrongSnapshotHash(c *client) {
	c.r.hashes = true
	c.r.publish(snapshot, timestamp)
	c.passes()
	c.r.publish(snapshot)
	c.r.note(timestamp, snapshot)["hashes"].(doc)["sha256"] = strings.Repeat("0", 64)
	c.r.publish(timestamp)
	c.fails()
	c.expect(c.version(snapshot) != 3, "a snapshot with a wrong hash is stored")
	c.unless(allOrNothing, c.version(timestamp) == 3, c.version(timestamp) == 2, "timestamp %d is stored", c.version(timestamp))
}

func customFields(c *client) {
	c.passes()
	k := c.r.newKey(ed)
	k.public["extra-field"] = doc{"a": 1, "b": 2}
	k.id = c.lang.keyID(c.t, k)
	c.r.docs[root]["custom-field"] = "value"
	c.r.addKey(root, k)
	c.r.of(root)["another-field"] = "value"
	c.r.publish(root)
	c.passes()
	c.expect(c.version(root) == 2, "root %d is stored", c.version(root))
}

func obsoleteField(c *client) {
	c.passes()
	k := c.r.newKey(ed)
	k.public["keyid_hash_algorithms"] = "md5"
	k.id = c.lang.keyID(c.t, k)
	c.r.setKeys(snapshot, 1, []*key{k}, []*key{k})
	c.r.publish(root, snapshot, timestamp)
	c.passes()
	c.expect(c.version(root) == 2 && c.version(snapshot) == 2, "root %d and snapshot %d are stored", c.version(root), c.version(snapshot))
}

func wrongType(c *client) {
	c.r.addKey(snapshot, c.r.keys[timestamp][0])
	c.r.docs[snapshot]["meta"] = doc{"snapshot.json": c.r.note(timestamp, snapshot)}
	c.r.publish(root, snapshot)
	files := c.r.files[snapshot]
	c.r.files[timestamp] = append(c.r.files[timestamp], files[len(files)-1])
	c.r.files[snapshot] = files[:len(files)-1]
	c.fails()
	c.stores(trusts{2, 0, 0, 0}, trusts{2, 0, 0, 0})
}

func expiryCases() []testCase {
	const group = "expiry"
	return []testCase{
		{group, "root_expired", "a last root that has expired is stored, and nothing after it", one(func(c *client) {
			c.passes()
			c.r.publish(root)
			c.passes()
			c.r.docs[root]["expires"] = stamp(days(-1))
			c.r.everything()
			c.fails()
			c.stores(trusts{3, 1, 1, 1}, trusts{3, 1, 1, 1})
		})},
		{group, "timestamp_expired", "a timestamp that has expired is refused", expired(timestamp, trusts{1, 1, 1, 1})},
		{group, "snapshot_expired", "a snapshot that has expired is refused", expired(snapshot, trusts{1, 1, 1, 2})},
		{group, "targets_expired", "targets that have expired are refused", expired(targets, trusts{1, 2, 1, 2})},
		{group, "expired_local_root", "a stored root that has expired leads on to a newer one", one(func(c *client) {
			c.r.docs[root]["expires"] = stamp(days(7))
			c.r.publish(root)
			c.passes()
			c.r.docs[root]["expires"] = stamp(days(21))
			c.r.publish(root)
			c.now = days(18)
			c.passes()
			c.expect(c.version(root) == 3, "root %d is stored", c.version(root))
		})},
		{group, "expired_local_timestamp", "a stored timestamp that has expired gives way to a newer one", one(func(c *client) {
			c.r.docs[timestamp]["expires"] = stamp(days(7))
			c.r.publish(timestamp)
			c.passes()
			c.r.docs[timestamp]["expires"] = stamp(days(21))
			c.r.publish(targets, snapshot, timestamp)
			c.now = days(18)
			c.passes()
			c.stores(trusts{1, 2, 2, 3}, trusts{1, 2, 2, 3})
		})},
	}
}

// expired publishes a role that has expired, and what vouches for it.
func expired(role string, suite trusts) []variant {
	return one(func(c *client) {
		c.passes()
		c.r.docs[role]["expires"] = stamp(days(-5))
		roles := []string{targets, snapshot, timestamp}
		c.r.publish(roles[slices.Index(roles, role):]...)
		c.fails()
		c.stores(suite, trusts{1, 1, 1, 1})
	})
}
