package sign

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree/variant"
)

// keyFile writes text to a file of that name.
func keyFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestContentOfAKeyFileTellsItsEngine(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	der := must(x509.MarshalPKCS8PrivateKey(key))(t)
	base := keyFile(t, "k", "# release key\n"+b64(key)+"\n")
	inPEM := keyFile(t, "k.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	for word, want := range map[string]string{
		base: Ed25519, "ed25519:" + base: Ed25519, inPEM: SPKI, "spki:" + inPEM: SPKI, "ed25519:" + inPEM: Ed25519,
	} {
		list, err := OpenAll(t.Context(), []string{word}, "", nowhere(t))
		if err != nil || len(list) != 1 || list[0].Name() != want {
			t.Errorf("%s is %v, %v, want one of %s", word, list, err, want)
		}
	}
}

func TestSecretInPlaceOfAFileIsRefusedAndNotRepeated(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	for _, word := range []string{b64(key), b64(key.Seed()), "ed25519:" + b64(key), "-----BEGIN PRIVATE KEY-----"} {
		_, err := Open(t.Context(), word, "", nowhere(t))
		if err == nil || fail.ClassOf(err) != fail.Usage || fail.HintOf(err) == "" || strings.Contains(err.Error(), word) {
			t.Errorf("%.12s…: %v", word, err)
		}
	}
}

func TestKeyFileThatIsNotThereIsNotTakenForAKeyID(t *testing.T) {
	for _, word := range []string{"no/such", "release.key", "ed25519:release", "spki:x"} {
		if _, err := Open(t.Context(), word, "", nowhere(t)); fail.ClassOf(err) != fail.NotFound {
			t.Errorf("%s: %v", word, err)
		}
	}
}

func TestKeyFileWithNothingUsefulSaysSo(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "comment": "# none\n", "half": "AAAA\n", "armor": "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n",
	} {
		if _, err := Open(t.Context(), keyFile(t, name, text), "", nowhere(t)); fail.ClassOf(err) != fail.Usage || fail.HintOf(err) == "" {
			t.Errorf("%s: %v (hint %q)", name, err, fail.HintOf(err))
		}
	}
}

func TestKeyThatSignedAlreadyIsFoundAgain(t *testing.T) {
	data := []byte("a commit")
	for _, engine := range []string{Ed25519, SPKI} {
		s, _ := pair(t, engine)
		other, _ := pair(t, engine)
		detached := must(AddTo(variant.Dict(), data, s))(t)
		if !SignedBy(detached, data, s) || SignedBy(detached, data, other) || SignedBy(detached, []byte("else"), s) || SignedBy(variant.Dict(), data, s) {
			t.Errorf("%s: a signature is not told from another", engine)
		}
	}
}
