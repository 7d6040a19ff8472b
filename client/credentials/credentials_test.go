package credentials

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/otactl/otactl/client/oauth"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
)

const oauth2JSON = `{"oauth2":{"server":"https://h/oauth2","client_id":"me","client_secret":"sesame","scope":"s"},"ostree":{"server":"https://h/api/v3"}}`

func zipped(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for i := 0; i+1 < len(pairs); i += 2 {
		w, err := z.Create(pairs[i])
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, pairs[i+1])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestEveryMemberIsRead(t *testing.T) {
	c, err := Parse(zipped(t, "treehub.json", oauth2JSON, "tufrepo.url", "https://h/ota/repo/acme/\n", "root.json", "R",
		"targets.pub", "P", "targets.sec", "S", "server_ca.pem", "C", "autoprov.url", "ignored", "../../etc/passwd", "ignored"))
	if err != nil {
		t.Fatal(err)
	}
	if c.TreehubURL != "https://h/api/v3/" || *c.OAuth2 != (OAuth2{"https://h/oauth2", "me", "sesame", "s"}) ||
		string(c.Root) != "R" || string(c.TargetsPub) != "P" || string(c.TargetsSec) != "S" || string(c.ServerCA) != "C" {
		t.Errorf("%+v", c)
	}
	if base, factory, ok := c.Backend(); base != "https://h" || factory != "acme" || !ok {
		t.Errorf("%q %q %v", base, factory, ok)
	}
	if _, ok := c.Auth(nil, httpx.Retry{}).(*oauth.Source); !ok {
		t.Errorf("auth is %T", c.Auth(nil, httpx.Retry{}))
	}
}

func TestKindOfProof(t *testing.T) {
	const server = `,"ostree":{"server":"http://h/api/v2/"}}`
	for _, tc := range []struct {
		json string
		want httpx.Auth
	}{
		{`{"no_auth":true` + server, httpx.Anonymous{}},
		{`{"ostree":{"server":"http://h/"}}`, httpx.Anonymous{}},
		{`{"oauth2":{"server":"https://x","client_id":""}` + server, httpx.Anonymous{}},
		{`{"basic_auth":{"user":"u","password":"p"}` + server, httpx.BasicAuth{User: "u", Password: "p"}},
		{`{"basic_auth":{"username":"u","password":"p"}` + server, httpx.BasicAuth{User: "u", Password: "p"}},
	} {
		c, err := Parse([]byte(tc.json))
		if err != nil || c.Auth(nil, httpx.Retry{}) != tc.want {
			t.Errorf("%s: %T, %v", tc.json, c.Auth(nil, httpx.Retry{}), err)
		}
	}
}

func TestBadCredentialsAreRefusedWithoutQuotingSecrets(t *testing.T) {
	big := strings.Repeat("sesame", limits.Credentials/5)
	for name, data := range map[string][]byte{
		"empty":         {},
		"text":          []byte("sesame"),
		"cut zip":       zipped(t, "treehub.json", oauth2JSON)[:60],
		"no treehub":    zipped(t, "root.json", "{}"),
		"double member": zipped(t, "treehub.json", oauth2JSON, "treehub.json", oauth2JSON),
		"bomb":          zipped(t, "treehub.json", oauth2JSON, "root.json", big),
		"no server":     []byte(`{"oauth2":{"client_secret":"sesame"}}`),
		"wrong kind":    []byte(`{"oauth2":"sesame","ostree":{"server":"http://h/"}}`),
		"bad JSON":      []byte(`{"oauth2":{"client_secret":"sesame"`),
		"password URL":  []byte(`{"ostree":{"server":"http://u:sesame@h/"}}`),
		"file URL":      []byte(`{"ostree":{"server":"file:///etc"}}`),
		"client cert":   zipped(t, "treehub.json", oauth2JSON, "client_auth.p12", "sesame"),
		"server cert":   zipped(t, "treehub.json", oauth2JSON, "server.p12", "sesame"),
		"cut tar":       tarred(t, "treehub.json", oauth2JSON)[:600],
		"cut gzip":      gzipped(t, tarred(t, "treehub.json", oauth2JSON))[:100],
		"gzip bomb":     gzipped(t, make([]byte, maxUnpacked+1)),
		"tar in tar.gz": gzipped(t, gzipped(t, tarred(t, "treehub.json", oauth2JSON))),
		"linked member": tarLink(t, "treehub.json", "/etc/passwd"),
		"many members":  tarred(t, manyNames()...),
		"too long":      bytes.Repeat([]byte(" "), limits.Credentials+1),
	} {
		_, err := Parse(data)
		if err == nil || strings.Contains(err.Error(), "sesame") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryArchiveFormIsTheSame(t *testing.T) {
	pairs := []string{"treehub.json", oauth2JSON, "tufrepo.url", "https://h/ota/repo/acme", "root.json", "R"}
	dotted := []string{"./treehub.json", oauth2JSON, "./tufrepo.url", "https://h/ota/repo/acme", "./root.json", "R"}
	want, err := Parse(zipped(t, pairs...))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"tar": tarred(t, pairs...), "tar.gz": gzipped(t, tarred(t, pairs...)), "tar -C dir .": tarred(t, dotted...),
	} {
		got, err := Parse(data)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, %v", name, got, err)
		}
	}
}

func tarred(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for i := 0; i+1 < len(pairs); i += 2 {
		w.WriteHeader(&tar.Header{Name: pairs[i], Mode: 0o600, Size: int64(len(pairs[i+1]))})
		fmt.Fprint(w, pairs[i+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func tarLink(t testing.TB, name, to string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	w.WriteHeader(&tar.Header{Name: name, Linkname: to, Typeflag: tar.TypeSymlink})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func manyNames() []string {
	pairs := []string{"treehub.json", oauth2JSON}
	for i := range maxMembers {
		pairs = append(pairs, fmt.Sprint(i), "")
	}
	return pairs
}

func TestOpenSaysWhichFileAndWhatKindOfMistake(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "none.zip")); fail.ClassOf(err) != fail.NotFound {
		t.Errorf("missing: %v", err)
	}
	bad := filepath.Join(dir, "bad.zip")
	os.WriteFile(bad, []byte("nonsense"), 0o600)
	if _, err := Open(bad); fail.ClassOf(err) != fail.Usage || fail.HintOf(err) == "" || !errors.Is(err, ErrNoCredentials) || !strings.Contains(err.Error(), bad) {
		t.Errorf("bad: %v", err)
	}
	os.WriteFile(bad, bytes.Repeat([]byte("x"), limits.Credentials+1), 0o600)
	if _, err := Open(bad); fail.ClassOf(err) != fail.Usage {
		t.Errorf("big: %v", err)
	} else if _, ok := errors.AsType[*fsx.TooLargeError](err); !ok {
		t.Errorf("big: %v", err)
	}
}

func TestWrittenZipIsReadBack(t *testing.T) {
	want := &Credentials{TreehubURL: "https://h/api/v3/", OAuth2: &OAuth2{"https://h/oauth2", "id", "secret", ""},
		RepoURL: "https://h/ota/repo/f", Root: []byte("R"), TargetsPub: []byte("P")}
	var buf bytes.Buffer
	if err := want.Write(&buf); err != nil {
		t.Fatal(err)
	}
	got, err := Parse(buf.Bytes())
	if err != nil || got.TreehubURL != want.TreehubURL || *got.OAuth2 != *want.OAuth2 || got.RepoURL != want.RepoURL ||
		!bytes.Equal(got.Root, want.Root) || !bytes.Equal(got.TargetsPub, want.TargetsPub) || got.ServerCA != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRepoURLOfAnotherShapeNamesNoBackend(t *testing.T) {
	for _, u := range []string{"", "https://h/repo", "https://h/ota/repo/a/b"} {
		if base, factory, ok := (&Credentials{RepoURL: u}).Backend(); ok {
			t.Errorf("%q gave %q %q", u, base, factory)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(oauth2JSON))
	f.Add(zipped(f, "treehub.json", oauth2JSON, "tufrepo.url", "https://h/ota/repo/acme"))
	f.Add(tarred(f, "treehub.json", oauth2JSON, "targets.sec", "{}"))
	f.Add(gzipped(f, tarred(f, "treehub.json", oauth2JSON)))
	f.Add([]byte(`{"basic_auth":{"user":"u"},"ostree":{"server":"http://h"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err != nil {
			return
		}
		if !strings.HasPrefix(c.TreehubURL, "http") || !strings.HasSuffix(c.TreehubURL, "/") {
			t.Errorf("treehub URL %q", c.TreehubURL)
		}
	})
}
