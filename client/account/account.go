// Package account keeps the context file: which backends a person works with,
// and the token that proves it or where that is kept.
//
// It trusts the file because only its owner may read it: a file with a token
// that others can read is refused. It must never write a token anywhere but
// to a 0600 file, nor put one into an error.
package account

import (
	"bytes"
	"context"
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

	EnvClientID     = "OTACTL_CLIENT_ID"
	EnvClientSecret = "OTACTL_CLIENT_SECRET" //nolint:gosec // the name of a variable, not a secret
)

// Account is one backend and who one is there.
type Account struct {
	Name    string // of the context; empty when all came from elsewhere
	File    string // the context file
	Kind    Kind
	URL     string // API base, without a trailing slash
	Factory string // empty for an update-server
	Token   string // sent as OSF-TOKEN; may be empty
	CAFile  string // PEM, trusted besides the system's roots; may be empty
	// ClientID and ClientSecret are an application's, from the environment;
	// empty unless there is no Token.
	ClientID, ClientSecret string
	// Secret is where what proves it is kept, where neither is there.
	Secret Place
}

// Kind is what a backend is.
type Kind string

// The kinds. A factory is a backend as Foundries and otactl serve are.
const (
	Factory      Kind = ""
	UpdateServer Kind = "update-server"
)

// Place is where the secret of a context is kept.
type Place string

// The places.
const (
	Inline  Place = "" // in the context file itself, or nowhere
	Keyring Place = "keyring"
	Beside  Place = "file" // in a file beside the context file
)

// String leaves the token out.
func (a Account) String() string { return a.URL + " (factory " + a.Factory + ")" }

// GoString leaves the token out as well.
func (a Account) GoString() string { return a.String() }

// Context is one entry of the file.
type Context struct {
	Kind    Kind   `yaml:"kind,omitempty"`
	URL     string `yaml:"url"`
	Factory string `yaml:"factory,omitempty"`
	Token   string `yaml:"token,omitempty"`
	Secret  Place  `yaml:"secret,omitempty"`
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
// OTACTL_CONTEXT names) and lets OTACTL_URL, OTACTL_FACTORY, OTACTL_TOKEN,
// OTACTL_CLIENT_ID with OTACTL_CLIENT_SECRET, and OTACTL_CA_FILE win over it. A missing file is fine as long as the rest names
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
	a.File = path
	a.override(getenv)
	if a.URL == "" {
		return Account{}, fail.As(fmt.Errorf("%w: %s", ErrNoContext, path), fail.Usage,
			"log in at one with otactl login, start one with otactl serve and give its otactl.yaml with --config, or set OTACTL_URL and OTACTL_TOKEN")
	}
	return a, a.check(path)
}

func (a *Account) override(getenv func(string) string) {
	if v := strings.TrimRight(getenv(EnvURL), "/"); v != "" && v != a.URL {
		// A token is for the server it was issued by, not for whatever the
		// environment points at.
		a.URL, a.Token, a.Name, a.Kind, a.Secret = v, "", "", Factory, Inline
	}
	token, id := getenv(EnvToken), getenv(EnvClientID)
	switch {
	case token != "":
		a.Token, a.Secret = token, Inline
	case id != "":
		a.Token, a.Secret = "", Inline
		a.ClientID, a.ClientSecret = id, getenv(EnvClientSecret)
	}
	for env, field := range map[string]*string{EnvFactory: &a.Factory, EnvCAFile: &a.CAFile} {
		if v := getenv(env); v != "" {
			*field = v
		}
	}
}

func (a Account) check(path string) error {
	if err := CheckURL(a.URL); err != nil {
		return fail.As(fmt.Errorf("url of context %q in %s: %w", a.Name, path, err), fail.Usage, "")
	}
	if a.Factory == "" && a.Kind == Factory {
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

// CheckURL says what is wrong with the address of a backend, without quoting it.
func CheckURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fail.New(fail.Usage, "give it as https://HOST[:PORT][/PATH]", "not an HTTP address")
	}
	return nil
}

// CheckName says what is wrong with the name of a context.
func CheckName(name string) error {
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	}
	if name == "" || len(name) > maxName || name[0] == '-' || strings.ContainsFunc(name, bad) {
		return fail.New(fail.Usage, "use letters, digits and . _ -", "context %.80q: not a name", name)
	}
	return nil
}

// maxName is how many bytes the name of a context may have.
const maxName = 64

// Names are the contexts there are, in order.
func (f *File) Names() []string { return slices.Sorted(maps.Keys(f.Contexts)) }

// pick is the context of a name, or the active one; zero where there is neither.
func (f *File) pick(path, name string) (Account, error) {
	if name == "" {
		name = f.ActiveContext
	}
	if name == "" {
		return Account{}, nil
	}
	c, ok := f.Contexts[name]
	if !ok {
		return Account{}, f.without(name, path)
	}
	if c.Kind != Factory && c.Kind != UpdateServer || c.Secret != Inline && c.Secret != Keyring && c.Secret != Beside {
		return Account{}, fail.New(fail.Usage, "kind is update-server or left out, secret is keyring, file or left out", "context %q in %s: no such kind or secret", name, path)
	}
	if c.CAFile != "" && !filepath.IsAbs(c.CAFile) {
		c.CAFile = filepath.Join(filepath.Dir(path), c.CAFile)
	}
	return Account{
		Name: name, Kind: c.Kind, URL: strings.TrimRight(c.URL, "/"), Factory: c.Factory,
		Token: c.Token, CAFile: c.CAFile, Secret: c.Secret,
	}, nil
}

// Has says that there is a context of a name, or which ones there are.
func (f *File) Has(name, path string) error {
	if _, ok := f.Contexts[name]; !ok {
		return f.without(name, path)
	}
	return nil
}

func (f *File) without(name, path string) error {
	hint := "it has " + strings.Join(f.Names(), ", ")
	if len(f.Contexts) == 0 {
		hint = "make one with otactl login"
	}
	return fail.New(fail.Usage, hint, "context %q is not in %s", name, path)
}

// Read reads a context file. One that holds a token and is open to group or
// others is refused.
func Read(path string) (*File, error) {
	data, exposed, err := fsx.ReadPrivate(path, limits.ConfigFile)
	if err != nil {
		return nil, err
	}
	f, err := Parse(data)
	if err != nil {
		return nil, fail.New(fail.Usage, "", "%s: %w", path, err)
	}
	if exposed != nil && f.hasToken() {
		return nil, fail.New(fail.Auth, "run chmod 600 "+path+", and get a new token if it was so for long", "%s holds a token and %w", path, exposed)
	}
	return f, nil
}

// Update changes the file at path, which need not be there yet. Nobody else
// changes it meanwhile, and nobody ever reads half of it. A link stays one.
func Update(ctx context.Context, path string, change func(*File) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	unlock, err := fsx.Lock(ctx, path+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	f, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = &File{}, nil
	}
	if err != nil {
		return err
	}
	if f.Contexts == nil {
		f.Contexts = map[string]Context{}
	}
	if err := change(f); err != nil {
		return err
	}
	return Write(path, f)
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
