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

func TestUpdateLosesNoSignatureAndSettles(t *testing.T) {
	data := []byte("a commit")
	mine, _ := pair(t, Ed25519)
	yours, _ := pair(t, Ed25519)
	a := must(AddTo(variant.Dict(), data, mine))(t)
	b := must(AddTo(variant.Dict(), data, yours))(t)
	ab := must(AddTo(a, data, yours))(t)
	noted := must(AddTo(variant.Dict(variant.Entry{Key: "note", Value: variant.Text("new")}), data, mine))(t)
	for name, tc := range map[string]struct {
		there, next variant.Value
		same        bool
	}{
		"fewer":             {ab, a, true},
		"fewer, the others": {ab, b, true},
		"none":              {ab, variant.Dict(), true},
		"more":              {a, ab, false},
		"others":            {a, b, false},
		"an entry":          {ab, noted, false},
	} {
		got := must(Update(tc.there.Data(), tc.next.Data()))(t)
		v := must(ParseDetached(got))(t)
		if !Contains(v, tc.there) || !Contains(v, tc.next) || (string(got) == string(tc.there.Data())) != tc.same {
			t.Errorf("%s: %s", name, v.Print())
		}
		if again := must(Update(got, tc.next.Data()))(t); string(again) != string(got) {
			t.Errorf("%s: the same again changes something", name)
		}
	}
	if v := must(ParseDetached(must(Update(ab.Data(), noted.Data()))(t)))(t); !SignedBy(v, data, yours) {
		t.Error("a new entry cost a signature")
	}
	if got := must(Update([]byte{1, 2, 3}, a.Data()))(t); string(got) != string(a.Data()) {
		t.Error("what nobody can read was kept")
	}
}
