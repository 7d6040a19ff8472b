package sign

import (
	"bytes"
	"encoding/pem"
	"testing"

	"github.com/otactl/otactl/ostree/variant"
)

// FuzzDetached: what is read as detached metadata is written the same way, and
// no list in it is a signature of data that nobody signed.
func FuzzDetached(f *testing.F) {
	signer, public := pair(f, Ed25519)
	spki, spkiPublic := pair(f, SPKI)
	f.Add(signed(f, data, signer, spki).Data())
	f.Add(variant.Dict(variant.Entry{Key: "other", Value: variant.Text("x")}, variant.Entry{Key: Key(GPG), Value: variant.Texts("x")}).Data())
	f.Add([]byte{})
	verifiers := []Verifier{verifier(f, Ed25519, nowhere(f), public), verifier(f, SPKI, nowhere(f), spkiPublic)}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := ParseDetached(b)
		if err != nil {
			return
		}
		for _, engine := range []string{GPG, Ed25519, SPKI, Dummy} {
			list, err := Signatures(engine, v)
			if err != nil {
				continue
			}
			if out := replace(engine, v, list); !bytes.Equal(out.Data(), b) {
				t.Fatalf("%x is written as %x", b, out.Data())
			}
		}
		for _, verifier := range verifiers {
			if r, err := verifier.VerifyData([]byte("data that nobody signed"), v); err == nil {
				t.Fatalf("%x is a signature of data that nobody signed: %+v", b, r)
			}
		}
	})
}

// FuzzKeyFile: a file of keys is either read to its end or refused, and what
// was read is a key that can be asked.
func FuzzKeyFile(f *testing.F) {
	_, public := pair(f, Ed25519)
	_, spkiPublic := pair(f, SPKI)
	der := must(decode64(spkiPublic))(f)
	f.Add(Ed25519, []byte("# ours\n"+public+"\n"))
	f.Add(SPKI, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	f.Fuzz(func(t *testing.T, engine string, b []byte) {
		if engine != Ed25519 {
			engine = SPKI
		}
		list, err := parseKeys(engine, b)
		if err == nil {
			for _, k := range list {
				if len(k.raw()) == 0 || k.fits([]byte("data"), make([]byte, 64)) {
					t.Fatalf("%x has a key %x for which zeros are a signature", b, k.raw())
				}
			}
		}
		if secrets, err := parseSecrets(engine, b, Env{}); err == nil {
			for _, s := range secrets {
				if _, err := s.Sign([]byte("data")); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
