package commands

import (
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/secrets"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
)

func contextCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "context",
		Usage: "the backends you work with; otactl login adds one",
		Subcommands: []*cli.Command{
			{
				Name:   "list",
				Usage:  "list the contexts; the active one has a star",
				Flags:  []cli.Flag{contextFileFlag()},
				Action: func(c *cli.Context) error { return rt.contextList(c) },
			},
			{
				Name:      "use",
				Usage:     "make a context the active one",
				ArgsUsage: "CONTEXT",
				Flags:     []cli.Flag{contextFileFlag()},
				Action:    func(c *cli.Context) error { return rt.contextUse(c) },
			},
			{
				Name:      "show",
				Usage:     "show a context, or the active one, and whether you are logged in there",
				ArgsUsage: "[CONTEXT]",
				Flags:     []cli.Flag{contextFileFlag()},
				Action:    func(c *cli.Context) error { return rt.contextShow(c) },
			},
			{
				Name:      "import",
				Usage:     "take over contexts from a file of otactl serve, fioctl or satcli, secrets included",
				ArgsUsage: "FILE",
				Description: "FILE is the otactl.yaml that otactl serve wrote, ~/.config/fioctl.yaml or ~/.config/satcli.yaml.\n" +
					"Its secrets are moved into the keyring; the file stays as it is.",
				Flags: []cli.Flag{
					contextFileFlag(),
					&cli.BoolFlag{Name: "insecure-storage", Usage: "keep the secrets in a file beside the contexts, readable by you alone, and not in the keyring"},
				},
				Action: func(c *cli.Context) error { return rt.contextImport(c) },
			},
			{
				Name:      "remove",
				Usage:     "log out of a context and forget it",
				ArgsUsage: "CONTEXT",
				Flags:     []cli.Flag{contextFileFlag()},
				Action:    func(c *cli.Context) error { return rt.contextRemove(c) },
			},
		},
	}
}

// readContexts reads the context file; one that is not there is empty.
func readContexts(path string) (*account.File, error) {
	f, err := account.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &account.File{}, nil
	}
	return f, err
}

type contextRow struct {
	Name    string `json:"name"`
	Active  bool   `json:"active"`
	URL     string `json:"url"`
	Factory string `json:"factory,omitempty"`
	Kind    string `json:"kind,omitempty"`
	// Secret is where it is kept: keyring, file, context file, or none.
	Secret string `json:"secret"`
}

func newContextRow(f *account.File, name string) contextRow {
	c := f.Contexts[name]
	row := contextRow{Name: name, Active: name == f.ActiveContext, URL: c.URL, Factory: c.Factory, Kind: string(c.Kind), Secret: string(c.Secret)}
	switch {
	case c.Secret != account.Inline:
	case c.Token != "":
		row.Secret = "context file"
	default:
		row.Secret = "none"
	}
	return row
}

type contextsView struct {
	Contexts []contextRow `json:"contexts"`
}

// Table lists them, the active one with a star.
func (v contextsView) Table(w io.Writer) {
	if len(v.Contexts) == 0 {
		fmt.Fprintln(w, "no contexts yet; otactl login makes one")
		return
	}
	rows := make([][]string, 0, len(v.Contexts))
	for _, c := range v.Contexts {
		star := ""
		if c.Active {
			star = "*"
		}
		rows = append(rows, []string{star, c.Name, c.URL, first(c.Factory, c.Kind), c.Secret})
	}
	render.Columns(w, []string{"", "NAME", "URL", "FACTORY", "SECRET"}, rows)
}

func (rt *runtime) contextList(c *cli.Context) error {
	f, err := readContexts(rt.contextFile(c))
	if err != nil {
		return err
	}
	view := contextsView{Contexts: []contextRow{}}
	for _, name := range f.Names() {
		view.Contexts = append(view.Contexts, newContextRow(f, name))
	}
	return rt.render(view)
}

func (rt *runtime) contextUse(c *cli.Context) error {
	name, path := c.Args().First(), rt.contextFile(c)
	return account.Update(c.Context, path, func(f *account.File) error {
		f.ActiveContext = name
		return f.Has(name, path)
	})
}

type contextView struct {
	contextRow
	CAFile string `json:"ca_file,omitempty"`
	// LoggedIn says whether the secret is there. Whether the server takes it
	// shows when it is asked for something.
	LoggedIn bool   `json:"logged_in"`
	By       string `json:"by,omitempty"`
	Scopes   string `json:"scopes,omitempty"`
}

// Table shows it to a person.
func (v contextView) Table(w io.Writer) {
	state := "logged out"
	if v.LoggedIn {
		state = "logged in by " + v.By
	}
	render.Fields(w, "context", v.Name, "url", v.URL, "factory", v.Factory, "kind", v.Kind, "ca file", v.CAFile,
		"secret", v.Secret, "state", state, "scopes", v.Scopes)
}

func (rt *runtime) contextShow(c *cli.Context) error {
	path := rt.contextFile(c)
	f, err := readContexts(path)
	if err != nil {
		return err
	}
	name := first(c.Args().First(), f.ActiveContext)
	if err := f.Has(name, path); err != nil {
		return err
	}
	is := f.Contexts[name]
	view := contextView{contextRow: newContextRow(f, name), CAFile: is.CAFile}
	if is.Secret == account.Inline {
		view.LoggedIn, view.By = is.Token != "", "API token"
		return rt.render(view)
	}
	secret, err := rt.secrets(is.Secret, path).Get(c.Context, secrets.Item(name, is.URL))
	if err != nil && !errors.Is(err, secrets.ErrNone) {
		return err
	}
	if view.LoggedIn = err == nil; view.LoggedIn {
		view.By = secret.String()
	}
	if secret.Session != nil {
		view.Scopes = secret.Session.Scope
	}
	return rt.render(view)
}

func (rt *runtime) contextRemove(c *cli.Context) error {
	name, path := c.Args().First(), rt.contextFile(c)
	f, err := readContexts(path)
	if err == nil {
		err = f.Has(name, path)
	}
	if err == nil {
		err = rt.forget(c.Context, path, name, f.Contexts[name])
	}
	if err != nil {
		return err
	}
	return account.Update(c.Context, path, func(f *account.File) error {
		delete(f.Contexts, name)
		if f.ActiveContext == name {
			f.ActiveContext = ""
		}
		return nil
	})
}

func (rt *runtime) contextImport(c *cli.Context) error {
	found, err := account.Foreign(c.Args().First())
	if err != nil {
		return err
	}
	path, place := rt.contextFile(c), account.Keyring
	if c.Bool("insecure-storage") {
		place = account.Beside
	}
	store := rt.secrets(place, path)
	view := contextsView{Contexts: []contextRow{}}
	err = account.Update(c.Context, path, func(f *account.File) error {
		for _, in := range found { // before any secret is kept, which no context would lead to
			if _, taken := f.Contexts[in.Name]; taken {
				return fail.New(fail.Conflict, "remove it first: otactl context remove "+in.Name, "there is a context %q already", in.Name)
			}
		}
		for _, in := range found {
			secret := secrets.Secret{Token: in.Token, ClientID: in.ClientID, ClientSecret: in.ClientSecret, OAuthURL: in.OAuthURL}
			if secret != (secrets.Secret{}) {
				if err := store.Set(c.Context, secrets.Item(in.Name, in.Context.URL), secret); err != nil {
					return err
				}
				in.Context.Secret = place
			}
			f.Contexts[in.Name] = in.Context
			f.ActiveContext = first(f.ActiveContext, in.Name)
			view.Contexts = append(view.Contexts, newContextRow(f, in.Name))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return rt.render(view)
}
