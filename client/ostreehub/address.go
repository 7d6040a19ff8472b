package ostreehub

import (
	"net/url"
	"strings"

	"github.com/otactl/otactl/internal/fail"
)

// DefaultServer is where factories of the hosted service have their ostreehub.
const DefaultServer = "https://api.foundries.io/ota/ostreehub"

const (
	// version is the only one of the protocol that is left.
	version = "v2"
	repoTop = version + "/repos/lmp"
	hubPath = "/ota/ostreehub/"
)

// Address is the repository of a factory at a server such as DefaultServer,
// for who has a token.
func Address(server, factory string) (string, error) {
	if err := checkFactory(factory); err != nil {
		return "", err
	}
	return strings.TrimRight(server, "/") + "/" + factory + "/" + repoTop, nil
}

// OpenAddress is the repository of a factory at a server that asks for no
// proof, such as one behind the service's own gateway.
func OpenAddress(server, factory string) (string, error) {
	if err := checkFactory(factory); err != nil {
		return "", err
	}
	return strings.TrimRight(server, "/") + "/" + repoTop + "?factory=" + url.QueryEscape(factory), nil
}

// AddressBeside is the repository that credentials for a treehub mean: on the
// same host, of the factory that the fourth element of the treehub's path
// names, as in https://HOST/ota/treehub/FACTORY/api/v3/.
func AddressBeside(treehub string) (string, error) {
	u, err := url.Parse(treehub)
	if err != nil || u.Host == "" {
		return "", fail.New(fail.Usage, "", "ostree.server of the credentials: not an HTTP address")
	}
	parts := strings.Split(u.Path, "/")
	if len(parts) < 4 {
		return "", fail.New(fail.Usage, "use credentials whose ostree.server is https://HOST/ota/treehub/FACTORY/api/v3/",
			"ostree.server of the credentials names no factory")
	}
	return AddressAt(u.Scheme, u.Host, parts[3])
}

// AddressAt is the repository of a factory on a host that is laid out as the
// hosted service.
func AddressAt(scheme, host, factory string) (string, error) {
	return Address((&url.URL{Scheme: scheme, Host: host}).String()+hubPath, factory)
}

func checkFactory(name string) error {
	if name == "" || strings.ContainsAny(name, "/?#%\\ ") || name == "." || name == ".." {
		return fail.New(fail.Usage, "name the factory", "factory %.80q: not a name", name)
	}
	return nil
}
