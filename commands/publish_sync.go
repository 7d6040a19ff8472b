package commands

import (
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/bucket"
	"github.com/otactl/otactl/client/httprepo"
	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/publish"
	"github.com/otactl/otactl/tuf"
)

func publishSyncCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "sync",
		Usage:     "bring refs or commits from one backend to another",
		ArgsUsage: "REF...",
		Description: "Copies what the destination has not, children before parents, then moves the refs, then with\n" +
			"--targets adds the targets that name these commits. The source is a repo in a folder, on the web\n" +
			"or in a bucket, or the backend of other credentials or of another context; the destination as for publish.",
		Flags: slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "from", Usage: "read from `SRC`: a repo in a folder, at https://HOST/PATH, or at s3://BUCKET[/FOLDER]"},
			&cli.StringFlag{Name: "from-credentials", Usage: "read with the credentials.zip or treehub.json in `FILE`; without --from, from the treehub that it names"},
			&cli.StringFlag{Name: "from-context", Usage: "read from the backend of the context `NAME`"},
			&cli.StringFlag{Name: "credentials", Aliases: []string{"c"}, Usage: "credentials.zip or treehub.json of the destination in `FILE` (default: as for publish)"},
			&cli.IntFlag{Name: "depth", Usage: "bring `N` commits before each one too; -1 is all"},
			&cli.BoolFlag{Name: "targets", Usage: "add the targets of the source's backend that name these commits"},
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n"}, Usage: "say what would be sent, and change nothing"},
			&cli.BoolFlag{Name: "full-check", Usage: "ask the destination about every object; finds and mends what it lost"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Usage: "keep `N` requests under way", Value: treehub.DefaultJobs},
		}, destinationFlags(), signByFlags("a summary that is made here"), accountFlags()),
		Action: func(c *cli.Context) error { return rt.publishSync(c) },
	}
}

func (rt *runtime) publishSync(c *cli.Context) error {
	opt := publish.SyncOptions{
		Revs: words(c.Args().Slice()), Depth: c.Int("depth"), FullCheck: c.Bool("full-check"), DryRun: c.Bool("dry-run"),
		Creator: userAgent() + " publish sync", Jobs: c.Int("jobs"), Clock: rt.clock, Progress: rt.progress(), Log: rt.log,
	}
	if err := checkJobs(opt.Jobs); err != nil {
		return err
	}
	from, err := rt.syncSource(c, opt.Jobs)
	if err != nil {
		return err
	}
	to, err := rt.destination(c, opt.Jobs)
	if err != nil {
		return err
	}
	opt.From, opt.To = from.store, to.store
	if c.Bool("targets") {
		if opt.Targets, err = rt.sourceTargets(c, from.keeper); err != nil {
			return err
		}
		if to.backend == nil {
			return fail.New(fail.Usage, "leave --targets out, or give credentials with a tufrepo.url", "the destination keeps no targets")
		}
		if opt.Backend, err = rt.targetsBy(c, to.keeper); err != nil {
			return err
		}
	}
	rep, err := publish.Sync(c.Context, opt)
	if err != nil {
		if rep.New > 0 {
			rt.say("%d objects (%s) were sent and stay; run this again to go on", rep.New, sizeText(rep.Bytes))
		}
		return err
	}
	return rt.render(newSyncView(rep))
}

// sourceTargets are the verified targets of the source's backend.
func (rt *runtime) sourceTargets(c *cli.Context, k keeper) (map[string]tuf.Target, error) {
	if k.backend == nil {
		return nil, fail.New(fail.Usage, "leave --targets out, or give credentials with a tufrepo.url", "the source keeps no targets")
	}
	v, err := rt.verifyTargets(c.Context, k)
	if err != nil {
		return nil, err
	}
	return v.trust.Targets().Targets, nil
}

// origin is where a sync reads from.
type origin struct {
	store publish.Readable
	keeper
}

func (rt *runtime) syncSource(c *cli.Context, jobs int) (*origin, error) {
	from, creds, context := c.String("from"), c.String("from-credentials"), c.String("from-context")
	scheme, path, isURL := strings.Cut(from, "://")
	switch {
	case context != "" && creds != "":
		return nil, fail.New(fail.Usage, "", "--from-context and --from-credentials: give one of them")
	case from == "" && context == "" && creds == "":
		return nil, fail.New(fail.Usage, "give a source with --from, --from-credentials or --from-context", "publish sync: no source")
	case scheme == "file" && !strings.HasPrefix(path, "/"):
		return nil, notOnThisMachine("--from", from)
	case from != "" && (!isURL || scheme == "file"):
		return localOrigin(first(path, from))
	case scheme == "s3":
		store, err := rt.openBucket(c, from, min(jobs, bucket.DefaultJobs), purpose{readOnly: true})
		return &origin{store: store}, err
	case from != "" && scheme != "http" && scheme != "https":
		return nil, fail.New(fail.Usage, "give a folder, or an https:// or s3:// URL", "--from %.200q: nothing to read from", from)
	}
	a, err := rt.sourceAccess(c, creds, context, jobs)
	if err != nil {
		return nil, err
	}
	if from == "" {
		from = a.treehub
	}
	return rt.webOrigin(from, a, jobs)
}

func localOrigin(path string) (*origin, error) {
	repo, err := ostree.OpenRepo(path)
	if err != nil {
		return nil, fail.Hint(err, "give the folder that holds config, objects and refs with --from")
	}
	return &origin{store: publish.FromRepo(repo)}, nil
}

// sourceAccess is how the source is talked to: with nothing, unless credentials
// or a context are named for it. Those of the destination are not for it.
func (rt *runtime) sourceAccess(c *cli.Context, creds, context string, jobs int) (*access, error) {
	switch {
	case creds != "":
		return rt.accessWith(c, creds, jobs)
	case context != "":
		return rt.contextAccess(c, context, jobs)
	}
	hc, err := rt.httpClient(c.String("ca-file"), nil, jobs)
	return &access{http: hc}, err
}

// contextAccess is access by a context as the file has it: what the environment
// says is about the destination.
func (rt *runtime) contextAccess(c *cli.Context, context string, jobs int) (*access, error) {
	a, err := account.Load(first(c.String("config"), rt.configFile()), func(name string) string {
		if name == account.EnvContext {
			return context
		}
		return ""
	})
	if err != nil {
		return nil, err
	}
	return rt.accessTo(c.Context, a, jobs)
}

func (rt *runtime) webOrigin(from string, a *access, jobs int) (*origin, error) {
	at, err := url.Parse(from)
	if err != nil || at.Host == "" || at.User != nil {
		return nil, fail.New(fail.Usage, "give it as https://HOST/PATH, and credentials with --from-credentials", "--from: not the address of a repo")
	}
	o := &origin{keeper: a.keeper}
	auth := a.auth
	if own, err := url.Parse(a.treehub); err != nil || !httpx.SameOrigin(own, at) {
		auth = nil
	}
	o.store = httprepo.Open(httprepo.Options{BaseURL: from, HTTP: a.http, Auth: auth, Retry: rt.retry(), Parallel: jobs, Header: http.Header{}})
	return o, nil
}

type syncView struct {
	DryRun  bool       `json:"dry_run"`
	From    string     `json:"from"`
	To      string     `json:"to"`
	Items   []itemView `json:"items"`
	New     int        `json:"new"`
	Present int        `json:"present"`
	Asked   int        `json:"asked"`
	Bytes   int64      `json:"bytes"`
	Added   []string   `json:"targets_added"`
	Kept    []string   `json:"targets_present"`
	Version int        `json:"targets_version,omitempty"`
	Seconds float64    `json:"seconds"`
}

func newSyncView(r publish.SyncReport) syncView {
	v := syncView{
		DryRun: r.DryRun, From: r.From, To: r.To, New: r.New, Present: r.Present, Asked: r.Asked, Bytes: r.Bytes,
		Added: append([]string{}, r.Added...), Kept: append([]string{}, r.Kept...), Version: r.MetadataVersion,
		Seconds: math.Round(r.Elapsed.Seconds()*1000) / 1000,
	}
	for _, it := range r.Items {
		v.Items = append(v.Items, newItemView(it))
	}
	return v
}

// Table is the report for people.
func (v syncView) Table(w io.Writer) {
	rows := []string{"from", v.From, "to", v.To}
	for _, it := range v.Items {
		rows = append(rows, "commit", it.Commit, "ref", it.refText())
	}
	sent := fmt.Sprintf("%d, %s, %.1f s", v.New, sizeText(v.Bytes), v.Seconds)
	if v.DryRun {
		rows = append(rows, "to send", sent+" (dry run: nothing was sent)")
	} else {
		rows = append(rows, "sent", sent)
	}
	render.Fields(w, append(rows, "targets added", strings.Join(v.Added, ", "), "targets present", strings.Join(v.Kept, ", "))...)
}
