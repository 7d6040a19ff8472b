package server_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"testing"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/variant"
)

// signedBy is detached with the signature of a new key on a commit.
func signedBy(t *testing.T, detached variant.Value, commit []byte) variant.Value {
	t.Helper()
	_, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sign.NewSigner(sign.Ed25519, base64.StdEncoding.EncodeToString(secret), sign.Env{})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := sign.AddTo(detached, commit, s)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestSignatureMayComeAfterItsCommitAndNoneIsLost(t *testing.T) {
	b, token, l := published(t)
	commit := l.bytes(t, ostree.ObjectID{Sum: l.commit, Type: ostree.TypeCommit})
	path := "/api/v3/" + ostree.ObjectID{Sum: l.commit, Type: ostree.TypeCommitMeta}.ArchivePath()
	first := signedBy(t, variant.Dict(), commit)
	second := signedBy(t, first, commit)
	b.call(t, token, "POST", path, first.Data()).want(t, 204)
	b.call(t, token, "POST", path, second.Data()).want(t, 204)
	b.call(t, token, "POST", path, second.Data()).refused(t, 409, "object_exists")
	b.call(t, token, "POST", path, first.Data()).refused(t, 409, "object_exists")
	b.call(t, token, "POST", path, []byte("no dict")).want(t, 400)
	b.call(t, "", "POST", path, first.Data()).want(t, 401)
	if got := b.call(t, token, "GET", path, nil).want(t, 200).body; got != string(second.Data()) {
		t.Error("the signatures are not those that were sent last")
	}
}
