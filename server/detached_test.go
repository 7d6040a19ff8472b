package server_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/http"
	"testing"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
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

// Whoever has the signatures as they were, or a part of them, must not take those
// for the ones that are there now.
func TestChangedSignaturesHaveAnotherETag(t *testing.T) {
	b, token, l := published(t)
	commit := l.bytes(t, ostree.ObjectID{Sum: l.commit, Type: ostree.TypeCommit})
	path := ostree.ObjectID{Sum: l.commit, Type: ostree.TypeCommitMeta}.ArchivePath()
	first := signedBy(t, variant.Dict(), commit)
	second := signedBy(t, first, commit)
	b.call(t, token, "POST", "/api/v3/"+path, first.Data()).want(t, 204)
	tag := b.call(t, "", "GET", "/ostree/"+path, nil).want(t, 200).header.Get("ETag")
	b.call(t, "", "GET", "/ostree/"+path, nil, "If-None-Match", tag).want(t, 304)
	b.call(t, token, "POST", "/api/v3/"+path, second.Data()).want(t, 204)
	b.call(t, "", "GET", "/ostree/"+path, nil, "If-None-Match", tag).want(t, 200)
	got := b.call(t, "", "GET", "/ostree/"+path, nil, "Range", "bytes=10-", "If-Range", tag).want(t, 200)
	if got.body != string(second.Data()) || got.header.Get("Cache-Control") != "no-cache" {
		t.Errorf("not all of the new signatures, or kept for long: %v", got.header)
	}
}

func TestSlowBatchTakesNobodysSignatureAway(t *testing.T) {
	b, token, l := published(t)
	commit := l.bytes(t, ostree.ObjectID{Sum: l.commit, Type: ostree.TypeCommit})
	id := ostree.ObjectID{Sum: l.commit, Type: ostree.TypeCommitMeta}
	first := signedBy(t, variant.Dict(), commit)
	second := signedBy(t, first, commit)
	head := append(batch.AppendFrame(nil, batch.Frame{ID: id, Length: int64(len(first.Data()))}), first.Data()...)
	tail := l.row(t, l.ids[0])
	head = append(head, bytes.Repeat(tail, 1000)...) // no buffer on the way holds as much back

	line, w := io.Pipe()
	req, err := http.NewRequest(http.MethodPost, b.URL+objectsPath, line)
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = int64(len(head) + len(tail))
	req.Header.Set("Authorization", "Bearer "+token)
	done := make(chan int)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			done <- 0
			return
		}
		resp.Body.Close()
		done <- resp.StatusCode
	}()
	if _, err := w.Write(head); err != nil {
		t.Fatal(err)
	}
	path := "/api/v3/" + id.ArchivePath()
	b.call(t, token, "POST", path, second.Data()).want(t, 204)
	if _, err := w.Write(tail); err != nil {
		t.Fatal(err)
	}
	if code := <-done; code != http.StatusOK {
		t.Errorf("status %d", code)
	}
	if got := b.call(t, token, "GET", path, nil).want(t, 200).body; got != string(second.Data()) {
		t.Error("a signature is gone")
	}
}
