package ostree

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/otactl/otactl/internal/progress"
)

// FsckOptions tune Fsck. The zero value works, and changes nothing in the repo.
type FsckOptions struct {
	Jobs int // objects read at once; 0 means one per processor
	// KeepOn goes on after the first problem; all are in the report.
	KeepOn bool
	// Bindings also demands that each commit names the refs that point at it.
	Bindings bool
	// BackRefs also demands that the refs which commits name exist.
	BackRefs bool
	// Mark marks commits that lack objects as partial, so that nobody takes
	// them for whole and a pull mends them.
	Mark bool
	// Delete removes corrupt objects, once the commits that reach them are
	// marked partial. It means KeepOn and Mark.
	Delete bool
	// Tombstones leaves one for each parent that is not there.
	Tombstones bool
	Progress   progress.Sink
}

// FsckReport says what Fsck saw, and with some options did.
type FsckReport struct {
	Commits int `json:"commits"` // verified
	Objects int `json:"objects"` // verified, each once
	// Partial commits are incomplete by intent and were not verified. Of those,
	// Damaged are partial because of an earlier fsck.
	Partial    int        `json:"partial"`
	Damaged    int        `json:"damaged"`
	Problems   []error    `json:"-" yaml:"-"`
	Deleted    []ObjectID `json:"-" yaml:"-"`
	Marked     []Checksum `json:"marked,omitempty"`     // as partial
	Tombstones []Checksum `json:"tombstones,omitempty"` // left
}

// FsckProblem is a bad or missing object and the commits that reach it.
type FsckProblem struct {
	ID      ObjectID
	Err     error // a *CorruptError or a *MissingError
	Commits []Checksum
}

func (p *FsckProblem) Error() string {
	if len(p.Commits) == 0 {
		return p.Err.Error()
	}
	names := make([]string, len(p.Commits))
	for i, c := range p.Commits {
		names[i] = c.String()
	}
	return "in commits " + strings.Join(names, ", ") + ": " + p.Err.Error()
}

func (p *FsckProblem) Unwrap() error { return p.Err }

// errStop ends a walk whose problem is in the report.
var errStop = errors.New("stop at the first problem")

// Fsck verifies that each ref names a commit, and reads and rehashes all that
// the repo's complete commits reach, each object once however many commits
// share it. Bad and missing objects are in the report; the error is about what
// kept it from looking.
func Fsck(ctx context.Context, repo *Repo, opt FsckOptions) (FsckReport, error) {
	if opt.Delete {
		opt.KeepOn, opt.Mark = true, true
	}
	f := &fsck{repo: repo, opt: opt}
	err := f.run(ctx)
	if errors.Is(err, errStop) {
		err = nil
	}
	return f.report, err
}

type fsck struct {
	repo *Repo
	opt  FsckOptions

	mu      sync.Mutex
	report  FsckReport
	bad     []*FsckProblem
	stopped bool // at a corrupt object, which is to be the last that is read
}

// problem notes err; it returns errStop when that is to be the last.
func (f *fsck) problem(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.opt.KeepOn && len(f.report.Problems) > 0 {
		return errStop
	}
	f.report.Problems = append(f.report.Problems, err)
	if f.opt.KeepOn {
		return nil
	}
	return errStop
}

// object notes that an object is bad or missing, and gives other errors back. What
// is missing may have been pruned: that alone is no reason to stop.
func (f *fsck) object(id ObjectID, err error) error {
	if err == nil || !isProblem(err) {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		return errStop
	}
	f.bad = append(f.bad, &FsckProblem{ID: id, Err: err})
	f.stopped = !f.opt.KeepOn && !isMissing(err)
	if f.stopped {
		return errStop
	}
	return nil
}

func (f *fsck) run(ctx context.Context) error {
	if err := f.refs(ctx); err != nil {
		return err
	}
	commits, err := f.commits(ctx)
	if err != nil {
		return err
	}
	whole, err := f.sort(ctx, commits)
	if err != nil {
		return err
	}
	w := newFsckWalk(f, whole, nil)
	if err := w.run(ctx); err != nil && !errors.Is(err, errStop) {
		return err
	}
	if err := f.walkOn(ctx, w, whole); err != nil {
		return err
	}
	return f.damaged()
}

// walkOn looks at what a walk found. Where it stopped at an object that is bad no
// more, it goes on.
func (f *fsck) walkOn(ctx context.Context, w *fsckWalk, whole []Checksum) (err error) {
	for {
		f.report.Commits, f.report.Objects = len(whole), w.verified
		stopped := f.stopped
		if whole, err = f.mend(ctx, w, whole); err != nil || !stopped || len(f.bad) > 0 {
			return err
		}
		w = newFsckWalk(f, whole, w)
		if err := w.run(ctx); err != nil && !errors.Is(err, errStop) {
			return err
		}
	}
}

// commits are all commits of the repo, in the order of their checksums.
func (f *fsck) commits(ctx context.Context) ([]Checksum, error) {
	var commits []Checksum
	err := f.repo.ListObjects(ctx, func(id ObjectID) error {
		if id.Type == TypeCommit {
			commits = append(commits, id.Sum)
		}
		return nil
	})
	sortSums(commits)
	return commits, err
}

// refs looks at what each ref names.
func (f *fsck) refs(ctx context.Context) error {
	refs, err := f.repo.Refs(ctx)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		now := func() (Checksum, error) { return f.repo.Ref(ctx, name) }
		err := f.ref(ctx, name, refs[name], now, func(c *Commit) error { return c.CheckBinding(name) })
		if err != nil {
			return err
		}
	}
	mirrored, err := f.repo.CollectionRefs(ctx)
	if err != nil {
		return err
	}
	names := slices.SortedFunc(maps.Keys(mirrored), func(a, b CollectionRef) int {
		return cmp.Or(strings.Compare(a.Collection, b.Collection), strings.Compare(a.Name, b.Name))
	})
	for _, name := range names {
		now := func() (Checksum, error) { return f.mirrored(ctx, name) }
		err := f.ref(ctx, name.String(), mirrored[name], now, func(c *Commit) error { return c.CheckCollection(name) })
		if err != nil {
			return err
		}
	}
	return nil
}

// ref loads the commit that a ref names and holds it against its bindings. One
// that is corrupt is found again when all commits are read; without a commit
// there is nothing more to find.
func (f *fsck) ref(ctx context.Context, name string, c Checksum, now func() (Checksum, error), bound func(*Commit) error) error {
	commit, err := LoadCommit(ctx, f.repo, c)
	if isMissing(err) {
		c, commit, err = f.refAgain(ctx, now)
	}
	if errors.Is(err, ErrRefNotFound) {
		return nil
	}
	if isMissing(err) {
		return f.problem(fmt.Errorf("loading commit for ref %s: %w", name, err))
	}
	if isProblem(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ref %s: %w", name, err)
	}
	if !f.opt.Bindings && !f.opt.BackRefs {
		return nil
	}
	if err := bound(commit); err != nil {
		return f.problem(fmt.Errorf("commit %s: %w", c, err))
	}
	return nil
}

// refAgain loads what a ref names now, while nobody prunes: it may have moved on
// since, or gone, and then what it named before is nobody's loss.
func (f *fsck) refAgain(ctx context.Context, now func() (Checksum, error)) (c Checksum, commit *Commit, err error) {
	release, err := f.hold(ctx)
	if err != nil {
		return c, nil, err
	}
	defer release()
	if c, err = now(); err != nil {
		return c, nil, err
	}
	commit, err = LoadCommit(ctx, f.repo, c)
	return c, commit, err
}

// mirrored is what a ref of a collection names now.
func (f *fsck) mirrored(ctx context.Context, name CollectionRef) (Checksum, error) {
	refs, err := f.repo.CollectionRefs(ctx)
	if err != nil {
		return Checksum{}, err
	}
	c, there := refs[name]
	if !there {
		return c, ErrRefNotFound
	}
	return c, nil
}

// hold keeps prunes away. Who may not write to the repo goes without.
func (f *fsck) hold(ctx context.Context) (release func(), err error) {
	release, err = f.repo.Hold(ctx)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return func() {}, nil
	}
	return release, err
}

// sort tells the commits that are to be whole from the partial ones, and looks
// at what each says of refs and of its parent.
func (f *fsck) sort(ctx context.Context, commits []Checksum) (whole []Checksum, err error) {
	for _, c := range commits {
		if err := f.says(ctx, c); err != nil {
			return nil, err
		}
		why, marked, err := f.repo.PartialReasonOf(c)
		switch {
		case err != nil:
			return nil, err
		case !marked:
			whole = append(whole, c)
		case why == PartialFsck:
			f.report.Damaged++
			f.report.Partial++
		default:
			f.report.Partial++
		}
	}
	return whole, nil
}

func (f *fsck) says(ctx context.Context, c Checksum) error {
	if !f.opt.BackRefs && !f.opt.Tombstones {
		return nil
	}
	commit, err := LoadCommit(ctx, f.repo, c)
	if isProblem(err) {
		return nil // the walk says so
	}
	if err != nil {
		return err
	}
	if f.opt.BackRefs {
		if err := f.backRefs(ctx, c, commit); err != nil {
			return err
		}
	}
	if f.opt.Tombstones && commit.Parent != nil {
		return f.tombstone(ctx, *commit.Parent)
	}
	return nil
}

// backRefs demands that the refs which a commit was made for are there.
func (f *fsck) backRefs(ctx context.Context, c Checksum, commit *Commit) error {
	refs, _ := commit.Bindings()
	id, inCollection := commit.Collection()
	for _, ref := range refs {
		var err error
		name := "ref " + ref
		if inCollection {
			name = "collection–ref " + CollectionRef{id, ref}.String()
			_, err = f.repo.MirrorRef(ctx, CollectionRef{id, ref})
		} else {
			_, err = f.repo.Ref(ctx, ref)
		}
		if err == nil {
			continue
		}
		if err := f.problem(fmt.Errorf("%s in bindings for commit %s does not exist: %w", name, c, err)); err != nil {
			return err
		}
	}
	return nil
}

// damaged reports commits that an earlier fsck found to be broken: until they
// are pulled again the repo is not sound.
func (f *fsck) damaged() error {
	if f.report.Damaged == 0 || len(f.report.Problems) > 0 {
		return nil
	}
	return f.problem(fmt.Errorf("%d partial commits from damage that fsck found: pull them again", f.report.Damaged))
}
