package agent

import (
	"context"
	"crypto/tls"
	"crypto/x509"

	"github.com/otactl/otactl/agent/state"
	"github.com/otactl/otactl/client/gateway"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// gatewayJobs is how many objects are asked for at once: over a network the
// time that an answer takes is the limit.
const gatewayJobs = 16

// online is the Source behind a device gateway.
type online struct {
	c *gateway.Client
	// proves says that who answers has shown to be the gateway.
	proves bool
}

// OpenGateway opens the gateway that the configuration names as a source of
// updates. userAgent is what requests call the program.
func (a *Agent) OpenGateway(ctx context.Context, userAgent string) (Source, error) {
	c, err := a.gateway(ctx, userAgent)
	if err != nil {
		return nil, err
	}
	return &online{c, gateway.ProvesItself(a.cfg.Uptane.RepoServer)}, nil
}

func (a *Agent) gateway(ctx context.Context, userAgent string) (*gateway.Client, error) {
	if a.cfg.Uptane.RepoServer == "" {
		return nil, fail.New(fail.Usage, "register this device, or give an offline bundle with --src-dir",
			"configuration names no gateway ([uptane] repo_server, [tls] server)")
	}
	if err := a.softwareKeys(); err != nil {
		return nil, err
	}
	creds, err := a.db.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	conf, err := tlsConfig(creds)
	if err != nil {
		return nil, err
	}
	current, err := a.Current(ctx)
	if err != nil {
		return nil, err
	}
	return gateway.New(gateway.Options{
		URL: a.cfg.TLS.Server, RepoURL: a.cfg.Uptane.RepoServer, OSTreeURL: a.cfg.Pacman.OSTreeServer,
		TLS: conf, UserAgent: userAgent, Log: a.log,
		Headers: gateway.Headers{Tags: a.cfg.Pacman.Tags, Target: current.Name, Commit: current.Commit},
	})
}

func (a *Agent) softwareKeys() error {
	t := a.cfg.TLS
	for _, source := range []string{t.CASource, t.CertSource, t.KeySource} {
		if source != "file" {
			return fail.New(fail.Unsupported, "set the [tls] sources to file", "keys in a %.20q token can't be used by this build", source)
		}
	}
	return nil
}

// tlsConfig believes the gateway's CA and no other, where the device has one.
func tlsConfig(c state.Credentials) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(c.CA) > 0 {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(c.CA) {
			return nil, fail.New(fail.Auth, "register the device again", "stored CA of the gateway holds no certificate")
		}
	}
	if len(c.Cert) == 0 && len(c.Key) == 0 {
		return conf, nil
	}
	pair, err := tls.X509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fail.New(fail.Auth, "register the device again", "stored client certificate and key: %w", err)
	}
	conf.Certificates = []tls.Certificate{pair}
	return conf, nil
}

func (s *online) Metadata() tuf.Fetcher { return s.c.Metadata() }

func (s *online) Statement(context.Context) ([]byte, error) { return nil, nil }

// Offers believes that a gateway has what its targets name; what is not there
// shows when it is fetched.
func (s *online) Offers(context.Context, ostree.Checksum, []string) (bool, error) { return true, nil }

// Deltas: objects come from a gateway one by one.
func (s *online) Deltas(context.Context, ostree.Checksum) ([]offline.Delta, error) { return nil, nil }

func (s *online) Objects(context.Context) (ostree.Source, error) { return s.c.Objects(), nil }

// Rules: a device may take its first root from the gateway, whose certificate
// its registration has pinned, but not from whoever answers where there is
// none; and a gateway that fails in any way leaves the
// device with what it knew before.
func (s *online) Rules() Rules {
	return Rules{
		FirstUse:    s.proves,
		StoredAfter: func(error) bool { return true },
		Jobs:        gatewayJobs,
		Missing:     CheckinMetadataFetchFailure,
		Fetch:       CheckinMetadataFetchFailure,
	}
}

func (s *online) Close() error { return nil }
