package sign

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/variant"
)

func must[T any](v T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

// nowhere is an Env without any key of the system.
func nowhere(tb testing.TB) Env { return Env{KeyDirs: []string{tb.TempDir()}} }

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// pair is a signer and the base64 of its public key.
func pair(tb testing.TB, engine string) (Signer, string) {
	tb.Helper()
	if engine == Ed25519 {
		pub, priv, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			tb.Fatal(err)
		}
		return must(NewSigner(Ed25519, b64(priv), Env{}))(tb), b64(pub)
	}
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(tb)
	return spkiPair(tb, key, &key.PublicKey)
}

func spkiPair(tb testing.TB, secret, public any) (Signer, string) {
	tb.Helper()
	der := must(x509.MarshalPKCS8PrivateKey(secret))(tb)
	pub := must(x509.MarshalPKIXPublicKey(public))(tb)
	return must(NewSigner(SPKI, b64(der), Env{}))(tb), b64(pub)
}

func signed(tb testing.TB, data []byte, signers ...Signer) variant.Value {
	tb.Helper()
	var detached variant.Value
	for _, s := range signers {
		detached = must(Append(s.Name(), detached, must(s.Sign(data))(tb)))(tb)
	}
	return must(ParseDetached(detached.Data()))(tb)
}

func verifier(tb testing.TB, engine string, env Env, keys ...string) Verifier {
	tb.Helper()
	k := must(NewKeys(engine, env))(tb)
	for _, text := range keys {
		if err := k.Add(text); err != nil {
			tb.Fatal(err)
		}
	}
	return must(k.Verifier())(tb)
}

var data = []byte("what is signed")

func TestSignatureOfATrustedKeyAndNothingElseCounts(t *testing.T) {
	for _, engine := range []string{Ed25519, SPKI} {
		t.Run(engine, func(t *testing.T) {
			env := nowhere(t)
			signer, public := pair(t, engine)
			_, other := pair(t, engine)
			detached := signed(t, data, signer)
			r, err := verifier(t, engine, env, other, public).VerifyData(data, detached)
			if err != nil || r.Valid() != 1 || !strings.Contains(r.Message, "Signature verified successfully with key") {
				t.Errorf("good signature: %+v, %v", r, err)
			}
			if _, err := verifier(t, engine, env, other).VerifyData(data, detached); !errors.Is(err, ErrNotTrusted) {
				t.Errorf("wrong key: %v, want ErrNotTrusted", err)
			}
			if _, err := verifier(t, engine, env, public).VerifyData(append(bytes.Clone(data), 0), detached); !errors.Is(err, ErrNotTrusted) {
				t.Errorf("other data: %v, want ErrNotTrusted", err)
			}
			if _, err := verifier(t, engine, env, public).VerifyData(data, variant.Value{}); !errors.Is(err, ErrUnsigned) {
				t.Errorf("no signature: %v, want ErrUnsigned", err)
			}
		})
	}
}

func TestMalformedSignatureFailsBesideAGoodOne(t *testing.T) {
	for _, engine := range []string{Ed25519, SPKI} {
		signer, public := pair(t, engine)
		good := must(signer.Sign(data))(t)
		v := verifier(t, engine, nowhere(t), public)
		for what, bad := range map[string][]byte{
			"empty":     {},
			"too short": good[:len(good)-1],
			"too long":  append(bytes.Clone(good), 0),
			"text":      []byte("borkborkbork"),
			"huge":      make([]byte, limits.DetachedSignature+1),
		} {
			for _, list := range [][][]byte{{good, bad}, {bad, good}} {
				detached := replace(engine, variant.Value{}, list)
				if r, err := v.VerifyData(data, detached); !errors.Is(err, ErrMalformed) {
					t.Errorf("%s, %s: %+v, %v, want ErrMalformed", engine, what, r, err)
				}
			}
		}
		many := slices.Repeat([][]byte{good}, limits.DetachedSignatures+1)
		if _, err := v.VerifyData(data, replace(engine, variant.Value{}, many)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s, %d signatures: %v, want ErrMalformed", engine, len(many), err)
		}
		wrong := variant.Dict(variant.Entry{Key: Key(engine), Value: variant.Bytes(good)})
		if _, err := v.VerifyData(data, wrong); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s, a list of another type: %v, want ErrMalformed", engine, err)
		}
	}
}

func TestEd25519SignatureHasOneForm(t *testing.T) {
	signer, public := pair(t, Ed25519)
	s := must(signer.Sign(data))(t)
	// S plus the order of the group: the same number to whoever doesn't reduce.
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	n := new(big.Int)
	le := slices.Clone(s[32:])
	slices.Reverse(le)
	n.SetBytes(le).Add(n, order)
	sum := n.FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	other := append(slices.Clone(s[:32]), sum...)
	_, err := verifier(t, Ed25519, nowhere(t), public).VerifyData(data, replace(Ed25519, variant.Value{}, [][]byte{other}))
	if !errors.Is(err, ErrNotTrusted) {
		t.Errorf("S that is not reduced: %v, want ErrNotTrusted", err)
	}
}

func TestEd25519KeyUnderWhichAnybodySignsIsRefused(t *testing.T) {
	identity := make([]byte, 32)
	identity[0] = 1
	forged := append(slices.Clone(identity), make([]byte, 32)...) // R is the identity, S is 0
	if !ed25519.Verify(identity, data, forged) {
		t.Fatal("the forgery should fit the key of order 1")
	}
	keys := smallOrder()
	for _, k := range smallOrder() {
		with := slices.Clone(k)
		with[31] |= 0x80
		keys = append(keys, with)
	}
	for _, s := range []string{ // coordinates that are not reduced: p, p+1, 2^255-1
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
	} {
		keys = append(keys, must(hex.DecodeString(s))(t))
	}
	for _, k := range keys {
		if err := must(NewKeys(Ed25519, nowhere(t)))(t).Add(b64(k)); err == nil {
			t.Errorf("key %x was taken", k)
		}
	}
}

func TestSPKITakesTheKeysOfOpenSSLsOneShotSignatures(t *testing.T) {
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	edPub, edKey, _ := ed25519.GenerateKey(rand.Reader)
	p384 := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))(t)
	for name, pair := range map[string][2]any{
		"RSA": {rsaKey, &rsaKey.PublicKey}, "Ed25519": {edKey, edPub}, "ECDSA P-384": {p384, &p384.PublicKey},
	} {
		signer, public := spkiPair(t, pair[0], pair[1])
		v := verifier(t, SPKI, nowhere(t), public)
		if r, err := v.VerifyData(data, signed(t, data, signer)); err != nil || r.Valid() != 1 {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
	weak := must(rsa.GenerateKey(rand.Reader, 1024))(t)
	pub := must(x509.MarshalPKIXPublicKey(&weak.PublicKey))(t)
	if err := must(NewKeys(SPKI, nowhere(t)))(t).Add(b64(pub)); err == nil {
		t.Error("an RSA key of 1024 bits was taken")
	}
}

func TestRevokedKeyDoesNotCountWhereverItWasTrusted(t *testing.T) {
	for _, engine := range []string{Ed25519, SPKI} {
		dir := t.TempDir()
		env := Env{KeyDirs: []string{dir}}
		signer, public := pair(t, engine)
		_, other := pair(t, engine)
		file := func(text string) []byte {
			if engine == SPKI {
				return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(decode64(text))(t)})
			}
			return []byte(text + "\n")
		}
		write := func(name, text string) {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, file(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		write("trusted."+engine+".d/a", public)
		write("trusted."+engine, other)
		system := func() (Verifier, error) {
			k := must(NewKeys(engine, env))(t)
			if err := k.AddSystem(); err != nil {
				t.Fatal(err)
			}
			return k.Verifier()
		}
		detached := signed(t, data, signer)
		if _, err := must(system())(t).VerifyData(data, detached); err != nil {
			t.Errorf("%s: trusted by the system: %v", engine, err)
		}
		write("revoked."+engine+".d/a", public)
		if _, err := must(system())(t).VerifyData(data, detached); !errors.Is(err, ErrNotTrusted) {
			t.Errorf("%s: revoked: %v, want ErrNotTrusted", engine, err)
		}
		k := must(NewKeys(engine, env))(t)
		if err := k.Add(public); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Verifier(); !errors.Is(err, ErrNoKeys) {
			t.Errorf("%s: the only key is revoked: %v, want ErrNoKeys", engine, err)
		}
	}
}

func TestKeyFileWithALineThatIsNoKeyIsRefused(t *testing.T) {
	_, public := pair(t, Ed25519)
	for what, c := range map[string]struct {
		content string
		ok      bool
	}{
		"keys, a comment and blank lines": {"# ours\n\n" + public + "\n" + public + "\n", true},
		"no newline at the end":           {public, true},
		"a line of junk":                  {public + "\njunk\n", false},
		"a key cut short":                 {public[:40] + "\n", false},
		"nothing":                         {"", false},
		"only comments":                   {"# none\n", false},
	} {
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		k := must(NewKeys(Ed25519, nowhere(t)))(t)
		if err := k.AddFile(path); (err == nil) != c.ok {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := must(NewKeys(Ed25519, nowhere(t)))(t).AddFile(t.TempDir()); err == nil {
		t.Error("a folder was read as a file of keys")
	}
}

func TestDamagedBlockInAFileOfPEMIsRefused(t *testing.T) {
	inPEM := func(public string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(decode64(public))(t)}))
	}
	_, firstKey := pair(t, SPKI)
	_, secondKey := pair(t, SPKI)
	first, second := inPEM(firstKey), inPEM(secondKey)
	swap := func(old, by string) string { return strings.Replace(second, old, by, 1) }
	for what, c := range map[string]struct {
		content string
		want    int // keys; 0 is an error
	}{
		"two keys":                     {first + second, 2},
		"no newline at the end":        {first + strings.TrimSpace(second), 2},
		"lines as of Windows":          {strings.ReplaceAll(first+second, "\n", "\r\n"), 2},
		"text around them":             {"# ours\n" + first + "\nPublic-Key: (256 bit)\npub:\n    04:5f:\n" + second + "ASN1 OID: prime256v1\n-- \n", 2},
		"a letter that is not one":     {first + swap("MF", "M*"), 0},
		"such a letter in the first":   {swap("MF", "M*") + first, 0},
		"cut":                          {first + second[:len(second)/2], 0},
		"cut, then another":            {second[:len(second)/2] + "\n" + first, 0},
		"cut in its last line":         {first + second[:len(second)-12], 0},
		"no beginning":                 {first + second[len(second)/2:], 0},
		"a beginning with a dash less": {first + swap("-----BEGIN", "----BEGIN"), 0},
		"a space before it":            {first + swap("-----BEGIN", " -----BEGIN"), 0},
		"another end":                  {first + swap("-----END PUBLIC", "-----END PRIVATE"), 0},
		"both on one line":             {strings.TrimSpace(first) + second, 0},
		"only such":                    {swap("MF", "M*"), 0},
		"a key without its block":      {first + secondKey + "\n", 0},
		"such a key behind a word":     {"revoked: " + secondKey + "\n" + first, 0},
		"lines of a key":               {first + strings.Join(strings.Split(second, "\n")[1:3], "\n"), 0},
		"a key that is a remark":       {first + "# " + secondKey + "\n" + second, 2},
		"lines as of an old Mac":       {strings.ReplaceAll(first+second, "\n", "\r"), 2},
		"a mark of the byte order":     {"\ufeff" + first, 0},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "revoked.spki"), []byte(c.content), 0o644); err != nil {
			t.Fatal(err)
		}
		k := must(NewKeys(SPKI, Env{KeyDirs: []string{dir}}))(t)
		_, trusted := pair(t, SPKI)
		if err := k.Add(trusted); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Verifier(); (err == nil) != (c.want > 0) {
			t.Errorf("%s: revoked keys: %v", what, err)
		}
		k = must(NewKeys(SPKI, nowhere(t)))(t)
		if err := k.AddFile(filepath.Join(dir, "revoked.spki")); (err == nil) != (c.want > 0) || k.Len() != c.want {
			t.Errorf("%s: %d trusted keys, %v", what, k.Len(), err)
		}
	}
}

func TestLinkToNowhereInThePlaceOfRevokedKeysIsNoLackOfThem(t *testing.T) {
	_, key := pair(t, Ed25519)
	for _, name := range []string{"revoked.ed25519", "revoked.ed25519.d", "revoked.ed25519.d/key"} {
		dir := t.TempDir()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("nowhere", filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
		k := must(NewKeys(Ed25519, Env{KeyDirs: []string{dir}}))(t)
		if err := k.Add(key); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Verifier(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestFileOfPEMThatIsRefusedIsNamedWithLineAndRemedy(t *testing.T) {
	_, key := pair(t, SPKI)
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte("# ours\n\n"+key+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	err := must(NewKeys(SPKI, nowhere(t)))(t).AddFile(path)
	if err == nil || !strings.Contains(err.Error(), path+": line 3: what looks like a key") || !strings.Contains(fail.HintOf(err), "PEM block") {
		t.Errorf("%v (hint: %s)", err, fail.HintOf(err))
	}
}

func TestDamagedSecretInPEMIsRefusedBesideAGoodOne(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	good := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))(t)}))
	bad := strings.Replace(good, "MC", "M*", 1)
	for _, engine := range []string{Ed25519, SPKI} {
		if list, err := OpenAll(t.Context(), []string{engine + ":" + keyFile(t, "k.pem", good)}, "", nowhere(t)); err != nil || len(list) != 1 {
			t.Errorf("%s: %v, %v", engine, list, err)
		}
		_, err := OpenAll(t.Context(), []string{engine + ":" + keyFile(t, "k.pem", good+bad)}, "", nowhere(t))
		if err == nil || strings.Contains(err.Error(), strings.Split(bad, "\n")[1]) {
			t.Errorf("%s, damaged: %v", engine, err)
		}
	}
}

func TestDummyIsRefusedUnlessTheEnvironmentAllowsIt(t *testing.T) {
	if _, err := NewKeys(Dummy, Env{}); err == nil {
		t.Error("keys of the engine dummy were taken")
	}
	if _, err := NewSigner(Dummy, "key", Env{}); err == nil {
		t.Error("the engine dummy signs")
	}
	env := Env{Dummy: true}
	signer := must(NewSigner(Dummy, "key", env))(t)
	if r, err := verifier(t, Dummy, env, "key").VerifyData(data, signed(t, data, signer)); err != nil || r.Message != "dummy: Signature verified" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestSecretKeyThatIsWrongIsNotRepeated(t *testing.T) {
	secret := "c2VjcmV0IHNlY3JldCBzZWNyZXQ="
	for _, engine := range []string{Ed25519, SPKI} {
		for _, text := range []string{secret, secret + "!"} {
			if _, err := NewSigner(engine, text, Env{}); err == nil || strings.Contains(err.Error(), secret[:8]) {
				t.Errorf("%s: %v", engine, err)
			}
		}
	}
}

func TestEd25519VectorOfAnotherImplementation(t *testing.T) {
	// RFC 8032, 7.1, test 3.
	public := must(hex.DecodeString("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"))(t)
	signature := must(hex.DecodeString("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"))(t)
	v := verifier(t, Ed25519, nowhere(t), b64(public))
	if _, err := v.VerifyData([]byte{0xaf, 0x82}, replace(Ed25519, variant.Value{}, [][]byte{signature})); err != nil {
		t.Error(err)
	}
}
