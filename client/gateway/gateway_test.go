package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/otactl/otactl/client/httprepo"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

func client(t *testing.T, url string) *Client {
	t.Helper()
	c, err := New(Options{URL: url, Headers: Headers{Tags: []string{"main", "second"}, Target: "board-1", Commit: "aa"}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMetadataRequestsTellWhatRuns(t *testing.T) {
	var got http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		if r.URL.Path != "/base/repo/1.root.json" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("root"))
	}))
	defer srv.Close()
	data, err := client(t, srv.URL+"/base/").Metadata().Fetch(t.Context(), "1.root.json", 10)
	if err != nil || string(data) != "root" {
		t.Fatalf("%q, %v", data, err)
	}
	for name, want := range map[string]string{"x-ats-tags": "main", "x-ats-target": "board-1", "x-ats-ostreehash": "aa"} {
		if got.Get(name) != want {
			t.Errorf("%s: %q, want %q (one tag: gateways take the header for one)", name, got.Get(name), want)
		}
	}
}

func TestOnlyAnHTTPSAddressOfAHostProvesItself(t *testing.T) {
	for address, want := range map[string]bool{
		"https://gw.example.com:8443/repo": true, "HTTPS://gw.example.com": true, "https://[::1]": true,
		"http://gw.example.com": false, "https://": false, "https://:8443": false, "https:///repo": false, "https:gw.example.com": false,
		"https://gw.example.com\n": false, "https://gw example.com": false, "httpsx://gw.example.com": false, "": false,
	} {
		if got := ProvesItself(address); got != want {
			t.Errorf("%q: %v, want %v", address, got, want)
		}
	}
}

func TestOnlyNotFoundEndsTheRootChain(t *testing.T) {
	for _, tt := range []struct {
		code int
		want error
	}{{http.StatusNotFound, tuf.ErrNotFound}, {http.StatusForbidden, nil}, {http.StatusGone, nil}} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(tt.code) }))
		_, err := client(t, srv.URL).Metadata().Fetch(t.Context(), "2.root.json", 10)
		srv.Close()
		if err == nil || errors.Is(err, tuf.ErrNotFound) != (tt.want != nil) {
			t.Errorf("HTTP %d: %v", tt.code, err)
		}
	}
}

func TestReplyOverItsCapIsNotRead(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Repeat("x", 11)))
	}))
	defer srv.Close()
	if _, err := client(t, srv.URL).Metadata().Fetch(t.Context(), "targets.json", 10); !errors.Is(err, tuf.ErrTooLarge) {
		t.Errorf("error %v", err)
	}
}

func TestHeadersStayWithTheGateway(t *testing.T) {
	var got http.Header
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }))
	defer elsewhere.Close()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusFound)
	}))
	defer srv.Close()
	_, _ = client(t, srv.URL).Metadata().Fetch(t.Context(), "targets.json", 10)
	if got == nil {
		t.Fatal("the redirect was not followed")
	}
	for name := range got {
		if strings.HasPrefix(strings.ToLower(name), "x-ats") {
			t.Errorf("%s went to another host", name)
		}
	}
}

func TestGatewayNeedsAURL(t *testing.T) {
	for _, url := range []string{"", "gw:8443", "ftp://gw", "https://"} {
		if _, err := New(Options{URL: url}); fail.ClassOf(err) != fail.Usage {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func TestDeviceTakesWhatTheGatewayTells(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"uuid":"u","tag":"main","unknown":1}`))
	}))
	defer srv.Close()
	if d, err := client(t, srv.URL).Device(t.Context()); err != nil || d.UUID != "u" {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestOnlyTheGatewaySeesTheDevicesCertificate, wherever its parts are.
func TestOnlyTheGatewaySeesTheDevicesCertificate(t *testing.T) {
	serve := func(h http.HandlerFunc) *httptest.Server {
		srv := httptest.NewUnstartedServer(h)
		srv.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		srv.StartTLS()
		t.Cleanup(srv.Close)
		return srv
	}
	certificates := func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"name":"%d"}`, len(r.TLS.PeerCertificates))
	}
	elsewhere, home, parts := serve(certificates), serve(certificates), serve(certificates)
	leaving := serve(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusFound)
	})
	roots := x509.NewCertPool()
	roots.AddCert(home.Certificate())
	for _, tt := range []struct {
		name string
		Options
		device, repo, objects string
	}{
		{"all in one", Options{URL: home.URL}, "1", "1", "1"},
		{"each elsewhere", Options{URL: home.URL, RepoURL: parts.URL, OSTreeURL: leaving.URL}, "1", "1", "0"},
		{"it redirects", Options{URL: leaving.URL}, "0", "0", "0"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.TLS = &tls.Config{RootCAs: roots, Certificates: home.TLS.Certificates}
			c, err := New(tt.Options)
			if err != nil {
				t.Fatal(err)
			}
			if d, err := c.Device(t.Context()); err != nil || d.Name != tt.device {
				t.Errorf("the device's reply: %q, %v", d.Name, err)
			}
			root, err := c.Metadata().Fetch(t.Context(), "1.root.json", 100)
			if err != nil || string(root) != `{"name":"`+tt.repo+`"}` {
				t.Errorf("the metadata's: %s, %v", root, err)
			}
			object, _, err := c.Objects().(*httprepo.Source).File(t.Context(), "config", 100, ostree.FileVersion{})
			if err != nil || string(object) != `{"name":"`+tt.objects+`"}` {
				t.Errorf("the objects': %s, %v", object, err)
			}
		})
	}
}
