package offline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// unpackRepo brings the commit out of the tar of a whole repo. Its members come
// in any order. Each is verified and stored under its own name, and nothing
// that is there is written twice; the commit itself is put when all below it is
// there. What the tar has besides goes again.
func (b *builder) unpackRepo(ctx context.Context, repo *ostree.Repo) error {
	there, err := b.wholeAlready(ctx, repo)
	if there || err != nil {
		return err
	}
	release, err := repo.Hold(ctx) // until the commit is no longer marked
	if err != nil {
		return err
	}
	defer release()
	u := newUnpacking(b, repo)
	closure, err := u.run(ctx)
	if err != nil {
		return b.stays(err, len(u.added), "objects")
	}
	b.report.Objects = len(closure)
	for id, size := range u.added {
		if closure[id] {
			b.report.Copied++
			b.report.Bytes += size
		} else if err := repo.DeleteObject(ctx, id); err != nil {
			return fmt.Errorf("remove what the commit does not need: %w", err)
		}
	}
	b.report.Copied++ // the commit
	b.report.Bytes += int64(len(u.commit))
	b.report.Present = b.report.Objects - b.report.Copied
	b.source = repo
	return repo.ClearPartial(b.commit)
}

// wholeAlready says whether the commit is in the bundle with all it needs. One
// that has holes now is marked.
func (b *builder) wholeAlready(ctx context.Context, repo *ostree.Repo) (bool, error) {
	whole, err := repo.IsComplete(b.commit)
	if !whole || err != nil {
		return false, err
	}
	b.source = repo
	n := 0
	err = ostree.Closure(ctx, repo, b.commit, func(id ostree.ObjectID) error {
		n++
		return hasOne(ctx, repo, id)
	})
	if _, missing := errors.AsType[*ostree.MissingError](err); missing {
		return false, repo.MarkPartial(b.commit, ostree.PartialPull)
	}
	b.report.Objects, b.report.Present = n, n
	return true, err
}

// unpacking is one run through the tar of a repo.
type unpacking struct {
	b       *builder
	repo    *ostree.Repo
	session ostree.Session
	workers *errgroup.Group
	ctx     context.Context // of the workers
	buffers chan []byte

	commit, detached []byte // nil until they come

	mu    sync.Mutex
	added map[ostree.ObjectID]int64 // and how many bytes were stored
}

// smallObject is what is taken into memory, so that others can verify and store
// it while the tar is read on.
const smallObject = 1 << 20

func newUnpacking(b *builder, repo *ostree.Repo) *unpacking {
	u := &unpacking{b: b, repo: repo, added: map[ostree.ObjectID]int64{}, buffers: make(chan []byte, b.readers())}
	for range cap(u.buffers) {
		u.buffers <- make([]byte, smallObject)
	}
	return u
}

// run puts all that the commit needs, which it returns, and the commit.
func (u *unpacking) run(ctx context.Context) (closure map[ostree.ObjectID]bool, err error) {
	if err := u.objects(ctx); err != nil {
		return nil, err
	}
	if closure, err = u.closure(ctx); err != nil {
		return nil, err
	}
	return closure, u.putCommit(ctx)
}

func (u *unpacking) objects(ctx context.Context) error {
	var err error
	if u.session, err = u.repo.Begin(ctx); err != nil {
		return err
	}
	u.workers, u.ctx = errgroup.WithContext(ctx)
	err = u.b.repoTar.Files(u.ctx, u.b.opt.Progress, u.file)
	if werr := u.workers.Wait(); werr != nil && ctx.Err() == nil {
		err = werr
	}
	// What was verified stays, whatever ended the run: the next one goes on.
	closed := u.session.Close(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	return closed
}

// file takes one member. What is not an object of the repo is not believed and
// not needed: config, refs, summary.
func (u *unpacking) file(name string, size int64, content io.Reader) error {
	inRepo, ok := strings.CutPrefix(name, dirRepo+"/")
	if !ok || !strings.HasPrefix(inRepo, "objects/") {
		return nil
	}
	id, err := ostree.ParseArchivePath(inRepo)
	if err != nil {
		return fail.As(fmt.Errorf("member %.200q: %w", name, err), fail.Verification, "the artifact has to hold a repo in archive mode")
	}
	if id.Type != ostree.TypeFile && size > ostree.MostBytes(id.Type) {
		return fail.New(fail.Verification, "have the artifact built again", "member %.200q: %d bytes, at most %d are allowed", name, size, ostree.MostBytes(id.Type))
	}
	switch {
	case id == ostree.ObjectID{Sum: u.b.commit, Type: ostree.TypeCommit}:
		u.commit, err = readWhole(content, size, limits.Commit)
		return err
	case id == ostree.ObjectID{Sum: u.b.commit, Type: ostree.TypeCommitMeta}:
		u.detached, err = readWhole(content, size, limits.DetachedMetadata)
		return err
	case id.Type == ostree.TypeCommit, id.Type == ostree.TypeCommitMeta, id.Type == ostree.TypeTombstoneCommit:
		return nil // of other commits
	}
	return u.object(id, size, content)
}

func readWhole(r io.Reader, size, most int64) ([]byte, error) {
	if size > most {
		return nil, fail.New(fail.Verification, "have the artifact built again", "the commit takes %d bytes, at most %d are allowed", size, most)
	}
	data := make([]byte, size)
	_, err := io.ReadFull(r, data)
	return data, err
}

// object stores one, or has it stored.
func (u *unpacking) object(id ostree.ObjectID, size int64, content io.Reader) error {
	if size > smallObject {
		return u.put(u.ctx, id, size, content)
	}
	var buffer []byte
	select {
	case buffer = <-u.buffers:
	case <-u.ctx.Done():
		return context.Cause(u.ctx)
	}
	data := buffer[:size]
	if _, err := io.ReadFull(content, data); err != nil {
		return err
	}
	u.workers.Go(func() error {
		defer func() { u.buffers <- buffer }()
		return u.put(u.ctx, id, size, bytes.NewReader(data))
	})
	return nil
}

// put stores an object, unless it is there: then it is good, since a build reads
// what is there before it trusts it.
func (u *unpacking) put(ctx context.Context, id ostree.ObjectID, size int64, content io.Reader) error {
	have, err := u.repo.Has(ctx, []ostree.ObjectID{id})
	if err != nil || have[0] {
		return err
	}
	opened := false
	obj := ostree.NewArchived(id, func(context.Context) (io.ReadCloser, int64, error) {
		if opened {
			return nil, 0, errors.New("a member of a tar can be read once")
		}
		opened = true
		return io.NopCloser(content), size, nil
	})
	if err := u.session.Put(ctx, obj); err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.added[id] = size
	return nil
}

// closure is what the commit needs, all of which is there, or that is an error.
func (u *unpacking) closure(ctx context.Context) (map[ostree.ObjectID]bool, error) {
	lacks := func(err error) error {
		return fail.As(fmt.Errorf("the artifact lacks something: %w", err), fail.NotFound, "publish the commit, or name a repo that has it with --ostree-repo-source")
	}
	id := ostree.ObjectID{Sum: u.b.commit, Type: ostree.TypeCommit}
	if u.commit == nil {
		return nil, lacks(&ostree.MissingError{ID: id, Where: u.b.repoTar.URL()})
	}
	all := map[ostree.ObjectID]bool{}
	src := withCommit{u.repo, ostree.NewNamedMetadata(id, u.commit)}
	err := ostree.Closure(ctx, src, u.b.commit, func(id ostree.ObjectID) error {
		all[id] = true
		if id == src.commit.ID() {
			return nil
		}
		return hasOne(ctx, u.repo, id)
	})
	if _, missing := errors.AsType[*ostree.MissingError](err); missing {
		return nil, lacks(err)
	}
	return all, err
}

// putCommit makes the commit visible, now that it is whole.
func (u *unpacking) putCommit(ctx context.Context) error {
	session, err := u.repo.Begin(ctx)
	if err != nil {
		return err
	}
	defer session.Abort()
	if u.detached != nil {
		id := ostree.ObjectID{Sum: u.b.commit, Type: ostree.TypeCommitMeta}
		if err := session.Put(ctx, ostree.NewNamedMetadata(id, u.detached)); err != nil {
			return err
		}
	}
	id := ostree.ObjectID{Sum: u.b.commit, Type: ostree.TypeCommit}
	if err := session.Put(ctx, ostree.NewNamedMetadata(id, u.commit)); err != nil {
		return err
	}
	return session.Close(ctx)
}

// withCommit is a repo, and a commit that is not in it yet.
type withCommit struct {
	*ostree.Repo
	commit ostree.Object
}

// Object implements ostree.Source.
func (w withCommit) Object(ctx context.Context, id ostree.ObjectID) (ostree.Object, error) {
	if id == w.commit.ID() {
		return w.commit, nil
	}
	return w.Repo.Object(ctx, id)
}
