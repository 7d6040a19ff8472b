package offline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/offline/apps"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
)

// BuildOptions say what goes into a bundle.
type BuildOptions struct {
	Target string // full name of the target
	Tag    string // the tag that the device follows; "" with Wave: it is the wave's
	// Production takes the target from the production targets of the tag, Wave
	// from those of an active wave; both make a bundle for production devices.
	Production bool
	Wave       string
	// ExpiresInDays is how long the bundle is good for, in days from now.
	ExpiresInDays int
	// ExpiresAt, when not zero, is when the bundle expires. A backend that knows
	// whole days only is asked for as many as fit.
	ExpiresAt time.Time
	// NoApps leaves the apps of the target out.
	NoApps bool
	// TUFOnly renews the metadata and leaves the content as it is.
	TUFOnly bool
	// AllowMultiple adds the target to a bundle that names others.
	AllowMultiple bool
	// RepoSource, when not nil, is read instead of the backend's repo.
	RepoSource ostree.Source
	// AppsSource, when not nil, is where blobs of apps are looked for first.
	AppsSource apps.Blobs
	// DeltaFrom are what static deltas to the target start from: versions of
	// earlier targets for the same hardware, or commits in hex. DeltaOnly leaves
	// the objects out, so that only devices that have one of these commits can
	// install from the bundle.
	DeltaFrom []string
	DeltaOnly bool
	// XZ is the path of the program xz, which packs deltas smaller and faster
	// than what is built in; "" is without. Scratch is the folder for deltas that
	// are made, and for commits that are fetched for them; "" is the system's.
	XZ, Scratch string
	// Roots are trusted root files, oldest first. With none, the roots of the
	// bundle that is there are, or else the backend's first root.
	Roots [][]byte
	// SBOMs are carried along, MadeBy is the program and its version: both are
	// for people, and nothing vouches for them.
	SBOMs  []SBOM
	MadeBy string
	// Archive is the file that the caller is going to make of the bundle, if any:
	// a build looks whether there is room for it too.
	Archive string
	// DryRun finds out what would be written and writes nothing.
	DryRun bool
	// Now is the one clock reading that expiries are judged by.
	Now time.Time
	// Jobs is how many objects move at once; 0 is a sensible number.
	Jobs     int
	Progress progress.Sink
	Log      *slog.Logger
	Faults   faults.Injector
}

// BuildReport says what was built, or with DryRun would be.
type BuildReport struct {
	Dir     string    `json:"bundle"`
	Target  string    `json:"target"`
	Commit  string    `json:"commit"`
	Type    string    `json:"type"` // ci or prod
	Tag     string    `json:"tag"`
	Targets []string  `json:"targets"` // all that the bundle names now
	Expires time.Time `json:"expires"` // the earliest of all roles
	DryRun  bool      `json:"dry_run"`

	Objects int   `json:"objects"` // in the commit's closure
	Copied  int   `json:"copied"`
	Present int   `json:"present"`    // were in the bundle already
	Bytes   int64 `json:"bytes"`      // copied, as stored
	Need    int64 `json:"need_bytes"` // on the medium, as far as that was known before
	Free    int64 `json:"free_bytes"` // on the medium before, -1 if not known
	// Artifact is where the CI's tar of the repo is, if the objects come from
	// it, and ArtifactSize how long, -1 if that is not known.
	Artifact     string `json:"artifact,omitempty"`
	ArtifactSize int64  `json:"artifact_bytes,omitempty"`
	// Deltas are the static deltas that were asked for; DeltaOnly says that there
	// are no objects beside them.
	Deltas    []DeltaReport `json:"deltas,omitempty"`
	DeltaOnly bool          `json:"delta_only,omitempty"`
	// Missing is how many signatures the bundle still needs.
	Missing int `json:"missing_signatures"`
	// Apps are the names of the target's apps that the bundle holds.
	Apps        []string `json:"apps"`
	AppBlobs    int      `json:"app_blobs"`         // that they need
	AppsCopied  int      `json:"app_blobs_copied"`  // of those
	AppsPresent int      `json:"app_blobs_present"` // were in the bundle already
	AppBytes    int64    `json:"app_bytes"`         // written
	// AppsDisabled is set when the target turns its apps off for offline updates.
	AppsDisabled bool `json:"apps_disabled,omitempty"`
	// AppsLeftOut are the names of the target's apps that NoApps left out.
	AppsLeftOut []string `json:"apps_left_out,omitempty"`
}

// kind is the type of the bundle.
func (o BuildOptions) kind() string {
	if o.Production || o.Wave != "" {
		return typeProd
	}
	return typeCI
}

// builder is one run of Build.
type builder struct {
	backend Backend
	dst     string
	opt     BuildOptions
	report  BuildReport

	folder *medium.Folder // nil while dst does not exist, which only a dry run bears
	lock   io.Closer      // nil in a dry run
	old    *oldBundle
	meta   *bundleMeta
	commit ostree.Checksum
	source ostree.Source // has commit, or repoTar has it
	app    appPlan
	need   int64 // bytes that the content will take, as far as can be known before
	packed int64 // bytes that it adds to an archive, in which no file takes whole clusters

	byDelta    map[ostree.Checksum]bool // commits of other targets that are there as deltas alone
	deltaPlan  []plannedDelta
	deltaScrap deltaScrap

	// The CI's tars of the repo and of the apps; nil where they are not needed.
	repoTar, appsTar Artifact
}

// Build makes or updates the bundle in dst. What is there of the commit's
// objects is kept and not fetched again. It verifies everything it fetches;
// content comes before metadata, and the metadata is put in place in one go, so
// that a run that was cut off leaves the old bundle, or none.
func Build(ctx context.Context, backend Backend, dst string, opt BuildOptions) (*BuildReport, error) {
	b := newBuilder(backend, dst, opt)
	defer b.close()
	if err := b.run(ctx); err != nil {
		b.failed(err)
		return nil, fmt.Errorf("bundle %s: %w", dst, b.aboutMedium(err))
	}
	return &b.report, nil
}

// failed looks after what a failure leaves. What a medium that failed has kept
// is not known.
func (b *builder) failed(err error) {
	if b.folder != nil && b.lock != nil && mediumFailed(err) {
		_ = errors.Join(b.folder.Unmark(markFile), b.folder.Unmark(markBlobs))
	}
}

func newBuilder(backend Backend, dst string, opt BuildOptions) *builder {
	b := &builder{backend: backend, dst: dst, opt: opt, byDelta: map[ostree.Checksum]bool{}}
	b.report = BuildReport{Dir: dst, Target: opt.Target, Type: opt.kind(), Tag: opt.Tag, DryRun: opt.DryRun, Free: -1, DeltaOnly: opt.DeltaOnly}
	if opt.Log == nil {
		b.opt.Log = slog.New(slog.DiscardHandler)
	}
	return b
}

func (b *builder) close() {
	b.closeDeltas()
	// Handles on a folder: nothing is lost with them.
	if b.lock != nil {
		_ = b.lock.Close()
	}
	if b.folder != nil {
		_ = b.folder.Close()
	}
}

// step is one thing that a build does.
type step func(ctx context.Context) error

// run finds everything out first, then writes: content, then metadata.
func (b *builder) run(ctx context.Context) error {
	for _, do := range b.plan() {
		if err := do(ctx); err != nil {
			return err
		}
	}
	if b.opt.DryRun {
		return nil
	}
	for _, do := range b.write() {
		if err := do(ctx); err != nil {
			return err
		}
		if err := inPlace(b.folder); err != nil {
			return err
		}
	}
	return nil
}

// plan are the steps that write nothing to the medium, but mend what an
// interrupted run left. Each part of the content says in plan how much it is
// going to write (b.wants), so that room can refuse before anything is written.
func (b *builder) plan() []step {
	known := []step{b.nameSBOMs, b.open, b.allowed, b.strangers, b.fetchMeta, b.checkTarget}
	if b.opt.TUFOnly {
		return append(known, b.haveContent, b.haveApps, b.planArchive)
	}
	return append(known, b.findSource, b.haveOthers, b.haveApps, b.planObjects, b.planDeltas, b.planApps, b.planArchive, b.room)
}

// write are the steps that put content on the medium and, when it is whole,
// the metadata that makes it a bundle.
func (b *builder) write() []step {
	if b.opt.TUFOnly {
		return []step{b.makeFolder, b.metadata, b.provenance, b.sync}
	}
	return []step{
		b.makeFolder,
		b.objects,
		b.deltas,
		b.apps,
		b.metadata,
		b.provenance,
		b.sync,
		b.tidy,
	}
}

func (b *builder) allowed(context.Context) error { return b.old.allows(b.opt) }

// strangers warns of what lies beside the bundle and is not of it. No device
// minds, and it may be dear to somebody; verify can't tell it from a bundle
// that was tampered with.
func (b *builder) strangers(context.Context) error {
	if b.folder == nil {
		return nil
	}
	entries, err := b.folder.ReadDir(".")
	if err != nil {
		return err
	}
	var found findings
	s := newScanner(&found)
	for _, e := range entries {
		_ = s.visit(e.Name(), e) // says only whether to look below
	}
	for _, f := range found.list {
		if !f.Warning {
			b.opt.Log.Warn("the folder holds what is not of the bundle: move it away, or verify calls the bundle bad", "name", f.Path)
		}
	}
	return nil
}

// metadata is put in place in one go, after which the bundle is the new one.
func (b *builder) metadata(context.Context) error {
	return replaceMetadata(b.folder, b.meta.files(), b.opt.Faults)
}

// sync returns once the medium may be taken out. A slow one takes a while.
func (b *builder) sync(context.Context) error {
	task := progress.Start(b.opt.Progress, "syncing the medium", progress.Count, 0)
	defer task.Done()
	if err := b.folder.SyncVolume(); err != nil {
		return fmt.Errorf("sync the medium: %w", err)
	}
	return nil
}

// open reads what is in the folder. One that is not there is made later, when
// it is known that there will be something to put into it.
func (b *builder) open(ctx context.Context) error {
	b.old = &oldBundle{}
	err := oneFile(b.dst)
	if err != nil {
		return err
	}
	b.folder, err = medium.OpenFolder(b.dst)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return medium.Cause(err)
	}
	if err := refuseNewer(b.folder); err != nil {
		return err
	}
	if !b.opt.DryRun {
		if b.lock, err = b.folder.Lock(); err != nil {
			return err
		}
		if err := recoverMetadata(b.folder); err != nil {
			return err
		}
		if err := b.mendRepo(); err != nil {
			return err
		}
	}
	b.old, err = readOld(ctx, b.folder)
	return err
}

// makeFolder makes the folder where there is none yet.
func (b *builder) makeFolder(context.Context) error {
	if b.folder != nil {
		return nil
	}
	err := medium.MakeFolder(b.dst)
	if err != nil {
		return err
	}
	if b.folder, err = medium.OpenFolder(b.dst); err == nil {
		b.lock, err = b.folder.Lock()
	}
	if err == nil && isFolder(b.folder, dirMetadata) {
		err = fail.New(fail.Busy, "run the same command again: it then says whether the two go together", "another process has made a bundle in it meanwhile")
	}
	return err
}

// checkTarget finds the target in the verified metadata and looks whether a
// bundle can carry it.
func (b *builder) checkTarget(context.Context) error {
	target, custom, err := b.meta.target(b.opt.Target)
	if err != nil {
		return err
	}
	if custom.TargetFormat != formatOSTree {
		return fail.New(fail.Unsupported, "choose an OSTREE target", "target %s: its format is %q", b.opt.Target, custom.TargetFormat)
	}
	if !slices.Contains(custom.Tags, b.opt.Tag) {
		return fail.New(fail.NotFound, "otactl targets show NAME shows its tags", "target %s: it does not have the tag %q", b.opt.Target, b.opt.Tag)
	}
	if b.commit, err = ostree.ParseChecksum(target.Commit()); err != nil {
		return fail.As(fmt.Errorf("target %s: %w", b.opt.Target, err), fail.Verification, "publish the target again")
	}
	b.report.Tag, b.report.Commit = b.opt.Tag, b.commit.String()
	b.report.Targets = b.meta.bundle.Targets
	b.report.Expires = b.meta.expires()
	b.report.Missing = b.meta.missing
	return b.chooseApps(custom)
}

// repoDir is the bundle's repo as a path, for the engine that writes it. It and
// the folders in it are folders of the bundle and not links out of it, or that
// is an error.
func (b *builder) repoDir() (string, error) {
	st, err := b.folder.Stat(dirRepo)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", err
	case !st.IsDir():
		return "", fail.New(fail.Conflict, "move it away or take another folder", "%s is not a folder", dirRepo)
	default:
		if err := noLinks(b.folder, dirRepo, repoLevels); err != nil {
			return "", err
		}
	}
	return filepath.Join(b.dst, dirRepo), nil
}

// repoLevels is how deep folders lie in a repo that are written to by path:
// objects/ab and refs/heads.
const repoLevels = 2

// noLinks wants nothing but files and folders in dir and, levels deep, below.
func noLinks(files medium.Files, dir string, levels int) error {
	entries, err := files.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, medium.Cause(err))
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		if !e.IsDir() && !e.Type().IsRegular() {
			return fail.New(fail.Conflict, "a bundle has no links: remove it or take another folder", "%s is neither a file nor a folder", name)
		}
		if e.IsDir() && levels > 1 {
			if err := noLinks(files, name, levels-1); err != nil {
				return err
			}
		}
	}
	return nil
}
