package conformance_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"testing"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// selfCases are those in which the suite looks at its own repository.
func selfCases() []testCase {
	const group = "repository"
	return []testCase{
		{group, "repo_initialzation_unittest", "the repository of these tests begins at version 1", one(func(c *client) {
			for _, role := range topLevel() {
				c.expect(len(c.r.files[role]) == 1 && versionOf(c.t, c.r.last(role)) == 1, "%s does not begin at version 1", role)
			}
		})},
		{group, "basic_metadata_hash_support_unittest", "it states length and hashes of what it serves", one(func(c *client) {
			c.r.hashes = true
			c.r.publish(targets, snapshot, timestamp)
			note := c.r.note(timestamp, snapshot)
			c.expect(note["length"] == len(c.r.last(snapshot)) && note["hashes"].(doc)["sha256"] == sha(c.r.last(snapshot)), "%v", note)
		})},
		{group, "update_timestamp", "it publishes what it is told, expired or not", one(func(c *client) {
			c.r.docs[timestamp]["expires"] = stamp(days(-5))
			c.r.publish(timestamp)
			c.expect(bytes.Contains(c.r.last(timestamp), []byte(stamp(days(-5)))), "%s", c.r.last(timestamp))
		})},
	}
}

func versionOf(t testing.TB, file []byte) int {
	t.Helper()
	var f struct {
		Signed struct {
			Version int `json:"version"`
		} `json:"signed"`
	}
	if err := json.Unmarshal(file, &f); err != nil {
		t.Fatal(err)
	}
	return f.Signed.Version
}

// staticCases are repositories in the shapes that other programs give them. The
// suite has files of two public ones; these are made here, with our own keys.
func staticCases() []testCase {
	return []testCase{{"static", "static_repository", "repositories in the shapes of real producers", nil}}
}

func shapes() map[lang][]variant {
	return map[lang][]variant{
		ota:      {{"garage-sign", garageSign}, {"otactl", otactl}},
		standard: {{"tuf-on-ci", tufOnCI}, {"go-tuf", goTUF}},
	}
}

// tufOnCI writes as python-tuf does: indented by one, ECDSA keys with fields of
// its own, no lengths or hashes, signatures still to be made left empty.
func tufOnCI(c *client) {
	online := c.r.newKey(ec)
	online.public["x-tuf-on-ci-online-uri"] = "gcpkms:projects/p/locations/global/keyRings/r/cryptoKeys/k"
	online.id = c.lang.keyID(c.t, online)
	owner := c.r.newKey(ec)
	owner.public["keytype"] = "ecdsa-sha2-nistp256" // as older releases spelt it
	owner.public["x-tuf-on-ci-keyowner"] = "@someone"
	owner.id = c.lang.keyID(c.t, owner)
	second := c.r.newKey(ec)
	c.r.setKeys(root, 1, []*key{owner, second}, []*key{owner})
	c.r.setKeys(targets, 1, []*key{owner}, []*key{owner})
	for _, role := range []string{snapshot, timestamp} {
		c.r.setKeys(role, 1, []*key{online}, []*key{online})
		c.r.of(role)["x-tuf-on-ci-expiry-period"] = 3650
		c.r.of(role)["x-tuf-on-ci-signing-period"] = 60
	}
	c.r.docs[root]["x-tuf-on-ci-expiry-period"] = 365
	c.r.delegate(delegation{from: targets, to: "delegatedrole", paths: []string{"delegatedrole/*", "delegatedrole/*/*"}, terminating: true})
	c.r.addArtifact("delegatedrole", "delegatedrole/artifact", []byte("artifact"))
	c.r.forget(root)
	c.r.set(root, 1)
	c.r.publish("delegatedrole", targets, snapshot, timestamp, root)
	for role := range c.r.files {
		c.r.edit(role, func(f doc) {
			f["signatures"] = append(f["signatures"].([]any), doc{"keyid": second.id, "sig": ""})
		})
		var out bytes.Buffer
		c.expect(json.Indent(&out, c.r.last(role), "", " ") == nil, "indent %s", role)
		c.r.replace(role, out.Bytes())
	}
	c.root = c.r.last(root)
	c.gets("delegatedrole/artifact")
}

// goTUF has go-tuf write the files.
func goTUF(c *client) {
	at := days(30)
	top := metadata.Root(at)
	signers := map[string]signature.Signer{}
	for _, role := range topLevel() {
		k := c.r.newKey(ed).signer.(ed25519.PrivateKey)
		public, err := metadata.KeyFromPublicKey(k.Public())
		c.expect(err == nil, "%v", err)
		c.expect(top.Signed.AddKey(public, role) == nil, "add a key")
		signers[role], err = signature.LoadED25519Signer(k)
		c.expect(err == nil, "%v", err)
	}
	list, data := metadata.Targets(at), []byte("artifact")
	file, err := metadata.TargetFile().FromBytes("artifact", data, "sha256", "sha512")
	c.expect(err == nil, "%v", err)
	list.Signed.Targets["artifact"] = file
	c.r.artifacts["artifact"], c.r.sums["artifact"] = data, []string{sha(data), sha512Of(data)}
	c.r.files = map[string][][]byte{
		root:      {written(c, top, signers[root])},
		targets:   {written(c, list, signers[targets])},
		snapshot:  {written(c, metadata.Snapshot(at), signers[snapshot])},
		timestamp: {written(c, metadata.Timestamp(at), signers[timestamp])},
	}
	c.root = c.r.last(root)
	c.gets("artifact")
}

func written[T metadata.Roles](c *client, md *metadata.Metadata[T], signer signature.Signer) []byte {
	_, err := md.Sign(signer)
	c.expect(err == nil, "%v", err)
	file, err := md.ToBytes(true)
	c.expect(err == nil, "%v", err)
	return file
}

// garageSign writes as OTA Connect's tools do: indented by two, RSA keys in
// PEM, OSTree targets of length 0, length and hashes counted over the
// canonical form.
func garageSign(c *client) {
	k := c.r.newKey(rs)
	c.r.setKeys(root, 1, []*key{k}, []*key{k})
	c.r.setKeys(targets, 1, []*key{k}, []*key{k})
	c.r.docs[targets]["targets"].(doc)["intel-lmp-1"] = doc{
		"length": 0, "hashes": doc{"sha256": sha([]byte("a commit"))},
		"custom": doc{"name": "intel-lmp", "version": "1", "hardwareIds": []string{"intel"}, "targetFormat": "OSTREE", "proprietary": doc{"a": []int{1}}},
	}
	c.r.hashes = true
	c.r.forget(root)
	c.r.set(root, 1)
	c.r.publish(targets, snapshot, timestamp, root)
	for role := range c.r.files {
		var out bytes.Buffer
		c.expect(json.Indent(&out, c.r.last(role), "", "  ") == nil, "indent %s", role)
		c.r.replace(role, append(out.Bytes(), '\n'))
	}
	c.root = c.r.last(root)
	c.passes()
	c.storesAll()
}

// otactl has this program write the files, as its backend does.
func otactl(c *client) {
	made := tuftest.New(c.t)
	made.AddTarget("intel-lmp-1", sha([]byte("a commit")), "intel", "1", "main")
	made.SetKeys(tuf.RoleTargets, made.Key(tuf.ED25519), made.Key(tuf.RSA))
	made.NextRoot()
	made.Publish()
	c.root = made.Files[tuf.RootName(1)]
	c.r.files = map[string][][]byte{
		root: {c.root, made.Files[tuf.RootName(2)]}, timestamp: {made.Files[tuf.TimestampFile]},
		snapshot: {made.Files[tuf.SnapshotFile]}, targets: {made.Files[tuf.TargetsFile]},
	}
	c.passes()
	c.storesAll()
}
