package offline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/apps"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
)

// PruneOptions say how to prune.
type PruneOptions struct {
	// Now is the one clock reading that metadata is judged by. Expired metadata
	// still says what is needed.
	Now    time.Time
	DryRun bool // only say what would go
}

// PruneReport says what went, or with DryRun would go.
type PruneReport struct {
	Dir     string `json:"bundle"`
	DryRun  bool   `json:"dry_run"`
	Objects int    `json:"objects"` // of the OSTree repo
	Blobs   int    `json:"blobs"`   // of apps
	Deltas  int    `json:"deltas"`  // files of static deltas
	Others  int    `json:"others"`  // refs, views of apps, what interrupted runs left
	Bytes   int64  `json:"bytes"`   // of all files
}

// Prune removes from the bundle in dir what none of its targets needs: objects,
// deltas, blobs and views of apps, refs, and what interrupted runs left. It
// believes the bundle's own metadata once that verifies, and removes nothing
// from a bundle of which a target is not whole: there it can't be told what is
// needed.
func Prune(ctx context.Context, dir string, opt PruneOptions) (*PruneReport, error) {
	rep, err := prune(ctx, dir, opt)
	if err != nil {
		return nil, fmt.Errorf("prune %s: %w", dir, err)
	}
	return rep, nil
}

func prune(ctx context.Context, dir string, opt PruneOptions) (*PruneReport, error) {
	if err := oneFile(dir); err != nil {
		return nil, err
	}
	folder, err := medium.OpenFolder(dir)
	if err != nil {
		return nil, fail.As(medium.Cause(err), fail.NotFound, "give the folder that holds tuf/ and ostree_repo/")
	}
	defer folder.Close()
	if err := refuseNewer(folder); err != nil {
		return nil, err
	}
	if !opt.DryRun {
		lock, err := folder.Lock()
		if err != nil {
			return nil, err
		}
		defer lock.Close()
		if err := recoverMetadata(folder); err != nil {
			return nil, err
		}
	}
	return pruneFolder(ctx, folder, dir, opt)
}

// pruneFolder prunes a folder that is locked.
func pruneFolder(ctx context.Context, folder *medium.Folder, dir string, opt PruneOptions) (*PruneReport, error) {
	p := &pruner{bundle: &Bundle{files: folder, dir: dir}, folder: folder,
		report: PruneReport{Dir: dir, DryRun: opt.DryRun}, keep: map[ostree.ObjectID]bool{}, blobs: map[string]bool{}, views: map[string]bool{}, commits: map[ostree.Checksum]bool{}}
	for _, step := range []func(context.Context) error{
		func(ctx context.Context) error { return p.targets(ctx, opt.Now) },
		p.needObjects, p.needApps, p.spareRefs, p.spareObjects, p.spareDeltas, p.spareApps, p.spareRest,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	if opt.DryRun {
		return &p.report, nil
	}
	for _, name := range p.spare {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := removeWhole(folder, name); err != nil {
			return nil, err
		}
	}
	return &p.report, folder.SyncVolume()
}

// pruner is one run of Prune.
type pruner struct {
	bundle *Bundle
	folder *medium.Folder
	report PruneReport

	inv     inventory
	bound   []boundTarget
	commits map[ostree.Checksum]bool // of the targets
	keep    map[ostree.ObjectID]bool
	keepAll bool            // all objects: which of them deltas need isn't known
	blobs   map[string]bool // names of blobs that apps of targets need
	views   map[string]bool // folders of these apps
	spare   []string        // in the order in which they go
}

// targets reads from verified metadata which targets the bundle is about.
func (p *pruner) targets(ctx context.Context, now time.Time) error {
	v := &verifier{bundle: p.bundle, opt: VerifyOptions{Now: now}}
	var err error
	if p.inv, err = scan(ctx, p.bundle, &v.found); err != nil {
		return err
	}
	v.inv = p.inv
	slices.Sort(v.inv.roots)
	v.found = findings{} // what else lies about is what this is for
	p.bound = v.targets(v.metadata(ctx))
	for _, f := range v.found.list {
		if !f.Warning && f.Rule != RuleThreshold && f.Rule != RuleExpiry {
			return fail.New(fail.Verification, "nothing was removed; have the bundle built again", "what is needed can't be told: %s", f)
		}
	}
	for _, t := range p.bound {
		commit, err := ostree.ParseChecksum(t.target.Commit())
		if err != nil {
			return fmt.Errorf("target %s: %w", t.name, err)
		}
		p.commits[commit] = true
	}
	return nil
}

// needObjects marks the closure of each target's commit. A target that comes as
// deltas needs none.
func (p *pruner) needObjects(ctx context.Context) error {
	if !isFolder(p.folder, dirRepo) {
		return nil // metadata alone
	}
	repo, err := openArchive(ctx, p.folder, dirRepo)
	if err != nil {
		return notWhole(err)
	}
	for commit := range p.commits {
		there, err := p.bundle.HasCommit(ctx, commit)
		if err != nil {
			return err
		}
		if !there {
			if err := p.needDeltas(ctx, commit); err != nil {
				return err
			}
			continue
		}
		p.keep[ostree.ObjectID{Sum: commit, Type: ostree.TypeCommitMeta}] = true
		err = ostree.Closure(ctx, repo, commit, func(id ostree.ObjectID) error {
			p.keep[id] = true
			return nil
		})
		if err != nil {
			return notWhole(err)
		}
	}
	return nil
}

// needDeltas wants a delta where the commit itself is not there.
func (p *pruner) needDeltas(ctx context.Context, commit ostree.Checksum) error {
	deltas, err := p.bundle.DeltasTo(ctx, commit, scratchIn(""))
	if err != nil {
		return err
	}
	usable := false
	for _, d := range deltas {
		if err := unseen(d); err != nil {
			return err
		}
		usable = usable || d.Err == nil
		p.keepAll = p.keepAll || d.Err != nil || d.Fallbacks > 0 // of one that can't be read nobody knows
	}
	if !usable {
		return notWhole(fmt.Errorf("commit %s is not there, nor a delta to it that is of use", short(commit.String())))
	}
	return nil
}

// unseen fails for a delta of which it isn't known whether it is of use: it could
// not be looked at here and now.
func unseen(d Delta) error {
	if mediumFailed(d.Err) {
		return d.Err
	}
	return aboutScratch("", d.Err)
}

func notWhole(err error) error {
	return fail.As(fmt.Errorf("a target is not whole: %w", err), fail.Conflict, "nothing was removed; build that target again, or remove it: otactl targets offline-update remove")
}

// needApps marks the views and blobs of the apps of which anything is there for
// a target: of one that was left out there is neither view nor manifest. What
// the files of a view say doesn't count, they may be damaged.
func (p *pruner) needApps(ctx context.Context) error {
	store := apps.NewStore(p.folder, dirApps)
	for _, t := range p.bound {
		for _, app := range requiredApps(t.custom) {
			ref, err := apps.ParseRef(app.URI)
			if err != nil {
				continue // no bundle holds it
			}
			view := path.Join(dirApps, ref.Dir())
			_, manifest := p.inv.apps[store.Name(ref.Digest)]
			if !manifest && !slices.Contains(p.inv.views, view) {
				continue
			}
			closure, err := apps.Closure(ctx, store, app.URI, apps.Architecture(t.custom.Arch))
			if err != nil {
				return notWhole(err)
			}
			p.views[view] = true
			for _, blob := range closure.Blobs {
				p.blobs[store.Name(blob.Digest)] = true
			}
		}
	}
	return nil
}

// goes notes a file or folder that goes.
func (p *pruner) goes(name string, size int64, count *int) {
	p.spare = append(p.spare, name)
	p.report.Bytes += size
	*count++
}

// spareRefs finds refs to commits of no target. They go first, so that nothing
// names what is gone.
func (p *pruner) spareRefs(context.Context) error {
	return walk(p.folder, path.Join(dirRepo, "refs/heads"), func(name string, size int64) error {
		text, err := medium.ReadFile(p.folder, name, limits.Ref)
		if err != nil {
			return err
		}
		if c, err := ostree.ParseChecksum(strings.TrimSpace(string(text))); err != nil || !p.commits[c] {
			p.goes(name, size, &p.report.Others)
		}
		return nil
	})
}

// spareObjects finds objects of no target; commits go before what they name.
func (p *pruner) spareObjects(context.Context) error {
	if p.keepAll {
		return nil
	}
	ids := slices.SortedFunc(maps.Keys(p.inv.objects), func(a, b ostree.ObjectID) int {
		if (a.Type == ostree.TypeCommit) != (b.Type == ostree.TypeCommit) {
			if a.Type == ostree.TypeCommit {
				return -1
			}
			return 1
		}
		return strings.Compare(a.ArchivePath(), b.ArchivePath())
	})
	for _, id := range ids {
		if !p.keep[id] {
			p.goes(path.Join(dirRepo, id.ArchivePath()), p.inv.objects[id].size, &p.report.Objects)
		}
	}
	for _, marker := range p.inv.partial {
		c, err := ostree.ParseChecksum(strings.TrimSuffix(path.Base(marker), ".commitpartial"))
		if err == nil && !p.commits[c] {
			p.goes(path.Join(dirRepo, marker), 0, &p.report.Others)
		}
	}
	return nil
}

// spareDeltas finds deltas to commits of no target, and what is of no delta. A
// superblock goes before the parts that it names.
func (p *pruner) spareDeltas(ctx context.Context) error {
	deltas, err := p.bundle.Deltas(ctx)
	if err != nil {
		return err
	}
	needed := map[string]bool{}
	for _, d := range deltas {
		if err := unseen(d); err != nil {
			return err
		}
		if p.commits[d.To] && d.Err == nil {
			needed[d.dir] = true
		}
	}
	for _, last := range []bool{false, true} {
		for _, name := range slices.Sorted(maps.Keys(p.inv.deltas)) {
			full := path.Join(dirRepo, name)
			if isPart := path.Base(name) != fileHead; isPart == last && !needed[path.Dir(full)] {
				p.goes(full, p.inv.deltas[name], &p.report.Deltas)
			}
		}
	}
	return nil
}

// spareApps finds blobs and views that no target's apps need. A view goes whole,
// and before its blobs: devices take one without its uri for damage.
func (p *pruner) spareApps(context.Context) error {
	views := map[string]int64{}
	var blobs []string
	for name, size := range p.inv.apps {
		parts := strings.Split(name, "/")
		if len(parts) > 4 && parts[1] == dirApps {
			views[path.Join(parts[:4]...)] += size
		} else {
			blobs = append(blobs, name)
		}
	}
	for _, view := range slices.Sorted(maps.Keys(views)) {
		if !p.views[strings.ToLower(view)] { // FAT may show it in another case
			p.goes(view, views[view], &p.report.Others)
		}
	}
	for _, name := range slices.Sorted(slices.Values(blobs)) {
		if !p.blobs[strings.ToLower(name)] {
			p.goes(name, p.inv.apps[name], &p.report.Blobs)
		}
	}
	return nil
}

// spareRest finds what interrupted runs left, and SBOMs of targets that are
// gone.
func (p *pruner) spareRest(context.Context) error {
	for _, name := range []string{dirStaged, dirReplaced, path.Join(dirRepo, "tmp"), path.Join(dirApps, "tmp")} {
		if err := p.folderGoes(name); err != nil {
			return err
		}
	}
	entries, err := p.folder.ReadDir(dirSBOM)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, e := range entries {
		named := func(t boundTarget) bool { return refName(t.name) == e.Name() }
		if !slices.ContainsFunc(p.bound, named) {
			if err := p.folderGoes(path.Join(dirSBOM, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// folderGoes notes a folder that goes, if it is there. One for temporary files
// may stay when it is empty.
func (p *pruner) folderGoes(dir string) error {
	var bytes int64
	files := 0
	err := walk(p.folder, dir, func(_ string, size int64) error {
		files++
		bytes += size
		return nil
	})
	if err == nil && isFolder(p.folder, dir) && (files > 0 || path.Base(dir) != "tmp") {
		p.goes(dir, bytes, &p.report.Others)
	}
	return err
}

// walk calls file for each plain file in and below dir, which may not be there.
func walk(files medium.Files, dir string, file func(name string, size int64) error) error {
	err := fs.WalkDir(files, dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		size, _ := sizeOf(d)
		return file(name, max(size, 0))
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
