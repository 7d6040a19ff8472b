package httpx

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// ClientCertificate proves who one is in the TLS handshake, to Origins only: a
// redirect to a bucket, or a token server, gets to see nothing of it.
type ClientCertificate struct {
	Certificate tls.Certificate
	Origins     []*url.URL
}

// proving sends requests for the origins by a transport that shows the
// certificate, and all others by one that has none.
type proving struct {
	to            []*url.URL
	prover, plain roundTripper
}

func newProving(o Options, open func(Options) roundTripper) *proving {
	with := o
	with.TLS = o.TLS.Clone()
	with.TLS.Certificates = []tls.Certificate{o.Client.Certificate}
	// The handshake with a proxy would show it to the proxy.
	next := proxyOf(o)
	with.proxy = func(r *http.Request) (*url.URL, error) {
		u, err := next(r)
		if err == nil && u != nil && u.Scheme == "https" {
			return nil, fmt.Errorf("proxy %s: a client certificate can't go through a proxy that is spoken to by https", u.Host)
		}
		return u, err
	}
	return &proving{to: o.Client.Origins, prover: open(with), plain: open(o)}
}

// RoundTrip implements http.RoundTripper.
func (p *proving) RoundTrip(r *http.Request) (*http.Response, error) {
	if slices.ContainsFunc(p.to, func(u *url.URL) bool { return SameOrigin(u, r.URL) }) {
		return p.prover.RoundTrip(r)
	}
	return p.plain.RoundTrip(r)
}

// CloseIdleConnections closes those of both.
func (p *proving) CloseIdleConnections() {
	p.prover.CloseIdleConnections()
	p.plain.CloseIdleConnections()
}
