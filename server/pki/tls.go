package pki

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// RenewTLS makes a new gateway certificate when there is none yet, when it
// ends within a month, or when a name is asked for that it does not carry.
func (p *PKI) RenewTLS() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	crt, key := filepath.Join(p.dir, "tls.crt"), filepath.Join(p.dir, "tls.key")
	a, err := loadAuthority(crt, key)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if err != nil || !p.serves(a) {
		if a, err = p.newTLS(crt, key); err != nil {
			return err
		}
	}
	p.tls = &tls.Certificate{Certificate: [][]byte{a.cert.Raw}, PrivateKey: a.key, Leaf: a.cert}
	return nil
}

// serves says whether a is still good for the names asked for.
func (p *PKI) serves(a *authority) bool {
	if a.key == nil || p.clock().Add(tlsRenew).After(a.cert.NotAfter) {
		return false
	}
	if a.cert.CheckSignatureFrom(p.root.cert) != nil {
		return false
	}
	for _, n := range p.allNames() {
		if a.cert.VerifyHostname(n) != nil {
			return false
		}
	}
	return true
}

func (p *PKI) allNames() []string {
	return append(append([]string{}, p.names...), "localhost", "127.0.0.1", "::1")
}

// newTLS writes the key before the certificate; a crash between the two is
// found as a pair that does not match, which is why the old certificate goes
// first.
func (p *PKI) newTLS(crt, key string) (*authority, error) {
	if p.root.key == nil {
		return nil, fmt.Errorf("pki: the gateway needs a new certificate and the root's key is not in %s: put root.key there for the next start", p.dir)
	}
	if err := os.Remove(crt); err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("pki: %w", err)
	}
	k, err := newKey(key)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		Subject:               pkix.Name{CommonName: p.allNames()[0], OrganizationalUnit: []string{p.factory}},
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	for _, n := range p.allNames() {
		if ip := net.ParseIP(n); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, n)
		}
	}
	if _, err := p.issue(crt, t, p.root, k.Public(), tlsLife); err != nil {
		return nil, err
	}
	return loadAuthority(crt, key)
}

// TLS is the gateway's side of mutual TLS. A connection without a client
// certificate is let through, so that it can be told why it is refused; one
// with a certificate that the device CA did not sign is not.
func (p *PKI) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		ClientAuth: tls.VerifyClientCertIfGiven,
		ClientCAs:  p.ClientCAs(),
		NextProtos: []string{"h2", "http/1.1"},
		Time:       p.clock,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.tls, nil
		},
	}
}
