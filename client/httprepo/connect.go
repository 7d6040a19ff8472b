package httprepo

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
)

// How many requests are under way at once: over HTTP/1.1 as many connections,
// over HTTP/2 as many streams.
const (
	MaxConns   = 64
	MaxStreams = 100
)

// Config is how a repository is reached, in the terms of a remote's section of
// a repo's config. The zero value of each field is its default.
type Config struct {
	// URL is the repository, or "mirrorlist=" and where a list of mirrors is.
	// ContentURL, of the same form, is where objects and deltas are, if they
	// are elsewhere; Metalink is where a metalink to the summary is, and then
	// URL is not looked at.
	URL, ContentURL, Metalink string

	Proxy         string // "" takes what the environment says
	Permissive    bool   // takes any server certificate
	CAFile        string // PEM; trusted in the place of the system's
	CertFile, Key string // PEM: who the client is, for the same origins as Header
	NoHTTP2       bool

	// Header and Cookies are sent to the origins of URL, ContentURL and
	// Metalink: not to mirrors elsewhere, nor along redirects.
	Header    http.Header
	Cookies   []Cookie
	UserAgent string

	Retries   int // of a request that failed; negative means none, 0 means 5
	Parallel  int // requests under way; 0 means MaxStreams
	LowSpeed  httpx.LowSpeed
	StreamMem int // bytes of replies that may wait to be read, on one stream
	Log       *slog.Logger
	Now       func() time.Time // for the expiry of cookies
}

// Defaults of Config.
const (
	DefaultRetries = 5
	LowSpeedBytes  = httpx.LeastBytes
	LowSpeedTime   = httpx.LeastTime
)

func (c Config) withDefaults() Config {
	if c.Retries == 0 {
		c.Retries = DefaultRetries
	}
	if c.LowSpeed.Time == 0 {
		c.LowSpeed = httpx.LowSpeed{Bytes: LowSpeedBytes, Time: LowSpeedTime}
	}
	if c.Parallel <= 0 || c.Parallel > MaxStreams {
		c.Parallel = MaxStreams
	}
	return c
}

// Connect makes a Source. It asks a server only where URLs are lists of
// mirrors or a metalink.
func Connect(ctx context.Context, c Config) (*Source, error) {
	c = c.withDefaults()
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	s := &Source{http: client, steady: client, parallel: c.Parallel,
		retry: httpx.Retry{Attempts: max(c.Retries, 0) + 1, Log: c.Log}}
	k := &connector{Config: c, src: s}
	if c.Metalink != "" {
		return s, k.followMetalink(ctx)
	}
	if s.meta, err = k.sites(ctx, c.URL); err != nil {
		return nil, err
	}
	s.content = s.meta
	if c.ContentURL != "" {
		s.content, err = k.sites(ctx, c.ContentURL)
	}
	return s, err
}

func (c Config) client() (*http.Client, error) {
	config, err := c.tls()
	if err != nil {
		return nil, err
	}
	proof, err := c.clientCertificate()
	if err != nil {
		return nil, err
	}
	o := httpx.Options{TLS: config, Client: proof, UserAgent: c.UserAgent, MaxConns: min(c.Parallel, MaxConns), LowSpeed: c.LowSpeed,
		HTTP2: !c.NoHTTP2, StreamBuffer: c.StreamMem, Dial: 30 * time.Second}
	if c.Proxy != "" {
		if o.Proxy, err = parseProxy(c.Proxy); err != nil {
			return nil, err
		}
	}
	if len(c.Cookies) > 0 {
		o.Jar = &jar{cookies: c.Cookies, to: c.addresses(), now: c.Now}
	}
	return httpx.NewClient(o), nil
}

// parseProxy takes HOST:PORT as curl does, and a URL.
func parseProxy(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "http://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return nil, fail.New(fail.Usage, "give it as http://HOST:PORT", "proxy of the remote: not an address")
	}
	return u, nil
}

// tls is how servers are verified. Where no address is one of TLS, a CA file that
// can't be read is an error only when a redirect or a mirror leads to one.
func (c Config) tls() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.Permissive}
	if c.CAFile == "" || c.Permissive {
		return config, nil
	}
	var err error
	if config.RootCAs, err = readCAs(c.CAFile); err == nil {
		return config, nil
	}
	if c.namesTLS() {
		return nil, err
	}
	// Nothing passes; that the file is missing is said before anything else is wrong.
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(tls.ConnectionState) error { return err }
	return config, nil
}

func readCAs(path string) (*x509.CertPool, error) {
	pem, err := fsx.ReadFile(path, limits.KeyFile*16)
	if err != nil {
		return nil, fmt.Errorf("tls-ca-path: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fail.New(fail.Usage, "give a PEM file with at least one certificate", "tls-ca-path %s: no certificate in it", path)
	}
	return pool, nil
}

// addresses are those that the user named.
func (c Config) addresses() []*url.URL {
	var list []*url.URL
	for _, address := range []string{c.URL, c.ContentURL, c.Metalink} {
		if u, err := url.Parse(strings.TrimPrefix(address, mirrorlistPrefix)); err == nil && u.Host != "" {
			list = append(list, u)
		}
	}
	return list
}

func (c Config) namesTLS() bool {
	return slices.ContainsFunc(c.addresses(), func(u *url.URL) bool { return u.Scheme == "https" })
}

// clientCertificate is what is shown to the origins that the user named; nil is
// nothing, also where none of them is one of TLS.
func (c Config) clientCertificate() (*httpx.ClientCertificate, error) {
	if c.CertFile == "" && c.Key == "" || !c.namesTLS() {
		return nil, nil
	}
	pair, err := keyPair(c.CertFile, c.Key)
	if err != nil {
		return nil, err
	}
	return &httpx.ClientCertificate{Certificate: pair, Origins: c.addresses()}, nil
}

func keyPair(certFile, keyFile string) (tls.Certificate, error) {
	if certFile == "" || keyFile == "" {
		return tls.Certificate{}, fail.New(fail.Usage, "", "tls-client-cert-path and tls-client-key-path go together")
	}
	cert, err := fsx.ReadFile(certFile, limits.KeyFile*16)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := fsx.ReadFile(keyFile, limits.KeyFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return pair, fail.New(fail.Usage, "", "client certificate %s: %w", certFile, err)
	}
	return pair, nil
}

// connector makes the sites of a Source.
type connector struct {
	Config
	src *Source
}

const mirrorlistPrefix = "mirrorlist="

// sites are where an address leads: to itself, or to a list of mirrors.
func (k *connector) sites(ctx context.Context, address string) ([]*site, error) {
	list, isList := strings.CutPrefix(address, mirrorlistPrefix)
	if !isList {
		t, err := k.site(address)
		return []*site{t}, err
	}
	return k.mirrors(ctx, list)
}

// site is the repository at an address that the user named.
func (k *connector) site(address string) (*site, error) {
	t, err := k.named(address)
	if err != nil {
		return nil, err
	}
	t.base = folder(t.base)
	return t, nil
}

// named is the very address that the user named: it gets the headers.
func (k *connector) named(address string) (*site, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fail.New(fail.Usage, "give it as https://HOST/PATH", "invalid URI scheme in %s", redacted(address))
	}
	t := &site{header: k.Header}
	if u.User != nil {
		password, _ := u.User.Password()
		t.auth = httpx.BasicAuth{User: u.User.Username(), Password: password}
		u.User = nil
	}
	t.base = u.String()
	return t, nil
}

func redacted(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" && u.Opaque == "" {
		return "the address"
	}
	return cmp.Or(httpx.Redact(u), "the address")
}
