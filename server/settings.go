package server

import (
	"context"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/server/api"
)

// openSettings fills what the options leave empty from an earlier start, or
// with defaults. What they give is remembered later, once it has worked.
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

// recall fills an empty value from an earlier start, or with the default; one
// that is given, and new, is for remember.
func (s *Server) recall(ctx context.Context, key, def string, value *string) error {
	was, err := s.db.Setting(ctx, key)
	switch {
	case err != nil:
		return err
	case *value == "" && was == "":
		*value = def
	case *value == "":
		*value = was
	case *value != was:
		s.given = append(s.given, setting{key, *value})
	}
	return nil
}

// setting is what one flag said.
type setting struct{ key, value string }

// remember stores what the flags said for the next start. It comes after the
// listeners are bound: what cannot work would stop every start after this one.
// It comes before the rooms are opened: their certificates hold the factory.
func (s *Server) remember(ctx context.Context) error {
	for _, g := range s.given {
		if err := s.db.SetSetting(ctx, g.key, g.value); err != nil {
			return err
		}
	}
	return nil
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
	if f := s.opt.Factory; !api.IsWord(f) || len(f) > maxFactory || strings.Contains(f, "+") {
		return fail.New(fail.Usage, "use letters, digits and . _ -, 64 at most", "serve: %q cannot name a factory", f)
	}
	if was != s.opt.Factory {
		s.given = append(s.given, setting{"factory", s.opt.Factory})
	}
	return nil
}

// maxFactory is what a device takes for a name, and what X.509 allows an
// organisational unit (ub-organizational-unit-name), in bytes.
const maxFactory = 64

func (s *Server) checkSettings() error {
	for _, u := range []struct {
		flag, value string
		schemes     []string
	}{{"--url", s.opt.URL, []string{"http", "https"}}, {"--gateway-url", s.opt.GatewayURL, []string{"https"}}} {
		if u.value == "" {
			continue
		}
		if !isBase(u.value, u.schemes) {
			return fail.New(fail.Usage, "give it as "+u.schemes[len(u.schemes)-1]+"://HOST[:PORT]", "serve: %s %q is not an address", u.flag, u.value)
		}
	}
	for _, n := range s.opt.DNSNames {
		if !isHost(n) {
			return fail.New(fail.Usage, "give a host name or an IP address", "serve: %q is not a name for a certificate", n)
		}
	}
	return nil
}

// isBase says whether text is a base URL: scheme, a host that can be in a
// certificate, a port that exists, perhaps a path, and nothing more. It ends up
// between quotes in devices' sota.toml.
func isBase(text string, schemes []string) bool {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		!slices.Contains(schemes, u.Scheme) || strings.ContainsAny(text, "\"\\ \n\r\t") {
		return false
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return false
		}
	}
	return isHost(u.Hostname())
}

func isHost(s string) bool { return net.ParseIP(s) != nil || isDNSName(s) }

// certNames are the names that devices may reach the gateway by: those given,
// and the one in the URL that they are told.
func (s *Server) certNames() []string {
	names := slices.Clone(s.opt.DNSNames)
	if u, err := url.Parse(s.opt.GatewayURL); err == nil && isHost(u.Hostname()) && !slices.Contains(names, u.Hostname()) {
		names = append(names, u.Hostname())
	}
	return names
}

func isDNSName(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || !api.IsWord(label) || strings.Contains(label, "+") {
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
