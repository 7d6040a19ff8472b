package conformance_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/cjson"

	"github.com/otactl/otactl/tuf"
)

// lang is the dialect that a repository is written in. What it writes is made
// here from scratch, so that the code under test does not judge itself.
type lang string

const (
	ota      lang = "ota-tuf"
	standard lang = "tuf"
)

func (l lang) spec() bool { return l == standard }

func (l lang) typeOf(role string) string {
	if l.spec() {
		return role
	}
	return strings.ToUpper(role[:1]) + role[1:]
}

// The kinds of key.
const (
	ed = "ed25519"
	rs = "rsa"
	ec = "ecdsa"
)

// key signs for roles.
type key struct {
	id     string
	kind   string
	public doc
	signer crypto.Signer
}

func newKey(t testing.TB, l lang, kind string) *key {
	t.Helper()
	var signer crypto.Signer
	var err error
	switch kind {
	case rs:
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	case ec:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	k := &key{kind: kind, signer: signer, public: doc{"keytype": l.keyType(kind), "keyval": doc{"public": publicText(t, signer.Public())}}}
	if l.spec() {
		k.public["scheme"] = map[string]string{ed: "ed25519", rs: "rsassa-pss-sha256", ec: "ecdsa-sha2-nistp256"}[kind]
	}
	k.id = l.keyID(t, k)
	return k
}

func (l lang) keyType(kind string) string {
	if l.spec() {
		return kind
	}
	return strings.ToUpper(kind)
}

func publicText(t testing.TB, public crypto.PublicKey) string {
	t.Helper()
	if raw, ok := public.(ed25519.PublicKey); ok {
		return hex.EncodeToString(raw)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki(t, public)}))
}

func spki(t testing.TB, public crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// keyID is made again when a test has changed what is public.
func (l lang) keyID(t testing.TB, k *key) string {
	t.Helper()
	if l.spec() {
		return sha(canonical(t, l, k.public))
	}
	return sha(spki(t, k.signer.Public()))
}

// canonical is what is signed: what has no canonical form is signed as it is.
func canonical(t testing.TB, l lang, v any) []byte {
	t.Helper()
	data, err := tuf.Canonical(encode(t, v))
	if l.spec() {
		data, err = cjson.EncodeCanonical(v)
	}
	if err != nil {
		return encode(t, v)
	}
	return data
}

// file signs a document.
func (l lang) file(t testing.TB, signed doc, keys []*key) []byte {
	t.Helper()
	message := canonical(t, l, signed)
	signatures := []doc{}
	for _, k := range keys {
		signatures = append(signatures, l.signature(t, k, message))
	}
	return encode(t, doc{"signatures": signatures, "signed": signed})
}

func (l lang) signature(t testing.TB, k *key, message []byte) doc {
	t.Helper()
	opt, digest := crypto.SignerOpts(crypto.SHA256), sha256.Sum256(message)
	in := digest[:]
	switch k.kind {
	case ed:
		opt, in = crypto.Hash(0), message
	case rs:
		opt = &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
	}
	sig, err := k.signer.Sign(rand.Reader, in, opt)
	if err != nil {
		t.Fatal(err)
	}
	if l.spec() {
		return doc{"keyid": k.id, "sig": hex.EncodeToString(sig)}
	}
	method := map[string]string{ed: "ed25519", rs: "rsassa-pss-sha256", ec: "ecdsa-sha2-nistp256"}[k.kind]
	return doc{"keyid": k.id, "method": method, "sig": base64.StdEncoding.EncodeToString(sig)}
}
