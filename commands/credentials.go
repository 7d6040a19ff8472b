package commands

import (
	"net/http"

	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/internal/httpx"
)

// credentialsClient speaks to the servers that credentials are for: it trusts
// the CAs in them and in a file (may be ""), and shows their client certificate
// to those servers.
func (rt *runtime) credentialsClient(creds *credentials.Credentials, caFile string, conns int) (*http.Client, error) {
	cfg, err := trusting(caFile, creds.ServerCA)
	if err != nil {
		return nil, err
	}
	return httpx.NewClient(httpx.Options{TLS: cfg, UserAgent: userAgent(), MaxConns: conns, Client: creds.Certificate(), Limit: rt.limit}), nil
}
