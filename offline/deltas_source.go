package offline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

// readyDelta is a delta that lies somewhere, to be copied into the bundle.
type readyDelta struct {
	*delta.Superblock
	size  int64 // of the superblock's file
	head  func() (io.ReadCloser, error)
	part  delta.OpenPart
	close func()
}

// bytes are those of its files.
func (r *readyDelta) bytes() int64 {
	n := r.size
	for i, p := range r.Parts {
		if !r.Inline(i) {
			n += int64(p.Size)
		}
	}
	return n
}

// takes is what its files take on a medium, in whole clusters.
func (r *readyDelta) takes(v medium.Volume) int64 {
	n := v.Takes(r.size)
	for i, p := range r.Parts {
		if !r.Inline(i) {
			n += v.Takes(int64(p.Size))
		}
	}
	return n
}

// findDelta is the delta that the source of the objects has, if it will do;
// else nil. A source that fails to say is one that has none: the delta can be
// made.
func (b *builder) findDelta(ctx context.Context, n delta.Name) (*readyDelta, error) {
	var r *readyDelta
	var err error
	if repo, ok := b.source.(*ostree.Repo); ok {
		r, err = deltaOnDisk(filepath.Join(repo.Path(), filepath.FromSlash(n.Superblock())))
	} else {
		r, err = deltaOf(ctx, b.source, n)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err == nil && r.Name != n {
		r.close()
		err = fail.New(fail.Verification, "", "its superblock is that of %s", r.Name)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errors.ErrUnsupported) {
			b.opt.Log.WarnContext(ctx, "a static delta can't be read; it is made anew", "delta", n, "error", err)
		}
		return nil, nil
	}
	if !b.usable(ctx, r.Superblock) {
		r.close()
		return nil, ctx.Err()
	}
	return r, nil
}

// deltaOnDisk opens a delta by the path of its superblock.
func deltaOnDisk(head string) (*readyDelta, error) {
	f, err := delta.Open(head)
	if err != nil {
		return nil, err
	}
	st, err := os.Stat(head)
	if err != nil {
		f.Close()
		return nil, err
	}
	return &readyDelta{
		Superblock: f.Superblock, size: st.Size(),
		head:  func() (io.ReadCloser, error) { return os.Open(head) },
		part:  func(_ context.Context, i int) (io.ReadCloser, error) { return f.Part(i) },
		close: f.Close,
	}, nil
}

// streamer is a source that has files of any size beside its objects, fileReader
// one that has small ones.
type (
	streamer interface {
		Stream(ctx context.Context, path string, at ostree.Place) (*ostree.Rest, error)
	}
	fileReader interface {
		ReadFile(ctx context.Context, path string, limit int64) ([]byte, error)
	}
)

// deltaOf reads the superblock of a delta from a store.
func deltaOf(ctx context.Context, src ostree.Source, n delta.Name) (*readyDelta, error) {
	in, err := openBeside(ctx, src, n.Superblock(), limits.DeltaSuperblock)
	if err != nil {
		return nil, err
	}
	data, err := fsx.ReadAll(in, n.Superblock(), limits.DeltaSuperblock)
	if err = errors.Join(err, in.Close()); err != nil {
		return nil, err
	}
	raw, _, err := delta.Unwrap(data)
	if err != nil {
		return nil, err
	}
	s, err := delta.ParseSuperblock(raw)
	if err != nil {
		return nil, err
	}
	return &readyDelta{
		Superblock: s, size: int64(len(data)),
		head: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil },
		part: func(ctx context.Context, i int) (io.ReadCloser, error) {
			return openBeside(ctx, src, s.PartPath(i), int64(s.Parts[i].Size))
		},
		close: func() {},
	}, nil
}

// openBeside opens a file of a store that is no object. Where the store gives
// it whole it has at most limit bytes, and is held in memory.
func openBeside(ctx context.Context, src ostree.Source, name string, limit int64) (io.ReadCloser, error) {
	switch s := src.(type) {
	case streamer:
		return s.Stream(ctx, name, ostree.Place{})
	case fileReader:
		data, err := s.ReadFile(ctx, name, min(limit, limits.DeltaSuperblock))
		return io.NopCloser(bytes.NewReader(data)), err
	}
	return nil, errors.ErrUnsupported
}

// deltaScrap is a folder on this machine where deltas are made.
type deltaScrap struct {
	dir  string
	repo *ostree.Repo // for commits that no repo here has
}

func (s *deltaScrap) remove() {
	if s.dir != "" {
		_ = os.RemoveAll(s.dir)
		*s = deltaScrap{}
	}
}

// makeDelta makes a delta on this machine, with all that is new in it.
func (b *builder) makeDelta(ctx context.Context, n delta.Name) (*readyDelta, error) {
	if b.deltaScrap.dir == "" {
		var err error
		if b.deltaScrap.dir, err = os.MkdirTemp(b.opt.Scratch, "otactl-deltas-*"); err != nil {
			return nil, err
		}
	}
	repo, err := b.repoWith(ctx, n)
	if err != nil {
		return nil, err
	}
	head := filepath.Join(b.deltaScrap.dir, n.From.String(), fileHead)
	if err := os.MkdirAll(filepath.Dir(head), 0o700); err != nil {
		return nil, err
	}
	opt := delta.DefaultOptions(b.opt.Now)
	opt.MinFallback, opt.File, opt.XZ, opt.Progress, opt.Log = 0, head, b.opt.XZ, b.opt.Progress, b.opt.Log
	if _, err := delta.Generate(ctx, repo, n, opt); err != nil {
		return nil, err
	}
	return deltaOnDisk(head)
}

// repoWith is a repo on this machine that has both commits of a delta: the one
// that the objects come from, or one that they are fetched into.
func (b *builder) repoWith(ctx context.Context, n delta.Name) (*ostree.Repo, error) {
	if repo, ok := b.source.(*ostree.Repo); ok && hasBoth(ctx, repo, n) {
		return repo, nil
	}
	if b.deltaScrap.repo == nil {
		var err error
		if b.deltaScrap.repo, err = ostree.CreateRepo(filepath.Join(b.deltaScrap.dir, "repo"), ostree.ModeArchive); err != nil {
			return nil, err
		}
	}
	for _, c := range []ostree.Checksum{n.To, n.From} {
		if err := b.fetchForDelta(ctx, b.deltaScrap.repo, c); err != nil {
			return nil, err
		}
	}
	return b.deltaScrap.repo, nil
}

// hasBoth says whether a repo has both commits and lets itself be locked, as
// reading it takes.
func hasBoth(ctx context.Context, repo *ostree.Repo, n delta.Name) bool {
	for _, c := range []ostree.Checksum{n.From, n.To} {
		if whole, err := repo.IsComplete(c); err != nil || !whole {
			return false
		}
	}
	release, err := repo.Hold(ctx)
	if err == nil {
		release()
	}
	return err == nil
}

// fetchForDelta brings a commit into the scratch repo: from where the objects
// come from, or, where that lacks it, from the backend.
func (b *builder) fetchForDelta(ctx context.Context, repo *ostree.Repo, c ostree.Checksum) error {
	src := b.source
	if _, err := ostree.LoadCommit(ctx, src, c); isMissing(err) && b.opt.RepoSource != nil {
		if src, err = b.backend.Objects(ctx); err != nil {
			return err
		}
	}
	b.opt.Log.InfoContext(ctx, "fetching a commit to make a static delta from", "commit", c, "into", repo.Path())
	_, err := ostree.Copy(ctx, repo, src, c, ostree.CopyOptions{Jobs: b.opt.Jobs, Progress: b.opt.Progress, Log: b.opt.Log})
	if isMissing(err) {
		return fail.As(fmt.Errorf("commit %s: %w", c, err), fail.NotFound, "name a repo that has it with --ostree-repo-source, or make no delta from it")
	}
	return err
}

func isMissing(err error) bool {
	_, missing := errors.AsType[*ostree.MissingError](err)
	return missing
}
