package delta

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
)

// files makes objects of the new files, each with the old one that it is like,
// in an order that puts like beside like.
func (g *generator) files(ctx context.Context, now *census, pairs *pairing) ([]*made, error) {
	var files []*newFile
	for _, f := range now.files {
		h, err := ostree.Stat(ctx, g.repo, &ostree.Entry{Path: f.path, Sum: f.sum})
		if err != nil {
			return nil, err
		}
		n := &newFile{place: f, header: h}
		if err := pairs.match(ctx, n); err != nil {
			return nil, err
		}
		files = append(files, n)
	}
	slices.SortStableFunc(files, func(a, b *newFile) int { return compareFiles(a, b) })
	var list []*made
	for _, f := range files {
		m := &made{id: ostree.ObjectID{Sum: f.sum, Type: ostree.TypeFile}, header: f.header, size: int64(f.header.Size)}
		list = append(list, m)
		switch {
		case f.header.IsSymlink():
			g.report.Symlinks++
			continue
		case f.old != nil:
			g.report.Modified++
			g.pairs = append(g.pairs, &couple{m, f.old})
		}
		g.report.Files++
	}
	return list, nil
}

// compareFiles orders files: those of a kind together, then by place, symlinks
// last.
func compareFiles(a, b *newFile) int {
	return cmp.Or(
		cmp.Compare(rank(a), rank(b)),
		cmp.Compare(kind(a.path), kind(b.path)),
		cmp.Compare(a.path, b.path))
}

func rank(f *newFile) int {
	if f.header.IsSymlink() {
		return 1
	}
	return 0
}

// kind is what a file's name says of its content.
func kind(name string) string {
	base := path.Base(name)
	if strings.Contains(base, ".so.") {
		return ".so"
	}
	return path.Ext(base)
}

// couple is a new file and the old one it is like.
type couple struct {
	new *made
	old *oldFile
}

func (c *couple) sizes() int64 { return c.new.size + int64(c.old.size) }

// held is how much memory all comparisons that run at once may take together,
// in bytes.
const held = 96 << 20

// compare finds out how each file is made from the old one that it is like.
func (g *generator) compare(ctx context.Context) error {
	task := progress.Start(g.opt.Progress, "comparing files", progress.Bytes, 0)
	defer task.Done()
	for _, c := range g.pairs {
		task.Grow(c.new.size)
	}
	memory := semaphore.NewWeighted(held)
	eg, ctx := errgroup.WithContext(ctx)
	next := make(chan *couple)
	eg.Go(func() error {
		defer close(next)
		for _, c := range g.pairs {
			select {
			case next <- c:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	for range g.opt.Jobs {
		eg.Go(func() error {
			w := &comparer{generator: g, memory: memory}
			for c := range next {
				if err := w.couple(ctx, c); err != nil {
					return err
				}
				task.Add(c.new.size)
			}
			return nil
		})
	}
	return eg.Wait()
}

// comparer compares one couple after the other; its buffers stay.
type comparer struct {
	*generator
	memory   *semaphore.Weighted
	matcher  matcher
	old, new []byte
	out      []byte
}

// fine says whether a couple is compared byte by byte.
func (w *comparer) fine(c *couple) bool {
	return c.sizes() <= min(heldPair, w.opt.MaxBsdiff)
}

func (w *comparer) couple(ctx context.Context, c *couple) error {
	var p plan
	var at spooled
	var err error
	if w.fine(c) {
		p, at, err = w.byteByByte(ctx, c)
	} else {
		p, at, err = w.inChunks(ctx, c)
	}
	if err != nil {
		return fmt.Errorf("compare %s with %s: %w", c.new.id, c.old.path, err)
	}
	if p.pays {
		c.new.plan, c.new.source, c.new.spooled = p, c.old.sum, at
		w.note(w.fine(c))
	}
	return nil
}

func (g *generator) note(fine bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if fine {
		g.report.Bsdiff++
	} else {
		g.report.Rollsum++
	}
}

func (w *comparer) byteByByte(ctx context.Context, c *couple) (plan, spooled, error) {
	need := 2*c.sizes() + int64(indexCost(int(c.old.size)))
	if err := w.memory.Acquire(ctx, min(need, held)); err != nil {
		return plan{}, spooled{}, err
	}
	defer w.memory.Release(min(need, held))
	var err error
	if w.old, err = w.load(ctx, w.old, c.old.sum, int64(c.old.size)); err != nil {
		return plan{}, spooled{}, err
	}
	if w.new, err = w.load(ctx, w.new, c.new.id.Sum, c.new.size); err != nil {
		return plan{}, spooled{}, err
	}
	w.matcher.index(w.old)
	p := choose(w.old, w.new, w.matcher.pieces(w.new), true)
	if !p.pays {
		return p, spooled{}, nil
	}
	w.out = w.out[:0]
	if p.way == patch {
		w.out = appendPatch(w.out, w.old, w.new, p.pieces)
		p.pieces = nil
	}
	for _, l := range p.literals {
		w.out = append(w.out, w.new[l.at:l.at+l.n]...)
	}
	p.literals = nil
	at, err := w.spool.keep(w.out)
	return p, at, err
}

// load reads a file into b and checks it.
func (w *comparer) load(ctx context.Context, b []byte, sum ostree.Checksum, size int64) ([]byte, error) {
	obj, err := w.repo.Object(ctx, ostree.ObjectID{Sum: sum, Type: ostree.TypeFile})
	if err != nil {
		return b, err
	}
	h, rc, err := obj.OpenFile(ctx)
	if err != nil {
		return b, err
	}
	if int64(cap(b)) < size {
		b = make([]byte, size)
	}
	b = b[:size]
	fill := &filler{b: b}
	got, err := ostree.ContentChecksum(h, io.TeeReader(rc, fill))
	if err = errors.Join(err, rc.Close()); err != nil {
		return b, err
	}
	if got != sum || fill.n != len(b) {
		return b, &ostree.CorruptError{ID: obj.ID(), Why: "checksum is " + got.String()}
	}
	return b, nil
}

// filler takes what fits into a buffer.
type filler struct {
	b []byte
	n int
}

func (f *filler) Write(p []byte) (int, error) {
	f.n += copy(f.b[f.n:], p)
	return len(p), nil
}

// inChunks compares large files. What is alike is copied; bsdiff is never used.
func (w *comparer) inChunks(ctx context.Context, c *couple) (plan, spooled, error) {
	files := sources{repo: w.repo, dir: w.spool.dir, hashed: true}
	old, err := files.open(ctx, c.old.sum)
	if err != nil {
		return plan{}, spooled{}, err
	}
	defer old.Close()
	b, err := readBlocks(old, old.size)
	if err != nil {
		return plan{}, spooled{}, err
	}
	obj, err := w.repo.Object(ctx, c.new.id)
	if err != nil {
		return plan{}, spooled{}, err
	}
	_, rc, err := obj.OpenFile(ctx)
	if err != nil {
		return plan{}, spooled{}, err
	}
	defer rc.Close()
	lits := &spool{dir: w.spool.dir}
	defer lits.Close()
	p, err := b.copies(&cancellable{ctx, rc}, lits)
	if err != nil {
		return p, spooled{}, err
	}
	if p.pays = float64(p.blob) < poor*float64(c.new.size); !p.pays {
		return p, spooled{}, nil
	}
	at, err := w.spool.keepAll(io.NewSectionReader(lits, 0, lits.size), lits.size)
	return p, at, err
}

// sharedSpool is a spool that many write to.
type sharedSpool struct {
	mu sync.Mutex
	spool
}

func (s *sharedSpool) keep(b []byte) (spooled, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.size
	_, err := s.Write(b)
	return spooled{at, int64(len(b))}, err
}

func (s *sharedSpool) keepAll(r io.Reader, n int64) (spooled, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.size
	_, err := io.Copy(&s.spool, r)
	return spooled{at, n}, err
}
