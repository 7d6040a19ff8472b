package tuf_test

import (
	"strings"
	"testing"

	"github.com/otactl/otactl/tuf"
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
