package server

import (
	"context"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/server/api"
)

// openSettings fills what the options leave empty from an earlier start, or
// with defaults, and remembers what they give.
func (s *Server) openSettings(ctx context.Context) error {
	names := strings.Join(s.opt.DNSNames, " ")
	for _, set := range []struct {
		key, def string
		value    *string
	}{
		{"addr", "127.0.0.1:8080", &s.opt.Addr},
		{"gateway-addr", ":8443", &s.opt.GatewayAddr},
		{"url", "", &s.opt.URL},
		{"gateway-url", "", &s.opt.GatewayURL},
		{"dns-names", "", &names},
	} {
		if err := s.recall(ctx, set.key, set.def, set.value); err != nil {
			return err
		}
	}
	s.opt.DNSNames = strings.Fields(names)
	s.opt.URL = strings.TrimRight(s.opt.URL, "/")
	s.opt.GatewayURL = strings.TrimRight(s.opt.GatewayURL, "/")
	if err := s.checkSettings(); err != nil {
		return err
	}
	return s.openFactory(ctx)
}

func (s *Server) recall(ctx context.Context, key, def string, value *string) error {
	if *value != "" {
		return s.db.SetSetting(ctx, key, *value)
	}
	var err error
	if *value, err = s.db.Setting(ctx, key); err == nil && *value == "" {
		*value = def
	}
	return err
}

// openFactory settles the factory's name, which is in every certificate and
// cannot change.
func (s *Server) openFactory(ctx context.Context) error {
	was, err := s.db.Setting(ctx, "factory")
	if err != nil {
		return err
	}
	switch {
	case s.opt.Factory == "" && was == "":
		s.opt.Factory = "local"
	case s.opt.Factory == "":
		s.opt.Factory = was
	case was != "" && was != s.opt.Factory:
		return fail.New(fail.Conflict, "leave --factory out, or use another --data",
			"serve: %s belongs to factory %q and cannot become %q", s.opt.DataDir, was, s.opt.Factory)
	}
	if !api.IsWord(s.opt.Factory) {
		return fail.New(fail.Usage, "use letters, digits and . _ + -", "serve: %q cannot name a factory", s.opt.Factory)
	}
	if was == s.opt.Factory {
		return nil
	}
	return s.db.SetSetting(ctx, "factory", s.opt.Factory)
}

func (s *Server) checkSettings() error {
	for _, u := range []struct {
		flag, value string
		schemes     []string
	}{{"--url", s.opt.URL, []string{"http", "https"}}, {"--gateway-url", s.opt.GatewayURL, []string{"https"}}} {
		if u.value == "" {
			continue
		}
		p, err := url.Parse(u.value)
		if err != nil || p.Host == "" || p.User != nil || p.RawQuery != "" || p.Fragment != "" ||
			!slices.Contains(u.schemes, p.Scheme) || strings.ContainsAny(u.value, "\"\\ \n\r\t") {
			return fail.New(fail.Usage, "give it as "+u.schemes[len(u.schemes)-1]+"://HOST[:PORT]", "serve: %s %q is not an address", u.flag, u.value)
		}
	}
	for _, n := range s.opt.DNSNames {
		if net.ParseIP(n) == nil && !isDNSName(n) {
			return fail.New(fail.Usage, "give a host name or an IP address", "serve: %q is not a name for a certificate", n)
		}
	}
	return nil
}

func isDNSName(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || !api.IsWord(label) || strings.ContainsAny(label, "._+") {
			return false
		}
	}
	return true
}

// fillURLs derives the URLs that were not given from where the server listens.
func (s *Server) fillURLs() {
	if s.opt.URL == "" {
		s.opt.URL = "http://" + s.reachable(s.apiListener.Addr())
	}
	if s.opt.GatewayURL == "" {
		s.opt.GatewayURL = "https://" + s.reachable(s.gatewayListener.Addr())
	}
	s.ready = Ready{
		URL: s.opt.URL, Gateway: s.opt.GatewayURL, Factory: s.opt.Factory, DataDir: s.opt.DataDir,
		Context: s.path("otactl.yaml"), Credentials: s.path("credentials.zip"), PID: os.Getpid(),
	}
}

// reachable is the address as a client may use it: the first of the DNS names
// in place of "any address".
func (s *Server) reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
		if len(s.opt.DNSNames) > 0 {
			host = s.opt.DNSNames[0]
		}
	}
	return net.JoinHostPort(host, port)
}
