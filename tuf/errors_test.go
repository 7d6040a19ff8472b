package tuf_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

func TestEveryErrorNamesItsFile(t *testing.T) {
	broken := []byte(`{"signed":`)
	key := seeded(t, 2)
	root, err := tuf.ParseRoot(golden(t, "4.root.json"))
	if err != nil {
		t.Fatal(err)
	}
	parse := func(_ any, err error) error { return err }
	cases := []struct {
		want string
		err  error
	}{
		{"root.json: malformed: ", parse(tuf.ParseRoot(broken))},
		{"targets.json: malformed: ", parse(tuf.ParseTargets(broken))},
		{"targets.json: malformed: ", parse(tuf.ParseTargets(golden(t, "bundle-targets.json")))},
		{"snapshot.json: malformed: ", parse(tuf.ParseSnapshot(broken))},
		{"timestamp.json: malformed: ", parse(tuf.ParseTimestamp(broken))},
		{"bundle-targets.json: malformed: ", parse(tuf.ParseBundleTargets(broken))},
		{"targets: malformed: ", parse(root.Signatures(tuf.RoleTargets, broken))},
		{"snapshot: not enough", root.Verify(tuf.RoleSnapshot, golden(t, "targets.json"))},
		{"bundle-targets.json: signed already: ", parse(tuf.AddSignature(golden(t, "bundle-targets.json"), key))},
		{"targets.json: signed already: ", parse(tuf.AddSignature(golden(t, "targets.json"), key))},
		{"unusable key: ", parse(tuf.ParsePublicKey([]byte(`{"keytype":"DSA","keyval":{"public":""}}`)))},
	}
	for _, c := range cases {
		if c.err == nil || !strings.HasPrefix(c.err.Error(), c.want) {
			t.Errorf("got %v, want it to begin with %q", c.err, c.want)
		}
	}
}

func TestAFileSaysWhatIsWrongWithIt(t *testing.T) {
	for file, want := range map[string]string{
		`{"a":1.5}`:                         "at byte 6",
		`[]`:                                "document is not an object",
		`{}`:                                "signed is not an object",
		`{"signed":{}}`:                     "signatures is not an array",
		`{"signed":{},"signatures":{}}`:     "signatures is not an array",
		`{"signed":{},"signatures":"["}`:    "signatures is not an array",
		`{"signed":{},"signatures":[null]}`: "signature is not an object",
		`{"signed":{},"signatures":[{}]}`:   "signature.keyid is not a string",
		`{"signed":{},"signatures":[{"method":"","sig":""}]}`:                                                "signature.keyid is not a string",
		`{"signed":{},"signatures":[{"keyid":"","sig":""}]}`:                                                 "signature.method is not a string",
		`{"signed":{},"signatures":[{"keyid":"","method":""}]}`:                                              "signature.sig is not a string",
		`{"signed":{},"signatures":[{"keyid":1,"method":"","sig":""}]}`:                                      "signature.keyid is not a string",
		`{"signed":{},"signatures":[{"keyid":"a","method":"","sig":""},{"keyid":"a","method":"","sig":""}]}`: "two signatures by key id a",
	} {
		_, err := tuf.ParseEnvelope([]byte(file))
		if !errors.Is(err, tuf.ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", file, err, want)
		}
	}
}

func TestARoleSaysWhichFieldIsWrong(t *testing.T) {
	const head = `"_type":"Timestamp","expires":"2027-01-01T00:00:00Z",`
	for signed, want := range map[string]string{
		`{}`:                                 "signed._type is not a string",
		`{"_type":"timestamp"}`:              `_type is "timestamp" where "Timestamp" belongs`,
		`{"_type":"Timestamp"}`:              "signed.version is not an integer",
		`{` + head + `"version":"1"}`:        "signed.version is not an integer",
		`{` + head + `"version":0}`:          "signed.version is not a version from 1 to 2^31-1",
		`{` + head + `"version":2147483648}`: "signed.version is not a version from 1 to 2^31-1",
		`{"_type":"Timestamp","version":1}`:  "signed.expires is not a string",
		`{"_type":"Timestamp","version":1,"expires":"2027-1-1"}`:                                   "signed.expires is not a time such as",
		`{"_type":"Timestamp","version":1,"expires":"2027-01-01T00:00:00.0Z"}`:                     "signed.expires is not a time such as",
		`{` + head + `"version":2147483647}`:                                                       "signed.meta is not an object",
		`{` + head + `"version":1,"meta":{}}`:                                                      "signed.meta lacks snapshot.json",
		`{` + head + `"version":1,"meta":{"snapshot.json":[]}}`:                                    "signed.meta.snapshot.json is not an object",
		`{` + head + `"version":1,"meta":{"snapshot.json":{"version":"1"}}}`:                       "signed.meta.snapshot.json.version is not an integer",
		`{` + head + `"version":1,"meta":{"snapshot.json":{"version":1}}}`:                         "lacks the length or the hashes",
		`{` + head + `"version":1,"meta":{"snapshot.json":{"length":"1","version":1}}}`:            "signed.meta.snapshot.json.length is not an integer",
		`{` + head + `"version":1,"meta":{"snapshot.json":{"length":0,"version":1}}}`:              "signed.meta.snapshot.json.length is not a length",
		`{` + head + `"version":1,"meta":{"snapshot.json":{"hashes":{},"length":1,"version":1}}}`:  "signed.meta.snapshot.json has neither a sha256 nor a sha512",
		`{` + head + `"version":1,"meta":{"snapshot.json":{"hashes":1,"length":1,"version":1}}}`:   "signed.meta.snapshot.json has no hashes",
		`{` + head + `"version":1,"meta":{"snapshot.json":{"hashes":{"sha256":1},"version":1}}}`:   "has a hash \"sha256\" that is not a string",
		`{` + head + `"version":1,"meta":{"snapshot.json":{"hashes":{"sha256":"0"},"version":1}}}`: "has a hash sha256 that is not 64 hex digits",
	} {
		_, err := tuf.ParseTimestamp([]byte(`{"signatures":[],"signed":` + signed + `}`))
		if !errors.Is(err, tuf.ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", signed, err, want)
		}
	}
}

func TestARootSaysWhichFieldIsWrong(t *testing.T) {
	edit := func(change func(m map[string]any)) []byte {
		r := tuftest.New(t)
		r.Edit[tuf.RootName(2)] = change
		r.NextRoot()
		return r.Files[tuf.RootName(2)]
	}
	put := func(value any, path ...string) []byte { return edit(func(m map[string]any) { set(m, value, path...) }) }
	without := func(path ...string) []byte { return edit(func(m map[string]any) { drop(m, path...) }) }
	for want, file := range map[string][]byte{
		"signed.keys is not an object":                     without("keys"),
		"signed.roles is not an object":                    without("roles"),
		"signed.roles.snapshot is not an object":           without("roles", "snapshot"),
		"signed.roles.targets.keyids is not an array":      without("roles", "targets", "keyids"),
		"signed.roles.targets.keyids holds something":      put([]any{1}, "roles", "targets", "keyids"),
		"signed.roles.targets.threshold is not an integer": put("1", "roles", "targets", "threshold"),
		"signed.roles.targets has threshold 0 with 1":      put(0, "roles", "targets", "threshold"),
		"signed.roles.snapshot has threshold 2 with 1":     put(2, "roles", "snapshot", "threshold"),
		"signed.roles.targets has threshold 1001 with 1":   put(1001, "roles", "targets", "threshold"),
	} {
		if _, err := tuf.ParseRoot(file); !errors.Is(err, tuf.ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if root, err := tuf.ParseRoot(put(1000, "roles", "targets", "threshold")); err != nil || root.Roles[tuf.RoleTargets].Threshold != 1000 {
		t.Errorf("the highest threshold there is: %v", err)
	}
	if root, err := tuf.ParseRoot(without("x-changelog")); err != nil || root.Changelog != nil {
		t.Errorf("a root without a note: %+v, %v", root, err)
	}
}

func TestABundleSaysWhichFieldIsWrong(t *testing.T) {
	const head = `"_type":"Targets","expires":"2027-01-01T00:00:00Z","version":1`
	for signed, want := range map[string]string{
		`{` + head + `}`: "signed.x-fio-offline-bundle is not an object",
		`{` + head + `,"targets":{},"x-fio-offline-bundle":{}}`:                           "this is targets.json",
		`{` + head + `,"x-fio-offline-bundle":{}}`:                                        "signed.x-fio-offline-bundle.type is not a string",
		`{` + head + `,"x-fio-offline-bundle":{"type":""}}`:                               "signed.x-fio-offline-bundle.tag is not a string",
		`{` + head + `,"x-fio-offline-bundle":{"tag":"","type":""}}`:                      "signed.x-fio-offline-bundle.targets is not an array",
		`{` + head + `,"x-fio-offline-bundle":{"tag":"","targets":[],"type":""}}`:         "signed.x-fio-offline-bundle.targets is empty",
		`{` + head + `,"x-fio-offline-bundle":{"tag":"","targets":["a",""],"type":""}}`:   "signed.x-fio-offline-bundle.targets is empty",
		`{` + head + `,"x-fio-offline-bundle":{"tag":"","targets":["a",null],"type":""}}`: "targets holds something that is not a string",
	} {
		_, err := tuf.ParseBundleTargets([]byte(`{"signatures":[],"signed":` + signed + `}`))
		if !errors.Is(err, tuf.ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", signed, err, want)
		}
	}
}
