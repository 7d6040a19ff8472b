package delta

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// ErrNotFound says that a repo has no such delta.
var ErrNotFound = errors.New("no such static delta")

// List are the deltas that lie in a repo, sorted by name.
func List(ctx context.Context, repo *ostree.Repo) ([]Name, error) {
	var list []Name
	err := eachBelow(ctx, repo, "deltas", func(root *os.Root, fan, rest string) error {
		n, ok := parseDir(fan, rest)
		if !ok {
			return nil
		}
		st, err := root.Lstat(filepath.FromSlash(n.Superblock()))
		if errors.Is(err, fs.ErrNotExist) || err == nil && !st.Mode().IsRegular() {
			return nil // being made, or what is left of one
		}
		if err == nil {
			list = append(list, n)
		}
		return err
	})
	slices.SortFunc(list, func(a, b Name) int { return cmp.Compare(a.String(), b.String()) })
	return list, err
}

// eachBelow calls fn for each TOP/XX/NAME of a repo.
func eachBelow(ctx context.Context, repo *ostree.Repo, top string, fn func(root *os.Root, fan, rest string) error) error {
	root, err := os.OpenRoot(repo.Path())
	if err != nil {
		return err
	}
	defer root.Close()
	fans, err := readDir(root, top)
	if err != nil {
		return err
	}
	for _, fan := range fans {
		names, err := readDir(root, filepath.Join(top, fan))
		if err != nil {
			return err
		}
		for _, rest := range names {
			if err := errors.Join(ctx.Err(), fn(root, fan, rest)); err != nil {
				return fmt.Errorf("%s of %s: %w", top, repo.Path(), err)
			}
		}
	}
	return nil
}

// readDir lists a folder inside root; what is not there, or no folder, is
// empty.
func readDir(root *os.Root, name string) ([]string, error) {
	st, err := root.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !st.IsDir() {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.Readdirnames(-1)
}

// Load reads the superblock of a delta of the repo. A delta that is not there is
// ErrNotFound.
func Load(repo *ostree.Repo, n Name) (*File, error) {
	f, err := Open(filepath.Join(repo.Path(), filepath.FromSlash(n.Superblock())))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notFound(n)
	}
	if err != nil {
		return nil, err
	}
	if f.Name != n {
		f.Close()
		return nil, wrongName(n, f.Name)
	}
	return f, nil
}

func wrongName(want, got Name) error {
	return refuse(&BadError{Delta: want, Part: -1, Op: -1, Why: "the superblock is that of " + got.String()})
}

func notFound(n Name) error {
	return fail.New(fail.NotFound, "list the deltas that are there with static-delta list", "%w: %s", ErrNotFound, n)
}

// Exists says whether the repo has the delta.
func Exists(repo *ostree.Repo, n Name) (bool, error) {
	st, err := os.Lstat(filepath.Join(repo.Path(), filepath.FromSlash(n.Superblock())))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && st.Mode().IsRegular(), err
}

// Delete removes a delta, the superblock first, so that nobody starts to read
// what is about to go. It leaves the index of its commit alone.
func Delete(ctx context.Context, repo *ostree.Repo, n Name) error {
	ok, err := Exists(repo, n)
	if err != nil {
		return err
	}
	if !ok {
		return notFound(n)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	unlock, err := repo.LockDeltas(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return remove(repo, n)
}

func remove(repo *ostree.Repo, n Name) error {
	root, err := os.OpenRoot(repo.Path())
	if err != nil {
		return err
	}
	defer root.Close()
	if err := root.Remove(filepath.FromSlash(n.Superblock())); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete static delta %s: %w", n, err)
	}
	dir := filepath.FromSlash(n.Dir())
	if err := root.RemoveAll(dir); err != nil {
		return fmt.Errorf("delete static delta %s: %w", n, err)
	}
	fan := filepath.Dir(dir)
	_ = root.Remove(fan) // if this was the last one in it
	return nil
}

// Prune removes the deltas that lead to a commit which keep doesn't want, and
// says which. The caller holds the repo's lock.
func Prune(ctx context.Context, repo *ostree.Repo, keep func(to ostree.Checksum) (bool, error)) ([]Name, error) {
	list, err := List(ctx, repo)
	if err != nil {
		return nil, err
	}
	var gone []Name
	for _, n := range list {
		ok, err := keep(n.To)
		if err == nil && !ok {
			err = remove(repo, n)
			gone = append(gone, n)
		}
		if err != nil {
			return gone, err
		}
	}
	return gone, nil
}

// Digest is the SHA-256 of a delta's superblock in a repo, as summaries and
// indexes list it.
func Digest(repo *ostree.Repo, n Name) (ostree.Checksum, error) {
	root, err := os.OpenRoot(repo.Path())
	if err != nil {
		return ostree.Checksum{}, err
	}
	defer root.Close()
	return digestIn(root, n)
}

func digestIn(root *os.Root, n Name) (ostree.Checksum, error) {
	var sum ostree.Checksum
	f, err := fsx.OpenIn(root, filepath.FromSlash(n.Superblock()))
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	read, err := io.Copy(h, io.LimitReader(f, limits.DeltaFile+1))
	if err == nil && read > limits.DeltaFile {
		err = &fsx.TooLargeError{Name: n.Superblock(), Max: limits.DeltaFile}
	}
	h.Sum(sum[:0])
	return sum, err
}

// Digests are the digests of all deltas of a repo.
func Digests(ctx context.Context, repo *ostree.Repo) (map[Name]ostree.Checksum, error) {
	list, err := List(ctx, repo)
	if err != nil {
		return nil, err
	}
	all := make(map[Name]ostree.Checksum, len(list))
	for _, n := range list {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if all[n], err = Digest(repo, n); err != nil {
			return nil, err
		}
	}
	return all, nil
}
