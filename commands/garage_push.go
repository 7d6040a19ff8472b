package commands

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/commands/boost"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/publish"
)

// garageFailed is the garage tools' only exit code besides 0.
const garageFailed = 1

// garageJobs is garage-push's own default of --jobs.
const garageJobs = 30

// garageLogOptions are those that all garage tools have.
func garageLogOptions() []boost.Option {
	on := boost.Switch
	return []boost.Option{
		{Long: "help", Kind: on, Help: "print usage"},
		{Long: "version", Kind: on, Help: "print the version"},
		{Long: "verbose", Short: "v", Kind: on, Help: "log each step, as --loglevel 1"},
		{Long: "quiet", Short: "q", Kind: on, Help: "warnings and errors only, as --loglevel 3"},
		{Long: "loglevel", Kind: boost.Int, Help: "0 (everything) to 5 (fatal errors)"},
	}
}

func garagePushParser() *boost.Parser {
	str, on := boost.String, boost.Switch
	return &boost.Parser{
		Caption: "garage-push command line options",
		Options: append(garageLogOptions(), []boost.Option{
			{Long: "repo", Short: "C", Kind: str, Required: true, Help: "archive repo to push from"},
			{Long: "ref", Short: "r", Kind: str, Required: true, Help: "ref to push, or a commit"},
			{Long: "credentials", Short: "j", Kind: str, Required: true, Help: "credentials.zip or treehub.json"},
			{Long: "cacert", Kind: str, Help: "CA certificates to trust instead of the system's"},
			{Long: "repo-manifest", Kind: str, Help: "manifest of the repo tool to store beside the commit"},
			{Long: "jobs", Kind: boost.Int, Default: strconv.Itoa(garageJobs), Help: "parallel requests"},
			{Long: "dry-run", Short: "n", Kind: on, Help: "check credentials and what is missing; send nothing"},
			{Long: "walk-tree", Short: "w", Kind: on, Help: "ask about every object"},
			{Long: "disable-integrity-checks", Kind: on, Help: "accepted; objects are verified all the same"},
		}...),
	}
}

// garagePush is the mode in which this program is garage-push.
func garagePush(ctx context.Context, rt *runtime, args []string) int {
	return rt.garageTool("garage-push", garagePushParser(), args, func(v *boost.Values) error { return rt.runGaragePush(ctx, v) })
}

// garageTool reads the command line of one of the garage tools, which end with
// 0 or 1, and runs it.
func (rt *runtime) garageTool(name string, p *boost.Parser, args []string, run func(*boost.Values) error) int {
	v, err := p.Parse(args)
	switch {
	case err == nil && v.Bool("help"):
		p.Usage(rt.std.Err)
		return 0
	case err == nil && v.Bool("version"):
		fmt.Fprintf(rt.std.Err, "Current %s version is: %s\n", name, buildVersion().Version)
		return 0
	case err == nil:
		err = v.CheckRequired()
	}
	if err != nil {
		fmt.Fprintln(rt.std.Err, err)
		p.Usage(rt.std.Err)
		return garageFailed
	}
	if err := run(v); err != nil {
		rt.sayFailure(name, err)
		return garageFailed
	}
	return 0
}

func (rt *runtime) runGaragePush(ctx context.Context, v *boost.Values) error {
	if err := rt.garageLogging(v); err != nil {
		return err
	}
	opt, err := rt.garageOptions(ctx, v)
	if err != nil {
		return err
	}
	rep, err := publish.Run(ctx, opt)
	if err != nil {
		return err
	}
	commit := rep.Items[0].Commit
	rt.say("%s: %d of %d objects %s (%s)", commit, rep.New, rep.Objects, sentWord(rep.DryRun), sizeText(rep.Bytes))
	if file := v.String("repo-manifest"); file != "" && !rep.DryRun {
		store, _ := opt.Remote.(*treehub.Store)
		if err := pushManifest(ctx, store, file, commit); err != nil {
			rt.log.Error("manifest was not stored", "err", err)
		}
	}
	return nil
}

func sentWord(dry bool) string {
	if dry {
		return "would be sent"
	}
	return "sent"
}

// garageLogging maps boost's six levels to ours. Credentials are in none.
func (rt *runtime) garageLogging(v *boost.Values) error {
	n := 2
	switch {
	case v.Has("loglevel"):
		n = v.Int("loglevel")
	case v.Bool("verbose"):
		n = 1
	case v.Bool("quiet"):
		n = 3
	}
	if n < 0 || n > 5 {
		return fail.New(fail.Usage, "", "--loglevel %d: want 0 to 5", n)
	}
	rt.quiet = n >= 3
	rt.setLevel([]slog.Level{slog.LevelDebug, slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError, slog.LevelError}[n])
	return nil
}

func (rt *runtime) garageOptions(ctx context.Context, v *boost.Values) (publish.Options, error) {
	jobs := v.Int("jobs")
	opt := publish.Options{
		Jobs: jobs, Force: true, DryRun: v.Bool("dry-run"), FullCheck: v.Bool("walk-tree"),
		Clock: rt.clock, Progress: rt.progress(), Log: rt.log,
	}
	if jobs < 1 {
		return opt, fail.New(fail.Usage, "", "--jobs must be greater than 0")
	}
	var err error
	if opt.Repo, err = ostree.OpenRepo(v.String("repo")); err != nil {
		return opt, err
	}
	if opt.Repo.Mode() != ostree.ModeArchive {
		return opt, fail.New(fail.Usage, "pull it into an archive repo first, or use otactl publish", "%s: repo mode is %s, want archive", v.String("repo"), opt.Repo.Mode())
	}
	rev, err := garageRev(ctx, opt.Repo, v.String("ref"))
	if err != nil {
		return opt, err
	}
	opt.Items = []publish.Item{{Rev: rev}}
	opt.Remote, err = rt.garageRemote(v, min(jobs, maxJobs))
	return opt, err
}

// garageRev takes a ref's name, or 64 hex digits in either case; nothing of
// ostree's richer syntax.
func garageRev(ctx context.Context, repo *ostree.Repo, rev string) (string, error) {
	if !strings.ContainsAny(rev, ":^") {
		if _, err := repo.Ref(ctx, rev); err == nil {
			return rev, nil
		} else if !errors.Is(err, ostree.ErrRefNotFound) && fail.ClassOf(err) != fail.Usage {
			return "", err
		}
	}
	if c, err := ostree.ParseChecksum(strings.ToLower(rev)); err == nil {
		return c.String(), nil
	}
	return "", fail.New(fail.NotFound, "", "ref or commit %q is not in the repo", rev)
}

func (rt *runtime) garageRemote(v *boost.Values, jobs int) (*treehub.Store, error) {
	creds, err := credentials.Open(v.String("credentials"))
	if err != nil {
		return nil, err
	}
	hc, err := rt.garageClient(creds, v.String("cacert"), jobs)
	if err != nil {
		return nil, err
	}
	return rt.garageStore(creds, hc, jobs)
}

// garageClient trusts the CAs in a file instead of the system's, if one is
// named.
func (rt *runtime) garageClient(creds *credentials.Credentials, caFile string, jobs int) (*http.Client, error) {
	if caFile == "" {
		return rt.credentialsClient(creds, "", jobs)
	}
	cfg, err := onlyTrust(caFile)
	if err != nil {
		return nil, err
	}
	return httpx.NewClient(httpx.Options{TLS: cfg, UserAgent: userAgent(), MaxConns: jobs, Client: creds.Certificate(), Limit: rt.limit}), nil
}

func (rt *runtime) garageStore(creds *credentials.Credentials, hc *http.Client, jobs int) (*treehub.Store, error) {
	return treehub.New(treehub.Options{BaseURL: creds.TreehubURL, Auth: creds.Auth(hc, rt.retry()), HTTP: hc, Retry: rt.retry(), Jobs: jobs})
}

// onlyTrust trusts the CAs in file and no others.
func onlyTrust(file string) (*tls.Config, error) {
	pem, err := fsx.ReadFile(file, limits.ConfigFile)
	if err != nil {
		return nil, fmt.Errorf("--cacert: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fail.New(fail.Usage, "", "--cacert %s: no certificate in it", file)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}

func pushManifest(ctx context.Context, store *treehub.Store, file string, c ostree.Checksum) error {
	data, err := fsx.ReadFile(file, limits.JSON)
	if err != nil {
		return err
	}
	j, err := treehub.ManifestJSON(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return store.PutManifest(ctx, c, j)
}
