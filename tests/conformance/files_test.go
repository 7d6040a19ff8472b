package conformance_test

import (
	"bytes"
	"fmt"
	"slices"
)

// holds wants exactly these artifacts to be stored.
func (c *client) holds(want ...string) {
	var have []string
	for _, data := range c.stored {
		have = append(have, string(data))
	}
	slices.Sort(have)
	slices.Sort(want)
	c.expect(slices.Equal(have, want), "stored artifacts are %q, want %q", have, want)
}

func fileCases() []testCase {
	const (
		group   = "files"
		name    = "target_file.txt"
		content = "target file contents"
	)
	shipped := func(c *client, path string) {
		c.r.addArtifact(targets, path, []byte(content))
		c.r.publish(targets, snapshot, timestamp)
	}
	return []testCase{
		{group, "client_downloads_expected_file", "an artifact is fetched when it is asked for, not before", one(func(c *client) {
			shipped(c, name)
			c.passes()
			c.holds()
			c.gets(name)
			c.holds(content)
		})},
		{group, "client_downloads_expected_file_in_sub_dir", "an artifact whose name has folders", one(func(c *client) {
			shipped(c, "path/to/a/target_file.txt")
			c.gets("path/to/a/target_file.txt")
			c.holds(content)
		})},
		{group, "repository_substitutes_target_file", "other content under a known name is refused", one(func(c *client) {
			c.r.addArtifact(targets, "another.txt", []byte("content"))
			shipped(c, name)
			c.gets(name)
			c.r.artifacts[name], c.r.artifacts["another.txt"] = []byte("malicious"), []byte("malicious")
			_ = c.download(name)
			c.holds(content)
			c.misses("another.txt")
			c.holds(content)
		})},
		{group, "multiple_changes_to_target", "content changes with the targets and never without", one(manyChanges)},
		{group, "download_with_hash_algorithms", "sha256, sha512, and both", []variant{
			{"sha256", hashedBy("sha256")}, {"sha512", hashedBy("sha512")}, {"both", hashedBy("sha256", "sha512")},
		}},
		{group, "download_with_unknown_hash_algorithm", "a hash that can't be checked is none", one(func(c *client) {
			c.r.listArtifact(targets, name, []byte(content), doc{"unknown-hash": sha512Of([]byte(content))})
			c.r.publish(targets, snapshot, timestamp)
			c.misses(name)
			c.holds()
		})},
		{group, "artifact_cache", "what is there already is not fetched again", one(func(c *client) {
			shipped(c, name)
			c.gets(name)
			c.gets(name)
			c.expect(len(c.r.downloaded) == 1, "%d downloads", len(c.r.downloaded))
		})},
	}
}

func manyChanges(c *client) {
	const name = "target_file.txt"
	c.r.addArtifact(targets, name, []byte("contents"))
	c.r.publish(targets, snapshot, timestamp)
	c.gets(name)
	var others []string
	for i := range 11 {
		changed, added := fmt.Sprintf("modified %d", i), fmt.Sprintf("new %d", i)
		c.r.addArtifact(targets, name, []byte(changed))
		c.r.addArtifact(targets, fmt.Sprintf("new-%d", i), []byte(added))
		c.r.publish(targets, snapshot, timestamp)
		if i%5 != 0 {
			continue
		}
		c.gets(name)
		c.holds(append(slices.Clone(others), changed)...)
		c.gets(fmt.Sprintf("new-%d", i))
		others = append(others, added)
		c.r.artifacts[name] = []byte("malicious")
		c.r.publish(targets, snapshot, timestamp)
		_ = c.download(name)
		c.holds(append(slices.Clone(others), changed)...)
	}
}

func hashedBy(algorithms ...string) func(*client) {
	return func(c *client) {
		data := []byte("target file contents")
		known, hashes := doc{"sha256": sha(data), "sha512": sha512Of(data)}, doc{}
		for _, alg := range algorithms {
			hashes[alg] = known[alg]
		}
		c.r.listArtifact(targets, "target_file.txt", data, hashes)
		c.r.publish(targets, snapshot, timestamp)
		c.gets("target_file.txt")
		c.holds(string(data))
		c.expect(len(c.r.downloaded) == 1, "%d downloads", len(c.r.downloaded))
	}
}

// noDelegations: ota-tuf repositories list all targets in targets.json, and we
// read no delegations there.
const noDelegations = "no-delegations"

// graph is a tree or tangle of delegations, and in which order its roles are
// asked for a target that none of them has.
type graph struct {
	name  string
	edges []delegation
	order []string
}

func graphs() []graph {
	all, python := []string{"*"}, []string{"*.py"}
	edge := func(from, to string) delegation { return delegation{from: from, to: to, paths: all} }
	a, b := edge(targets, "A"), edge(targets, "B")
	return []graph{
		{"one", []delegation{a}, []string{"A"}},
		{"two", []delegation{a, b}, []string{"A", "B"}},
		{"below the second", []delegation{a, b, edge("B", "C")}, []string{"A", "B", "C"}},
		{"depth first", []delegation{a, b, edge("A", "C"), edge("A", "D")}, []string{"A", "C", "D", "B"}},
		{"depth first over three levels", []delegation{a, b, edge("A", "C"), edge("C", "D")}, []string{"A", "C", "D", "B"}},
		{"terminating", []delegation{a, b, {"A", "C", all, true}, edge("A", "D")}, []string{"A", "C"}},
		{"terminating, with a child", []delegation{a, b, {"A", "C", all, true}, edge("C", "D")}, []string{"A", "C", "D"}},
		{"paths that don't match", []delegation{{targets, "A", python, false}, b, edge("A", "C")}, []string{"B"}},
		{"paths that don't match below", []delegation{a, b, {"A", "C", python, false}, edge("C", "D")}, []string{"A", "B"}},
		{"a circle", []delegation{a, b, edge("B", "C"), edge("C", "D"), edge("D", "B")}, []string{"A", "B", "C", "D"}},
		{"two ways to one role", []delegation{a, b, edge("B", "C"), edge("A", "C")}, []string{"A", "C", "B"}},
		{"two ways, one of which doesn't match", []delegation{a, b, edge("B", "C"), {"A", "C", python, false}}, []string{"A", "B", "C"}},
	}
}

func (r *repo) build(edges []delegation) {
	var roles []string
	for _, e := range edges {
		r.delegate(e)
		if !slices.Contains(roles, e.to) {
			roles = append(roles, e.to)
		}
	}
	r.publish(append(roles, targets, snapshot, timestamp)...)
}

// versions1 are requests for version 1 of roles.
func versions1(roles []string) []string {
	list := []string{}
	for _, role := range roles {
		list = append(list, request(role, 1))
	}
	return list
}

func delegationCases() []testCase {
	const group = "delegations"
	var walks []variant
	for _, g := range graphs() {
		walks = append(walks, variant{g.name, func(c *client) {
			c.r.build(g.edges)
			c.misses("missingpath")
			c.visited(g.order)
		}})
	}
	return []testCase{
		{group, "graph_traversal", "roles are asked depth first, in the order in which they are delegated to", walks},
		{group, "targetfile_search", "a target is found where every delegation on the way covers it", searches()},
		{group, "cached_role_is_verified_against_current_delegator", "a role has no authority from another way to it", one(diamond)},
		{group, "delegation_not_in_snapshot", "a role that the snapshot does not name is not asked", one(notInSnapshot)},
	}
}

// visited compares the roles asked beyond the first four files.
func (c *client) visited(order []string) {
	got, want := c.r.asked[4:], versions1(order)
	if !c.lang.spec() && len(order) > 0 {
		c.unless(noDelegations, slices.Equal(got, want), len(got) == 0, "asked for %q", got)
		return
	}
	c.expect(slices.Equal(got, want), "asked for %q, want %q", got, want)
}

// search is a target, whether it is found, and who is asked on the way.
type search struct {
	name, target string
	found        bool
	order        []string
}

func searches() []variant {
	edges := []delegation{
		{targets, "A", []string{"*.doc", "*.md", "foo-?.tgz"}, false},
		{targets, "B", []string{"releases/*/*"}, false},
		{"B", "C", []string{"releases/x/*"}, false},
		{"B", "D", []string{"releases/y/*.zip"}, false},
	}
	files := [][2]string{
		{targets, "targetfile"}, {"A", "README.md"}, {"A", "releases/README.md"}, {"A", "foo-1.tgz"}, {"A", "foo-alpha.tgz"},
		{"C", "releases/x/x_v1"}, {"D", "releases/y/y_v1.zip"}, {"D", "releases/z/z_v1.zip"},
	}
	var list []variant
	for _, s := range []search{
		{"no delegation", "targetfile", true, nil},
		{"a wildcard", "README.md", true, []string{"A"}},
		{"folders x", "releases/x/x_v1", true, []string{"B", "C"}},
		{"folders y", "releases/y/y_v1.zip", true, []string{"B", "D"}},
		{"not covered by all on the way", "releases/z/z_v1.zip", false, []string{"B"}},
		{"a wildcard ends at a slash", "releases/README.md", false, nil},
		{"a question mark", "foo-1.tgz", true, []string{"A"}},
		{"a question mark is one letter", "foo-alpha.tgz", false, nil},
		{"capitals", "README.MD", false, nil},
	} {
		list = append(list, variant{s.name, func(c *client) {
			for _, e := range edges {
				c.r.delegate(e)
			}
			for _, f := range files {
				c.r.addArtifact(f[0], f[1], []byte("content of "+f[1]))
			}
			c.r.publish("A", "B", "C", "D", targets, snapshot, timestamp)
			err := c.download(s.target)
			c.visited(s.order)
			if !c.lang.spec() && len(s.order) > 0 {
				return
			}
			c.expect((err == nil) == s.found, "found is %v: %v", !s.found, err)
			if s.found {
				c.expect(bytes.Equal(c.stored[s.target], c.r.artifacts[s.target]), "the artifact is not stored")
			}
		}})
	}
	return list
}

// diamond has two parents delegate to one role, which only one of them lets
// sign as it does.
func diamond(c *client) {
	c.r.delegate(delegation{from: targets, to: "parent-a", paths: []string{"team-a/*"}})
	c.r.delegate(delegation{from: targets, to: "parent-b", paths: []string{"team-b/*"}})
	k := c.r.delegate(delegation{from: "parent-a", to: "release", paths: []string{"team-a/*"}})
	c.r.delegate(delegation{from: "parent-b", to: "release", paths: []string{"team-b/*"}})
	c.r.keys["release"] = []*key{k}
	c.r.addArtifact("release", "team-a/root.json", []byte("trusted A"))
	c.r.addArtifact("release", "team-b/root.json", []byte("malicious B"))
	c.r.publish("release", "parent-a", "parent-b", targets, snapshot, timestamp)
	c.misses("team-a/root.json", "team-b/root.json")
	c.expect(c.stored["team-b/root.json"] == nil, "what the second parent did not vouch for is stored")
	c.expect(!c.lang.spec() || c.stored["team-a/root.json"] != nil, "what the first parent vouched for is not stored")
}

func notInSnapshot(c *client) {
	c.r.delegate(delegation{from: targets, to: "delegated", paths: []string{"delegatedpath/*"}})
	c.r.publish("delegated", targets)
	delete(c.r.meta(snapshot), "delegated.json")
	c.r.publish(snapshot, timestamp)
	c.passes()
	c.r.asked = nil
	c.misses("delegatedpath/foo")
	c.expect(slices.Equal(c.r.asked, []string{"root 2", timestamp}), "asked for %v", c.r.asked)
}
