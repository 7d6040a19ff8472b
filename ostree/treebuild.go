package ostree

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"path"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
)

// inMemory is up to which size a file is read once and kept; a larger one is
// read again when the repo does not have it.
const inMemory = 1 << 20

// TreeBuilder lays trees over each other and stores what comes of it. A later
// file takes the place of an earlier one, a later directory gives its metadata
// to the one that is there, and a file and a directory never take each other's
// place. It is for one goroutine.
type TreeBuilder struct {
	repo    *Repo
	session Session
	opt     TreeOptions
	filter  *treeFilter
	ctx     context.Context
	root    *branch
	prefix  string // where the next tree goes, "" for the root
	links   *linkIndex
	spared  spared
	names   int // that archives brought, and the folders above them

	mu     sync.Mutex
	report TreeReport
	seen   map[ObjectID]bool // metadata counted already
}

// BuildTree calls fill to lay trees over each other, and stores the result with
// all that is in it. It returns the checksums a commit names. Nothing refers to
// the objects yet: WriteCommit does. The ids are those of ostree commit for the
// same trees and options.
func BuildTree(ctx context.Context, repo *Repo, opt TreeOptions, fill func(*TreeBuilder) error) (TreeReport, error) {
	session, err := repo.Begin(ctx)
	if err != nil {
		return TreeReport{}, err
	}
	b := newTreeBuilder(ctx, repo, session, opt)
	err = fill(b)
	if err == nil {
		err = b.finish()
	}
	if err == nil {
		err = session.Close(ctx)
	} else {
		session.Abort()
	}
	if err != nil {
		b.report.Close()
		return TreeReport{}, err
	}
	return b.report, nil
}

// newTreeBuilder stores through session; without one it only finds names.
func newTreeBuilder(ctx context.Context, repo *Repo, session Session, opt TreeOptions) *TreeBuilder {
	if opt.Jobs < 1 {
		opt.Jobs = runtime.GOMAXPROCS(0)
	}
	b := &TreeBuilder{repo: repo, session: session, opt: opt, ctx: ctx, root: &branch{}, seen: map[ObjectID]bool{}}
	b.filter = newFilter(repo, &b.opt)
	return b
}

// CommitTree stores the directory dir with all that is in it; see BuildTree.
//
// Symbolic links are taken as they are, never followed, dir itself excepted.
// Devices, sockets and pipes are an error, as is a name that is not UTF-8.
func CommitTree(ctx context.Context, repo *Repo, dir string, opt TreeOptions) (TreeReport, error) {
	return BuildTree(ctx, repo, opt, func(b *TreeBuilder) error { return b.Dir(dir) })
}

// Prefix puts the trees that follow below path instead of at the root.
func (b *TreeBuilder) Prefix(at string) error {
	clean := path.Clean("/" + at)
	if clean == "/" {
		b.prefix = ""
		return nil
	}
	b.prefix = clean
	_, err := b.under(clean[1:], plainDir(0, 0))
	return err
}

// base is the directory that the next tree is laid over.
func (b *TreeBuilder) base() (*branch, error) {
	if b.prefix == "" {
		return b.root, nil
	}
	return b.under(b.prefix[1:], plainDir(0, 0))
}

// parallel runs walk, which may hand work to files, and waits for all of it.
func (b *TreeBuilder) parallel(walk func(ctx context.Context, files *errgroup.Group) error) error {
	files, ctx := errgroup.WithContext(b.ctx)
	files.SetLimit(b.opt.Jobs)
	err := walk(ctx, files)
	if ferr := files.Wait(); ferr != nil {
		return ferr // a failed file stops the walk, so it is the cause
	}
	return err
}

// dirMeta gives a directory its metadata, after the options.
func (b *TreeBuilder) dirMeta(a *branch, h *FileHeader, name string) error {
	b.filter.change(h, name)
	m := &DirMeta{UID: h.UID, GID: h.GID, Mode: h.Mode, Xattrs: h.Xattrs}
	data, err := m.Marshal()
	if err != nil {
		return err
	}
	sum, err := b.metadata(TypeDirMeta, data)
	a.meta = &sum
	return err
}

// finish stores the directories.
func (b *TreeBuilder) finish() error {
	if err := b.filter.finish(); err != nil {
		return err
	}
	if b.root.meta == nil {
		return fail.New(fail.Usage, "give a tree with a root directory, or --tar-autocreate-parents", "Can't commit an empty tree")
	}
	var err error
	b.report.Meta = *b.root.meta
	b.report.Tree, err = b.store(b.root, "/")
	return err
}

// store writes a directory after what is in it and returns its checksum.
func (b *TreeBuilder) store(a *branch, name string) (Checksum, error) {
	if a.lazy != nil {
		return *a.lazy, nil
	}
	t := &DirTree{Files: make([]TreeFile, 0, len(a.files)), Dirs: make([]TreeDir, 0, len(a.dirs))}
	for _, file := range slices.Sorted(maps.Keys(a.files)) {
		t.Files = append(t.Files, TreeFile{Name: file, Sum: a.files[file].sum})
	}
	for _, dir := range slices.Sorted(maps.Keys(a.dirs)) {
		sub, below := a.dirs[dir], path.Join(name, dir)
		if sub.meta == nil {
			return Checksum{}, fmt.Errorf("%s: %w: the trees have something in it but not the directory", below, ErrNoPath)
		}
		sum, err := b.store(sub, below)
		if err != nil {
			return Checksum{}, err
		}
		t.Dirs = append(t.Dirs, TreeDir{Name: dir, Tree: sum, Meta: *sub.meta})
	}
	data, err := t.Marshal()
	if err != nil {
		return Checksum{}, fmt.Errorf("%s: %w", name, err)
	}
	return b.metadata(TypeDirTree, data)
}

// metadata stores an object unless this build or the repo has it.
func (b *TreeBuilder) metadata(t ObjectType, data []byte) (Checksum, error) {
	id := ObjectID{Sum: sha256.Sum256(data), Type: t}
	b.mu.Lock()
	again := b.seen[id]
	b.seen[id] = true
	b.report.Metadata++
	b.mu.Unlock()
	if again || b.session == nil {
		return id.Sum, nil
	}
	there, err := b.repo.hasOrParent(id)
	if err != nil || there {
		return id.Sum, err
	}
	if err := b.session.Put(b.ctx, NewMetadata(t, data)); err != nil {
		return id.Sum, err
	}
	b.mu.Lock()
	b.report.MetadataWritten++
	b.mu.Unlock()
	return id.Sum, nil
}

// content stores a file unless the repo has it: payload is read for the name,
// and again when it has to be written.
func (b *TreeBuilder) content(ctx context.Context, h *FileHeader, payload io.Reader, again func(ctx context.Context) (io.ReadCloser, error)) (Checksum, error) {
	sum, err := ContentChecksum(h, payload)
	if err != nil {
		return sum, err
	}
	return sum, b.put(ctx, NewFile(sum, h, again), h.Size)
}

// put stores a file object that has size bytes, unless the repo has it.
func (b *TreeBuilder) put(ctx context.Context, obj Object, size uint64) error {
	if b.session == nil {
		return nil
	}
	there, err := b.repo.hasOrParent(obj.ID())
	if err != nil {
		return err
	}
	if !there {
		if err := b.session.Put(ctx, obj); err != nil {
			return err
		}
	}
	b.count(size, !there)
	return nil
}

// hold asks for room for a file of size bytes that comes into the repo's tmp; the
// caller says when it is written.
func (b *TreeBuilder) hold(size uint64) (over func(), err error) {
	if s, ok := b.session.(*session); ok {
		return s.space.hold(size)
	}
	return func() {}, nil
}

func (b *TreeBuilder) count(size uint64, wrote bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.report.Content++
	if wrote {
		b.report.ContentWritten++
		b.report.BytesWritten += int64(size)
	}
}
