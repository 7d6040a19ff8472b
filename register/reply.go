package register

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
)

// The files every reply must have.
const (
	rootCA     = "root.crt"
	clientCert = "client.pem"
	keyFile    = "pkey.pem"
	sotaToml   = "sota.toml"
)

// A reply's file names come from the network: plain names with an ending we
// know, never a path, a dot file, or our key.
var replyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\.(crt|pem|toml|chained)$`)

// maxReplyFiles is far above the four files that backends send.
const maxReplyFiles = 16

// reply is a registration reply that passed every check.
type reply struct {
	files   map[string][]byte
	gateway string // tls.server
	repo    string // uptane.repo_server; "" means below the gateway
}

// parseReply checks that the reply is for this key and this device. now is the
// one clock reading that decides about the certificate.
func (o *Options) parseReply(raw []byte, id *identity, now time.Time) (*reply, error) {
	files, err := decodeFiles(raw)
	if err != nil {
		return nil, err
	}
	if err := checkRoots(files[rootCA]); err != nil {
		return nil, err
	}
	if err := o.checkCert(files[clientCert], id, now); err != nil {
		return nil, err
	}
	c, err := o.checkConfig(files[sotaToml])
	if err != nil {
		return nil, err
	}
	return &reply{files: files, gateway: c["tls"]["server"], repo: c["uptane"]["repo_server"]}, nil
}

func bad(format string, args ...any) error {
	return fail.As(fmt.Errorf("%w: "+format, append([]any{ErrBadReply}, args...)...), fail.Verification, "")
}

// decodeFiles reads the flat map token by token, since encoding/json would
// silently let the second of two equal names win.
func decodeFiles(raw []byte) (map[string][]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, bad("want a JSON object of file names and contents")
	}
	files := map[string][]byte{}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, bad("%v", err)
		}
		name, _ := k.(string)
		var content string
		if err := d.Decode(&content); err != nil {
			return nil, bad("file %.80q: %v", name, err)
		}
		if !replyName.MatchString(name) || name == keyFile {
			return nil, bad("file name %.80q is not one a backend may write", name)
		}
		if _, twice := files[name]; twice || len(files) == maxReplyFiles {
			return nil, bad("file %s comes twice, or there are more than %d files", name, maxReplyFiles)
		}
		files[name] = []byte(content)
	}
	if _, err := d.Token(); err != nil {
		return nil, bad("the JSON object does not end: %v", err)
	}
	for _, name := range []string{rootCA, clientCert, sotaToml} {
		if len(files[name]) == 0 {
			return nil, bad("%s is missing", name)
		}
	}
	return files, nil
}

func checkRoots(data []byte) error {
	n := 0
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil || !c.IsCA {
			return bad("%s holds something that is not a CA certificate", rootCA)
		}
		if err := httpx.CheckAuthority(c); err != nil {
			return bad("%s holds %v", rootCA, err)
		}
		n++
	}
	if n == 0 {
		return bad("%s holds no certificate", rootCA)
	}
	return nil
}

// checkCert makes sure that the certificate is ours in every respect. The
// chain is not checked against root.crt: that is the CA of the gateway, and a
// device CA need not hang below it.
func (o *Options) checkCert(data []byte, id *identity, now time.Time) error {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "CERTIFICATE" {
		return bad("%s holds no certificate", clientCert)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return bad("%s: %v", clientCert, err)
	}
	pub, ok := c.PublicKey.(*ecdsa.PublicKey)
	switch {
	case !ok || !pub.Equal(&id.key.PublicKey):
		return bad("%s is for another key than the one this device made", clientCert)
	case c.Subject.CommonName != o.UUID:
		return bad("%s is for device %.80q, not %s", clientCert, c.Subject.CommonName, o.UUID)
	case !slices.Equal(c.Subject.OrganizationalUnit, []string{o.Factory}):
		return bad("%s is for factory %.80q, not %s", clientCert, c.Subject.OrganizationalUnit, o.Factory)
	case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageClientAuth):
		return bad("%s is not for client authentication", clientCert)
	case isProduction(c) != o.Production:
		return bad("%s: production is %v, asked for %v", clientCert, isProduction(c), o.Production)
	case now.Before(c.NotBefore):
		return fail.Hint(bad("%s is valid from %s on, and this device's clock says %s", clientCert, c.NotBefore.Format(time.RFC3339), now.Format(time.RFC3339)), "set the clock")
	case now.After(c.NotAfter):
		return fail.Hint(bad("%s expired on %s, and this device's clock says %s", clientCert, c.NotAfter.Format(time.RFC3339), now.Format(time.RFC3339)), "set the clock")
	}
	return nil
}

func isProduction(c *x509.Certificate) bool {
	return slices.ContainsFunc(c.Subject.Names, func(n pkix.AttributeTypeAndValue) bool {
		return n.Type.Equal(businessCategory) && n.Value == "production"
	})
}
