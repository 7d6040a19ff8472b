package publish

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/client/folder"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/variant"
)

// signer is a new key, and the base64 of its public half.
func signer(t *testing.T) (sign.Signer, string) {
	t.Helper()
	pub, secret, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sign.NewSigner(sign.Ed25519, base64.StdEncoding.EncodeToString(secret), sign.Env{})
	if err != nil {
		t.Fatal(err)
	}
	return s, base64.StdEncoding.EncodeToString(pub)
}

func signedWith(list ...sign.Signer) func(*Options) {
	return func(o *Options) { o.Signers = list }
}

// toFolder publishes to a folder instead.
func (w *world) toFolder(dir string) func(*Options) {
	return func(o *Options) {
		st, err := folder.Open(dir, folder.Options{Create: true})
		if err != nil {
			w.t.Fatal(err)
		}
		o.Remote = st
	}
}

func sumOf(t *testing.T, hex string) ostree.Checksum {
	t.Helper()
	c, err := ostree.ParseChecksum(hex)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// signaturesIn are the ed25519 signatures of a commit in a store.
func signaturesIn(t *testing.T, src ostree.Source, commit string) [][]byte {
	t.Helper()
	detached, err := ostree.ReadDetached(t.Context(), src, sumOf(t, commit))
	if err != nil {
		t.Fatal(err)
	}
	list, _ := sign.Signatures(sign.Ed25519, detached)
	return list
}

func TestSignatureTravelsWithItsCommit(t *testing.T) {
	w := newWorld(t)
	key, _ := signer(t)
	rep := w.mustPush(signedWith(key))
	if rep.Signatures != 1 || rep.Delivered != 0 {
		t.Errorf("%d signatures made, %d delivered afterwards", rep.Signatures, rep.Delivered)
	}
	if rep.Objects != rep.New || rep.Present != 0 || rep.Objects != len(w.hub.Objects()) {
		t.Errorf("%d objects, %d new, %d present, and %d at the server", rep.Objects, rep.New, rep.Present, len(w.hub.Objects()))
	}
	if n := len(signaturesIn(t, w.options().Remote, w.first)); n != 1 {
		t.Errorf("%d signatures on the server", n)
	}
	if rep := w.mustPush(signedWith(key)); rep.Signatures != 0 || !rep.Unchanged() {
		t.Errorf("the same key signed again: %+v", rep)
	}
}

func TestSignatureThatComesLaterReachesAStoreThatTakesIt(t *testing.T) {
	w := newWorld(t)
	to := w.toFolder(filepath.Join(t.TempDir(), "site"))
	first, _ := signer(t)
	second, _ := signer(t)
	w.mustPush(to)
	for i, key := range []sign.Signer{first, second} {
		rep := w.mustPush(to, signedWith(key))
		if rep.Signatures != 1 || rep.Delivered+rep.New != 1 || rep.Unchanged() {
			t.Errorf("key %d: %+v", i, rep)
		}
	}
	opt := w.options()
	to(&opt)
	if n := len(signaturesIn(t, opt.Remote, w.first)); n != 2 {
		t.Errorf("%d signatures in the folder, want those of both keys", n)
	}
}

func TestSignatureThatOnlyTheStoreHasIsKept(t *testing.T) {
	w := newWorld(t)
	to := w.toFolder(filepath.Join(t.TempDir(), "site"))
	theirs, _ := signer(t)
	mine, _ := signer(t)
	w.mustPush(to, signedWith(theirs))
	if err := w.repo.WriteDetached(t.Context(), sumOf(t, w.first), variant.Dict()); err != nil {
		t.Fatal(err)
	}
	w.mustPush(to, signedWith(mine))
	opt := w.options()
	to(&opt)
	if n := len(signaturesIn(t, opt.Remote, w.first)); n != 2 {
		t.Errorf("%d signatures in the folder, want both", n)
	}
}

// Whoever signs does so once; the build that publishes again, with a repo that
// never saw that signature, must not take it away.
func TestPublishingWithoutAKeyTakesNoSignatureAway(t *testing.T) {
	w := newWorld(t)
	to := w.toFolder(filepath.Join(t.TempDir(), "site"))
	mine, _ := signer(t)
	theirs, _ := signer(t)
	w.mustPush(to, signedWith(mine))
	only, err := ostree.ReadDetached(t.Context(), w.repo, sumOf(t, w.first))
	if err != nil {
		t.Fatal(err)
	}
	w.mustPush(to, signedWith(theirs))
	if err := w.repo.WriteDetached(t.Context(), sumOf(t, w.first), only); err != nil {
		t.Fatal(err)
	}
	if rep := w.mustPush(to); !rep.Unchanged() {
		t.Errorf("%+v", rep)
	}
	opt := w.options()
	to(&opt)
	sync := SyncOptions{From: FromRepo(w.repo), To: opt.Remote, Revs: []string{"main"}}
	if rep, err := Sync(t.Context(), sync); err != nil || rep.New != 0 {
		t.Errorf("sync: %v, %+v", err, rep)
	}
	if n := len(signaturesIn(t, opt.Remote, w.first)); n != 2 {
		t.Errorf("%d signatures in the folder, want both", n)
	}
	if err := w.repo.WriteDetached(t.Context(), sumOf(t, w.first), variant.Dict()); err != nil {
		t.Fatal(err)
	}
	w.mustPush(to, func(o *Options) { o.FullCheck = true })
	if n := len(signaturesIn(t, opt.Remote, w.first)); n != 2 {
		t.Errorf("%d signatures in the folder after a full check, want both", n)
	}
}

func TestSignatureThatComesLaterIsSynced(t *testing.T) {
	w := newWorld(t)
	opt := w.options()
	w.toFolder(filepath.Join(t.TempDir(), "site"))(&opt)
	sync := SyncOptions{From: FromRepo(w.repo), To: opt.Remote, Revs: []string{"main"}}
	for i := range 3 {
		rep, err := Sync(t.Context(), sync)
		if n := len(signaturesIn(t, opt.Remote, w.first)); err != nil || n != i || i > 0 && rep.New != 1 {
			t.Errorf("time %d: %v, %+v, %d signatures", i, err, rep, n)
		}
		key, _ := signer(t)
		if _, err := sign.EnsureCommit(t.Context(), w.repo, sumOf(t, w.first), []sign.Signer{key}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStoreThatKeepsOldSignaturesIsAnErrorBeforeTheRefMoves(t *testing.T) {
	w := newWorld(t)
	first, _ := signer(t)
	later, _ := signer(t)
	w.mustPush(signedWith(first))
	w.repo = w.open()
	_, err := w.push(signedWith(first, later))
	if fail.ClassOf(err) != fail.Unsupported || fail.HintOf(err) == "" || !strings.Contains(err.Error(), w.first) {
		t.Errorf("%v (hint %q)", err, fail.HintOf(err))
	}
	w.visible(w.first)
}

func TestDryRunSignsNothing(t *testing.T) {
	w := newWorld(t)
	key, _ := signer(t)
	rep := w.mustPush(signedWith(key), func(o *Options) { o.DryRun = true })
	if rep.Signatures != 1 {
		t.Errorf("%d signatures to make, want 1", rep.Signatures)
	}
	if n := len(signaturesIn(t, w.repo, w.first)); n != 0 {
		t.Errorf("a dry run made %d signatures", n)
	}
}
