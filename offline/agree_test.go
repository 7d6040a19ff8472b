package offline

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// A bundle that is made is one that Verify calls good.

func TestMetadataThatVerifyCallsBadMakesNoBundle(t *testing.T) {
	stranger := newKey(t)
	sign := func(member string) func(map[string]json.RawMessage) {
		return func(r map[string]json.RawMessage) {
			signed, err := tuf.AddSignature(r[member], stranger)
			check(t, err)
			r[member] = signed
		}
	}
	for name, spoil := range map[string]func(map[string]json.RawMessage){
		"the timestamp has a signature of a stranger": sign(replyTimestamp),
		"the list has a signature of a stranger":      sign(replyBundle),
		"a method that devices don't know": func(r map[string]json.RawMessage) {
			r[replyTimestamp] = json.RawMessage(strings.Replace(string(r[replyTimestamp]), `"method":"ed25519"`, `"method":"rot13"`, 1))
		},
	} {
		dir, b := small(t)
		before := tree(t, dir)
		b.spoil = spoil
		if _, err := Build(t.Context(), b, dir, options("pc-1")); fail.ClassOf(err) != fail.Verification || fail.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
		if tree(t, dir) != before {
			t.Errorf("%s: the old bundle changed", name)
		}
	}
}
