package commands

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// accountFlags say which backend a command works with. There is no flag for a
// token: others could see it in the process list.
func accountFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Usage: "read contexts from `FILE` (default: ~/.config/otactl/config.yaml)"},
		&cli.StringFlag{Name: "context", Usage: "use the context `NAME` (default: the active one)"},
		&cli.StringFlag{Name: "url", Usage: "work with the backend at `URL`; its token comes from OTACTL_TOKEN"},
		&cli.StringFlag{Name: "factory", Aliases: []string{"f"}, Usage: "work with the factory `NAME`"},
		&cli.StringFlag{Name: "ca-file", Usage: "trust the CAs in `FILE` as well as the system's"},
	}
}

// contextFile is the context file in use.
func (rt *runtime) contextFile(c *cli.Context) string {
	return first(c.String("config"), rt.configFile())
}

// account is the factory that flags, environment and context file name, in
// this order.
func (rt *runtime) account(c *cli.Context) (account.Account, error) {
	a, err := rt.anyAccount(c)
	if err == nil && a.Kind == account.UpdateServer {
		return a, fail.New(fail.Usage, "name another context with --context; an update-server takes bundles: otactl targets offline-update",
			"context %q is an update-server, which has neither an object store nor a list of targets", a.Name)
	}
	return a, err
}

// anyAccount is the backend that flags, environment and context file name.
func (rt *runtime) anyAccount(c *cli.Context) (account.Account, error) {
	path := rt.contextFile(c)
	if _, err := os.Stat(path); c.String("config") != "" && errors.Is(err, fs.ErrNotExist) {
		return account.Account{}, fail.New(fail.NotFound, "give the otactl.yaml of otactl serve, or leave --config out", "context file %s: no such file", path)
	}
	flags := map[string]string{
		account.EnvContext: c.String("context"), account.EnvURL: c.String("url"),
		account.EnvFactory: c.String("factory"), account.EnvCAFile: c.String("ca-file"),
	}
	return account.Load(path, func(name string) string {
		return first(flags[name], rt.env(name))
	})
}

// configFile is where the context file lies by habit.
func (rt *runtime) configFile() string {
	dir := rt.env("XDG_CONFIG_HOME")
	if dir == "" {
		dir = filepath.Join(first(rt.env("HOME"), rt.env("USERPROFILE")), ".config")
	}
	return filepath.Join(dir, programName, "config.yaml")
}

// factory is the JSON API of the backend in use.
func (rt *runtime) factory(c *cli.Context) (*factory.Client, error) {
	a, err := rt.account(c)
	if err != nil {
		return nil, err
	}
	hc, err := rt.httpClient(a.CAFile, nil, 0)
	if err != nil {
		return nil, err
	}
	auth, err := rt.auth(c.Context, a, hc)
	if err != nil {
		return nil, err
	}
	return factory.Open(factory.Options{URL: a.URL, Factory: a.Factory, Auth: auth, HTTP: hc, Retry: rt.retry()}), nil
}

// tokenAuth is a token as a backend of the kind takes it.
func tokenAuth(kind account.Kind, token string) httpx.Auth {
	switch {
	case token == "":
		return httpx.Anonymous{}
	case kind == account.UpdateServer:
		return httpx.HeaderAuth{"Authorization": {"Bearer " + token}}
	}
	return httpx.HeaderAuth{"OSF-TOKEN": {token}}
}

func (rt *runtime) retry() httpx.Retry { return httpx.Retry{Log: rt.log} }

// httpClient trusts the CAs of a file (may be "") and of extra PEM (may be nil)
// besides the system's.
func (rt *runtime) httpClient(caFile string, extra []byte, conns int) (*http.Client, error) {
	cfg, err := trusting(caFile, extra)
	if err != nil {
		return nil, err
	}
	return httpx.NewClient(httpx.Options{TLS: cfg, UserAgent: userAgent(), MaxConns: conns, Limit: rt.limit}), nil
}

// trusting is how TLS is spoken with servers of the system's CAs, of those in a
// file (may be "") and of those in PEM (may be nil).
func trusting(caFile string, pem []byte) (*tls.Config, error) {
	if caFile != "" {
		data, err := fsx.ReadFile(caFile, limits.ConfigFile)
		if err != nil {
			return nil, fail.As(err, fail.Usage, "give the backend's CA certificate as a PEM file")
		}
		pem = append(append([]byte{}, pem...), data...)
	}
	return httpx.TLSConfig(pem)
}

// access is what credentials or a context say: where the backend is, and who
// one is there.
type access struct {
	treehub string // base URL of its object store
	auth    httpx.Auth
	http    *http.Client
	keeper
}

// keeper is who keeps targets, and who may sign them.
type keeper struct {
	backend *factory.Client // nil: nothing here keeps targets
	root    []byte          // root of trust that came with credentials; may be nil
	// key is targets.sec of credentials that have all that signing takes; nil:
	// they don't.
	key *tuf.PrivateKey
}

// credentialsPath is the credentials file in use: the flag, or the variable
// that Yocto builds have for it; "" means the context's token. The variable
// does not outdo who names a backend: it may be that of another one.
func (rt *runtime) credentialsPath(c *cli.Context) string {
	path := c.String("credentials")
	if first(path, c.String("config"), c.String("context"), c.String("url")) != "" {
		return path
	}
	return rt.env("SOTA_PACKED_CREDENTIALS")
}

func (rt *runtime) access(c *cli.Context, jobs int) (*access, error) {
	if path := rt.credentialsPath(c); path != "" {
		return rt.accessWith(c, path, jobs)
	}
	a, err := rt.account(c)
	if err != nil {
		return nil, fail.As(err, fail.ClassOf(err), "give the backend's credentials.zip with -c, or a context file with --config")
	}
	return rt.accessTo(c.Context, a, jobs)
}

// accessTo is access to the backend of an account.
func (rt *runtime) accessTo(ctx context.Context, a account.Account, jobs int) (*access, error) {
	hc, err := rt.httpClient(a.CAFile, nil, jobs)
	if err != nil {
		return nil, err
	}
	auth, err := rt.auth(ctx, a, hc)
	if err != nil {
		return nil, err
	}
	return &access{
		treehub: a.URL + "/ota/treehub/" + a.Factory + "/api/v3/", auth: auth, http: hc,
		keeper: keeper{backend: factory.Open(factory.Options{URL: a.URL, Factory: a.Factory, Auth: auth, HTTP: hc, Retry: rt.retry()})},
	}, nil
}

// accessWith is access with the credentials in a file.
func (rt *runtime) accessWith(c *cli.Context, path string, jobs int) (*access, error) {
	creds, err := credentials.Open(path)
	if err != nil {
		return nil, err
	}
	hc, err := rt.credentialsClient(creds, c.String("ca-file"), jobs)
	if err != nil {
		return nil, err
	}
	a := &access{treehub: creds.TreehubURL, auth: creds.Auth(hc, rt.retry()), http: hc, keeper: keeper{root: creds.Root}}
	if creds.RepoURL != "" {
		a.backend = factory.FromCredentials(creds, hc, a.auth, rt.retry())
	}
	switch {
	case creds.CanSign():
		a.key, err = creds.TargetsKey()
	case creds.TargetsSec != nil:
		rt.log.Warn("targets.sec is not used: it takes targets.pub, root.json and tufrepo.url beside it", "credentials", path)
	}
	return a, err
}

// words splits values that may hold several at commas, as the tools of the
// field take them.
func words(values []string) []string {
	var out []string
	for _, v := range values {
		for _, w := range strings.Split(v, ",") {
			if w = strings.TrimSpace(w); w != "" {
				out = append(out, w)
			}
		}
	}
	return out
}
