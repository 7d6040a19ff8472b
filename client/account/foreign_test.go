package account

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/otactl/otactl/internal/fail"
)

const fioctlYAML = `factory: acme
server: {url: https://api.foundries.io/, insecure_skip_verify: false}
extraheaders: {X-Foo: bar}
clientcredentials:
  client_id: id
  client_secret: sesame
  access_token: old
  refresh_token: old
  expires_in: 36000
  created: 2026-01-01T00:00:00Z
  url: https://app.foundries.io/oauth
`

func TestFilesOfOtherProgramsAreTakenOver(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want Imported
	}{
		"fioctl": {fioctlYAML, Imported{Name: "acme", Context: Context{URL: "https://api.foundries.io", Factory: "acme"},
			ClientID: "id", ClientSecret: "sesame", OAuthURL: "https://app.foundries.io/oauth"}},
		"fioctl with a token": {"factory: acme\ntoken: t\n", Imported{Name: "acme", Token: "t", Context: Context{URL: "https://api.foundries.io", Factory: "acme"}}},
		"satcli": {"active_context: lab\ncontexts: {lab: {url: 'https://sat.example.com', token: t}}\n",
			Imported{Name: "lab", Token: "t", Context: Context{Kind: UpdateServer, URL: "https://sat.example.com"}}},
		"otactl serve": {"active_context: local\ncontexts: {local: {url: 'http://127.0.0.1:8080', factory: local, token: t, ca_file: ca.pem}}\n",
			Imported{Name: "local", Token: "t", Context: Context{URL: "http://127.0.0.1:8080", Factory: "local", CAFile: filepath.Join("d", "ca.pem")}}},
	} {
		got, err := ParseForeign([]byte(tc.text), "d")
		if err != nil || len(got) != 1 || got[0] != tc.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

func TestFilesThatAreNoneOfTheseAreRefusedWithoutQuotingThem(t *testing.T) {
	for _, text := range []string{"", "sesame", "- sesame", "token: sesame\n", "contexts: sesame\n",
		"contexts: {../x: {url: 'https://h', token: sesame}}\n", "contexts: {x: {url: 'https://sesame@h', token: t}}\n",
		"factory: acme\nclientcredentials: {client_id: a, client_secret: sesame, url: 'ftp://x'}\n",
		"contexts: {x: {url: 'https://h', token: \"sesame\\nX: y\"}}\n"} {
		_, err := ParseForeign([]byte(text), "")
		if fail.ClassOf(err) != fail.Usage || strings.Contains(fmt.Sprint(err), "sesame") {
			t.Errorf("%q: %v (class %v)", text, err, fail.ClassOf(err))
		}
	}
}

func FuzzParseForeign(f *testing.F) {
	f.Add([]byte(fioctlYAML))
	f.Add([]byte(twoContexts))
	f.Add([]byte("contexts: {a: &a [*a]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseForeign(data, "d")
		if err != nil {
			return
		}
		for _, in := range list {
			if CheckName(in.Name) != nil || CheckURL(in.Context.URL) != nil || in.Context.Token != "" {
				t.Errorf("%v", in)
			}
		}
	})
}

func TestChangesAtOnceLoseNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "config.yaml")
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			err := Update(t.Context(), path, func(f *File) error {
				f.Contexts[fmt.Sprint("c", i)] = Context{URL: "https://x.example.com", Factory: "f"}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if f, err := Read(path); err != nil || len(f.Contexts) != 12 {
		t.Errorf("%v, %v", f, err)
	}
}

func TestLinkedFileIsChangedWhereItIs(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.yaml"), filepath.Join(dir, "link.yaml")
	if err := os.WriteFile(real, []byte(twoContexts), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err)
	}
	if err := Update(t.Context(), link, func(f *File) error { f.ActiveContext = "field"; return nil }); err != nil {
		t.Fatal(err)
	}
	st, err := os.Lstat(link)
	if err != nil || st.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link became %v, %v", st.Mode(), err)
	}
	if f, err := Read(real); err != nil || f.ActiveContext != "field" {
		t.Errorf("%v, %v", f, err)
	}
}

func TestChangeThatFailsChangesNothing(t *testing.T) {
	path := write(t, twoContexts, 0o600)
	err := Update(t.Context(), path, func(f *File) error { f.ActiveContext = "x"; return f.Has("x", path) })
	after, rerr := os.ReadFile(path)
	if fail.ClassOf(err) != fail.Usage || rerr != nil || string(after) != twoContexts {
		t.Errorf("%v, %v: %s", err, rerr, after)
	}
}
