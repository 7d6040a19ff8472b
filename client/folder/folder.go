// Package folder is an OSTree repo in a folder that a web server shows to
// devices as it is: an archive repo with its summary. Nobody stands between the
// folder and who reads it.
//
// It trusts the folder as far as a repo of our own: what a ref names is complete
// unless it is marked partial. It must never let a reader see half a file, an
// object that is not verified, or a ref ahead of its objects; nor write through
// a path that leads out of the repo.
package folder

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/summary"
)

// Options of a Store. The zero value opens what is there.
type Options struct {
	// Create makes the repo if the folder is empty or not there.
	Create bool
	// ReadOnly is for who writes nothing: a signed summary is then no matter.
	ReadOnly bool
	// SignSummary gives the signatures of a summary, detached metadata as package
	// sign makes it; nil leaves summaries unsigned.
	SignSummary func(data []byte) ([]byte, error)
	Clock       clock.Clock // nil is the machine's
}

// Store is a repo as a place to publish to. Safe for concurrent use.
type Store struct {
	*ostree.Repo
	opt Options
}

// Open opens the archive repo at dir. Without Create a folder that is not there
// is an error of class NotFound.
func Open(dir string, opt Options) (*Store, error) {
	if dir == "" {
		return nil, fail.New(fail.Usage, "name the folder that the web server shows", "folder to publish to: no path")
	}
	if opt.Clock == nil {
		opt.Clock = clock.System
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	repo, err := open(dir, opt.Create)
	if err != nil {
		return nil, err
	}
	s := &Store{repo, opt}
	return s, s.checkSignature()
}

func open(dir string, create bool) (*ostree.Repo, error) {
	if st, err := os.Stat(dir); err == nil && !st.IsDir() {
		return nil, fail.New(fail.Usage, "name a folder", "%s: not a folder", dir)
	}
	repo, err := ostree.OpenRepo(dir)
	switch {
	case err == nil && repo.Mode() != ostree.ModeArchive:
		return nil, fail.New(fail.Conflict, "choose another folder; a web server can show archive repos only", "repo %s is of mode %s", dir, repo.Mode())
	case err == nil && hasParent(repo):
		return nil, fail.New(fail.Conflict, "choose another folder", "repo %s has a parent, which a web server does not show", dir)
	case err == nil || !errors.Is(err, ostree.ErrNotARepo):
		return repo, err
	case !create:
		return nil, fail.As(err, fail.NotFound, "the first publish to it, which is no dry run, makes it")
	}
	if err := vacant(dir); err != nil {
		return nil, err
	}
	return ostree.CreateRepo(dir, ostree.ModeArchive)
}

func hasParent(repo *ostree.Repo) bool {
	_, ok := repo.Keyfile().Get("core", "parent")
	return ok
}

// vacant refuses a folder in which somebody keeps something else. What a
// creation left that was killed is no such thing, or has made by now that goes
// on beside this one.
func vacant(dir string) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range list {
		if !ofNewRepo(dir, e.Name()) {
			return fail.New(fail.Conflict, "choose an empty folder or an OSTree repo", "folder %s: it is no repo, and %s is in it", dir, e.Name())
		}
	}
	return nil
}

// ofNewRepo says whether a name is one of those that making a repo makes. The
// folder objects comes last: with it there is a repo.
func ofNewRepo(dir, name string) bool {
	switch name {
	case "tmp", "extensions", "state", "refs", "config":
		return true
	case "objects":
		_, err := ostree.OpenRepo(dir)
		return err == nil
	}
	return strings.HasPrefix(name, ".config.tmp-")
}

// checkSignature refuses to go on where a summary is signed that this store
// could only replace by one that is not: devices that check it would take no
// update any more.
func (s *Store) checkSignature() error {
	if s.opt.SignSummary != nil || s.opt.ReadOnly {
		return nil
	}
	_, err := os.Lstat(filepath.Join(s.Path(), summary.SigFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return fail.New(fail.Usage, "sign with the key that devices trust, or delete "+summary.SigFile+" if none checks it",
		"folder %s: its summary is signed, and no key was given to sign the next one", s.Path())
}

// URL is the folder's path.
func (s *Store) URL() string { return s.Path() }

// Ref implements ostree.Source. One whose commit is only partly there is an
// error: it proves nothing of what is there, and devices can't pull it.
func (s *Store) Ref(ctx context.Context, name string) (ostree.Checksum, error) {
	c, err := s.Repo.Ref(ctx, name)
	if err == nil && s.IsPartial(c) {
		return ostree.Checksum{}, fail.New(fail.Verification, "pull it again to its end, or delete the ref", "ref %s in %s: commit %s is only partly there", name, s.Path(), c)
	}
	return c, err
}

// Refs are the refs that devices see, without those of remotes.
func (s *Store) Refs(ctx context.Context) (map[string]ostree.Checksum, error) {
	refs, err := s.Repo.Refs(ctx)
	for name := range refs {
		if strings.Contains(name, ":") {
			delete(refs, name)
		}
	}
	return refs, err
}

// ReadFile implements ostree.Files.
func (s *Store) ReadFile(_ context.Context, name string, limit int64) ([]byte, error) {
	if err := ostree.CheckFilePath(name); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(s.Path())
	if err != nil {
		return nil, err
	}
	defer root.Close()
	data, err := fsx.ReadFileIn(root, filepath.FromSlash(name), limit)
	if err != nil {
		return nil, fmt.Errorf("repo %s: %w", s.Path(), err)
	}
	return data, nil
}

// PutFile implements ostree.Files: the file is written in tmp and renamed.
func (s *Store) PutFile(ctx context.Context, name string, size int64, open func() (io.ReadCloser, error)) error {
	if err := ostree.CheckFilePath(name); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.Path())
	if err != nil {
		return err
	}
	defer root.Close()
	if err := s.putFile(ctx, root, name, size, open); err != nil {
		return fmt.Errorf("write %s of %s: %w", name, s.Path(), err)
	}
	return nil
}

func (s *Store) putFile(ctx context.Context, root *os.Root, name string, size int64, open func() (io.ReadCloser, error)) error {
	temp, err := os.CreateTemp(filepath.Join(s.Path(), "tmp"), "otactl-file-*")
	if err != nil {
		return err
	}
	defer func() { _ = temp.Close(); _ = os.Remove(temp.Name()) }()
	if err := fill(ctx, temp, size, open); err != nil {
		return err
	}
	if err := s.makeFolders(root, path.Dir(name)); err != nil {
		return err
	}
	if err := root.Rename("tmp/"+filepath.Base(temp.Name()), name); err != nil {
		return err
	}
	return fsx.SyncDir(filepath.Join(s.Path(), filepath.FromSlash(path.Dir(name))))
}

// fill writes the file and has it on disk, readable for a web server.
func fill(ctx context.Context, f *os.File, size int64, open func() (io.ReadCloser, error)) error {
	r, err := open()
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(f, io.LimitReader(r, size+1))
	switch {
	case err != nil:
		return err
	case n != size:
		return fail.New(fail.Verification, "run this again", "%d bytes were announced, and there are others", size)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return errors.Join(f.Chmod(0o644), f.Sync(), f.Close())
}

// makeFolders makes the folder and those above it, durably.
func (s *Store) makeFolders(root *os.Root, dir string) error {
	if _, err := root.Stat(dir); err == nil {
		return nil
	}
	if err := root.MkdirAll(dir, 0o775); err != nil {
		return err
	}
	for d := dir; d != "."; d = path.Dir(d) {
		if err := fsx.SyncDir(filepath.Join(s.Path(), filepath.FromSlash(path.Dir(d)))); err != nil {
			return err
		}
	}
	return nil
}

// UpdateSummary implements ostree.Summarizer. Nobody who uses the repo's lock
// writes one at the same time, so the last of several publishers lists what all
// of them did. A summary that says what is so already stays.
func (s *Store) UpdateSummary(ctx context.Context) error {
	current, err := s.isCurrent(ctx)
	if err != nil || current {
		return err
	}
	return summary.Update(ctx, s.Repo, summary.Options{Now: s.opt.Clock()}, s.opt.SignSummary)
}

// isCurrent says whether the summary is what would be made now, but for its
// time, and signed if it is to be. Package summary gives a pair one date.
func (s *Store) isCurrent(ctx context.Context) (bool, error) {
	data, sig, err := summary.Read(s.Repo)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	now, err := summary.Parse(data)
	if err != nil {
		return false, nil // whatever it is, it is to be replaced
	}
	if s.opt.SignSummary != nil && (sig == nil || !s.sameDate(summary.File, summary.SigFile)) {
		return false, nil
	}
	deltas, err := summary.Deltas(ctx, s.Repo)
	if err != nil {
		return false, err
	}
	next, err := summary.Build(ctx, s.Repo, summary.Options{Now: now.LastModified, Deltas: deltas})
	return bytes.Equal(data, next), err
}

func (s *Store) sameDate(a, b string) bool {
	first, err := os.Stat(filepath.Join(s.Path(), a))
	if err != nil {
		return false
	}
	second, err := os.Stat(filepath.Join(s.Path(), b))
	return err == nil && first.ModTime().Equal(second.ModTime())
}
