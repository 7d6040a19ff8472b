package account

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// Imported is a context of another file, with its secret apart.
type Imported struct {
	Name    string
	Context Context // without a token
	Token   string
	// ClientID and ClientSecret are an application's at OAuthURL.
	ClientID, ClientSecret, OAuthURL string
}

// GoString leaves the secrets out.
func (i Imported) GoString() string { return i.String() }

// String leaves the secrets out.
func (i Imported) String() string { return "context " + i.Name + " at " + i.Context.URL }

// fioctlFile is what matters of fioctl's configuration.
type fioctlFile struct {
	Factory string `yaml:"factory"`
	Token   string `yaml:"token"`
	Server  struct {
		URL string `yaml:"url"`
	} `yaml:"server"`
	Client struct {
		ID     string `yaml:"client_id"`
		Secret string `yaml:"client_secret"`
		URL    string `yaml:"url"`
	} `yaml:"clientcredentials"`
}

// Foreign reads the contexts of another program's file: fioctl's, that of
// update-server's satcli, or a context file such as otactl serve writes.
func Foreign(path string) ([]Imported, error) {
	data, _, err := fsx.ReadPrivate(path, limits.ConfigFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fail.New(fail.NotFound, "give the otactl.yaml of otactl serve, fioctl.yaml or satcli.yaml", "%s: no such file", path)
	case err != nil:
		return nil, err
	}
	list, err := ParseForeign(data, filepath.Dir(path))
	if err != nil {
		return nil, fail.As(err, fail.Usage, "give the otactl.yaml of otactl serve, fioctl.yaml or satcli.yaml")
	}
	return list, nil
}

// ParseForeign is Foreign on bytes; dir is what a ca_file is relative to.
func ParseForeign(data []byte, dir string) ([]Imported, error) {
	var any map[string]yaml.Node
	if yaml.Unmarshal(data, &any) != nil || len(any) == 0 {
		return nil, fail.New(fail.Usage, "", "not a file of contexts")
	}
	var list []Imported
	var err error
	if _, ok := any["contexts"]; ok {
		list, err = contextsOf(data, dir)
	} else {
		list, err = fioctlContext(data)
	}
	if err != nil {
		return nil, err
	}
	for _, in := range list {
		if err := errors.Join(CheckName(in.Name), CheckURL(in.Context.URL)); err != nil {
			return nil, err
		}
		if strings.ContainsAny(in.Token+in.ClientID+in.ClientSecret, "\r\n") {
			return nil, fail.New(fail.Usage, "", "context %q: a secret with a line break", in.Name)
		}
	}
	return list, nil
}

// contextsOf reads our own form. satcli's differs in that no context has a
// factory.
func contextsOf(data []byte, dir string) ([]Imported, error) {
	f, err := Parse(data)
	if err != nil {
		return nil, fail.As(err, fail.Usage, "")
	}
	var list []Imported
	for _, name := range f.Names() {
		c := f.Contexts[name]
		if c.Factory == "" {
			c.Kind = UpdateServer
		}
		if c.CAFile != "" && !filepath.IsAbs(c.CAFile) {
			c.CAFile = filepath.Join(dir, c.CAFile)
		}
		in := Imported{Name: name, Token: c.Token}
		c.Token, c.Secret = "", Inline
		in.Context = c
		list = append(list, in)
	}
	return list, nil
}

func fioctlContext(data []byte) ([]Imported, error) {
	var f fioctlFile
	if err := yaml.Unmarshal(data, &f); err != nil || f.Factory == "" {
		return nil, fail.New(fail.Usage, "", "neither contexts nor a factory in it")
	}
	in := Imported{Name: f.Factory, Token: f.Token, Context: Context{URL: strings.TrimRight(f.Server.URL, "/"), Factory: f.Factory}}
	if in.Context.URL == "" {
		in.Context.URL = "https://api.foundries.io"
	}
	if f.Client.ID != "" && f.Token == "" {
		in.ClientID, in.ClientSecret, in.OAuthURL = f.Client.ID, f.Client.Secret, f.Client.URL
		if in.OAuthURL == "" {
			in.OAuthURL = "https://app.foundries.io/oauth"
		}
		if err := CheckURL(in.OAuthURL); err != nil {
			return nil, err
		}
	}
	return []Imported{in}, nil
}
