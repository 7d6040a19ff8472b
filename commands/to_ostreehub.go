package commands

import (
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/ostreehub"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// hubScheme is what --to begins with where it means an ostreehub; after a plus
// sign follows what is spoken with it, if that is not https.
const hubScheme = "ostreehub"

func isHub(scheme string) bool {
	return scheme == hubScheme || strings.HasPrefix(scheme, hubScheme+"+")
}

// toHub is the ostreehub at ostreehub://HOST/FACTORY, or with no address the
// one that is beside the treehub of the credentials or the context. A proof is
// sent there only if it is for that origin.
func (rt *runtime) toHub(c *cli.Context, to string) (*publisher, error) {
	a, err := rt.access(c, ostreehub.Connections)
	if errors.Is(err, account.ErrNoContext) && to != hubScheme {
		a = &access{}
		a.http, err = rt.httpClient(c.String("ca-file"), nil, ostreehub.Connections)
	}
	if err != nil {
		return nil, err
	}
	address, err := hubAddress(to, a.treehub)
	if err != nil {
		return nil, err
	}
	o := ostreehub.Options{URL: address, Auth: a.auth, HTTP: a.http, Retry: rt.retry()}
	if !sameOrigin(a.treehub, address) {
		rt.log.Debug("no credentials are for this origin; none are sent", "to", address)
		o.Auth = nil
	}
	if o.Local, o.Config, err = hubRepo(c.String("repo")); err != nil {
		return nil, err
	}
	store, err := ostreehub.New(o)
	return &publisher{store: store, keeper: a.keeper}, err
}

func hubAddress(to, treehub string) (string, error) {
	if to == hubScheme {
		return ostreehub.AddressBeside(treehub)
	}
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", fail.New(fail.Usage, "give it as ostreehub://HOST/FACTORY", "--to: not the address of an ostreehub")
	}
	scheme := strings.TrimPrefix(strings.TrimPrefix(u.Scheme, hubScheme), "+")
	if scheme == "" {
		scheme = "https"
	}
	return ostreehub.AddressAt(scheme, u.Host, strings.Trim(u.Path, "/"))
}

func sameOrigin(a, b string) bool {
	x, xerr := url.Parse(a)
	y, yerr := url.Parse(b)
	return xerr == nil && yerr == nil && httpx.SameOrigin(x, y)
}

// hubRepo is the repo that is published, and what of its config goes along;
// without a path there is none.
func hubRepo(path string) (ostree.Source, []byte, error) {
	if path == "" {
		return nil, nil, nil
	}
	repo, err := ostree.OpenRepo(path)
	if err != nil {
		return nil, nil, err
	}
	if err := ostreehub.CheckRepo(repo); err != nil {
		return nil, nil, err
	}
	data, err := fsx.ReadFile(filepath.Join(path, "config"), limits.RepoConfig)
	if err != nil {
		return nil, nil, err
	}
	config, err := ostreehub.SharedConfig(data)
	return repo, config, err
}
