// Package account reads the context file: which backend a person works with,
// and the token that proves it.
//
// It trusts the file because only its owner may read it: a file with a token
// that others can read is refused. It must never write a token anywhere but
// to a 0600 file, nor put one into an error.
package account

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// Environment variables that win over the file.
const (
	EnvContext = "OTACTL_CONTEXT"
	EnvURL     = "OTACTL_URL"
	EnvFactory = "OTACTL_FACTORY"
	EnvToken   = "OTACTL_TOKEN" //nolint:gosec // the name of a variable, not a secret
	EnvCAFile  = "OTACTL_CA_FILE"
)

// Account is one backend and who one is there.
type Account struct {
	Name    string // of the context; empty when all came from elsewhere
	URL     string // API base, without a trailing slash
	Factory string
	Token   string // sent as OSF-TOKEN; may be empty
	CAFile  string // PEM, trusted besides the system's roots; may be empty
}

// String leaves the token out.
func (a Account) String() string { return a.URL + " (factory " + a.Factory + ")" }

// GoString leaves the token out as well.
func (a Account) GoString() string { return a.String() }

// Context is one entry of the file.
type Context struct {
	URL     string `yaml:"url"`
	Factory string `yaml:"factory"`
	Token   string `yaml:"token,omitempty"`
	CAFile  string `yaml:"ca_file,omitempty"` // relative to the file's folder
}

// File is the context file.
type File struct {
	ActiveContext string             `yaml:"active_context"`
	Contexts      map[string]Context `yaml:"contexts"`
}

// ErrNoContext says that nothing names a backend.
var ErrNoContext = errors.New("no backend is configured")

// Load reads the file at path, picks its active context (or the one
// OTACTL_CONTEXT names) and lets OTACTL_URL, OTACTL_FACTORY, OTACTL_TOKEN and
// OTACTL_CA_FILE win over it. A missing file is fine as long as the rest names
// a backend; else ErrNoContext. getenv may be nil.
func Load(path string, getenv func(string) string) (Account, error) {
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	var a Account
	f, err := Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return Account{}, err
	default:
		if a, err = f.pick(path, getenv(EnvContext)); err != nil {
			return Account{}, err
		}
	}
	a.override(getenv)
	if a.URL == "" {
		return Account{}, fail.As(fmt.Errorf("%w: %s", ErrNoContext, path), fail.Usage,
			"start a backend with otactl serve and give its otactl.yaml with --config, or set OTACTL_URL and OTACTL_TOKEN")
	}
	return a, a.check(path)
}

func (a *Account) override(getenv func(string) string) {
	for _, o := range []struct {
		field *string
		env   string
	}{{&a.URL, EnvURL}, {&a.Factory, EnvFactory}, {&a.Token, EnvToken}, {&a.CAFile, EnvCAFile}} {
		v := getenv(o.env)
		if v == "" {
			continue
		}
		if o.env == EnvURL && strings.TrimRight(v, "/") != a.URL {
			// A token is for the server it was issued by, not for whatever
			// the environment points at.
			a.Token, a.Name = "", ""
		}
		*o.field = v
	}
	a.URL = strings.TrimRight(a.URL, "/")
}

func (a Account) check(path string) error {
	u, err := url.Parse(a.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" {
		return fail.New(fail.Usage, "give it as https://HOST[:PORT][/PATH]", "url of context %q in %s: not an HTTP address", a.Name, path)
	}
	if a.Factory == "" {
		return fail.New(fail.Usage, "add factory: NAME to the context, or set OTACTL_FACTORY", "context %q in %s: no factory", a.Name, path)
	}
	if strings.ContainsAny(a.Factory, "/?#% ") {
		return fail.New(fail.Usage, "", "factory %q: not a name", a.Factory)
	}
	if strings.ContainsAny(a.Token, "\r\n") {
		return fail.New(fail.Usage, "", "token of context %q in %s: has a line break", a.Name, path)
	}
	return nil
}

func (f *File) pick(path, name string) (Account, error) {
	if name == "" {
		name = f.ActiveContext
	}
	c, ok := f.Contexts[name]
	if !ok {
		return Account{}, fail.New(fail.Usage, "it has "+strings.Join(slices.Sorted(maps.Keys(f.Contexts)), ", "),
			"context %q is not in %s", name, path)
	}
	if c.CAFile != "" && !filepath.IsAbs(c.CAFile) {
		c.CAFile = filepath.Join(filepath.Dir(path), c.CAFile)
	}
	return Account{Name: name, URL: strings.TrimRight(c.URL, "/"), Factory: c.Factory, Token: c.Token, CAFile: c.CAFile}, nil
}

// Read reads a context file. One that holds a token and is open to group or
// others is refused.
func Read(path string) (*File, error) {
	data, err := fsx.ReadFile(path, limits.ConfigFile)
	if err != nil {
		return nil, err
	}
	f, err := Parse(data)
	if err != nil {
		return nil, fail.New(fail.Usage, "", "%s: %w", path, err)
	}
	if !f.hasToken() {
		return f, nil
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if open := st.Mode().Perm() & openBits; open != 0 {
		return nil, fail.New(fail.Auth, "run chmod 600 "+path, "%s holds a token and others can read it (mode %04o)", path, st.Mode().Perm())
	}
	return f, nil
}

func (f *File) hasToken() bool {
	for _, c := range f.Contexts {
		if c.Token != "" {
			return true
		}
	}
	return false
}

// Parse reads the YAML of a context file; an unknown key is an error, so that
// a typing mistake does not look like a default.
func Parse(data []byte) (*File, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	var f File
	if err := dec.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		// yaml names line and key, and may quote a value: keep the place only.
		return nil, fmt.Errorf("not a context file: %s", yamlPlace(err))
	}
	return &f, nil
}

func yamlPlace(err error) string {
	if te, ok := errors.AsType[*yaml.TypeError](err); ok && len(te.Errors) > 0 {
		place, what, _ := strings.Cut(te.Errors[0], ": ")
		if strings.HasPrefix(what, "field ") {
			return te.Errors[0]
		}
		return place + ": wrong kind of value"
	}
	return strings.TrimPrefix(err.Error(), "yaml: ")
}

// Write replaces the file at path, 0600.
func Write(path string, f *File) error {
	data, err := yaml.Marshal(f)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return fsx.WriteFile(path, data, 0o600)
}
