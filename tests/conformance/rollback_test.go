package conformance_test

func rollbackCases() []testCase {
	const group = "rollback"
	return []testCase{
		{group, "new_timestamp_version_rollback", "an older timestamp is refused", one(func(c *client) {
			c.r.publish(timestamp)
			c.passes()
			c.expect(c.version(timestamp) == 2, "timestamp %d is stored", c.version(timestamp))
			c.r.again(timestamp, 1)
			c.r.publish(timestamp)
			c.fails()
			c.expect(c.version(timestamp) == 2, "timestamp %d is stored", c.version(timestamp))
			c.expect(c.lastAsked() == timestamp, "asked for %v", c.r.asked)
		})},
		{group, "snapshot_rollback", "an older snapshot under a newer timestamp is refused", withHashes(func(c *client) {
			c.r.publish(snapshot, timestamp)
			c.passes()
			c.r.again(snapshot, 1)
			c.r.publish(snapshot, timestamp)
			c.fails()
			c.stores(trusts{1, 2, 1, 2}, trusts{1, 2, 1, 2})
			c.expect(c.lastAsked() == timestamp, "asked for %v", c.r.asked)
		})},
		{group, "targets_role_removal", "no role vanishes from the snapshot", one(func(c *client) {
			c.r.delegate(delegation{from: targets, to: "delegated", paths: []string{"delegatedpath/*"}})
			c.r.publish("delegated", targets, snapshot, timestamp)
			c.passes()
			delete(c.r.meta(snapshot), "delegated.json")
			c.r.publish(snapshot, timestamp)
			c.fails()
			c.expect(c.version(snapshot) == 2, "snapshot %d is stored", c.version(snapshot))
		})},
		{group, "targets_fast_forward_recovery", "another snapshot key lets targets start over", one(func(c *client) {
			c.r.delegate(delegation{from: targets, to: "delegated", paths: []string{"delegatedpath/*"}})
			c.r.publish("delegated")
			for range 99 {
				c.r.publish(targets)
			}
			c.r.publish(snapshot, timestamp)
			c.passes()
			c.expect(c.version(targets) == 100, "targets %d are stored", c.version(targets))
			c.r.rotate(snapshot)
			c.r.again(targets, 1)
			delete(c.r.meta(snapshot), "delegated.json")
			c.r.everything()
			c.passes()
			c.expect(c.version(targets) == 1, "targets %d are stored", c.version(targets))
		})},
		{group, "new_snapshot_fast_forward_recovery", "other keys of both let the snapshot start over", one(func(c *client) {
			for range 99 {
				c.r.publish(snapshot)
			}
			c.r.publish(timestamp)
			c.passes()
			c.expect(c.version(snapshot) == 100, "snapshot %d is stored", c.version(snapshot))
			c.r.rotate(snapshot)
			c.r.rotate(timestamp)
			c.r.again(snapshot, 1)
			c.r.everything()
			c.passes()
			c.expect(c.version(snapshot) == 1, "snapshot %d is stored", c.version(snapshot))
		})},
		{group, "new_timestamp_fast_forward_recovery", "another timestamp key lets the timestamp start over", one(func(c *client) {
			for range 99 {
				c.r.publish(timestamp)
			}
			c.passes()
			c.expect(c.version(timestamp) == 100, "timestamp %d is stored", c.version(timestamp))
			c.r.rotate(timestamp)
			c.r.again(timestamp, 1)
			c.r.publish(root, timestamp)
			c.passes()
			c.expect(c.version(timestamp) == 1, "timestamp %d is stored", c.version(timestamp))
		})},
		{group, "targets_rollback", "older targets under a newer snapshot are refused", withHashes(func(c *client) {
			c.r.publish(targets, snapshot, timestamp)
			c.passes()
			c.r.again(targets, 1)
			c.r.publish(targets, snapshot, timestamp)
			c.fails()
			c.expect(c.version(snapshot) == 2 && c.version(targets) == 2, "snapshot %d and targets %d are stored", c.version(snapshot), c.version(targets))
		})},
	}
}

// again publishes a role from a version on, as if there had been nothing.
func (r *repo) again(role string, version int) {
	r.forget(role)
	r.set(role, version)
}

func (c *client) lastAsked() string { return c.r.asked[len(c.r.asked)-1] }

// withHashes runs a case without and with lengths and hashes stated.
func withHashes(run func(*client)) []variant {
	return []variant{{"plain", run}, {"hashes", func(c *client) {
		c.r.hashes = true
		run(c)
	}}}
}
