// Package credentials reads what a publisher was given: a credentials.zip, or
// the treehub.json out of one by itself.
//
// It trusts the file as far as its owner vouches for it: members are capped
// before they are read, only known names are read, JSON is strict about what
// matters. It must never write a secret anywhere, nor put one into an error.
package credentials

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// Names of the members that are read. Any other is ignored.
const (
	memberTreehub    = "treehub.json"
	memberRepoURL    = "tufrepo.url"
	memberRoot       = "root.json"
	memberTargetsPub = "targets.pub"
	memberTargetsSec = "targets.sec"
	memberServerCA   = "server_ca.pem"
	memberClientP12  = "client_auth.p12"
)

// maxMembers caps how many entries a credentials.zip may have.
const maxMembers = 100

// Credentials is what a publisher may do and where.
type Credentials struct {
	// TreehubURL is ostree.server, with a trailing slash.
	TreehubURL string
	// OAuth2, when not nil, wins over Basic; both nil means that the server
	// asks for nothing.
	OAuth2 *OAuth2
	Basic  *httpx.BasicAuth
	// RepoURL is tufrepo.url without a trailing slash; may be empty.
	RepoURL string
	// Root is root.json, the root of trust of the target repository as it was
	// when the file was made; TargetsPub and TargetsSec are a TUF key as JSON.
	// Each may be nil.
	Root, TargetsPub, TargetsSec []byte
	// ServerCA is PEM that the servers' certificates may chain to, besides the
	// system's roots; may be nil.
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

// Open reads a credentials.zip or a bare treehub.json.
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
		class := fail.ClassOf(err)
		if class == fail.Unknown {
			class = fail.Usage
		}
		return nil, fail.As(fmt.Errorf("credentials %s: %w", path, err), class, "")
	}
	return c, nil
}

// Parse is Open on bytes.
func Parse(data []byte) (*Credentials, error) {
	if int64(len(data)) > limits.Credentials {
		return nil, &fsx.TooLargeError{Name: "credentials", Max: limits.Credentials}
	}
	trimmed := bytes.TrimLeft(data, " \t\r\n")
	switch {
	case bytes.HasPrefix(data, []byte("PK")):
		return parseZip(data)
	case bytes.HasPrefix(trimmed, []byte("{")):
		c := &Credentials{}
		return c, c.readTreehub(data)
	}
	return nil, fmt.Errorf("%w: neither a ZIP archive nor JSON", ErrNoCredentials)
}

func parseZip(data []byte) (*Credentials, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCredentials, err)
	}
	if len(z.File) > maxMembers {
		return nil, fmt.Errorf("%w: %d members, more than %d", ErrNoCredentials, len(z.File), maxMembers)
	}
	members := map[string][]byte{}
	for _, f := range z.File {
		if err := readMember(members, f); err != nil {
			return nil, err
		}
	}
	return fromMembers(members)
}

func readMember(members map[string][]byte, f *zip.File) error {
	switch f.Name {
	case memberTreehub, memberRepoURL, memberRoot, memberTargetsPub, memberTargetsSec, memberServerCA, memberClientP12:
	default:
		return nil
	}
	if _, dup := members[f.Name]; dup {
		return fmt.Errorf("%w: %s is in it twice", ErrNoCredentials, f.Name)
	}
	if f.UncompressedSize64 > limits.Credentials {
		return &fsx.TooLargeError{Name: f.Name, Max: limits.Credentials}
	}
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	defer r.Close()
	members[f.Name], err = fsx.ReadAll(r, f.Name, limits.Credentials)
	return err
}

func fromMembers(m map[string][]byte) (*Credentials, error) {
	if m[memberClientP12] != nil {
		return nil, fail.New(fail.Unsupported, "use credentials with oauth2", "%s: client certificates are not supported for publishing", memberClientP12)
	}
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
	return c, nil
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

// Auth is the proof for TreehubURL and RepoURL. hc talks to the token server.
func (c *Credentials) Auth(hc *http.Client, r httpx.Retry) httpx.Auth {
	switch {
	case c.OAuth2 != nil:
		o := c.OAuth2
		return oauth.New(oauth.Options{Server: o.Server, ClientID: o.ClientID, ClientSecret: o.ClientSecret, Scope: o.Scope, HTTP: hc, Retry: r})
	case c.Basic != nil:
		return *c.Basic
	}
	return httpx.Anonymous{}
}

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

// member is one file of a credentials.zip.
type member struct {
	name string
	data []byte
}

// Write makes a credentials.zip out of c, for a backend that hands it out.
func (c *Credentials) Write(w io.Writer) error {
	t := treehubFile{OAuth2: c.OAuth2, NoAuth: c.OAuth2 == nil && c.Basic == nil}
	t.OSTree.Server = c.TreehubURL
	j, err := json.Marshal(t)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for _, m := range []member{
		{memberTreehub, j}, {memberRepoURL, []byte(c.RepoURL)}, {memberRoot, c.Root},
		{memberTargetsPub, c.TargetsPub}, {memberTargetsSec, c.TargetsSec}, {memberServerCA, c.ServerCA},
	} {
		if len(m.data) == 0 {
			continue
		}
		f, err := z.Create(m.name)
		if err != nil {
			return err
		}
		if _, err := f.Write(m.data); err != nil {
			return err
		}
	}
	return z.Close()
}
