// Package credentials reads what a publisher was given: a credentials.zip, the
// same as a tar, or the treehub.json out of one by itself.
//
// It trusts the file as far as its owner vouches for it: members are capped
// before they are read, only known names are read, JSON is strict about what
// matters. It must never write a secret anywhere but into the credentials that
// Write makes, nor put one into an error.
package credentials

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"github.com/otactl/otactl/client/oauth"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
)

// Credentials is what a publisher may do and where.
type Credentials struct {
	// TreehubURL is ostree.server, with a trailing slash.
	TreehubURL string
	// Client, when not nil, is the certificate that proves who one is in the TLS
	// handshake; it wins over OAuth2 and Basic. OAuth2 wins over Basic. All nil
	// means that the server asks for nothing.
	Client *tls.Certificate
	OAuth2 *OAuth2
	Basic  *httpx.BasicAuth
	// RepoURL is tufrepo.url without a trailing slash; may be empty.
	RepoURL string
	// Root is root.json, the root of trust of the target repository as it was
	// when the file was made; TargetsPub and TargetsSec are a TUF key as JSON,
	// which TargetsKey reads. Each may be nil.
	Root, TargetsPub, TargetsSec []byte
	// ServerCA is PEM that the servers' certificates may chain to, besides the
	// system's roots: server_ca.pem and what server.p12 holds; may be nil.
	ServerCA []byte
}

// OAuth2 is the client-credentials part of treehub.json.
type OAuth2 struct {
	Server       string `json:"server"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Scope        string `json:"scope"`
}

// ErrNoCredentials says that the file is neither of the two kinds.
var ErrNoCredentials = errors.New("not a credentials file")

// getAnother is what to do about a file that is broken or none of ours.
const getAnother = "give the credentials.zip that the backend handed out, or the treehub.json out of it"

// Open reads an archive of credentials or a bare treehub.json.
func Open(path string) (*Credentials, error) {
	data, err := fsx.ReadFile(path, limits.Credentials)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fail.New(fail.NotFound, "give the credentials.zip of the backend", "credentials %s: no such file", path)
	case err != nil:
		return nil, fail.New(fail.Usage, "", "credentials: %w", err)
	}
	c, err := Parse(data)
	if err != nil {
		hint := fail.HintOf(err)
		if hint == "" {
			hint = getAnother
		}
		return nil, fail.As(fmt.Errorf("credentials %s: %w", path, err), fail.Usage, hint)
	}
	return c, nil
}

// Parse is Open on bytes.
func Parse(data []byte) (*Credentials, error) {
	if int64(len(data)) > limits.Credentials {
		return nil, &fsx.TooLargeError{Name: "credentials", Max: limits.Credentials}
	}
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		c := &Credentials{}
		return c, c.readTreehub(data)
	}
	m, err := unpack(data)
	if err != nil {
		return nil, err
	}
	return fromMembers(m)
}

func fromMembers(m members) (*Credentials, error) {
	if m[memberTreehub] == nil {
		return nil, fmt.Errorf("%w: %s is not in it", ErrNoCredentials, memberTreehub)
	}
	c := &Credentials{
		Root: m[memberRoot], TargetsPub: m[memberTargetsPub], TargetsSec: m[memberTargetsSec], ServerCA: m[memberServerCA],
	}
	if err := c.readTreehub(m[memberTreehub]); err != nil {
		return nil, err
	}
	if raw := m[memberRepoURL]; raw != nil {
		u, err := parseURL(memberRepoURL, strings.TrimSpace(string(raw)))
		if err != nil {
			return nil, err
		}
		c.RepoURL = u
	}
	return c, c.readStores(m, patience)
}

// treehubFile is treehub.json. Some servers write username for user.
type treehubFile struct {
	NoAuth bool    `json:"no_auth"`
	OAuth2 *OAuth2 `json:"oauth2"`
	Basic  *struct {
		User     string `json:"user"`
		Username string `json:"username"`
		Password string `json:"password"`
	} `json:"basic_auth"`
	OSTree struct {
		Server string `json:"server"`
	} `json:"ostree"`
}

func (c *Credentials) readTreehub(data []byte) error {
	var t treehubFile
	if err := json.Unmarshal(data, &t); err != nil {
		return fmt.Errorf("%s: %s", memberTreehub, jsonPlace(err))
	}
	u, err := parseURL(memberTreehub+": ostree.server", t.OSTree.Server)
	if err != nil {
		return err
	}
	c.TreehubURL = u + "/"
	switch {
	case t.NoAuth:
	case t.OAuth2 != nil && t.OAuth2.ClientID != "":
		if _, err := parseURL(memberTreehub+": oauth2.server", t.OAuth2.Server); err != nil {
			return err
		}
		c.OAuth2 = t.OAuth2
	case t.Basic != nil:
		user := t.Basic.User
		if user == "" {
			user = t.Basic.Username
		}
		c.Basic = &httpx.BasicAuth{User: user, Password: t.Basic.Password}
	}
	return nil
}

// jsonPlace says where JSON went wrong without quoting it.
func jsonPlace(err error) string {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return "not the JSON expected: " + e.Field + " is a " + e.Value
	}
	if e, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fmt.Sprintf("not JSON: error at byte %d", e.Offset)
	}
	return "not JSON"
}

// parseURL checks an address and takes its trailing slashes off. A bad one is
// not quoted: it may hold a password.
func parseURL(what, s string) (string, error) {
	u, err := url.Parse(s)
	switch {
	case s == "":
		return "", fmt.Errorf("%s: missing", what)
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return "", fmt.Errorf("%s: not an HTTP address", what)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("%s: has user info, a query or a fragment", what)
	}
	return strings.TrimRight(s, "/"), nil
}

// Auth is the proof for TreehubURL and RepoURL that goes with each request. hc
// talks to the token server. A client certificate proves all by itself: hc has
// to be made with Certificate.
func (c *Credentials) Auth(hc *http.Client, r httpx.Retry) httpx.Auth {
	switch {
	case c.Client != nil:
	case c.OAuth2 != nil:
		o := c.OAuth2
		return oauth.New(oauth.Options{Server: o.Server, ClientID: o.ClientID, ClientSecret: o.ClientSecret, Scope: o.Scope, HTTP: hc, Retry: r})
	case c.Basic != nil:
		return *c.Basic
	}
	return httpx.Anonymous{}
}

// Certificate says which client certificate to show to whom; nil where there is
// none.
func (c *Credentials) Certificate() *httpx.ClientCertificate {
	if c.Client == nil {
		return nil
	}
	cert := &httpx.ClientCertificate{Certificate: *c.Client}
	for _, s := range []string{c.TreehubURL, c.RepoURL} {
		if u, err := url.Parse(s); err == nil && u.Host != "" {
			cert.Origins = append(cert.Origins, u)
		}
	}
	return cert
}

// String leaves the secrets out.
func (c *Credentials) String() string { return "credentials for " + c.TreehubURL }

// GoString leaves the secrets out as well.
func (c *Credentials) GoString() string { return c.String() }

// Backend splits RepoURL, "B/ota/repo/F", into the API base B and the factory
// F. ok is false when it has another shape, and then only objects and refs can
// be published with these credentials.
func (c *Credentials) Backend() (base, factory string, ok bool) {
	i := strings.LastIndex(c.RepoURL, "/ota/repo/")
	if i < 0 {
		return "", "", false
	}
	base, factory = c.RepoURL[:i], c.RepoURL[i+len("/ota/repo/"):]
	return base, factory, factory != "" && !strings.Contains(factory, "/")
}
