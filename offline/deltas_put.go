package offline

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
)

// badSource says that a delta's file could not be read where it comes from, or
// is not what the superblock says.
type badSource struct{ error }

func (e *badSource) Unwrap() error { return e.error }

func isBadSource(err error) bool {
	_, ok := errors.AsType[*badSource](err)
	return ok
}

// putDelta writes a delta to its place. One that is there already, which may be
// all that leads to a target, stays until the new one is whole. It says how many
// bytes it wrote.
func (b *builder) putDelta(ctx context.Context, r *readyDelta) (int64, error) {
	home, beside := path.Join(dirRepo, r.Name.Dir()), path.Join(dirRepo, "tmp", "otactl-delta-new")
	if _, err := b.folder.Stat(path.Join(home, fileHead)); err != nil {
		return b.fillFolder(ctx, r, home)
	}
	written, err := b.fillFolder(ctx, r, beside)
	if err == nil {
		err = b.replaceDelta(beside, home)
	}
	return written, err
}

// replaceDelta puts a folder in place of another, in one step where the file
// system can swap two, and removes the other.
func (b *builder) replaceDelta(beside, home string) error {
	root, aside := b.folder.Root(), beside+".old"
	if b.folder.Exchange(beside, home) == nil {
		aside = beside
	} else {
		if err := root.RemoveAll(aside); err != nil {
			return err
		}
		if err := root.Rename(home, aside); err != nil {
			return err
		}
		if err := root.Rename(beside, home); err != nil {
			return errors.Join(err, root.Rename(aside, home))
		}
	}
	for _, d := range []string{path.Dir(home), path.Dir(beside)} {
		if err := b.folder.SyncFolder(d); err != nil {
			return err
		}
	}
	return root.RemoveAll(aside)
}

// fillFolder writes a delta into a folder, the parts first and the superblock, by
// which alone it is found, last. A part that is there and good is kept.
func (b *builder) fillFolder(ctx context.Context, r *readyDelta, dir string) (int64, error) {
	if err := b.clearDelta(dir, r); err != nil {
		return 0, err
	}
	task := progress.Start(b.opt.Progress, "writing static delta", progress.Bytes, r.bytes())
	defer task.Done()
	var written int64
	for i, p := range r.Parts {
		if r.Inline(i) {
			continue
		}
		name := path.Join(dir, strconv.Itoa(i))
		if b.samePart(ctx, name, p) {
			task.Add(int64(p.Size))
			continue
		}
		open := func() (io.ReadCloser, error) { return r.part(ctx, i) }
		if err := b.putFile(ctx, task, name, int64(p.Size), &p.Sum, open); err != nil {
			return written, err
		}
		written += int64(p.Size)
	}
	if err := b.folder.SyncFolder(dir); err != nil {
		return written, err
	}
	if err := b.putFile(ctx, task, path.Join(dir, fileHead), r.size, nil, r.head); err != nil {
		return written, err
	}
	for d := dir; d != "."; d = path.Dir(d) {
		if err := b.folder.SyncFolder(d); err != nil {
			return written, err
		}
	}
	return written + r.size, nil
}

// clearDelta makes the folder, and takes away what an interrupted run has left
// there: the superblock first, so that nobody reads it with parts of the new one,
// and then what the new one has no use for.
func (b *builder) clearDelta(dir string, r *readyDelta) error {
	root := b.folder.Root()
	for _, d := range []string{dir, path.Join(dirRepo, "tmp")} {
		if err := root.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	if err := root.Remove(path.Join(dir, fileHead)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := b.folder.SyncFolder(dir); err != nil {
		return err
	}
	entries, err := b.folder.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		i, err := strconv.Atoi(e.Name())
		if err == nil && i < len(r.Parts) && !r.Inline(i) && e.Type().IsRegular() {
			continue
		}
		if err := root.RemoveAll(path.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// putFile writes a file of size bytes under a temporary name, checks what was
// written where sum is known, and gives it its own.
func (b *builder) putFile(ctx context.Context, task progress.Task, name string, size int64, sum *ostree.Checksum, open func() (io.ReadCloser, error)) error {
	if err := faults.At(b.opt.Faults, FaultDeltaPart); err != nil {
		return err
	}
	root, temp := b.folder.Root(), path.Join(dirRepo, "tmp", "otactl-delta")
	if err := root.RemoveAll(temp); err != nil {
		return err
	}
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	err = fillDelta(ctx, task, f, size, sum, open)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = root.Rename(temp, name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", name, err), root.RemoveAll(temp))
	}
	return nil
}

func fillDelta(ctx context.Context, task progress.Task, f io.Writer, size int64, sum *ostree.Checksum, open func() (io.ReadCloser, error)) error {
	in, err := open()
	if err != nil {
		return &badSource{err}
	}
	defer in.Close()
	h := sha256.New()
	source := &tellsErrors{r: &untilDone{ctx, in}}
	n, err := io.Copy(io.MultiWriter(f, h, moved{task}), io.LimitReader(source, size+1))
	switch {
	case source.err != nil:
		return &badSource{source.err}
	case err != nil:
		return err
	case n != size:
		return &badSource{fail.New(fail.Verification, "", "it is not %d bytes long, as its superblock has it", size)}
	case sum != nil && ostree.Checksum(h.Sum(nil)) != *sum:
		return &badSource{fail.New(fail.Verification, "", "its checksum is %x, want %s", h.Sum(nil), sum)}
	}
	return nil
}

// tellsErrors remembers an error of reading, to tell it from one of writing.
type tellsErrors struct {
	r   io.Reader
	err error
}

func (t *tellsErrors) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if err != nil && err != io.EOF {
		t.err = err
	}
	return n, err
}

// moved tells a task of bytes that went by.
type moved struct{ task progress.Task }

func (m moved) Write(p []byte) (int, error) {
	m.task.Add(int64(len(p)))
	return len(p), nil
}

// deltaRoom refuses a delta that the medium has no space for, beside the
// metadata.
func (b *builder) deltaRoom(r *readyDelta) error {
	v := medium.VolumeOf(b.existingDir())
	if need := r.takes(v) + b.reserve(); v.Free >= 0 && need > v.Free {
		return fail.New(fail.NoSpace, "free some space on the medium, or take a larger one", "%d bytes to be written, %d bytes free", need, v.Free)
	}
	return nil
}

// dropObjects takes the objects of the commit out of a bundle that holds its
// deltas now, but for those that another target needs. The refs go first and
// the commit next, so that cut off at any point nothing names what is not
// there; what is left of the objects goes with the next run.
func (b *builder) dropObjects(ctx context.Context) error {
	if err := faults.At(b.opt.Faults, FaultDrop); err != nil {
		return err
	}
	others, err := b.otherCommits()
	if err != nil {
		return err
	}
	for name, c := range others {
		if c == b.commit {
			b.opt.Log.WarnContext(ctx, "the objects stay: another target has the same commit", "target", name)
			return nil
		}
	}
	dir, err := b.repoDir()
	if err != nil {
		return err
	}
	repo, err := ostree.OpenRepo(dir)
	if err != nil {
		return err
	}
	if err := b.dropRefs(ctx, repo); err != nil {
		return err
	}
	if err := b.dropCommit(); err != nil {
		return err
	}
	_, err = ostree.Prune(ctx, repo, ostree.PruneOptions{Progress: b.opt.Progress})
	return err
}

// dropRefs removes all refs to the commit.
func (b *builder) dropRefs(ctx context.Context, repo *ostree.Repo) error {
	refs, err := repo.Refs(ctx)
	if err != nil {
		return err
	}
	for name, c := range refs {
		if c != b.commit {
			continue
		}
		if err := repo.DeleteRef(ctx, name, &c); err != nil {
			return err
		}
	}
	return nil
}

// dropCommit removes the commit, and then what only means something beside it.
func (b *builder) dropCommit() error {
	id := ostree.ObjectID{Sum: b.commit, Type: ostree.TypeCommit}
	detached := ostree.ObjectID{Sum: b.commit, Type: ostree.TypeCommitMeta}
	for _, name := range []string{id.ArchivePath(), detached.ArchivePath(), partialMarker(b.commit)} {
		name = path.Join(dirRepo, name)
		err := b.folder.Root().Remove(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = b.folder.SyncFolder(path.Dir(name))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// noLinksIn is noLinks for the folder of the deltas, which need not be there.
func (b *builder) noLinksIn(dir string) error {
	if !isFolder(b.folder, dir) {
		return nil
	}
	return noLinks(b.folder, dir, repoLevels)
}
