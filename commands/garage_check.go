package commands

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/client/tufrepo"
	"github.com/otactl/otactl/commands/boost"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/publish"
	"github.com/otactl/otactl/tuf"
)

func garageCheckParser() *boost.Parser {
	str, on := boost.String, boost.Switch
	return &boost.Parser{
		Caption: "garage-check command line options",
		Options: append(garageLogOptions(), []boost.Option{
			{Long: "ref", Short: "r", Kind: str, Required: true, Help: "commit to look for, by its checksum"},
			{Long: "credentials", Short: "j", Kind: str, Required: true, Help: "credentials.zip or treehub.json"},
			{Long: "cacert", Kind: str, Help: "CA certificates to trust instead of the system's"},
			{Long: "jobs", Kind: boost.Int, Default: strconv.Itoa(treehub.DefaultJobs), Help: "parallel requests"},
			{Long: "walk-tree", Short: "w", Kind: on, Help: "ask about every object"},
			{Long: "tree-dir", Short: "t", Kind: str, Help: "with --walk-tree: keep the metadata that is read in an archive repo in this folder"},
		}...),
	}
}

// garageCheck is the mode in which this program is garage-check.
func garageCheck(ctx context.Context, rt *runtime, args []string) int {
	return rt.garageTool("garage-check", garageCheckParser(), args, func(v *boost.Values) error { return rt.runGarageCheck(ctx, v) })
}

func (rt *runtime) runGarageCheck(ctx context.Context, v *boost.Values) error {
	if err := rt.garageLogging(v); err != nil {
		return err
	}
	commit, err := ostree.ParseChecksum(strings.ToLower(v.String("ref")))
	if err != nil {
		return fail.New(fail.Usage, "give the checksum that ostree rev-parse says", "--ref: want a commit, not the name of a ref")
	}
	jobs := v.Int("jobs")
	if jobs < 1 {
		return fail.New(fail.Usage, "", "--jobs must be greater than 0")
	}
	jobs = min(jobs, maxJobs)
	creds, err := credentials.Open(v.String("credentials"))
	if err != nil {
		return err
	}
	hc, err := rt.garageClient(creds, v.String("cacert"), jobs)
	if err != nil {
		return err
	}
	store, err := rt.garageStore(creds, hc, jobs)
	if err != nil {
		return err
	}
	if err := checkCommit(ctx, store, commit); err != nil {
		return err
	}
	if v.Bool("walk-tree") {
		if err := rt.walkTree(ctx, store, commit, v.String("tree-dir"), jobs); err != nil {
			return err
		}
	}
	if creds.RepoURL == "" {
		return fail.New(fail.Usage, "use credentials with a tufrepo.url in them", "%s: they name no repository of targets", v.String("credentials"))
	}
	base, err := tufrepo.ParseBase(creds.RepoURL)
	if err != nil {
		return err
	}
	repo := &tufrepo.Repo{Base: base.JoinPath("api/v1/user_repo"), HTTP: hc, Auth: creds.Auth(hc, rt.retry()), Retry: rt.retry(), Header: http.Header{}}
	return rt.checkTarget(ctx, repo, commit)
}

// checkCommit asks for the commit alone.
func checkCommit(ctx context.Context, store *treehub.Store, commit ostree.Checksum) error {
	have, err := store.Has(ctx, []ostree.ObjectID{{Sum: commit, Type: ostree.TypeCommit}})
	if err == nil && !have[0] {
		err = fail.New(fail.NotFound, "push it with garage-push", "commit %s is not at %s", commit, store.URL())
	}
	return err
}

// walkTree asks about every object that the commit reaches.
func (rt *runtime) walkTree(ctx context.Context, store *treehub.Store, commit ostree.Checksum, dir string, jobs int) (err error) {
	opt := publish.CheckOptions{
		Remote: store, Rev: commit.String(), All: true, Jobs: jobs,
		Clock: rt.clock, Progress: rt.progress(), Log: rt.log,
	}
	if dir != "" {
		kept, err := keepMetadata(ctx, store, dir)
		if err != nil {
			return fmt.Errorf("--tree-dir: %w", err)
		}
		defer kept.session.Abort()
		opt.Remote = kept
		defer func() {
			if cerr := kept.session.Close(context.WithoutCancel(ctx)); cerr != nil {
				err = errors.Join(err, fmt.Errorf("--tree-dir: %w", cerr))
			}
		}()
	}
	rep, err := publish.Check(ctx, opt)
	if err == nil {
		err = incompleteness(rep)
	}
	if err != nil {
		return err
	}
	rt.say("all %d objects of commit %s are there", rep.Objects, commit)
	return nil
}

// incompleteness is the error for a commit of which something is missing or
// corrupt, with the names of the first few.
func incompleteness(rep publish.CheckReport) error {
	if rep.Complete() {
		return nil
	}
	var names []string
	for _, id := range rep.Missing {
		names = append(names, id.String())
	}
	for _, bad := range rep.Corrupt {
		names = append(names, bad.ID.String()+" (corrupt)")
	}
	return fail.New(fail.Verification, "send what is missing with garage-push -w",
		"commit %s is not complete at %s: %d of %d objects: %s", rep.Commit, rep.URL, len(names), rep.Objects, strings.Join(names[:min(len(names), 3)], ", "))
}

// checkTarget wants a target that names the commit, in metadata that is not
// past its end. As in the original nobody vouches for it but the connection.
func (rt *runtime) checkTarget(ctx context.Context, repo *tufrepo.Repo, commit ostree.Checksum) error {
	file, err := repo.Fetch(ctx, "targets.json", limits.Targets)
	if err != nil {
		return fmt.Errorf("targets: %w", err)
	}
	t, err := tuf.ParseTargets(file)
	if err != nil {
		return fmt.Errorf("targets: %w", err)
	}
	if !rt.clock().Before(t.Expires) {
		return fail.New(fail.Expired, "have it signed anew", "targets.json is expired since %s", t.Expires.Format("2006-01-02 15:04:05 MST"))
	}
	for name, target := range t.Targets {
		if target.Commit() == commit.String() {
			rt.say("target %s names commit %s", oneLine(name), commit)
			return nil
		}
	}
	return fail.New(fail.NotFound, "add one with otactl targets add --type ostree", "no target names commit %s", commit)
}

// metadataKeeper is a treehub whose metadata stays in a repo once it was read.
type metadataKeeper struct {
	*treehub.Store
	session ostree.Session
}

func keepMetadata(ctx context.Context, store *treehub.Store, dir string) (*metadataKeeper, error) {
	repo, err := ostree.OpenRepo(dir)
	if err != nil {
		repo, err = ostree.CreateRepo(dir, ostree.ModeArchive)
	}
	if err != nil {
		return nil, err
	}
	session, err := repo.Begin(ctx)
	return &metadataKeeper{store, session}, err
}

// Object implements ostree.Source.
func (k *metadataKeeper) Object(ctx context.Context, id ostree.ObjectID) (ostree.Object, error) {
	if id.Type == ostree.TypeFile {
		return k.Store.Object(ctx, id)
	}
	data, err := ostree.LoadMetadata(ctx, k.Store, id)
	if err != nil {
		return nil, err
	}
	obj := ostree.NewNamedMetadata(id, data)
	return obj, k.session.Put(ctx, obj)
}
