package offline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

// VerifiedDelta is a static delta to a target of the bundle.
type VerifiedDelta struct {
	From  string `json:"from"` // the commit that it starts from; "" for none
	To    string `json:"to"`
	Parts int    `json:"parts"`
	Bytes int64  `json:"bytes"` // of its files
	// Applied says that it was applied to its first commit, and all that the other
	// one reaches came out. Else it is known only that its parts are whole and fit
	// its superblock, which nobody signs.
	Applied bool `json:"applied"`

	clean bool // nothing is wrong with it
}

// Usable says that nothing is wrong with it, as far as it was looked at.
func (d VerifiedDelta) Usable() bool { return d.clean }

// remedyBase is what to do about a delta of which only the parts were looked at.
const remedyBase = "give a repo that has the commit with --base"

// deltaFiles are the files in one folder below deltas/: the superblock as
// delta.Head and the parts by their numbers, with their sizes.
type deltaFiles map[int]int64

// deltas verifies the static deltas in ostree_repo, and that targets without
// objects have some.
func (v *verifier) deltas(ctx context.Context, targets []boundTarget) error {
	byCommit := map[string]bool{}
	for _, t := range targets {
		byCommit[t.target.Commit()] = true
	}
	folders := v.deltaFolders()
	if len(folders) > limits.BundleDeltas {
		v.found.bad(RuleDelta, dirDeltas, "%d static deltas, more than the %d that a device looks at", len(folders), limits.BundleDeltas)
		return nil
	}
	others := 0
	for _, dir := range slices.Sorted(maps.Keys(folders)) {
		if _, ok := folders[dir][delta.Head]; !ok {
			v.found.warn(RuleDelta, dir, remedyNone, "no superblock: left by an interrupted run, and nothing reads it")
			continue
		}
		leads, err := v.delta(ctx, dir, folders[dir], byCommit)
		if err != nil {
			return err
		}
		if !leads {
			others++
		}
	}
	if others > 0 {
		v.found.warn(RuleDelta, dirDeltas, remedyNone, "%d static deltas lead to none of the targets; they were not verified", others)
	}
	for i := range v.report.Targets {
		v.targetByDelta(&v.report.Targets[i])
	}
	return nil
}

// deltaFolders sorts the files below deltas/ by their folders. A file that has
// no place there is a finding.
func (v *verifier) deltaFolders() map[string]deltaFiles {
	folders := map[string]deltaFiles{}
	for name, size := range v.inv.deltas {
		if strings.HasPrefix(name, "delta-indexes/") {
			v.found.warn(RuleDelta, path.Join(dirRepo, name), remedyNone, "devices don't use it")
			continue
		}
		_, part, ok := delta.ParsePath(name)
		if !ok {
			v.found.bad(RuleFiles, path.Join(dirRepo, name), "unknown file among the static deltas")
			continue
		}
		dir := path.Join(dirRepo, path.Dir(name))
		if folders[dir] == nil {
			folders[dir] = deltaFiles{}
		}
		folders[dir][part] = size
	}
	return folders
}

// delta verifies one delta. It is false for one that leads to none of the
// commits. The error is about this machine, or the context's.
func (v *verifier) delta(ctx context.Context, dir string, files deltaFiles, commits map[string]bool) (bool, error) {
	d := Delta{dir: dir, files: v.bundle.files}
	head := path.Join(dir, fileHead)
	f, err := d.Open(v.opt.Scratch)
	if err != nil {
		return true, v.deltaProblem(ctx, head, placeless(err))
	}
	defer f.Close()
	if !commits[f.Name.To.String()] {
		return false, nil
	}
	before := v.found.count()
	if len(f.Before) > 0 {
		v.found.bad(RuleDelta, head, "it builds on other deltas, which no device takes")
	}
	if c, err := ostree.ParseCommit(f.Commit); err == nil && c.Time.After(v.opt.Now.Add(clockSlack)) {
		v.found.bad(RuleClock, head, "the commit was made at %s, which is after the clock's %s: no expiry can be judged",
			c.Time.Format(time.RFC3339), v.opt.Now.Format(time.RFC3339))
	}
	if err := v.deltaParts(ctx, &d, f, files); err != nil {
		return true, err
	}
	v.fallbacks(ctx, head, f)
	r := VerifiedDelta{To: f.Name.To.String(), Parts: len(f.Parts), clean: v.found.count() == before}
	if !f.Name.Scratch() {
		r.From = f.Name.From.String()
	}
	for _, size := range files {
		r.Bytes += size
	}
	if r.clean && v.opt.Base != nil {
		err = v.applyToBase(ctx, &d, f, &r)
	}
	v.report.Deltas = append(v.report.Deltas, r)
	return true, err
}

// deltaProblem records what is wrong with a delta, or that there was no room to
// look: nobody signs how long one is, so that must not hide all else that there
// is to say. The error is that there is no place for temporary files at all, or
// the context's.
func (v *verifier) deltaProblem(ctx context.Context, where string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	scratch := aboutScratch(v.opt.Scratch.Dir, err)
	switch {
	case scratch == nil:
		v.found.bad(RuleDelta, where, "%v", err)
	case fail.ClassOf(scratch) == fail.NoSpace:
		v.found.unread(RuleDelta, where, scratch)
	default:
		return scratch
	}
	return nil
}

// fallbacks verifies the objects that a delta leaves out. Where its target has
// no other objects nothing else looks at them, and devices need them.
func (v *verifier) fallbacks(ctx context.Context, head string, f *delta.File) {
	if len(f.Fallbacks) == 0 {
		return
	}
	repo, err := openArchive(ctx, v.bundle.files, dirRepo)
	if err != nil || v.seen == nil {
		return // a finding of content
	}
	for _, o := range f.Fallbacks {
		if _, there := v.inv.objects[o.ID]; !there {
			v.found.bad(RuleDelta, head, "it leaves out object %s, which is not in the bundle", o.ID)
			continue
		}
		v.seen.add(o.ID)
		obj, err := repo.Object(ctx, o.ID)
		if err == nil {
			err = ostree.VerifyObject(ctx, obj)
		}
		if err != nil && ctx.Err() == nil {
			v.objectProblem(repo, err)
		}
	}
}

// deltaParts unpacks each part and checks its program, as whoever applies it
// does before it writes anything.
func (v *verifier) deltaParts(ctx context.Context, d *Delta, f *delta.File, files deltaFiles) error {
	for i := range files {
		if i != delta.Head && (i >= len(f.Parts) || f.Inline(i)) {
			v.found.bad(RuleFiles, d.part(i), "the superblock lists no such part")
		}
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(v.opt.Jobs)
	for i := range f.Parts {
		work.Go(func() error {
			where := d.part(i)
			if f.Inline(i) {
				where = path.Join(d.dir, fileHead)
			} else if _, there := files[i]; !there {
				v.found.bad(RuleDelta, where, "missing")
				return nil
			}
			if _, err := delta.Inspect(ctx, f.Superblock, i, d.Part, v.opt.Scratch); err != nil {
				return v.deltaProblem(ctx, where, placeless(err))
			}
			return nil
		})
	}
	return work.Wait()
}

// placeless is what is wrong with a delta, for a finding that says where.
func placeless(err error) error {
	e, ok := errors.AsType[*delta.BadError](err)
	if !ok {
		return err
	}
	bare := *e
	bare.Delta, bare.Part = delta.Name{}, -1
	return &bare
}

// applyToBase applies a delta to its first commit, copied out of the base repo
// into a scratch one, if that has it.
func (v *verifier) applyToBase(ctx context.Context, d *Delta, f *delta.File, r *VerifiedDelta) error {
	head := path.Join(d.dir, fileHead)
	if whole, err := v.opt.Base.IsComplete(f.Name.From); !f.Name.Scratch() && (err != nil || !whole) {
		return nil // the warning about what was not verified says so
	}
	scratch, err := os.MkdirTemp(v.opt.Scratch.Dir, "otactl-verify-*")
	if err != nil {
		return v.deltaProblem(ctx, head, &delta.ScratchError{Dir: v.opt.Scratch.Dir, Err: err})
	}
	defer os.RemoveAll(scratch)
	repo, err := ostree.CreateRepo(filepath.Join(scratch, "repo"), ostree.ModeArchive)
	if err != nil {
		return v.deltaProblem(ctx, head, &delta.ScratchError{Dir: v.opt.Scratch.Dir, Err: err})
	}
	if !f.Name.Scratch() {
		_, err = ostree.Copy(ctx, repo, v.opt.Base, f.Name.From, ostree.CopyOptions{Jobs: v.opt.Jobs, Progress: v.opt.Progress})
	}
	if err != nil {
		return v.deltaProblem(ctx, head, fmt.Errorf("commit %s can't be copied out of the base: %w", f.Name.From, err))
	}
	objects, err := v.bundle.Repo(ctx)
	if err == nil {
		_, err = delta.Apply(ctx, repo, f.Superblock, d.Part, delta.ApplyOptions{
			Jobs: v.opt.Jobs, Fetch: delta.FetchFrom(objects), Progress: v.opt.Progress, Log: v.opt.Log,
		})
	}
	if err != nil {
		r.clean = false
		return v.deltaProblem(ctx, head, err)
	}
	r.Applied = true
	return nil
}

// targetByDelta says of a target without objects who can install it, and what
// of its content was not verified.
func (v *verifier) targetByDelta(t *VerifiedTarget) {
	commit, err := ostree.ParseChecksum(t.Commit)
	if err != nil || !v.deltaOnly(commit) {
		return
	}
	t.DeltaOnly = true
	var from, unseen []string
	for _, d := range v.report.Deltas {
		if d.To != t.Commit {
			continue
		}
		from = append(from, short(d.From))
		if d.clean && !d.Applied {
			unseen = append(unseen, short(d.From))
		}
	}
	if f := badDelta(v.found.list, commit); len(from) == 0 && f != nil && f.class == fail.NoSpace {
		return // nobody has seen yet that it is of no use
	}
	if len(from) == 0 {
		v.found.bad(RuleObject, dirRepo, "commit %s of target %s: there are neither objects nor a static delta that can be read", t.Commit, t.Name)
		return
	}
	v.found.warn(RuleDelta, dirDeltas, remedyNone, "target %s comes as a static delta alone: it is for devices of otactl that have commit %s; aktualizr-lite's own program doesn't take it",
		t.Name, strings.Join(from, " or "))
	if len(unseen) > 0 {
		v.found.warn(RuleDelta, dirDeltas, remedyBase, "target %s: what the static delta from %s makes was not verified, only that its parts are whole", t.Name, strings.Join(unseen, ", "))
	}
}

// deltaOnly says whether a commit comes as static deltas alone, without
// objects: it is not there, no ref says that it should be, and a folder is named
// as a delta to it would be.
func (v *verifier) deltaOnly(c ostree.Checksum) bool {
	if _, there := v.inv.objects[ostree.ObjectID{Sum: c, Type: ostree.TypeCommit}]; there {
		return false
	}
	v.leads.once.Do(func() { v.leads.find(v.bundle.files, v.inv.deltas) })
	return v.leads.to[foldedName(c)] && !v.leads.refs[c]
}

// deltaLeads are the commits that folders of deltas are named after, without
// case, and those that refs name.
type deltaLeads struct {
	once sync.Once
	to   map[string]bool
	refs map[ostree.Checksum]bool
}

func foldedName(c ostree.Checksum) string { return strings.ToLower(delta.Name{To: c}.Dir()) }

func (l *deltaLeads) find(files medium.Files, deltas map[string]int64) {
	l.to, l.refs = map[string]bool{}, map[ostree.Checksum]bool{}
	for name := range deltas {
		if n, _, ok := delta.ParsePath(name); ok {
			l.to[foldedName(n.To)] = true
		}
	}
	// What can't be read was a finding when the folder was scanned.
	_ = fs.WalkDir(files, path.Join(dirRepo, "refs"), func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		text, err := medium.ReadFile(files, name, limits.Ref)
		if c, perr := ostree.ParseChecksum(strings.TrimSpace(string(text))); err == nil && perr == nil {
			l.refs[c] = true
		}
		return nil
	})
}

// BadDelta is the first finding that makes the bundle bad about a static delta
// to a commit; nil when there is none.
func (r *VerifyReport) BadDelta(to ostree.Checksum) *Finding { return badDelta(r.Findings, to) }

func badDelta(list []Finding, to ostree.Checksum) *Finding {
	for i, f := range list {
		name, _, ok := delta.ParsePath(strings.TrimPrefix(f.Path, dirRepo+"/"))
		if ok && !f.Warning && f.Rule == RuleDelta && foldedName(name.To) == foldedName(to) {
			return &list[i]
		}
	}
	return nil
}

// count is how many bad findings there are.
func (fs *findings) count() int {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.bads + fs.more
}
