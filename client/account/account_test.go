package account

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
)

const twoContexts = `active_context: local
contexts:
  local: {url: "http://127.0.0.1:8080/", factory: local, token: sesame, ca_file: pki/ca.pem}
  field: {url: "https://api.example.com", factory: acme}
`

func write(t *testing.T, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestActiveContextIsTakenAndEnvironmentWins(t *testing.T) {
	path := write(t, twoContexts, 0o600)
	local := Account{Name: "local", File: path, URL: "http://127.0.0.1:8080", Factory: "local", Token: "sesame", CAFile: filepath.Join(filepath.Dir(path), "pki/ca.pem")}
	with := func(change func(*Account)) Account {
		a := local
		change(&a)
		return a
	}
	for _, tc := range []struct {
		name string
		env  func(string) string
		want Account
	}{
		{"active", nil, local},
		{"named", env(EnvContext, "field"), Account{Name: "field", File: path, URL: "https://api.example.com", Factory: "acme"}},
		{"factory", env(EnvFactory, "other"), with(func(a *Account) { a.Factory = "other" })},
		{"token", env(EnvToken, "open"), with(func(a *Account) { a.Token = "open" })},
		{"client", env(EnvClientID, "id", EnvClientSecret, "s"), with(func(a *Account) { a.Token, a.ClientID, a.ClientSecret = "", "id", "s" })},
		{"token before client", env(EnvClientID, "id", EnvToken, "open"), with(func(a *Account) { a.Token = "open" })},
		{"same URL", env(EnvURL, "http://127.0.0.1:8080"), local},
	} {
		if got, err := Load(path, tc.env); err != nil || got != tc.want {
			t.Errorf("%s: %#v, %v", tc.name, got, err)
		}
	}
}

func TestTokenStaysWithItsServer(t *testing.T) {
	a, err := Load(write(t, twoContexts, 0o600), env(EnvURL, "https://elsewhere.example.com"))
	if err != nil || a.Token != "" {
		t.Errorf("token %q goes to %s (%v)", a.Token, a.URL, err)
	}
}

func TestTokenOthersCanReadIsRefused(t *testing.T) {
	for _, mode := range []os.FileMode{0o644, 0o640, 0o604} {
		_, err := Load(write(t, twoContexts, mode), nil)
		if fail.ClassOf(err) != fail.Auth || !strings.Contains(fail.HintOf(err), "chmod 600") {
			t.Errorf("%04o: %v", mode, err)
		}
	}
	public := "active_context: a\ncontexts: {a: {url: 'https://x.example.com', factory: f}}\n"
	if _, err := Load(write(t, public, 0o644), nil); err != nil {
		t.Errorf("without a token: %v", err)
	}
}

func TestNothingConfiguredSaysWhatToDo(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "none"), nil)
	if !errors.Is(err, ErrNoContext) || fail.ClassOf(err) != fail.Usage || fail.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
	none := filepath.Join(t.TempDir(), "none")
	a, err := Load(none, env(EnvURL, "https://h.example.com/", EnvFactory, "f", EnvToken, "t"))
	if err != nil || a != (Account{File: none, URL: "https://h.example.com", Factory: "f", Token: "t"}) {
		t.Errorf("%#v, %v", a, err)
	}
}

func TestBadFilesAreRefusedWithoutQuotingSecrets(t *testing.T) {
	for name, text := range map[string]string{
		"unknown key":     "active_contxt: a\n",
		"unknown context": "active_context: b\ncontexts: {a: {url: 'https://x.example.com', factory: f, token: sesame}}\n",
		"token is a map":  "active_context: a\ncontexts: {a: {url: 'https://x', factory: f, token: {sesame: 1}}}\n",
		"list":            "- sesame\n",
		"scheme":          "active_context: a\ncontexts: {a: {url: 'ftp://x', factory: f, token: sesame}}\n",
		"user info":       "active_context: a\ncontexts: {a: {url: 'https://sesame@x', factory: f}}\n",
		"no factory":      "active_context: a\ncontexts: {a: {url: 'https://x', token: sesame}}\n",
		"factory path":    "active_context: a\ncontexts: {a: {url: 'https://x', factory: ../f, token: sesame}}\n",
		"header break":    "active_context: a\ncontexts: {a: {url: 'https://x', factory: f, token: \"sesame\\r\\nX: y\"}}\n",
	} {
		_, err := Load(write(t, text, 0o600), nil)
		if fail.ClassOf(err) != fail.Usage {
			t.Errorf("%s: %v (class %v)", name, err, fail.ClassOf(err))
		}
		if err != nil && strings.Contains(err.Error()+fail.HintOf(err), "sesame") {
			t.Errorf("%s: the token is in the error: %v", name, err)
		}
	}
}

func TestPrintingAnAccountHidesItsToken(t *testing.T) {
	a := Account{URL: "https://x", Factory: "f", Token: "sesame"}
	for _, s := range []string{fmt.Sprint(a), fmt.Sprintf("%+v", a), fmt.Sprintf("%#v", a)} {
		if strings.Contains(s, "sesame") {
			t.Error(s)
		}
	}
}

func TestWrittenFileIsPrivateAndReadBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "config.yaml")
	f := &File{ActiveContext: "a", Contexts: map[string]Context{"a": {URL: "https://x", Factory: "f", Token: "t"}}}
	if err := Write(path, f); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", st.Mode(), err)
	}
	if a, err := Load(path, nil); err != nil || a.Token != "t" {
		t.Errorf("%v, %v", a, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(twoContexts))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse(data)
		if err == nil {
			file.pick("f", "")
		}
	})
}
