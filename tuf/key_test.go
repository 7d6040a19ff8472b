package tuf_test

import (
	"bytes"
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
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"strings"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

func keys(t *testing.T) map[tuf.KeyType]*tuf.PrivateKey {
	k, err := tuf.GenerateKey(tuf.ED25519)
	if err != nil {
		t.Fatal(err)
	}
	return map[tuf.KeyType]*tuf.PrivateKey{tuf.ED25519: k, tuf.RSA: tuftest.RSAKey(t)}
}

func TestAKeySurvivesItsJSON(t *testing.T) {
	for kind, k := range keys(t) {
		private, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		again, err := tuf.ParsePrivateKey(private)
		if err != nil {
			t.Fatal(kind, err)
		}
		public, err := json.Marshal(k.Public())
		if err != nil {
			t.Fatal(err)
		}
		read, err := tuf.ParsePublicKey(public)
		if err != nil {
			t.Fatal(kind, err)
		}
		if !again.Public().Equal(k.Public()) || !read.Equal(k.Public()) || read.ID != k.Public().ID {
			t.Errorf("%s: another key came back", kind)
		}
	}
}

func TestAKeyIDIsTheHashOfTheSPKI(t *testing.T) {
	raw := ed25519.NewKeyFromSeed(make([]byte, 32)).Public().(ed25519.PublicKey)
	k, err := tuf.NewPublicKey(raw)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := hex.DecodeString("302a300506032b6570032100" + hex.EncodeToString(raw))
	if err != nil {
		t.Fatal(err)
	}
	if want := sum(spki); k.ID != want {
		t.Errorf("id %s, want %s", k.ID, want)
	}
}

func TestKeyTypesAndMethodsAreReadInAnyCase(t *testing.T) {
	for kind, k := range keys(t) {
		public, err := json.Marshal(k.Public())
		if err != nil {
			t.Fatal(err)
		}
		lower := bytes.Replace(public, []byte(kind), []byte(strings.ToLower(string(kind))), 1)
		read, err := tuf.ParsePublicKey(lower)
		if err != nil || read.Type != kind {
			t.Errorf("%s: %v", lower, err)
			continue
		}
		sig := signature(t, k, []byte("message"))
		sig.Method = strings.ToUpper(sig.Method)
		if err := read.Verify([]byte("message"), sig); err != nil {
			t.Error(err)
		}
	}
	k := keys(t)[tuf.RSA]
	sig := signature(t, k, []byte("message"))
	sig.Method = "rsassa-pss"
	if err := k.Public().Verify([]byte("message"), sig); err != nil {
		t.Error(err)
	}
}

func signature(t *testing.T, k *tuf.PrivateKey, msg []byte) tuf.Signature {
	t.Helper()
	raw, err := k.Sign(msg)
	if err != nil {
		t.Fatal(err)
	}
	return tuf.Signature{KeyID: k.Public().ID, Method: k.Method(), Sig: base64.StdEncoding.EncodeToString(raw)}
}

func TestOddSignaturesAreRefusedWithoutPanic(t *testing.T) {
	msg := []byte("message")
	for kind, k := range keys(t) {
		good := signature(t, k, msg)
		raw, err := base64.StdEncoding.DecodeString(good.Sig)
		if err != nil {
			t.Fatal(err)
		}
		again := bytes.Clone(raw)
		again[len(again)-1] ^= 1
		cases := map[string][]byte{
			"empty": {}, "one byte": raw[:1], "one byte short": raw[:len(raw)-1],
			"one byte more": append(bytes.Clone(raw), 0), "zero": make([]byte, len(raw)),
			"ones": bytes.Repeat([]byte{0xff}, len(raw)), "a flipped bit": again, "twice": append(bytes.Clone(raw), raw...),
		}
		if kind == tuf.ED25519 {
			cases["S plus the group order"] = addOrder(raw)
		}
		for name, raw := range cases {
			sig := good
			sig.Sig = base64.StdEncoding.EncodeToString(raw)
			if err := k.Public().Verify(msg, sig); !errors.Is(err, tuf.ErrSignature) {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
		}
		std := good.Sig
		texts := map[string]string{
			"hex": hex.EncodeToString(raw), "no padding": strings.TrimRight(std, "="), "newline inside": std[:8] + "\n" + std[8:],
			"newline after": std + "\n", "space before": " " + std, "stray bits": stray(std), "URL alphabet": strings.NewReplacer("+", "-", "/", "_").Replace(std) + "-",
		}
		for name, text := range texts {
			sig := good
			sig.Sig = text
			if err := k.Public().Verify(msg, sig); !errors.Is(err, tuf.ErrSignature) {
				t.Errorf("%s, %s: %v", kind, name, err)
			}
		}
		if err := k.Public().Verify([]byte("another"), good); !errors.Is(err, tuf.ErrSignature) {
			t.Errorf("%s, another message: %v", kind, err)
		}
	}
}

// addOrder makes the second of the two encodings that a careless verifier
// takes for one ed25519 signature.
func addOrder(sig []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := bytes.Clone(sig[32:])
	for i := range 16 {
		s[i], s[31-i] = s[31-i], s[i]
	}
	raised := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	for i := range 16 {
		raised[i], raised[31-i] = raised[31-i], raised[i]
	}
	return append(bytes.Clone(sig[:32]), raised...)
}

// stray sets a bit in the last letter of base64 that stands for no bit of data.
func stray(std string) string {
	i := strings.IndexByte(std, '=') - 1
	letters := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return std[:i] + string(letters[strings.IndexByte(letters, std[i])|1]) + std[i+1:]
}

func TestOtherRSASignaturesAreNotPSS(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	k, err := tuf.NewPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	msg := []byte("message")
	digest := sha256.Sum256(msg)
	pkcs1, err := rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	list := map[string][]byte{"PKCS #1 v1.5": pkcs1}
	for _, salt := range []int{20, 33, rsa.PSSSaltLengthAuto} {
		list[fmt.Sprintf("salt %d", salt)], err = rsa.SignPSS(rand.Reader, private, crypto.SHA256, digest[:], &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, raw := range list {
		sig := tuf.Signature{KeyID: k.ID, Method: tuf.MethodRSA, Sig: base64.StdEncoding.EncodeToString(raw)}
		if err := k.Verify(msg, sig); !errors.Is(err, tuf.ErrSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func spki(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func TestUnusablePublicKeysAreRefused(t *testing.T) {
	tiny := rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 511, 1), E: 65537}
	small := rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 2046, 1), E: 65537}
	huge := rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 16383, 1), E: 65537}
	curve, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := spki(t, tuftestRSA(t))
	cases := map[string][2]string{
		"RSA of 512 bits":                     {"RSA", spki(t, &tiny)},
		"RSA of 2047 bits":                    {"RSA", spki(t, &small)},
		"RSA of 16384 bits":                   {"RSA", spki(t, &huge)},
		"P-384 that says RSA":                 {"RSA", spki(t, curve.Public())},
		"P-384 that says P-256":               {"ECPRIME256V1", spki(t, curve.Public())},
		"ED25519 that says RSA":               {"RSA", spki(t, ed25519.NewKeyFromSeed(make([]byte, 32)).Public())},
		"RSA that says ED25519":               {"ED25519", good},
		"RSA twice":                           {"RSA", good + good},
		"RSA and text":                        {"RSA", good + "x"},
		"PEM of another kind":                 {"RSA", strings.ReplaceAll(good, "PUBLIC KEY", "RSA PUBLIC KEY")},
		"no type":                             {"", good},
		"empty":                               {"ED25519", ""},
		"31 bytes":                            {"ED25519", strings.Repeat("ab", 31)},
		"33 bytes":                            {"ED25519", strings.Repeat("ab", 33)},
		"white space":                         {"ED25519", strings.Repeat("ab", 32) + "\n"},
		"the neutral point":                   {"ED25519", "01" + strings.Repeat("00", 31)},
		"the neutral point, second encoding":  {"ED25519", "ee" + strings.Repeat("ff", 30) + "7f"},
		"the neutral point with a sign":       {"ED25519", "01" + strings.Repeat("00", 30) + "80"},
		"order 2":                             {"ED25519", "ec" + strings.Repeat("ff", 30) + "7f"},
		"order 4":                             {"ED25519", strings.Repeat("00", 32)},
		"order 4 with a sign":                 {"ED25519", strings.Repeat("00", 31) + "80"},
		"order 4, second encoding":            {"ED25519", "ed" + strings.Repeat("ff", 30) + "7f"},
		"order 8":                             {"ED25519", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"},
		"order 8, with a sign":                {"ED25519", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"},
		"order 8, the other":                  {"ED25519", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
		"a second encoding of a proper point": {"ED25519", "f0" + strings.Repeat("ff", 30) + "7f"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			data, err := json.Marshal(map[string]any{"keytype": c[0], "keyval": map[string]string{"public": c[1]}})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tuf.ParsePublicKey(data); !errors.Is(err, tuf.ErrKey) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// tuftestRSA is the standard library's form of a usable key.
func tuftestRSA(t *testing.T) *rsa.PublicKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return &k.PublicKey
}

func TestOneKeyWrittenTwoWaysIsOneKey(t *testing.T) {
	k := keys(t)
	rsaText, err := json.Marshal(k[tuf.RSA].Public())
	if err != nil {
		t.Fatal(err)
	}
	edText, err := json.Marshal(k[tuf.ED25519].Public())
	if err != nil {
		t.Fatal(err)
	}
	pairs := [][2][]byte{
		{rsaText, bytes.ReplaceAll(rsaText, []byte(`\n`), []byte(`\r\n`))},
		{rsaText, bytes.Replace(rsaText, []byte(`-----\n"`), []byte(`-----"`), 1)},
		{edText, upperHex(edText)},
	}
	for _, p := range pairs {
		a, errA := tuf.ParsePublicKey(p[0])
		b, errB := tuf.ParsePublicKey(p[1])
		if errA != nil || errB != nil || !a.Equal(b) {
			t.Errorf("%s and %s: %v, %v", p[0], p[1], errA, errB)
		}
	}
}

// upperHex writes the hex of a public key in capitals.
func upperHex(key []byte) []byte {
	const name = `"public":"`
	i := bytes.Index(key, []byte(name)) + len(name)
	return append(bytes.Clone(key[:i]), append(bytes.ToUpper(key[i:i+64]), key[i+64:]...)...)
}

func TestUnusablePrivateKeysAreRefused(t *testing.T) {
	seed := strings.Repeat("ab", 32)
	cases := map[string]string{
		"a seed of 31 bytes":           `{"keytype":"ED25519","keyval":{"private":"` + seed[2:] + `"}}`,
		"another key's public half":    `{"keytype":"ED25519","keyval":{"private":"` + seed + seed + `"}}`,
		"no hex":                       `{"keytype":"ED25519","keyval":{"private":"x"}}`,
		"RSA that is no PEM":           `{"keytype":"RSA","keyval":{"private":"` + seed + `"}}`,
		"RSA with rubbish in it":       `{"keytype":"RSA","keyval":{"private":"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"}}`,
		"an unknown type":              `{"keytype":"DSA","keyval":{"private":"` + seed + `"}}`,
		"a public key":                 `{"keytype":"ED25519","keyval":{"public":"` + seed + `"}}`,
		"a type twice":                 `{"keytype":"ED25519","keytype":"RSA","keyval":{"private":"` + seed + `"}}`,
		"a name in another case":       `{"KeyType":"ED25519","keyval":{"private":"` + seed + `"}}`,
		"nothing":                      ``,
		"null":                         `null`,
		"keyval null":                  `{"keytype":"ED25519","keyval":null}`,
		"a private part that is a map": `{"keytype":"ED25519","keyval":{"private":{}}}`,
	}
	for name, text := range cases {
		if _, err := tuf.ParsePrivateKey([]byte(text)); !errors.Is(err, tuf.ErrKey) && !errors.Is(err, tuf.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), seed[:16]) {
			t.Errorf("%s: the error holds the secret: %v", name, err)
		}
	}
	if _, err := tuf.NewPrivateKey(ed25519.PrivateKey{1, 2, 3}); !errors.Is(err, tuf.ErrKey) {
		t.Errorf("got %v", err)
	}
	if _, err := tuf.GenerateKey("DSA"); !errors.Is(err, tuf.ErrKey) {
		t.Errorf("got %v", err)
	}
}

func TestASeedWithItsPublicHalfIsTheSameKey(t *testing.T) {
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	long, err := tuf.ParsePrivateKey(fmt.Appendf(nil, `{"keytype":"ED25519","keyval":{"private":"%x"}}`, []byte(key)))
	if err != nil {
		t.Fatal(err)
	}
	short, err := tuf.ParsePrivateKey(fmt.Appendf(nil, `{"keytype":"ed25519","keyval":{"private":"%x\n"}}`, key.Seed()))
	if err != nil || !short.Public().Equal(long.Public()) {
		t.Errorf("%v", err)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	for kind, k := range keys(t) {
		private, err := json.Marshal(k)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct{ Keyval struct{ Private string } }
		if err := json.Unmarshal(private, &doc); err != nil {
			t.Fatal(err)
		}
		canary := doc.Keyval.Private[40:60]
		var log bytes.Buffer
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", k, "keys", *k)
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", k)
		fmt.Fprintf(&log, "%v %+v %#v %s %v %+v %#v", k, k, k, k, *k, *k, *k)
		if strings.Contains(log.String(), canary) || !strings.Contains(log.String(), k.Public().ID) {
			t.Errorf("%s: printed as %s", kind, log.String())
		}
	}
}

func TestAKeySaysWhatIsWrongWithIt(t *testing.T) {
	good := spki(t, tuftestRSA(t))
	key := func(kind, public string) string {
		data, err := json.Marshal(map[string]any{"keytype": kind, "keyval": map[string]string{"public": public}})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for text, want := range map[string]string{
		`{`:                        "at byte 1",
		`[]`:                       "key is not an object",
		`{}`:                       "key.keytype is not a string",
		`{"keytype":"RSA"}`:        "key.keyval is not an object",
		`{"keyval":{"public":""}}`: "key.keytype is not a string",
		`{"keytype":"RSA","keyval":{"private":""}}`: "key.keyval.public is not a string",
		key("DSA", good):    `key type "DSA"`,
		key("ED25519", "x"): "an ED25519 public key is not hex",
		key("RSA", "x"):     "an RSA key is not one PEM block",
		key("RSA", "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"): "an RSA public key: ",
		key("RSA", spki(t, ed25519.NewKeyFromSeed(make([]byte, 32)).Public())):     "a key that says RSA and is not",
	} {
		if _, err := tuf.ParsePublicKey([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", text, err, want)
		}
	}
	large := rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 8191, 1), E: 65537}
	small := rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 2047, 1), E: 65537}
	a, errA := tuf.NewPublicKey(&large)
	b, errB := tuf.NewPublicKey(&small)
	if errA != nil || errB != nil || a.Equal(b) || !a.Equal(a) {
		t.Errorf("keys at the limits: %v, %v", errA, errB)
	}
	over := rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 8192, 1), E: 65537}
	if _, err := tuf.NewPublicKey(&over); !errors.Is(err, tuf.ErrKey) {
		t.Errorf("8193 bits: %v", err)
	}
}

func TestAMethodOfAnotherKeyTypeIsRefused(t *testing.T) {
	msg := []byte("message")
	for kind, method := range map[tuf.KeyType]string{tuf.RSA: "ed25519", tuf.ED25519: "rsassa-pss-sha256"} {
		k := keys(t)[kind]
		for _, method := range []string{method, "", "none", "rsassa-pss-sha512"} {
			sig := signature(t, k, msg)
			sig.Method = method
			if err := k.Public().Verify(msg, sig); !errors.Is(err, tuf.ErrSignature) {
				t.Errorf("%s labelled %q: %v", kind, method, err)
			}
		}
	}
}
