package commands

import (
	"errors"
	"net/url"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/bucket"
	"github.com/otactl/otactl/client/folder"
	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/publish"
)

// publisher is where a publisher's objects and targets go.
type publisher struct {
	store publish.Remote
	keeper
	signers []sign.Signer // of commits, and of a summary that is made here
	jobs    int           // requests that the store is best asked with at once; 0: as many as any
}

// destinationFlags say where a commit goes.
func destinationFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "to", Usage: "send to `DEST`: a folder that a web server shows, s3://BUCKET[/FOLDER], https://HOST/api/v3/ of a treehub, ostreehub://HOST/FACTORY, or ostreehub alone for the one of the credentials (default: the backend of the credentials or the context)"},
		s3EndpointFlag(),
	}
}

func s3EndpointFlag() cli.Flag {
	return &cli.StringFlag{Name: "s3-endpoint", Usage: "the bucket is with the S3 server at `URL` (default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, or Amazon's)"}
}

// destination is the store that --to names, the backend that signs targets, and
// the keys of --sign-by.
func (rt *runtime) destination(c *cli.Context, jobs int) (*publisher, error) {
	signers, err := rt.commitSigners(c)
	if err != nil {
		return nil, err
	}
	p, err := rt.openDestination(c, jobs, purpose{signers: signers})
	if err == nil {
		p.signers = signers
	}
	return p, err
}

// lookedAt is the store that --to names, for who only reads it.
func (rt *runtime) lookedAt(c *cli.Context, jobs int) (publish.Remote, error) {
	p, err := rt.openDestination(c, jobs, purpose{readOnly: true})
	if err != nil {
		return nil, err
	}
	return p.store, nil
}

// purpose is what a store is opened for.
type purpose struct {
	signers  []sign.Signer // of summaries that are made here
	readOnly bool
}

func (rt *runtime) openDestination(c *cli.Context, jobs int, why purpose) (*publisher, error) {
	to := c.String("to")
	scheme, rest, isURL := strings.Cut(to, "://")
	switch {
	case to == "":
		return rt.toBackend(c, jobs)
	case to == hubScheme, isURL && isHub(scheme):
		return rt.toHub(c, to)
	case !isURL:
		return rt.toFolder(c, to, jobs, why)
	case scheme == "file" && strings.HasPrefix(rest, "/"):
		return rt.toFolder(c, rest, jobs, why)
	case scheme == "file":
		return nil, notOnThisMachine("--to", to)
	case scheme == "s3":
		return rt.toBucket(c, to, jobs, why)
	case scheme == "http", scheme == "https":
		return rt.toTreehub(c, to, jobs)
	}
	return nil, fail.New(fail.Usage, "give a folder, an s3:// or an https:// URL", "--to %.200q: there is no store of this kind", to)
}

// notOnThisMachine is about a file URL that names a host or no whole path.
func notOnThisMachine(flag, value string) error {
	return fail.New(fail.Usage, "give file:///PATH, or the path alone", "%s %.200q: not a folder of this machine", flag, value)
}

// keepsNoTargets says whether --to names a store that is nothing but a store: a
// target that names what is in it is kept by another backend, or by none.
func keepsNoTargets(to string) bool {
	scheme, _, isURL := strings.Cut(to, "://")
	return to != "" && to != hubScheme && (!isURL || scheme == "file" || scheme == "s3")
}

// wantsTarget says whether a target follows the commit. For a store that keeps
// none, one is asked for by naming the hardware that it is for.
func wantsTarget(c *cli.Context) bool {
	switch {
	case c.Bool("no-target"):
		return false
	case keepsNoTargets(c.String("to")):
		return len(words(c.StringSlice("hardware-id"))) > 0 || strings.Contains(strings.Join(c.StringSlice("ref"), ","), "=")
	}
	return true
}

// toBackend is the backend of the credentials or the context.
func (rt *runtime) toBackend(c *cli.Context, jobs int) (*publisher, error) {
	a, err := rt.access(c, jobs)
	if err != nil {
		return nil, err
	}
	return rt.atTreehub(a, a.treehub, a.auth, jobs)
}

func (rt *runtime) atTreehub(a *access, base string, auth httpx.Auth, jobs int) (*publisher, error) {
	store, err := treehub.New(treehub.Options{BaseURL: base, Auth: auth, HTTP: a.http, Retry: rt.retry(), Jobs: jobs})
	if err != nil {
		return nil, err
	}
	return &publisher{store: store, keeper: a.keeper}, nil
}

// toTreehub is a treehub by its address. The credentials are sent there only if
// they are for its origin; another one has to take what nobody vouches for.
func (rt *runtime) toTreehub(c *cli.Context, to string, jobs int) (*publisher, error) {
	base, err := url.Parse(strings.TrimSuffix(to, "/") + "/")
	if err != nil || base.Host == "" || base.User != nil || base.RawQuery != "" || base.Fragment != "" {
		return nil, fail.New(fail.Usage, "give it as https://HOST/api/v3/, and credentials with -c", "--to: not the address of a treehub")
	}
	a, err := rt.access(c, jobs)
	if errors.Is(err, account.ErrNoContext) {
		a = &access{}
		a.http, err = rt.httpClient(c.String("ca-file"), nil, jobs)
	}
	if err != nil {
		return nil, err
	}
	auth := a.auth
	if own, err := url.Parse(a.treehub); err != nil || !httpx.SameOrigin(own, base) {
		rt.log.Debug("no credentials are for this origin; none are sent", "to", base.Host)
		auth = nil
	}
	return rt.atTreehub(a, base.String(), auth, jobs)
}

// toFolder is a repo in a folder.
func (rt *runtime) toFolder(c *cli.Context, path string, jobs int, why purpose) (*publisher, error) {
	p, err := rt.targetKeeper(c, jobs)
	if err != nil {
		return nil, err
	}
	p.store, err = folder.Open(path, folder.Options{
		Create: !why.readOnly && !c.Bool("dry-run"), ReadOnly: why.readOnly,
		SignSummary: summarySigner(why.signers), Clock: rt.clock,
	})
	return p, err
}

// toBucket is a repo in a bucket of S3.
func (rt *runtime) toBucket(c *cli.Context, to string, jobs int, why purpose) (*publisher, error) {
	p, err := rt.targetKeeper(c, jobs)
	if err != nil {
		return nil, err
	}
	if !c.IsSet("jobs") && !c.IsSet("limit-rate") {
		jobs = bucket.DefaultJobs
		p.jobs = jobs
	}
	p.store, err = rt.openBucket(c, to, jobs, why)
	return p, err
}

// openBucket is a repo in a bucket of S3 at s3://BUCKET[/FOLDER].
func (rt *runtime) openBucket(c *cli.Context, address string, jobs int, why purpose) (*bucket.Store, error) {
	name, folder, err := bucket.ParseURL(address)
	if err != nil {
		return nil, err
	}
	hc, err := rt.httpClient(c.String("ca-file"), nil, jobs)
	if err != nil {
		return nil, err
	}
	endpoint := first(c.String("s3-endpoint"), rt.env(envS3Endpoint), rt.env(envAWSEndpoint))
	return bucket.Open(c.Context, bucket.Options{
		Bucket: name, Prefix: folder, Endpoint: endpoint, Region: first(rt.env(envAWSRegion), rt.env(envAWSDefaultRegion)),
		Keys: rt.bucketKeys(endpoint), HTTP: hc, Retry: rt.retry(), Jobs: jobs,
		ReadOnly: why.readOnly, SignSummary: summarySigner(why.signers), Clock: rt.clock,
	})
}

// bucketKeys are looked for as every program does that speaks S3. Only Amazon's
// own buckets are opened by keys of the machine this runs on, unless a container
// says that it has some.
func (rt *runtime) bucketKeys(endpoint string) *bucket.Keys {
	lent := first(rt.env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), rt.env("AWS_CONTAINER_CREDENTIALS_FULL_URI"), rt.env("AWS_WEB_IDENTITY_TOKEN_FILE"))
	return bucket.NewKeys(bucket.KeyOptions{
		AccessKey: rt.env("AWS_ACCESS_KEY_ID"), Secret: rt.env("AWS_SECRET_ACCESS_KEY"), Session: rt.env("AWS_SESSION_TOKEN"),
		Profile: rt.env("AWS_PROFILE"),
		Machine: lent != "" || endpoint == "" && !switchedOn(rt.env("AWS_EC2_METADATA_DISABLED")),
	})
}

// targetKeeper is a publisher without a store, for a store that keeps no
// targets: the backend is that of the credentials or the context, if a target is
// wanted and there is one.
func (rt *runtime) targetKeeper(c *cli.Context, jobs int) (*publisher, error) {
	if !wantsTarget(c) {
		return &publisher{}, nil
	}
	a, err := rt.access(c, jobs)
	if errors.Is(err, account.ErrNoContext) {
		return nil, fail.New(fail.Usage, "leave -m out to send the commit alone, or give the credentials of the backend that signs targets with -c",
			"--to %s: it keeps no targets, and no backend is named that does", c.String("to"))
	}
	if err != nil {
		return nil, err
	}
	return &publisher{keeper: a.keeper}, nil
}
