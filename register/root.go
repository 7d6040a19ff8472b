package register

import (
	"context"
	"crypto/tls"
	"crypto/x509"

	"github.com/otactl/otactl/client/gateway"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// importedRoot is where the update client looks for the root of trust that a
// device starts with, below its folder.
const importedRoot = "import/repo/root.json"

// firstRoot asks the gateway, as the device it has just become, for the
// factory's first root. It proves that the new identity is accepted, and gives
// the device something to trust before a stick comes along: a device with no
// root can't tell one bundle from another.
func (o *Options) firstRoot(ctx context.Context, rep *reply, id *identity) ([]byte, error) {
	cert, err := tls.X509KeyPair(rep.files[clientCert], id.keyPEM)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(rep.files[rootCA])
	c, err := gateway.New(gateway.Options{
		URL: rep.gateway, RepoURL: rep.repo, Log: o.log(), Headers: gateway.Headers{Tags: o.Tags},
		TLS: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, Certificates: []tls.Certificate{cert}},
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, o.GatewayPatience)
	defer cancel()
	root, err := c.Metadata().Fetch(ctx, tuf.RootName(1), limits.Root)
	if err != nil {
		return nil, err
	}
	_, err = tuf.NewTrust(root, o.Dialects...)
	return root, err
}
