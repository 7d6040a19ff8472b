package delta

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// Defaults of a generator, in bytes, as libostree has them.
const (
	DefaultMinFallback = 4_000_000
	DefaultMaxChunk    = 32_000_000
	DefaultMaxBsdiff   = 128_000_000
)

// heldPair is up to which size of both files together bsdiff is used at most,
// in bytes: it holds them in memory, and tables beside them. Larger ones are
// compared in chunks, whatever MaxBsdiff says.
const heldPair = 64 << 20

// GenerateOptions say how a delta is made. DefaultOptions is where to start.
type GenerateOptions struct {
	// Inline puts the parts into the superblock.
	Inline bool
	// MinFallback is from which size on a file that is like no old one stays out
	// of the delta, to be fetched by itself, in bytes; 0 is never.
	MinFallback int64
	// MaxChunk is about how long a part's payload may get, in bytes.
	MaxChunk int64
	// MaxBsdiff is up to which size of both files together bsdiff is used, in
	// bytes; 0 is never.
	MaxBsdiff int64
	// Order is the byte order of the superblock's sizes; zero is Little.
	Order Endianness
	// File is where the superblock goes, with parts beside it; empty is the
	// delta's place in the repo.
	File string
	// Time is when the delta is made.
	Time time.Time
	// XZ is the path of the program xz, which compresses faster and better than
	// what is built in; empty is without.
	XZ string
	// Jobs is how many files are compared, and parts compressed, at once; 0 is
	// one per processor.
	Jobs int
	// Metadata goes to the head of the superblock.
	Metadata []variant.Entry
	// Sign, if set, signs the superblock's bytes: the delta gets the signed form,
	// with the a{sv} that comes back.
	Sign     func(superblock []byte) (variant.Value, error)
	Progress progress.Sink
	Log      *slog.Logger // nil is silent
}

// DefaultOptions are what libostree does without options, at a time.
func DefaultOptions(now time.Time) GenerateOptions {
	return GenerateOptions{MinFallback: DefaultMinFallback, MaxChunk: DefaultMaxChunk, MaxBsdiff: DefaultMaxBsdiff, Order: Little, Time: now}
}

// GenerateReport says what a delta is made of.
type GenerateReport struct {
	Name      Name   `json:"-" yaml:"-"`
	Modified  int    `json:"modified"` // files that are like an old one
	Metadata  int    `json:"metadata"` // objects
	Files     int    `json:"files"`
	Symlinks  int    `json:"symlinks"`
	Bsdiff    int    `json:"bsdiff"` // files compared byte by byte
	Rollsum   int    `json:"rollsum"`
	Parts     []Part `json:"-" yaml:"-"`
	Fallbacks int    `json:"fallbacks"`
	Size      uint64 `json:"size"`  // of all parts, in bytes
	USize     uint64 `json:"usize"` // of the objects in them
}

// Generate makes the delta that leads from a commit to another, or from nothing
// to it, both in repo. It appears when it is whole; one of the same name is
// replaced.
func Generate(ctx context.Context, repo *ostree.Repo, n Name, opt GenerateOptions) (GenerateReport, error) {
	if opt.Jobs <= 0 {
		opt.Jobs = runtime.GOMAXPROCS(0)
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Order == 0 {
		opt.Order = Little
	}
	if opt.MaxChunk <= 0 {
		opt.MaxChunk = DefaultMaxChunk
	}
	g := &generator{repo: repo, name: n, opt: opt, report: GenerateReport{Name: n}}
	if err := g.run(ctx); err != nil {
		return g.report, fmt.Errorf("make static delta %s: %w", n, err)
	}
	return g.report, nil
}

// generator is one call of Generate.
type generator struct {
	repo   *ostree.Repo
	name   Name
	opt    GenerateOptions
	report GenerateReport

	super     Superblock
	objects   []*made // in the order in which they go into parts
	fallbacks []Fallback
	pairs     []*couple
	spool     sharedSpool
	mu        sync.Mutex // of report, while files are compared
}

func (g *generator) run(ctx context.Context) error {
	release, err := g.repo.Hold(ctx) // keeps a prune away
	if err != nil {
		return err
	}
	defer release()
	g.spool.dir = g.scrap()
	defer g.spool.Close()
	if err := g.collect(ctx); err != nil {
		return err
	}
	if err := g.compare(ctx); err != nil {
		return err
	}
	if err := g.dismiss(ctx); err != nil {
		return err
	}
	return g.write(ctx, g.drafts())
}

// scrap is the folder for temporary files: on the file system where the delta
// goes, and not in a repo that is only read.
func (g *generator) scrap() string {
	if g.opt.File != "" {
		return filepath.Dir(g.opt.File)
	}
	return filepath.Join(g.repo.Path(), "tmp")
}

// collect finds the objects that the new commit has and the old one lacks, and
// the old files that they are like.
func (g *generator) collect(ctx context.Context) error {
	var old *census
	var err error
	if !g.name.Scratch() {
		if old, err = survey(ctx, g.repo, g.name.From, nil); err != nil {
			return err
		}
	}
	now, err := survey(ctx, g.repo, g.name.To, old)
	if err != nil {
		return err
	}
	for _, id := range now.metadata {
		size, err := g.sizeOf(ctx, id)
		if err != nil {
			return err
		}
		g.objects = append(g.objects, &made{id: id, size: size})
	}
	g.report.Metadata = len(now.metadata)
	files, err := g.files(ctx, now, newPairing(g.repo, old))
	g.objects = append(g.objects, files...)
	return err
}

// sizeOf is how long a metadata object is.
func (g *generator) sizeOf(ctx context.Context, id ostree.ObjectID) (int64, error) {
	obj, err := g.repo.Object(ctx, id)
	if err != nil {
		return 0, err
	}
	rc, size, err := obj.OpenArchive(ctx)
	if err != nil {
		return 0, err
	}
	if size < 0 {
		size, err = io.Copy(io.Discard, rc)
	}
	_ = rc.Close()
	return size, err
}

// dismiss takes out files that had better be fetched by themselves.
func (g *generator) dismiss(ctx context.Context) error {
	if g.opt.MinFallback <= 0 {
		return nil
	}
	kept := g.objects[:0]
	for _, m := range g.objects {
		if m.header == nil || m.header.IsSymlink() || m.plan.way != whole || m.size <= g.opt.MinFallback {
			kept = append(kept, m)
			continue
		}
		size, err := g.archived(ctx, m)
		if err != nil {
			return err
		}
		g.fallbacks = append(g.fallbacks, Fallback{m.id, uint64(size), uint64(m.size)})
	}
	g.objects = kept
	g.report.Fallbacks = len(g.fallbacks)
	return nil
}

// archived is how many bytes a file takes in an archive repo; where that isn't
// known, how many it has.
func (g *generator) archived(ctx context.Context, m *made) (int64, error) {
	if g.repo.Mode() != ostree.ModeArchive {
		return m.size, nil
	}
	return g.sizeOf(ctx, m.id)
}

// drafts shares the objects out to parts: as few as MaxChunk allows, but one
// for each processor if they are large enough for that to be worth it.
func (g *generator) drafts() []*draft {
	var total int64
	for _, m := range g.objects {
		total += m.inBlob()
	}
	parts := max((total+g.opt.MaxChunk-1)/g.opt.MaxChunk, min(int64(g.opt.Jobs), total/smallPart), 1)
	d := newDraft()
	list := []*draft{d}
	for _, m := range g.objects {
		size := d.size() + m.inBlob()
		even := len(list) < int(parts) && size > total/parts && d.size() > total/parts/2
		if len(d.table) > 0 && (even || size > g.opt.MaxChunk) {
			d = newDraft()
			list = append(list, d)
		}
		d.add(m)
	}
	return list
}

// smallPart is below which size a part is not made smaller to have more of them.
const smallPart = 1 << 20
