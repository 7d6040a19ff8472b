package httprepo

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/storetest"
)

func mustPKCS8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func metalink(size int, sums, urls string) string {
	return fmt.Sprintf(`<?xml version="1.0"?>
<metalink version="3.0" xmlns="http://www.metalinker.org/"><more><and><more>x</more></and></more>
<files><file name="other"/><file name="summary"><size>%d</size><verification>%s</verification>
<resources maxconnections="1">%s</resources></file></files></metalink>`, size, sums, urls)
}

func hash(kind string, digest []byte) string {
	return fmt.Sprintf(`<hash type="%s">%x</hash>`, kind, digest)
}

func TestAMetalinkVouchesForTheSummary(t *testing.T) {
	good := []byte("the summary")
	repo := sampleRepo(t, storetest.NewPlainSample(t, 1, 1, "a"))
	for name, data := range map[string][]byte{"summary": good, "summary.bad": []byte("thee summary"), "summary.same": []byte("the summarz")} {
		if err := os.WriteFile(repo+"/"+name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	home := serve(t, http.FileServer(http.Dir(repo)))
	at := func(preference int, name string) string {
		return fmt.Sprintf(`<url protocol="http" type="http" preference="%d">%s/%s</url>`, preference, home.URL, name)
	}
	sums := hash("md5", []byte{1}) + hash("sha256", sum256(good)) + hash("sha512", sum512(good))
	for _, c := range []struct {
		name, text string
		good       bool
	}{
		{"the best that fits is taken", metalink(len(good), sums, at(1, "summary")+at(100, "summary.bad")+at(99, "nosuch")+at(98, "summary.same")), true},
		{"an address with a query", metalink(len(good), sums, at(1, "summary?q=1")), true},
		{"none fits", metalink(len(good), sums, at(1, "summary.same")), false},
		{"another size", metalink(len(good)+1, sums, at(1, "summary")), false},
		{"no digest that counts", metalink(len(good), hash("md5", []byte{1}), at(1, "summary")), false},
		{"a digest that is none", metalink(len(good), sums+hash("sha512", []byte{1}), at(1, "summary")), false},
		{"no address", metalink(len(good), sums, ""), false},
		{"an address that is no web server's", metalink(len(good), sums, "<url>file:///etc/passwd</url>"), false},
		{"no document", "bacon", false},
		{"another document", "<html></html>", false},
		{"too deep", "<metalink>" + strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40) + "</metalink>", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			link := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, c.text) }))
			s, err := Connect(t.Context(), Config{Metalink: link.URL + "/metalink.xml", Retries: -1})
			if (err == nil) != c.good {
				t.Fatalf("%v", err)
			}
			if !c.good {
				return
			}
			data, _, err := s.File(t.Context(), "summary", 100, ostree.FileVersion{})
			if err != nil || !bytes.Equal(data, good) {
				t.Errorf("%q, %v", data, err)
			}
			if _, err := s.Ref(t.Context(), "main"); err != nil {
				t.Error(err)
			}
		})
	}
}

func FuzzMetalink(f *testing.F) {
	f.Add([]byte(metalink(3, hash("sha256", make([]byte, 32)), `<url preference="9">http://a/b</url>`)))
	f.Add([]byte(metalink(1<<40, hash("sha512", make([]byte, 64)), `<url>https://a</url>`)))
	f.Add([]byte("<metalink><files><file name=\"summary\">"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseMetalink(data, "summary")
		if err != nil {
			return
		}
		if m.SHA256 == nil && m.SHA512 == nil || len(m.URLs) == 0 || m.Size < 0 {
			t.Fatalf("%+v", m)
		}
		for _, address := range m.URLs {
			if u, err := url.Parse(address); err != nil || u.Host == "" {
				t.Fatalf("address %q: %v", address, err)
			}
		}
	})
}

func FuzzMirrorlist(f *testing.F) {
	f.Add([]byte("# mirrors\n\nhttp://a/b\nhttps://c\nftp://d\n"))
	f.Add([]byte("\r\n \t http://a \n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseMirrorlist(data)
		if err != nil {
			return
		}
		again, err := ParseMirrorlist([]byte(strings.Join(list, "\n")))
		if err != nil || len(again) != len(list) {
			t.Fatalf("%q, %q, %v", list, again, err)
		}
	})
}

func TestCookieFilesReadBack(t *testing.T) {
	// The second line is as libostree writes it.
	file := "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t2584591782\ta\tb\n#HttpOnly_.example.org\tTRUE\t/x/\tTRUE\t0\tc\td=e\n\n"
	list, err := ParseCookies([]byte(file))
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if again, err := ParseCookies(FormatCookies(list)); err != nil || len(again) != 2 || again[0] != list[0] || again[1] != list[1] {
		t.Errorf("%+v, %v", again, err)
	}
	for _, bad := range []string{"a\tb", "h\tYES\t/\tFALSE\t0\ta\tb", "h\tTRUE\t/\tFALSE\tsoon\ta\tb", "h\tTRUE\tx\tFALSE\t0\ta\tb",
		"h\tTRUE\t/\tFALSE\t0\t\tb", "h\tTRUE\t/\tFALSE\t0\ta\tb;c", "h\tTRUE\t/\tFALSE\t-1\ta\tb", "\tTRUE\t/\tFALSE\t0\ta\tb"} {
		if list, err := ParseCookies([]byte(bad)); err == nil {
			t.Errorf("%q reads as %+v", bad, list)
		}
	}
}

func TestCookiesGoWhereTheyBelong(t *testing.T) {
	j := &jar{now: func() time.Time { return time.Unix(1000, 0) }, cookies: []Cookie{
		{Domain: "a.org", Path: "/", Name: "host"},
		{Domain: ".a.org", Subdomains: true, Path: "/x", Name: "sub"},
		{Domain: "a.org", Path: "/", Secure: true, Name: "tls"},
		{Domain: "a.org", Path: "/", Expires: 999, Name: "old"},
		{Domain: "a.org", Path: "/", Expires: 1001, Name: "young"},
	}}
	for address, want := range map[string]string{
		"http://a.org/":       "host young",
		"https://A.org:443/x": "host sub tls young",
		"http://b.a.org/x/y":  "sub",
		"http://b.a.org/xy":   "",
		"http://evila.org/x":  "",
		"http://a.org.evil/x": "",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		j.to = []*url.URL{u}
		var got []string
		for _, c := range j.Cookies(u) {
			got = append(got, c.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s gets %v, want %s", address, got, want)
		}
	}
}

func FuzzCookies(f *testing.F) {
	f.Add([]byte("127.0.0.1\tFALSE\t/\tFALSE\t2584591782\ta\tb\n"))
	f.Add([]byte("#HttpOnly_.e.org\tTRUE\t/x/\tTRUE\t0\tc\t\n# x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseCookies(data)
		if err != nil {
			return
		}
		out := FormatCookies(list)
		again, err := ParseCookies(out)
		if err != nil || !bytes.Equal(FormatCookies(again), out) {
			t.Fatalf("%q is written as %q (%v)", data, out, err)
		}
	})
}

func contextForMain() (context.Context, context.CancelFunc) {
	return context.WithCancel(context.Background())
}
