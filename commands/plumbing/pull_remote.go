package plumbing

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/httprepo"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/pull"
	"github.com/otactl/otactl/ostree/sign"
)

// OriginalVersion is the libostree whose verbs these are.
const OriginalVersion = "2022.7"

// pullableRemote is the config of a remote from which one can pull.
func (e *Env) pullableRemote(repo *ostree.Repo, name string) (ostree.RemoteConfig, error) {
	conf, err := repo.RemoteConfig(name)
	switch {
	case err != nil:
		return conf, err
	case conf.CustomBackend != "":
		return conf, fail.New(fail.Unsupported, "", "remote '%s' uses custom backend '%s'", name, conf.CustomBackend)
	case conf.UnconfiguredState != "":
		return conf, fail.New(fail.Usage, "do what it asks for, and remove unconfigured-state", "remote %s is not configured: %s", name, conf.UnconfiguredState)
	}
	return conf, nil
}

// reach is how to reach a server, beyond what the remote's config says.
type reach struct {
	url     string // takes the place of the config's
	headers []string
	agent   string
	retries int
	low     httpx.LowSpeed
	jobs    int
}

// reach is what the flags of pull say.
func (e *Env) reach(c *cli.Context) reach {
	r := reach{url: c.String("url"), headers: c.StringSlice("http-header"), agent: c.String("append-user-agent"),
		retries: c.Int("network-retries"), jobs: c.Int("max-outstanding-fetcher-requests")}
	r.low.Bytes, r.low.Time = lowSpeed(c)
	if r.retries == 0 || c.Bool("disable-retry-on-network-errors") {
		r.retries = -1
	}
	return r
}

// connect makes the remote of a config.
func (e *Env) connect(ctx context.Context, repo *ostree.Repo, conf ostree.RemoteConfig, r reach) (pull.Remote, error) {
	address, content, metalink := conf.URL, conf.ContentURL, conf.Metalink
	if r.url != "" {
		address, content, metalink = r.url, "", ""
	}
	if address == "" && metalink == "" {
		return nil, fail.New(fail.Usage, "set it with remote add --force", "remote %s has no URL", conf.Name)
	}
	if u, err := url.Parse(address); err == nil && u.Scheme == "file" && metalink == "" {
		return e.local(u.Path)
	}
	c := httprepo.Config{
		URL: address, ContentURL: content, Metalink: metalink,
		Proxy: conf.Proxy, Permissive: conf.TLSPermissive, CAFile: conf.TLSCAPath, CertFile: conf.TLSClientCert, Key: conf.TLSClientKey,
		NoHTTP2: !conf.HTTP2, UserAgent: e.userAgent(r.agent), Retries: r.retries, Parallel: r.jobs, LowSpeed: r.low,
		Log: e.Log, Now: e.Now, Header: http.Header{},
	}
	for _, h := range r.headers {
		name, value, err := keyValue("http-header", h)
		if err != nil {
			return nil, err
		}
		c.Header.Add(name, value)
	}
	var err error
	if c.Cookies, _, err = readCookies(repo, conf.Name); err != nil {
		return nil, err
	}
	return httprepo.Connect(ctx, c)
}

// local is a repo on this machine as a remote.
func (e *Env) local(path string) (pull.Remote, error) {
	repo, err := e.openRepoAt(path)
	if err != nil {
		return nil, err
	}
	return &pull.Local{Repo: repo}, nil
}

// userAgent is the name that servers see.
func (e *Env) userAgent(more string) string {
	name := "otactl"
	if e.StandIn {
		name = "libostree/" + OriginalVersion
	}
	if more != "" {
		name += " " + more
	}
	return name
}

// demandSignatures sets what the remote's config demands of commits and of its
// summary.
func (e *Env) demandSignatures(repo *ostree.Repo, remote string, o *pull.Options) error {
	commits, err := sign.ForCommits(repo, remote, e.signEnv())
	if err != nil {
		return err
	}
	demandOfCommits(commits, o)
	return e.demandOfSummary(repo, remote, o)
}

func demandOfCommits(p sign.Policy, o *pull.Options) {
	if p.Demands() {
		o.CheckCommit = func(_ ostree.Checksum, data, detached []byte) error { return verify(p, data, detached) }
	}
}

func (e *Env) demandOfSummary(repo *ostree.Repo, remote string, o *pull.Options) error {
	p, err := sign.ForSummary(repo, remote, e.signEnv())
	if err == nil && p.Demands() {
		o.CheckSummary = func(data, sig []byte) error { return verify(p, data, sig) }
	}
	return err
}

func verify(p sign.Policy, data, detached []byte) error {
	v, err := sign.ParseDetached(detached)
	if err != nil {
		return err
	}
	_, err = p.Verify(data, v)
	return err
}

// limitTime ends the command's context after --max-time.
func (e *Env) limitTime(c *cli.Context) (context.Context, context.CancelFunc) {
	if d := c.Duration("max-time"); d > 0 {
		return context.WithTimeoutCause(c.Context, d, fail.New(fail.Network, "run it again: what came is kept", "the pull took longer than %s", d))
	}
	return context.WithCancel(c.Context)
}

// pullFaults are the points at which a test of the original's makes it fail.
func (e *Env) pullFaults() faults.Injector {
	if e.StandIn && e.Getenv("OSTREE_REPO_TEST_ERROR") == "invalid-cache" {
		return invalidCache{}
	}
	return nil
}

type invalidCache struct{}

func (invalidCache) At(point string) error {
	if point != "pull.invalid-cache" {
		return nil
	}
	return errors.New("OSTREE_REPO_TEST_ERROR_INVALID_CACHE: the summary in the cache does not fit its signatures")
}
