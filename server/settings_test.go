package server_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/server"
)

// opened starts a server over dir as opt says, and stops it again.
func opened(t *testing.T, dir string, opt server.Options) (server.Ready, error) {
	t.Helper()
	opt.DataDir, opt.Clock = dir, clock.System
	if opt.GatewayAddr == "" {
		opt.GatewayAddr = "127.0.0.1:0"
	}
	s, err := server.Open(t.Context(), opt)
	if err != nil {
		return server.Ready{}, err
	}
	return s.Ready(), s.Close()
}

func TestFlagsThatCannotWorkAreNotRemembered(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server")
	good := server.Options{Addr: "127.0.0.1:0", URL: "https://ota.example.com/"}
	if _, err := opened(t, dir, good); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for what, bad := range map[string]server.Options{
		"scheme":    {URL: "htp:/bad"},
		"no host":   {URL: "http://:8080"},
		"port":      {URL: "http://x:999999"},
		"quote":     {GatewayURL: `https://x/"y`},
		"not TLS":   {GatewayURL: "http://x"},
		"host":      {GatewayURL: "https://*.example.com"},
		"DNS name":  {DNSNames: []string{"*.example.com"}},
		"in use":    {Addr: taken.Addr().String()},
		"gate used": {GatewayAddr: taken.Addr().String()},
		"factory":   {Factory: "other"},
	} {
		if _, err := opened(t, dir, bad); err == nil {
			t.Errorf("%s: it started with %+v", what, bad)
		}
		r, err := opened(t, dir, server.Options{})
		if err != nil || r.URL != "https://ota.example.com" || r.Factory != "local" {
			t.Fatalf("%s: the start after it says %+v, %v", what, r, err)
		}
	}
}

func TestFactoryIsOneThatDevicesTake(t *testing.T) {
	for _, f := range []string{"a+b", "-x", "a/b", strings.Repeat("a", 65), "a b"} {
		_, err := opened(t, filepath.Join(t.TempDir(), "server"), server.Options{Addr: "127.0.0.1:0", Factory: f})
		if fail.ClassOf(err) != fail.Usage {
			t.Errorf("factory %q: %v", f, err)
		}
	}
}

func TestCertificateIsForTheAddressThatDevicesAreTold(t *testing.T) {
	for url, host := range map[string]string{"https://gw.example.com:8443": "gw.example.com", "https://[2001:db8::1]": "2001:db8::1"} {
		dir := filepath.Join(t.TempDir(), "server")
		if _, err := opened(t, dir, server.Options{Addr: "127.0.0.1:0", DNSNames: []string{"other"}}); err != nil {
			t.Fatal(err)
		}
		if _, err := opened(t, dir, server.Options{GatewayURL: url}); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(dir, "pki", "tls.crt"))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(text)
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{host, "other", "localhost", "127.0.0.1"} {
			if err := cert.VerifyHostname(name); err != nil {
				t.Errorf("%s: %v", url, err)
			}
		}
	}
}

func TestContextKeepsWhatAPersonAdded(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server")
	r, err := opened(t, dir, server.Options{Addr: "127.0.0.1:0", URL: "https://a.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	f, err := account.Read(r.Context)
	if err != nil {
		t.Fatal(err)
	}
	c := f.Contexts["local"]
	c.CAFile = "proxy.crt"
	f.Contexts["local"], f.Contexts["mine"] = c, account.Context{URL: "https://b", Factory: "x"}
	if err := account.Write(r.Context, f); err != nil {
		t.Fatal(err)
	}
	if _, err := opened(t, dir, server.Options{URL: "https://c.example.com"}); err != nil {
		t.Fatal(err)
	}
	if f, err = account.Read(r.Context); err != nil {
		t.Fatal(err)
	}
	got := f.Contexts["local"]
	if got.CAFile != "proxy.crt" || got.URL != "https://c.example.com" || f.Contexts["mine"].URL != "https://b" {
		t.Errorf("the file says %+v", f.Contexts)
	}
}

// Whoever may write into the folder may have put keys of their own there, which
// the first start would use.
func TestAFolderThatOthersMayWriteToIsNotUsed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "server")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	planted := filepath.Join(dir, "note")
	for _, mode := range []os.FileMode{0o777, 0o770} {
		if err := errors.Join(os.WriteFile(planted, nil, 0o600), os.Chmod(dir, mode)); err != nil {
			t.Fatal(err)
		}
		if _, err := opened(t, dir, server.Options{Addr: "127.0.0.1:0"}); fail.ClassOf(err) != fail.Usage {
			t.Errorf("mode %o: %v", mode, err)
		}
		if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
			t.Errorf("mode %o: it made %v, %v", mode, list, err)
		}
	}
	if err := os.Remove(planted); err != nil {
		t.Fatal(err)
	}
	if _, err := opened(t, dir, server.Options{Addr: "127.0.0.1:0"}); err != nil {
		t.Errorf("an empty one: %v", err)
	}
	if st, err := os.Stat(dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("an empty one is %v afterwards, %v", st.Mode(), err)
	}
}
