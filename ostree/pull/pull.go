package pull

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/summary"
)

// Ref is one thing to pull.
type Ref struct {
	// Collection that the ref belongs to, or "" for that of the remote.
	Collection string
	// Name of a ref; "" for a commit that no ref is to name.
	Name string
	// Commit that the ref is to stand at, whatever the remote says; nil for
	// where it stands there.
	Commit *ostree.Checksum
}

func (r Ref) String() string {
	switch {
	case r.Name == "" && r.Commit != nil:
		return r.Commit.String()
	case r.Collection != "":
		return "(" + r.Collection + ", " + r.Name + ")"
	}
	return r.Name
}

// Deltas says what becomes of static deltas.
type Deltas int

// The choices. By itself a pull takes a delta where that is cheaper.
const (
	DeltasIfCheaper Deltas = iota
	NoDeltas
	OnlyDeltas // it is an error if there is none
)

// Options of a pull. The zero value pulls nothing.
type Options struct {
	// Remote is the remote's name: refs go to refs/remotes/NAME, and its
	// summary is kept in the cache. "" writes local refs.
	Remote string
	Refs   []Ref
	// Mirror writes refs as they are in the remote, and takes all of its
	// summary, and the summary itself, where Refs is empty.
	Mirror bool
	// Others, with Mirror, takes what else the summary lists along with Refs,
	// where the remote has one; the summary itself stays there.
	Others bool
	// CollectionID is that of the remote, or "": commits have to be bound to it.
	CollectionID string

	// Depth is how many commits before each one come along; negative: all.
	Depth      int
	CommitOnly bool     // no trees; the commits stay partial
	Subpaths   []string // only these parts of the trees; the commits stay partial
	Deltas     Deltas
	DryRun     bool // find out what would come, by a delta

	// CheckCommit and CheckSummary verify signatures, before anything is
	// written; nil asks for none. sig and detached are nil where there are none.
	CheckCommit  func(c ostree.Checksum, data, detached []byte) error
	CheckSummary func(data, sig []byte) error
	// IgnoreBindings takes a commit that was made for another ref.
	IgnoreBindings bool
	// NotOlder refuses a commit that is older than the one its ref stands at;
	// NotOlderThan, if set, one that is older than that commit.
	NotOlder     bool
	NotOlderThan *ostree.Checksum
	// CheckFile judges the header of each file; nil takes all.
	CheckFile func(ostree.ObjectID, *ostree.FileHeader) error

	// Caches are repos on this machine that are asked before the remote is.
	Caches []*ostree.Repo
	// CacheDir takes the place of the repo's tmp/cache; NoCache keeps nothing.
	CacheDir string
	NoCache  bool
	// Trusted stores files as they come, unverified: with a remote that is on
	// this machine, or to mirror one that is trusted as much. Link makes hard
	// links to files of a repo on this machine, where both keep them alike.
	Trusted, Link bool

	Jobs     int // requests under way, over a network; 0 is a sensible number
	Progress progress.Sink
	Log      *slog.Logger // nil is silent
	Now      time.Time    // the one clock reading of the pull
	Faults   faults.Injector
}

// Report says what a pull did.
type Report struct {
	ostree.CopyReport
	Refs  []Update
	Delta DeltaReport
	// Local says that the remote is on this machine.
	Local bool
	// Probes is how often something was asked for that may be missing, and was,
	// or that was here already.
	Probes int
}

// Update is a ref and where it stands now.
type Update struct {
	Name     string
	Old, New ostree.Checksum // Old is zero for a new ref
}

// run is one pull.
type run struct {
	repo   *ostree.Repo
	remote Remote
	src    ostree.Source // the remote, or the repo that it is
	local  *ostree.Repo  // the remote, if it is on this machine
	opt    Options

	sum      *summary.Summary // nil where there is none, or none is needed
	sumData  []byte
	sumSig   []byte
	config   *remoteConfig
	targets  []*target
	byCommit map[ostree.Checksum][]*target
	loaded   map[ostree.ObjectID][]byte
	report   Report

	mu      sync.Mutex
	checked int // commits that were looked at, with their detached metadata
}

// Run pulls. Ended at any point it can be called again, and goes on where it
// was: refs move once all that they reach is durable.
func Run(ctx context.Context, repo *ostree.Repo, remote Remote, opt Options) (Report, error) {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	r := &run{repo: repo, remote: remote, src: remote, opt: opt, loaded: map[ostree.ObjectID][]byte{}, byCommit: map[ostree.Checksum][]*target{}}
	if l, ok := remote.(*Local); ok {
		r.local, r.src, r.report.Local = l.Repo, l.Repo, true
	}
	if opt.Deltas == OnlyDeltas && repo.Mode() == ostree.ModeArchive {
		return r.report, fail.New(fail.Usage, "pull without --require-static-deltas", "static deltas cannot be used in a repo of mode archive")
	}
	if err := r.run(ctx); err != nil {
		return r.report, err
	}
	return r.report, nil
}

func (r *run) run(ctx context.Context) error {
	if err := r.readSummary(ctx); err != nil {
		return err
	}
	if err := r.findTargets(ctx); err != nil {
		return err
	}
	// Until a ref names what is copied, this keeps a prune away.
	hold, err := r.repo.Hold(ctx)
	if err != nil {
		return err
	}
	defer hold()
	if err := r.fetch(ctx); err != nil {
		return err
	}
	if r.opt.DryRun {
		return nil
	}
	if err := r.moveRefs(ctx); err != nil {
		return err
	}
	return r.mirrorSummary(ctx)
}

// fetch brings what is missing.
func (r *run) fetch(ctx context.Context) error {
	asking, stop := context.WithCancel(ctx)
	r.config = r.readConfig(asking)
	defer r.config.leave(stop)
	if err := r.useDeltas(ctx); err != nil || r.opt.DryRun {
		return err
	}
	commits := make([]ostree.Checksum, 0, len(r.byCommit))
	for _, t := range r.targets {
		if r.byCommit[t.commit][0] == t {
			commits = append(commits, t.commit)
		}
	}
	caches := make([]ostree.Source, len(r.opt.Caches))
	for i, c := range r.opt.Caches {
		caches[i] = c
	}
	var err error
	r.report.CopyReport, err = ostree.CopyAll(ctx, r.repo, r.src, commits, ostree.CopyOptions{
		Jobs: r.jobs(), Depth: r.opt.Depth, CommitOnly: r.opt.CommitOnly, Subpaths: r.opt.Subpaths,
		Loaded: r.loaded, Caches: caches, CheckCommit: r.checkCommit, LaxDetached: r.opt.CheckCommit == nil, CheckFile: r.opt.CheckFile,
		Tombstones: r.opt.Depth != 0, Trusted: r.opt.Trusted, Link: r.opt.Link,
		Progress: r.opt.Progress, Log: r.opt.Log, Faults: r.opt.Faults,
	})
	r.report.Probes += r.checked - r.report.Detached
	return err
}

// defaultJobs is how many requests are under way over a network: what HTTP/2
// servers take as streams.
const defaultJobs = 100

// jobs is how many objects may be on their way. A repo on this machine gets no
// requests: there it is the processors that are kept at work, each with its
// memory.
func (r *run) jobs() int {
	switch {
	case r.local != nil:
		return 0
	case r.opt.Jobs == 0:
		return defaultJobs
	}
	return r.opt.Jobs
}

// moveRefs points the refs at what was pulled.
func (r *run) moveRefs(ctx context.Context) error {
	opt := ostree.RefOptions{Partial: true}
	for _, t := range r.targets {
		if t.ref.Name == "" || t.old == t.commit {
			continue
		}
		err := faults.At(r.opt.Faults, "pull.ref")
		if err == nil && t.mirror != nil {
			err = r.repo.MoveMirrorRef(ctx, *t.mirror, t.commit, opt)
		} else if err == nil {
			err = r.repo.MoveRef(ctx, t.dest, t.commit, opt)
		}
		if err != nil {
			return fmt.Errorf("pull %s: %w", t.ref, err)
		}
		r.report.Refs = append(r.report.Refs, Update{Name: t.name(), Old: t.old, New: t.commit})
	}
	return nil
}
