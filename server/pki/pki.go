// Package pki is the backend's own X.509: a root, the gateway's TLS
// certificate, and the CA that signs device certificates.
//
// All keys are EC P-256, made here, in files of mode 0600. It trusts the files
// in its folder. It never signs a device request it has not checked in full,
// never copies an extension that a request asked for, and never overwrites a
// CA.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
)

// How long certificates are good for.
const (
	caLife     = 20 * 365 * 24 * time.Hour
	tlsLife    = 397 * 24 * time.Hour // what TLS clients still accept
	tlsRenew   = 30 * 24 * time.Hour  // before its end
	deviceLife = 7300 * 24 * time.Hour
	// backdate lets a device whose clock is a little behind use its certificate.
	backdate = time.Hour
)

// PKI is an opened folder of keys and certificates.
type PKI struct {
	dir     string
	factory string
	clock   clock.Clock
	root    *authority
	device  *authority

	mu    sync.Mutex
	names []string
	tls   *tls.Certificate
}

// authority is a CA; key is nil when it is kept elsewhere.
type authority struct {
	cert *x509.Certificate
	pem  []byte
	key  crypto.Signer
}

// Open loads the folder, and makes what is missing: the root, the device CA,
// and a gateway certificate for names (DNS names or IP addresses), localhost
// and the loopback addresses. A clock that stands before the root's making is
// refused.
func Open(dir, factory string, names []string, clk clock.Clock) (*PKI, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	p := &PKI{dir: dir, factory: factory, clock: clk, names: names}
	var err error
	if p.root, err = p.authority("root", caTemplate(factory+"-root", factory, 1), nil); err != nil {
		return nil, err
	}
	if now, made := clk(), p.root.cert.NotBefore; now.Before(made) {
		return nil, fail.New(fail.Verification, "set the clock of this machine and try again",
			"pki: the clock says %s, and the root was made after that, on %s: what is signed now would have run out already",
			now.Format(time.RFC3339), made.Format(time.RFC3339))
	}
	if p.device, err = p.authority("device-ca", caTemplate(factory+"-device-ca", factory, 0), p.root); err != nil {
		return nil, err
	}
	if err := p.RenewTLS(); err != nil {
		return nil, err
	}
	return p, nil
}

func caTemplate(cn, factory string, pathLen int) *x509.Certificate {
	return &x509.Certificate{
		Subject:               pkix.Name{CommonName: cn, OrganizationalUnit: []string{factory}},
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            pathLen,
		MaxPathLenZero:        pathLen == 0,
	}
}

// authority loads name.crt and name.key, or makes them under parent (nil: by
// itself). The certificate is written after its key. A key without one is of a
// start that was cut off, or of a lost certificate; it is kept and used.
func (p *PKI) authority(name string, t *x509.Certificate, parent *authority) (*authority, error) {
	crt, key := filepath.Join(p.dir, name+".crt"), filepath.Join(p.dir, name+".key")
	a, err := loadAuthority(crt, key)
	if err == nil || !os.IsNotExist(err) {
		return a, err
	}
	signer, err := p.oldOrNewKey(key)
	if err != nil {
		return nil, err
	}
	if parent == nil {
		parent = &authority{cert: t, key: signer}
	}
	if _, err := p.issue(crt, t, parent, signer.Public(), caLife); err != nil {
		return nil, err
	}
	return loadAuthority(crt, key)
}

// issue signs t for pub, for at most life and never beyond the parent's end,
// and writes it to path unless that is "".
func (p *PKI) issue(path string, t *x509.Certificate, parent *authority, pub crypto.PublicKey, life time.Duration) ([]byte, error) {
	if parent.key == nil {
		return nil, fmt.Errorf("pki: the key of %s is not in %s, so nothing new can be signed by it", parent.cert.Subject, p.dir)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	now := p.clock()
	t.SerialNumber = serial
	t.NotBefore, t.NotAfter = now.Add(-backdate), now.Add(life)
	if end := parent.cert.NotAfter; !end.IsZero() && t.NotAfter.After(end) {
		t.NotAfter = end
	}
	der, err := x509.CreateCertificate(rand.Reader, t, parent.cert, pub, parent.key)
	if err != nil {
		return nil, fmt.Errorf("pki: sign %s: %w", t.Subject, err)
	}
	return der, writeCert(path, der)
}

// Root is the PEM certificate that devices verify the gateway with.
func (p *PKI) Root() []byte { return p.root.pem }

// ClientCAs is what a device certificate has to chain to.
func (p *PKI) ClientCAs() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.device.cert)
	return pool
}

func (p *PKI) oldOrNewKey(path string) (crypto.Signer, error) {
	k, err := loadKey(path)
	if os.IsNotExist(err) {
		return newKey(path)
	}
	if err != nil {
		return nil, damaged(path, err)
	}
	return k, nil
}

func newKey(path string) (crypto.Signer, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	return k, writeKey(path, k)
}
