package credentials

import (
	"bytes"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// patience is how long a store may take to be opened. How often its password is
// to be hashed a file says in the part that is encrypted, too, where nobody can
// look before.
const patience = time.Minute

// readStores reads the PKCS#12 members, which have the empty password; each has
// the limit of time.
func (c *Credentials) readStores(m members, limit time.Duration) error {
	for _, name := range []string{memberClientP12, memberServerP12} {
		if m[name] == nil {
			continue
		}
		if err := checkRounds(m[name]); err != nil {
			return unreadable(name, err)
		}
	}
	if raw := m[memberClientP12]; raw != nil {
		cert, err := inTime(limit, memberClientP12, raw, clientCertificate)
		if err != nil {
			return err
		}
		c.Client = cert
	}
	if raw := m[memberServerP12]; raw != nil {
		certs, err := inTime(limit, memberServerP12, raw, trusted)
		if err != nil {
			return err
		}
		for _, cert := range certs {
			block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})
			c.ServerCA = append(append(bytes.TrimSpace(c.ServerCA), '\n'), block...)
		}
	}
	return nil
}

// inTime opens a store, and gives up once the limit is over. The library can't
// be told to stop: what it began ends with the program.
func inTime[T any](limit time.Duration, name string, raw []byte, open func([]byte) (T, error)) (T, error) {
	type opened struct {
		store T
		err   error
	}
	done := make(chan opened, 1)
	go func() {
		store, err := open(raw)
		done <- opened{store, err}
	}()
	over := time.NewTimer(limit)
	defer over.Stop()
	select {
	case o := <-done:
		return o.store, o.err
	case <-over.C:
		var none T
		return none, unreadable(name, errRounds)
	}
}

// clientCertificate is the key of a PKCS#12 file and the certificates from the
// one that is for it up.
func clientCertificate(p12 []byte) (*tls.Certificate, error) {
	key, cert, chain, err := decodeChain(p12)
	if err != nil {
		return nil, unreadable(memberClientP12, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, unreadable(memberClientP12, fmt.Errorf("a %T signs nothing", key))
	}
	all := append([]*x509.Certificate{cert}, chain...)
	leaf := leafOf(signer, all)
	if leaf == nil {
		return nil, unreadable(memberClientP12, fmt.Errorf("no certificate in it is for its key"))
	}
	out := &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: signer, Leaf: leaf}
	for _, c := range all {
		if c != leaf {
			out.Certificate = append(out.Certificate, c.Raw)
		}
	}
	return out, nil
}

// decodeChain reads a file of DER, or one of BER.
func decodeChain(p12 []byte) (key any, cert *x509.Certificate, chain []*x509.Certificate, err error) {
	if key, cert, chain, err = pkcs12.DecodeChain(p12, ""); err == nil {
		return key, cert, chain, nil
	}
	der, berr := toDER(p12)
	if berr != nil || errors.Is(err, pkcs12.ErrIncorrectPassword) {
		return nil, nil, nil, err
	}
	return pkcs12.DecodeChain(der, "")
}

// leafOf is the certificate for a key: not every tool writes it first.
func leafOf(key crypto.Signer, certs []*x509.Certificate) *x509.Certificate {
	pub, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok {
		return nil
	}
	for _, c := range certs {
		if pub.Equal(c.PublicKey) {
			return c
		}
	}
	return nil
}

// trusted are the certificates of a PKCS#12 file that says whom to trust: a
// trust store as Java makes them, or the server's own with its chain.
func trusted(p12 []byte) ([]*x509.Certificate, error) {
	if certs, err := pkcs12.DecodeTrustStore(p12, ""); err == nil {
		return certs, nil
	}
	_, cert, chain, err := decodeChain(p12)
	if err != nil {
		return nil, unreadable(memberServerP12, err)
	}
	return append(chain, cert), nil
}

func unreadable(name string, err error) error {
	return fail.New(fail.Usage, "get new credentials, or write the file anew: openssl pkcs12 -export with an empty password",
		"%s: not a PKCS#12 file with the empty password: %w", name, err)
}

// CanSign says whether the credentials hold all that signing targets takes: the
// key, the root of trust and where targets.json is.
func (c *Credentials) CanSign() bool {
	return c.TargetsSec != nil && c.TargetsPub != nil && c.Root != nil && c.RepoURL != ""
}

// TargetsKey is the key of targets.sec, which has to be the one of targets.pub.
func (c *Credentials) TargetsKey() (*tuf.PrivateKey, error) {
	const again = "get new credentials: those of this file can't sign"
	key, err := tuf.ParsePrivateKey(c.TargetsSec)
	if err != nil {
		return nil, fail.New(fail.Usage, again, "%s: %w", memberTargetsSec, err)
	}
	pub, err := tuf.ParsePublicKey(c.TargetsPub)
	if err != nil {
		return nil, fail.New(fail.Usage, again, "%s: %w", memberTargetsPub, err)
	}
	if !pub.Equal(key.Public()) {
		return nil, fail.New(fail.Usage, again, "%s: not the key of %s", memberTargetsSec, memberTargetsPub)
	}
	return key, nil
}
