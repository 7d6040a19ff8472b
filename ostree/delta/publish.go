package delta

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
)

// write packs the parts and puts everything in its place, the superblock last.
func (g *generator) write(ctx context.Context, drafts []*draft) error {
	work, err := os.MkdirTemp(g.scrap(), ".otactl-delta-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := g.pack(ctx, drafts, work); err != nil {
		return err
	}
	if err := g.fillSuperblock(ctx); err != nil {
		return err
	}
	files := map[int]string{}
	if g.opt.Inline {
		for i := range g.super.Parts {
			files[i] = filepath.Join(work, strconv.Itoa(i))
		}
	}
	head := filepath.Join(work, "superblock")
	if err := g.writeHead(head, g.super.marshal(g.super.head(g.opt.Metadata, files))); err != nil {
		return err
	}
	return g.publish(ctx, work)
}

// publish moves what is packed to its place. Whoever makes the same delta meanwhile
// waits: parts of both would be a mixture.
func (g *generator) publish(ctx context.Context, work string) error {
	super, parts := g.opt.File, len(g.super.Parts)
	if g.opt.Inline {
		parts = 0
	}
	if super == "" {
		unlock, err := g.repo.LockDeltas(ctx)
		if err != nil {
			return err
		}
		defer unlock()
		if super, err = g.place(parts); err != nil {
			return err
		}
	}
	dir := filepath.Dir(super)
	for i := range parts {
		if err := os.Rename(filepath.Join(work, strconv.Itoa(i)), filepath.Join(dir, strconv.Itoa(i))); err != nil {
			return err
		}
	}
	if err := fsx.SyncDir(dir); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(work, "superblock"), super); err != nil {
		return err
	}
	return fsx.SyncDir(dir)
}

// place is the path of the superblock in the repo, whose folder is made if need
// be; an older delta is taken out of it, but for parts that are replaced.
func (g *generator) place(parts int) (super string, err error) {
	super = filepath.Join(g.repo.Path(), filepath.FromSlash(g.name.Superblock()))
	dir := filepath.Dir(super)
	if err := os.MkdirAll(dir, 0o775); err != nil {
		return "", err
	}
	for d := dir; d != filepath.Clean(g.repo.Path()); {
		d = filepath.Dir(d)
		if err := fsx.SyncDir(d); err != nil {
			return "", err
		}
	}
	return super, clearFolder(super, parts)
}

// clearFolder removes an older delta, the superblock first: nobody may take old
// parts for new ones.
func clearFolder(super string, parts int) error {
	if err := os.Remove(super); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(super)
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		if i, err := strconv.Atoi(n.Name()); err == nil && i >= parts {
			if err := os.Remove(filepath.Join(dir, n.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// pack compresses the parts, several at once.
func (g *generator) pack(ctx context.Context, drafts []*draft, work string) error {
	task := progress.Start(g.opt.Progress, "compressing parts", progress.Count, int64(len(drafts)))
	defer task.Done()
	p := &packer{src: g.repo, spool: &g.spool, program: g.opt.XZ}
	g.super.Parts = make([]Part, len(drafts))
	eg, ctx := errgroup.WithContext(ctx)
	eg.SetLimit(g.opt.Jobs)
	for i, d := range drafts {
		eg.Go(func() error {
			var err error
			g.super.Parts[i], err = p.pack(ctx, d, filepath.Join(work, strconv.Itoa(i)))
			task.Add(1)
			return err
		})
	}
	return eg.Wait()
}

// fillSuperblock gathers what the superblock holds beside the parts.
func (g *generator) fillSuperblock(ctx context.Context) error {
	g.super.Name, g.super.Time, g.super.Order = g.name, g.opt.Time, g.opt.Order
	g.super.Fallbacks = g.fallbacks
	id := ostree.ObjectID{Sum: g.name.To, Type: ostree.TypeCommit}
	obj, err := g.repo.Object(ctx, id)
	if err != nil {
		return err
	}
	rc, _, err := obj.OpenArchive(ctx)
	if err != nil {
		return err
	}
	g.super.Commit, err = io.ReadAll(rc)
	if err = errors.Join(err, rc.Close()); err != nil {
		return err
	}
	there, err := g.repo.Has(ctx, []ostree.ObjectID{{Sum: g.name.To, Type: ostree.TypeCommitMeta}})
	if err != nil {
		return err
	}
	if there[0] {
		if g.super.Detached, err = ostree.ReadDetached(ctx, g.repo, g.name.To); err != nil {
			return err
		}
	}
	for _, p := range g.super.Parts {
		g.report.Size += p.Size
		g.report.USize += p.USize
	}
	g.report.Parts = g.super.Parts
	return nil
}

// writeHead writes the superblock, in signed form if it is to be signed.
func (g *generator) writeHead(path string, super rope) error {
	if g.opt.Sign == nil {
		return writeRope(path, super)
	}
	if err := writeRope(path, super); err != nil {
		return err
	}
	in, err := contents(path, "")
	if err != nil {
		return err
	}
	signatures, err := g.opt.Sign(in.data)
	in.release()
	if err != nil {
		return err
	}
	signed := path + ".signed"
	if err := writeRope(signed, wrapped(ropeOfFile(path, super.size), signatures)); err != nil {
		return err
	}
	return os.Rename(signed, path)
}

func writeRope(path string, r rope) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 64<<10)
	_, err = r.WriteTo(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
