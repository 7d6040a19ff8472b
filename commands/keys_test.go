package commands

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

// keyFileOf is a plain key file.
func keyFileOf(t *testing.T, k *tuf.PrivateKey) string {
	t.Helper()
	data, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEachKeyNamedHasToSignForTheRole(t *testing.T) {
	r := tuftest.New(t)
	one, two := r.Keys[tuf.RoleTargets][0], r.Key(tuf.ED25519)
	r.Root.AddKey(tuf.RoleTargets, two.Public())
	a, b, root := keyFileOf(t, one), keyFileOf(t, two), keyFileOf(t, r.Keys[tuf.RoleRoot][0])
	for _, c := range []struct {
		refs []string
		want fail.Class
		says string
	}{
		{[]string{a, b}, fail.Unknown, ""},
		{nil, fail.Usage, "targets"},
		{[]string{a, keyFileOf(t, one)}, fail.Conflict, one.Public().ID[:12]},
		{[]string{a, root}, fail.NotFound, "is of root"},
		{[]string{a + ".none"}, fail.NotFound, a + ".none"},
		{[]string{"pkcs11:token=x?pin-value=4711"}, fail.Usage, "PIN in it"},
	} {
		rt, _, _ := testRuntime(nil)
		list, err := openSigners(t.Context(), rt, c.refs, r.Root, tuf.RoleTargets)
		if c.want == fail.Unknown {
			if err != nil || len(list) != len(c.refs) {
				t.Errorf("%v: %v, %v", c.refs, list, err)
			}
			continue
		}
		if fail.ClassOf(err) != c.want || !strings.Contains(err.Error(), c.says) || fail.HintOf(err) == "" || strings.Contains(err.Error(), "4711") {
			t.Errorf("%v: %v, class %v", c.refs, err, fail.ClassOf(err))
		}
	}
}

// A rotation opens one archive for the old root and for the new one.
func TestAFileOfKeysIsOpenedOnce(t *testing.T) {
	r := tuftest.New(t)
	path := keyFileOf(t, r.Keys[tuf.RoleTargets][0])
	rt, _, _ := testRuntime(nil)
	for range 2 {
		if _, err := openSigners(t.Context(), rt, []string{path}, r.Root, tuf.RoleTargets); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(path)
	}
}

func TestASecretComesFromItsFileBeforeTheEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "phrase")
	if err := os.WriteFile(file, []byte("from the file\r\nand no more\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rt, _, _ := testRuntime(map[string]string{envPassphrase: "from the environment"})
	for path, want := range map[string]string{file: "from the file", "": "from the environment"} {
		if got, err := rt.keySecret(t.Context(), passphraseSecret("x", path)); got != want || err != nil {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
}

func TestAPersonIsAskedForANewSecretTwice(t *testing.T) {
	for answers, class := range map[string]fail.Class{
		"long enough\nlong enough\n": fail.Unknown, "long enough\nlong enoguh\n": fail.Usage, "short\nshort\n": fail.Usage, "\n": fail.Auth, "": fail.Auth,
	} {
		rt, _, errs := testRuntime(nil)
		rt.std.In, rt.std.InTTY, rt.std.ErrTTY = strings.NewReader(answers), true, true
		got, err := rt.newPassphrase(t.Context(), passphraseSecret("x", ""))
		if fail.ClassOf(err) != class || class == fail.Unknown && (got != "long enough" || err != nil) {
			t.Errorf("%q: %q, %v", answers, got, err)
		}
		if strings.Contains(errs.String(), "long") {
			t.Errorf("%q is shown: %q", answers, errs)
		}
	}
}
