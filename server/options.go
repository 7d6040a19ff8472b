package server

import (
	"log/slog"
	"time"

	"github.com/otactl/otactl/internal/clock"
)

// Options say where a server keeps its things and where it listens. Only
// DataDir is needed; what is left empty keeps the value of an earlier start,
// or the default on the first.
type Options struct {
	// DataDir is the folder that holds everything; it is made with mode 0700.
	DataDir string
	// Addr is the API's listen address; default "127.0.0.1:8080". Port 0 takes
	// a free one.
	Addr string
	// GatewayAddr is the device gateway's listen address; default ":8443".
	GatewayAddr string
	// URL is the API's base URL as its clients see it, without a trailing
	// slash; default "http://" + Addr.
	URL string
	// GatewayURL is the gateway's base URL as devices see it; default
	// "https://" + the first of DNSNames + the port of GatewayAddr.
	GatewayURL string
	// DNSNames are the DNS names or IP addresses the gateway's certificate is
	// for, besides the host of GatewayURL, localhost and the loopback addresses.
	DNSNames []string
	// Factory names this server's factory; default "local". It is fixed by the
	// first start.
	Factory string
	// PollInterval is how often a device may ask whether its registration was
	// approved; default 5 s.
	PollInterval time.Duration
	// Clock reads the time; nil is the machine's.
	Clock clock.Clock
	// Log takes what happens; nil is silent.
	Log *slog.Logger
}

// Ready says where a started server can be reached and what it made.
type Ready struct {
	URL         string `json:"url" yaml:"url"`                 // API base URL
	Gateway     string `json:"gateway" yaml:"gateway"`         // gateway base URL
	Factory     string `json:"factory" yaml:"factory"`         //
	DataDir     string `json:"data" yaml:"data"`               //
	Context     string `json:"context" yaml:"context"`         // path of otactl.yaml
	Credentials string `json:"credentials" yaml:"credentials"` // path of credentials.zip
	FirstStart  bool   `json:"first_start" yaml:"first_start"` //
	PID         int    `json:"pid" yaml:"pid"`                 //
	// SignedElsewhere are the roles whose files are signed elsewhere and brought
	// here, since the server has no key for them or may not sign alone.
	SignedElsewhere []string `json:"signed_elsewhere" yaml:"signed_elsewhere"`
}
