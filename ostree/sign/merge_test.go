package sign

import (
	"testing"

	"github.com/otactl/otactl/ostree/variant"
)

func TestMergeKeepsWhatEitherSideSigned(t *testing.T) {
	data := []byte("a commit")
	mine, _ := pair(t, Ed25519)
	yours, _ := pair(t, Ed25519)
	other, _ := pair(t, SPKI)
	both := variant.Entry{Key: "note", Value: variant.Text("mine")}
	here := must(AddTo(variant.Dict(both), data, mine))(t)
	there := must(AddTo(must(AddTo(variant.Dict(), data, yours))(t), data, other))(t)
	got := must(Merge(here, there))(t)
	for _, s := range []Signer{mine, yours, other} {
		if !SignedBy(got, data, s) {
			t.Errorf("a signature of %s is lost", s.Name())
		}
	}
	if _, kept := got.Lookup("note"); !kept {
		t.Error("an entry is lost")
	}
	if !Contains(got, here) || !Contains(got, there) || Contains(here, there) {
		t.Error("Contains does not tell more from less")
	}
	if again := must(Merge(got, there))(t); string(again.Data()) != string(got.Data()) {
		t.Error("merging the same again changes something")
	}
	bad := variant.Dict(variant.Entry{Key: Key(Ed25519), Value: variant.Text("x")})
	if _, err := Merge(here, bad); err == nil {
		t.Error("a list of another type was merged")
	}
}
