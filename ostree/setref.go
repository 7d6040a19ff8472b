package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/fsx"
)

// RefOptions say on what terms a ref moves. The zero value moves it from
// wherever it is to a complete commit.
type RefOptions struct {
	// Want is what the ref must still be, or zero where it must not exist.
	Want *Checksum
	// Partial allows a commit that is marked partial, as a pull of metadata
	// alone leaves it. It must be there all the same.
	Partial bool
}

// SetRef points name at c, which must be there and complete. With want the ref
// must still be *want, or not exist if *want is zero, else ErrRefMoved. Two
// processes that both use SetRef never both succeed with the same want.
func (r *Repo) SetRef(ctx context.Context, name string, c Checksum, want *Checksum) error {
	return r.MoveRef(ctx, name, c, RefOptions{Want: want})
}

// MoveRef is SetRef on other terms.
func (r *Repo) MoveRef(ctx context.Context, name string, c Checksum, opt RefOptions) error {
	if err := CheckRef(name); err != nil {
		return err
	}
	return r.pointAt(ctx, name, refPath(name), c, opt)
}

func (r *Repo) pointAt(ctx context.Context, name, path string, c Checksum, opt RefOptions) error {
	if err := r.acquire(ctx); err != nil { // a prune would take the commit away meanwhile
		return fmt.Errorf("set ref %s: %w", name, err)
	}
	defer r.release()
	there, err := r.hasOrParent(ObjectID{c, TypeCommit})
	if err != nil {
		return fmt.Errorf("set ref %s: %w", name, err)
	}
	if !there || !opt.Partial && r.IsPartial(c) {
		return fail.New(fail.Conflict, "copy or pull the commit again", "set ref %s in %s: commit %s is missing or not complete", name, r.path, c)
	}
	return r.changeRef(ctx, name, path, opt.Want, func() error { return r.writeRef(name, path, c) })
}

// DeleteRef removes a ref; want as in SetRef. One that is not there is
// ErrRefNotFound.
func (r *Repo) DeleteRef(ctx context.Context, name string, want *Checksum) error {
	if err := CheckRef(name); err != nil {
		return err
	}
	return r.changeRef(ctx, name, refPath(name), want, func() error {
		return r.removeRef(name, refPath(name))
	})
}

// removeRef removes the ref file at path, whatever is in it. An alias goes and
// what it stands for stays.
func (r *Repo) removeRef(name, path string) error {
	path = filepath.Join(r.path, filepath.FromSlash(path))
	if err := r.insidePath(path); err != nil {
		return err
	}
	st, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) || isNotDir(err) || err == nil && st.IsDir() {
		return fail.New(fail.NotFound, "", "ref %s: %w in %s", name, ErrRefNotFound, r.path)
	}
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return fsx.SyncDir(filepath.Dir(path))
}

// changeRef runs change while no other change of a ref of this repo runs, and
// only if the ref is what the caller thinks it is.
func (r *Repo) changeRef(ctx context.Context, name, path string, want *Checksum, change func() error) error {
	unlock, err := lockFolder(ctx, filepath.Join(r.path, "refs"))
	if err != nil {
		return fmt.Errorf("set ref %s: %w", name, err)
	}
	defer unlock()
	if want != nil {
		now, err := r.refAt(name, path)
		if err != nil && !errors.Is(err, ErrRefNotFound) {
			return err
		}
		if now != *want {
			return fail.New(fail.Conflict, "look at what is there now and decide again",
				"set ref %s in %s: %w: it is %s", name, r.path, ErrRefMoved, refText(now))
		}
	}
	return change()
}

func refText(c Checksum) string {
	if c.IsZero() {
		return "not there"
	}
	return c.String()
}

// writeRef makes the ref file in tmp, so that nobody who lists refs sees half
// of it, and renames it to path, which is below the repo.
func (r *Repo) writeRef(name, path string, c Checksum) error {
	if err := faults.At(r.faults, "repo.ref"); err != nil {
		return err
	}
	path = filepath.Join(r.path, filepath.FromSlash(path))
	if err := r.makeRefFolder(name, path); err != nil {
		return err
	}
	if err := r.replaceFile(path, []byte(c.String()+"\n")); err != nil {
		return fmt.Errorf("set ref %s: %w", name, err)
	}
	return nil
}

// makeRefFolder makes the folder of the ref file at path, durably. An empty
// folder where the file belongs goes away; a ref that is in the way stays.
func (r *Repo) makeRefFolder(name, path string) error {
	if err := r.insidePath(path); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	err := os.MkdirAll(dir, 0o775)
	if st, statErr := os.Lstat(path); err == nil && statErr == nil && st.IsDir() {
		err = removeEmpty(path)
	}
	if isDiskFull(err) {
		return fullDisk(err, r.path)
	}
	if err != nil {
		return fail.New(fail.Conflict, "delete the ref that is in the way", "set ref %s in %s: %w", name, r.path, err)
	}
	for top := filepath.Join(r.path, "refs"); dir != top && len(dir) > len(top); dir = filepath.Dir(dir) {
		if err := fsx.SyncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}
