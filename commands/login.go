package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/client/oauth"
	"github.com/otactl/otactl/client/secrets"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
)

// foundriesAPI is where one logs in by habit.
const foundriesAPI = "https://api.foundries.io"

func loginCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "login",
		Usage:     "prove who you are at a backend, and keep the proof for later",
		ArgsUsage: "[CONTEXT]",
		Description: "Asks for the id and secret of an application (OAuth 2 client credentials), or with --with-token for an\n" +
			"API token, tries them, and keeps them in the system's keyring. The context gets the name CONTEXT, or that\n" +
			"of the factory, and becomes the active one. Nothing secret is taken from the command line: it is typed,\n" +
			"piped in with --stdin, or in OTACTL_TOKEN or OTACTL_CLIENT_ID and OTACTL_CLIENT_SECRET.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "url", Usage: "the backend's API is at `URL` (default: that of the context, or " + foundriesAPI + ")"},
			&cli.StringFlag{Name: "factory", Aliases: []string{"f"}, Usage: "work with the factory `NAME` (default: the only one that the application is for)"},
			&cli.StringFlag{Name: "oauth-url", Usage: "the token server is at `URL` (default: https://app.DOMAIN/oauth of an API at api.DOMAIN)"},
			&cli.BoolFlag{Name: "with-token", Usage: "log in with an API token, as for otactl serve"},
			&cli.BoolFlag{Name: "update-server", Usage: "the backend is an update-server; implies --with-token"},
			&cli.BoolFlag{Name: "stdin", Usage: "read what would be typed from standard input, one a line"},
			&cli.BoolFlag{Name: "insecure-storage", Usage: "keep the secret in a file beside the contexts, readable by you alone, and not in the keyring"},
			&cli.StringFlag{Name: "config", Usage: "write the context to `FILE` (default: ~/.config/otactl/config.yaml)"},
			&cli.StringFlag{Name: "ca-file", Usage: "trust the CAs in `FILE` as well as the system's"},
		},
		Action: func(c *cli.Context) error { return rt.login(c) },
	}
}

// login is one login under way.
type login struct {
	rt     *runtime
	c      *cli.Context
	path   string          // of the context file
	name   string          // of the context; "" until the factory is known
	was    account.Context // of this name; zero where there was none
	ctx    account.Context
	oauth  string // the token server; "" for an API token
	http   *http.Client
	secret secrets.Secret
}

func (rt *runtime) login(c *cli.Context) error {
	l, err := rt.newLogin(c)
	if err != nil {
		return err
	}
	store, place, err := l.store()
	if err != nil {
		return err
	}
	if err := l.ask(); err != nil {
		return err
	}
	if err := l.try(c.Context); err != nil {
		return err
	}
	l.ctx.Secret, l.ctx.Token = place, ""
	if err := store.Set(c.Context, secrets.Item(l.name, l.ctx.URL), l.secret); err != nil {
		return err
	}
	err = account.Update(c.Context, l.path, func(f *account.File) error {
		f.Contexts[l.name], f.ActiveContext = l.ctx, l.name
		return nil
	})
	if err != nil {
		return err
	}
	if l.was.Secret != place || l.was.URL != l.ctx.URL {
		err = rt.forget(c.Context, l.path, l.name, l.was)
	}
	return errors.Join(err, rt.render(l.view(store)))
}

// newLogin is what flags, environment and an earlier login say.
func (rt *runtime) newLogin(c *cli.Context) (*login, error) {
	l := &login{rt: rt, c: c, path: rt.contextFile(c), name: c.Args().First()}
	if l.name != "" {
		if err := account.CheckName(l.name); err != nil {
			return nil, err
		}
		if f, err := readContexts(l.path); err != nil {
			return nil, err
		} else if old, ok := f.Contexts[l.name]; ok {
			l.was, l.ctx = old, old
		}
	}
	l.ctx.URL = strings.TrimRight(first(c.String("url"), l.ctx.URL, rt.env(account.EnvURL), foundriesAPI), "/")
	l.ctx.Factory = first(c.String("factory"), l.ctx.Factory, rt.env(account.EnvFactory))
	if c.Bool("update-server") {
		l.ctx.Kind, l.ctx.Factory = account.UpdateServer, ""
	}
	if err := account.CheckURL(l.ctx.URL); err != nil {
		return nil, fail.Hint(fmt.Errorf("--url: %w", err), fail.HintOf(err))
	}
	if u, err := url.Parse(l.ctx.URL); err == nil && (c.String("oauth-url") != "" || strings.HasPrefix(u.Host, "api.")) &&
		!c.Bool("with-token") && l.ctx.Kind == account.Factory && rt.env(account.EnvToken) == "" {
		l.oauth = first(c.String("oauth-url"), rt.oauthURL(l.ctx.URL))
		if err := account.CheckURL(l.oauth); err != nil {
			return nil, fail.Hint(fmt.Errorf("token server: %w", err), fail.HintOf(err))
		}
	}
	return l, l.trust()
}

// trust makes the client. What a context file calls a CA is relative to the
// file's folder, what a flag calls one is relative to here.
func (l *login) trust() (err error) {
	switch given := l.c.String("ca-file"); {
	case given != "":
		if l.ctx.CAFile, err = filepath.Abs(given); err != nil {
			return err
		}
	case l.ctx.CAFile != "" && !filepath.IsAbs(l.ctx.CAFile):
		l.ctx.CAFile = filepath.Join(filepath.Dir(l.path), l.ctx.CAFile)
	}
	l.http, err = l.rt.httpClient(l.ctx.CAFile, nil, 0)
	return err
}

// store is where the secret is going to be kept: the keyring, or a file if the
// person says so. It is found out before anything is asked for.
func (l *login) store() (secrets.Store, account.Place, error) {
	beside := l.rt.secrets(account.Beside, l.path)
	if l.c.Bool("insecure-storage") {
		return beside, account.Beside, nil
	}
	ring := l.rt.secrets(account.Keyring, l.path)
	_, err := ring.Get(l.c.Context, secrets.Item(l.name, l.ctx.URL))
	if err == nil || errors.Is(err, secrets.ErrNone) {
		return ring, account.Keyring, nil
	}
	if !errors.Is(err, secrets.ErrUnavailable) || !l.rt.std.MayPrompt() {
		return nil, "", err
	}
	l.rt.say("%s", oneLine(err.Error()))
	yes, err := l.rt.confirm(l.c.Context, "keep the secret in "+beside.String()+", readable by you alone")
	if err != nil || !yes {
		return nil, "", errors.Join(fail.New(fail.Auth, "unlock the keyring and run this again", "there is nowhere to keep the secret"), err)
	}
	return beside, account.Beside, nil
}

// ask gets the secret from the environment, standard input or the person.
func (l *login) ask() (err error) {
	env := l.rt.env
	if l.oauth == "" {
		l.secret.Token, err = l.word(env(account.EnvToken), "API token for "+l.ctx.URL)
		return err
	}
	l.secret.OAuthURL = l.oauth
	if l.secret.ClientID, err = l.word(env(account.EnvClientID), "client id of your application at "+l.oauth); err != nil {
		return err
	}
	l.secret.ClientSecret, err = l.word(env(account.EnvClientSecret), "client secret")
	return err
}

func (l *login) word(known, what string) (text string, err error) {
	switch {
	case known != "":
		text = known
	case l.c.Bool("stdin"):
		text, err = l.rt.inputLine()
	default:
		text, err = l.rt.askSecret(l.c.Context, what)
	}
	text = strings.TrimSpace(text)
	if err == nil && (text == "" || strings.ContainsAny(text, "\r\n")) {
		err = fail.New(fail.Auth, "type it, pipe it in with --stdin, or use the environment", "no %s", what)
	}
	return text, err
}

// try shows the secret to the server before it is kept.
func (l *login) try(ctx context.Context) error {
	if l.oauth != "" {
		if err := l.tryApplication(ctx); err != nil {
			return err
		}
	}
	if l.ctx.Factory == "" && l.ctx.Kind == account.Factory {
		return fail.New(fail.Usage, "name it with --factory", "login at %s: no factory", l.ctx.URL)
	}
	if l.name == "" {
		if err := l.nameIt(); err != nil {
			return err
		}
	}
	if l.oauth == "" {
		return l.tryToken(ctx)
	}
	return nil
}

// nameIt gives the context the name of its factory or host, unless another
// backend has it.
func (l *login) nameIt() error {
	u, err := url.Parse(l.ctx.URL)
	if err != nil {
		return err
	}
	l.name = first(l.ctx.Factory, u.Hostname())
	if err := account.CheckName(l.name); err != nil {
		return err
	}
	f, err := readContexts(l.path)
	if err != nil {
		return err
	}
	if l.was = f.Contexts[l.name]; l.was.URL != "" && l.was.URL != l.ctx.URL {
		return fail.New(fail.Conflict, "give this one another name: otactl login NAME --url "+l.ctx.URL, "context %q is %s", l.name, oneLine(l.was.URL))
	}
	return nil
}

// tryApplication fetches a first token, and takes over what it is for.
func (l *login) tryApplication(ctx context.Context) error {
	t, err := l.rt.session(account.Account{}, l.secret, nil, l.http).Token(ctx)
	if err != nil {
		return err
	}
	l.secret.Session = &oauth.Token{Access: t.Access, Refresh: t.Refresh, Expires: t.Expires, Scope: t.Scope}
	switch {
	case len(t.Orgs) == 0:
	case l.ctx.Factory == "" && len(t.Orgs) == 1:
		l.ctx.Factory = t.Orgs[0]
	case !slices.Contains(t.Orgs, l.ctx.Factory):
		return fail.New(fail.Usage, "name one of them with --factory: "+strings.Join(t.Orgs, ", "), "the application is not for factory %q", l.ctx.Factory)
	}
	for _, scope := range []string{"targets:read", "ci:read"} {
		if t.Scope != "" && !slices.Contains(strings.Fields(t.Scope), scope) {
			l.rt.log.Warn("the application lacks a scope that reading targets and building bundles takes", "scope", scope)
		}
	}
	return nil
}

// tryToken asks for something that takes a token.
func (l *login) tryToken(ctx context.Context) (err error) {
	auth := tokenAuth(l.ctx.Kind, l.secret.Token)
	if l.ctx.Kind == account.UpdateServer {
		_, _, err = httpx.Bytes(ctx, l.http, l.rt.retry(), limits.JSON, func(ctx context.Context) (*http.Request, error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, l.ctx.URL+"/v1/updates", nil)
			if err == nil {
				err = auth.Apply(ctx, req)
			}
			return req, err
		})
	} else {
		api := factory.Open(factory.Options{URL: l.ctx.URL, Factory: l.ctx.Factory, Auth: auth, HTTP: l.http, Retry: l.rt.retry()})
		_, err = api.Root(ctx, 0)
	}
	switch httpx.Code(err) {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fail.As(err, fail.Auth, "check the token, its scopes, and that it is for this server")
	case http.StatusNotFound:
		return fail.Hint(err, "check the URL and the factory, and say --update-server for an update-server and for nothing else")
	}
	return err
}

type loginView struct {
	Context string `json:"context"`
	URL     string `json:"url"`
	Factory string `json:"factory,omitempty"`
	Kind    string `json:"kind,omitempty"`
	Kept    string `json:"kept_in"`
	By      string `json:"by"`
	Scopes  string `json:"scopes,omitempty"`
	Expires string `json:"token_expires,omitempty"`
}

func (l *login) view(store secrets.Store) loginView {
	v := loginView{Context: l.name, URL: l.ctx.URL, Factory: l.ctx.Factory, Kind: string(l.ctx.Kind), Kept: store.String(), By: l.secret.String()}
	if s := l.secret.Session; s != nil {
		v.Scopes = strings.Join(strings.Fields(s.Scope), ", ")
		if !s.Expires.IsZero() {
			v.Expires = s.Expires.UTC().Format(time.RFC3339)
		}
	}
	return v
}

// Table says where one is logged in.
func (v loginView) Table(w io.Writer) {
	render.Fields(w, "context", v.Context, "url", v.URL, "factory", v.Factory, "kind", v.Kind,
		"by", v.By, "kept in", v.Kept, "scopes", v.Scopes, "token until", v.Expires)
}

func logoutCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:        "logout",
		Usage:       "forget what proves who you are in a context",
		ArgsUsage:   "[CONTEXT]",
		Description: "Takes the secret of the context, or of the active one, out of the keyring, the file and the context\nfile. The context itself stays. A token that was copied elsewhere is good until the server takes it back.",
		Flags:       []cli.Flag{contextFileFlag()},
		Action:      func(c *cli.Context) error { return rt.logout(c) },
	}
}

func contextFileFlag() cli.Flag {
	return &cli.StringFlag{Name: "config", Usage: "work with the contexts in `FILE` (default: ~/.config/otactl/config.yaml)"}
}

func (rt *runtime) logout(c *cli.Context) error {
	path := rt.contextFile(c)
	f, err := readContexts(path)
	if err != nil {
		return err
	}
	name := first(c.Args().First(), f.ActiveContext)
	if err := f.Has(name, path); err != nil {
		return err
	}
	was := f.Contexts[name]
	if was.Secret == account.Inline && was.Token == "" {
		rt.say("context %s: you are not logged in", name)
		return nil
	}
	if err := rt.forget(c.Context, path, name, was); err != nil {
		return err
	}
	err = account.Update(c.Context, path, func(f *account.File) error {
		is := f.Contexts[name]
		is.Secret, is.Token = account.Inline, ""
		f.Contexts[name] = is
		return nil
	})
	if err != nil {
		return err // a token in the file itself is still there
	}
	rt.say("context %s: logged out", name)
	return nil
}

// forget deletes the secret of a context from where it is kept.
func (rt *runtime) forget(ctx context.Context, path, name string, was account.Context) error {
	if was.Secret == account.Inline {
		return nil
	}
	return rt.secrets(was.Secret, path).Delete(ctx, secrets.Item(name, was.URL))
}
