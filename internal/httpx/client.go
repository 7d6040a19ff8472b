// Package httpx is the one HTTP transport of the product: time limits on every
// step, retries whose bodies are made anew, errors that carry a class, and
// credentials that stay with the origin they were issued for.
//
// It trusts nothing a server says about lengths; callers read bodies through a
// cap. It must never log a header value, put a query string or user info of a
// URL into an error, send a caller's headers to another origin, or follow a
// redirect from HTTPS to HTTP.
package httpx

import (
	"context"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
)

// Options tune a client. The zero value works.
type Options struct {
	// TLS is used as it is; nil means the system's roots and TLS 1.2 or later.
	TLS *tls.Config
	// UserAgent is sent with each request that has none of its own.
	UserAgent string
	// MaxConns caps connections to one host; 0 means no cap. As many idle ones
	// are kept.
	MaxConns int
	// Dial bounds connecting, and the TLS handshake again; 0 means 10 s.
	Dial time.Duration
	// Header bounds the wait for a reply once the request is sent; 0 means 60 s.
	Header time.Duration
	// Stall bounds how long a body may stand still in either direction; 0
	// means 60 s.
	Stall time.Duration
	// LowSpeed ends a reply whose bytes come too slowly; zero is no such limit.
	LowSpeed LowSpeed
	// HTTP2 speaks HTTP/2 with servers that offer it over TLS, StreamBuffer
	// and ConnBuffer are how many bytes of replies it lets a server send before
	// somebody reads them, on one stream and on all; 0 means 1 MiB and 16 MiB.
	HTTP2                    bool
	StreamBuffer, ConnBuffer int
	// Proxy is the address of a proxy for all that NO_PROXY does not name; nil
	// takes what the environment says.
	Proxy *url.URL
	// Client is shown to the origins that it names; nil: none is shown.
	Client *ClientCertificate
	// Limit is the budget of bytes a second; nil is none. Clients may share it.
	Limit *Limiter
	// Jar gives cookies to the requests they are for; nil sends none.
	Jar http.CookieJar

	proxy func(*http.Request) (*url.URL, error) // nil: as Proxy says
}

func (o Options) withDefaults() Options {
	if o.Dial == 0 {
		o.Dial = 10 * time.Second
	}
	if o.Header == 0 {
		o.Header = 60 * time.Second
	}
	if o.Stall == 0 {
		o.Stall = 60 * time.Second
	}
	if o.TLS == nil {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	if o.StreamBuffer == 0 {
		o.StreamBuffer = 1 << 20
	}
	if o.ConnBuffer == 0 {
		o.ConnBuffer = 16 << 20
	}
	return o
}

// NewClient makes a client. Its overall Timeout is zero on purpose: an object
// may take hours on a slow line as long as bytes keep moving. The proxy is
// taken from HTTPS_PROXY and its kin.
func NewClient(o Options) *http.Client {
	o = o.withDefaults()
	a := &agent{name: o.UserAgent, low: o.LowSpeed}
	if o.Client != nil {
		a.next = newProving(o, newRoundTripper)
	} else {
		a.next = newRoundTripper(o)
	}
	return &http.Client{Transport: a, CheckRedirect: checkRedirect, Jar: o.Jar}
}

func newRoundTripper(o Options) roundTripper {
	t := newTransport(o)
	if !o.HTTP2 {
		return t
	}
	dialer := newTransport(o)
	dialer.MaxConnsPerHost = 0 // it would count down for connections that it never counted
	return newPool(t, dialer)
}

func newTransport(o Options) *http.Transport {
	idle := o.MaxConns
	if idle == 0 {
		idle = 32
	}
	dialer := &net.Dialer{Timeout: o.Dial, KeepAlive: 15 * time.Second}
	t := &http.Transport{
		Proxy:                 proxyOf(o),
		DialContext:           dialStalling(dialer, o.Stall, o.Limit),
		TLSClientConfig:       o.TLS,
		TLSHandshakeTimeout:   o.Dial,
		ResponseHeaderTimeout: o.Header,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       o.Stall / 2,
		MaxConnsPerHost:       o.MaxConns,
		MaxIdleConns:          2 * idle,
		MaxIdleConnsPerHost:   idle,
		// Objects are compressed already, and a reply must be as long as it says.
		DisableCompression: true,
		// Small buffers: with a hundred connections the default size is memory.
		WriteBufferSize:        16 << 10,
		ReadBufferSize:         8 << 10,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if o.HTTP2 {
		t.ForceAttemptHTTP2 = true
		t.HTTP2 = &http.HTTP2Config{
			MaxReceiveBufferPerStream:     o.StreamBuffer,
			MaxReceiveBufferPerConnection: o.ConnBuffer,
			SendPingTimeout:               o.Stall / 2,
			PingTimeout:                   o.Stall / 2,
		}
	}
	return t
}

// roundTripper is a transport, or the pool around one.
type roundTripper interface {
	http.RoundTripper
	CloseIdleConnections()
}

// agent adds the User-Agent, and watches how fast replies come.
type agent struct {
	next roundTripper
	name string
	low  LowSpeed
}

// RoundTrip implements http.RoundTripper.
func (a *agent) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.name != "" && r.Header.Get("User-Agent") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", a.name)
	}
	if a.low.Time > 0 {
		return a.low.roundTrip(a.next, r)
	}
	return a.next.RoundTrip(r)
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the pool.
func (a *agent) CloseIdleConnections() { a.next.CloseIdleConnections() }

// stallConn fails a read or write during which nothing moved for too long.
type stallConn struct {
	net.Conn
	stall time.Duration
}

func (c *stallConn) Read(p []byte) (int, error) {
	_ = c.SetReadDeadline(clock.System().Add(c.stall))
	return c.Conn.Read(p)
}

// Write moves the read deadline too: the transport's reader has been waiting
// since the connection fell idle, and the reply may take as long again.
func (c *stallConn) Write(p []byte) (int, error) {
	_ = c.SetDeadline(clock.System().Add(c.stall))
	return c.Conn.Write(p)
}

func dialStalling(d *net.Dialer, stall time.Duration, limit *Limiter) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		c = &stallConn{Conn: c, stall: stall}
		if limit != nil {
			c = limit.conn(c)
		}
		return c, nil
	}
}

// TLSConfig trusts the system's roots and, when caPEM is not empty, the
// certificates in it as well. A PEM without a certificate is an error, and so is
// one with a CA that CheckAuthority refuses.
func TLSConfig(caPEM []byte) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(caPEM) == 0 {
		return cfg, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(caPEM) {
		return nil, fail.New(fail.Usage, "give a PEM file with at least one certificate", "CA file: no certificate in it")
	}
	for block, rest := pem.Decode(caPEM); block != nil; block, rest = pem.Decode(rest) {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil {
			if err := CheckAuthority(c); err != nil {
				return nil, fail.As(fmt.Errorf("CA file: %w", err), fail.Usage, "trust another CA")
			}
		}
	}
	cfg.RootCAs = pool
	return cfg, nil
}

// mostRSA is how many bits an RSA key may have, as crypto/tls has it for those
// that servers send. What one signs is verified in a time that grows with its
// square, and a handshake can't be told to stop.
const mostRSA = 8192

// CheckAuthority refuses a CA whose key is so long that nobody can wait for what
// it has signed, or only seems to have.
func CheckAuthority(c *x509.Certificate) error {
	if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > mostRSA {
		return fmt.Errorf("a CA with an RSA key of %d bits, at most %d are allowed", key.N.BitLen(), mostRSA)
	}
	return nil
}

const maxRedirects = 5

var errRedirect = errors.New("refused to follow a redirect")

// keepAcross are the only headers that another origin gets to see. All else,
// above all Authorization, OSF-TOKEN and whatever a context adds, stays.
var keepAcross = map[string]bool{
	"Accept": true, "Accept-Encoding": true, "Content-Type": true, "Range": true,
	"If-Range": true, "If-None-Match": true, "If-Match": true, "User-Agent": true,
}

// checkRedirect follows within one origin freely, and to another one only what
// has no body and without the caller's headers. One after which a POST or PUT
// would go on as a GET is never followed: the page it leads to, such as that
// of a login, would pass for the answer to what was not sent.
func checkRedirect(req *http.Request, via []*http.Request) error {
	if len(via) >= maxRedirects {
		return fmt.Errorf("%w: more than %d in a row", errRedirect, maxRedirects)
	}
	first, last := via[0].URL, via[len(via)-1].URL
	if last.Scheme == "https" && req.URL.Scheme != "https" {
		return fmt.Errorf("%w from https to %s", errRedirect, req.URL.Scheme)
	}
	if was := via[len(via)-1].Method; was != req.Method {
		return fmt.Errorf("%w that makes a %s of a %s, to %s", errRedirect, req.Method, was, Redact(req.URL))
	}
	if SameOrigin(first, req.URL) {
		return nil
	}
	if req.Method != http.MethodGet && req.Method != http.MethodHead {
		return fmt.Errorf("%w of a %s to another origin, %s", errRedirect, req.Method, req.URL.Host)
	}
	for k := range req.Header {
		if !keepAcross[k] {
			req.Header.Del(k)
		}
	}
	return nil
}

// SameOrigin says whether scheme, host and port of a and b are the same.
func SameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}
