package offline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

// dirDeltas holds the static deltas of a bundle as libostree lays them out:
// XX/REST/superblock, with the parts beside it.
const dirDeltas = dirRepo + "/deltas"

// fileHead is the name of a delta's superblock, as of its other files those of
// its parts are: 0, 1, ….
const fileHead = "superblock"

// Delta is a static delta in a bundle: it brings a device that has one commit
// to another. Nothing about it is verified but that its superblock holds the
// commit that it leads to; Verify and whoever applies it see to the rest.
type Delta struct {
	delta.Name
	// Bytes are those of its files, as stored, and Objects what its parts make.
	Bytes   int64
	Objects int
	// Fallbacks is how many objects it leaves out, which have to be fetched from
	// the bundle by themselves.
	Fallbacks int
	// Err says why it is of no use: its superblock is malformed, or a part is
	// not there in the length that it has. Of a superblock that can't be read
	// the name is that of its folder.
	Err error

	dir   string // below the bundle
	files medium.Files
}

// Deltas are the static deltas in the bundle, in the order of their names. A
// folder without a superblock holds none: it is what is left of a run that was
// cut off.
func (b *Bundle) Deltas(ctx context.Context) ([]Delta, error) {
	return deltasIn(ctx, b.files, scratchIn(""), func(delta.Name) bool { return true })
}

// DeltasTo are those that lead to a commit. Superblocks that are too large for
// memory go through scratch.
func (b *Bundle) DeltasTo(ctx context.Context, to ostree.Checksum, scratch delta.Scratch) ([]Delta, error) {
	return deltasTo(ctx, b.files, to, scratch)
}

func deltasTo(ctx context.Context, files medium.Files, to ostree.Checksum, scratch delta.Scratch) ([]Delta, error) {
	list, err := deltasIn(ctx, files, scratch, func(n delta.Name) bool {
		return strings.EqualFold(delta.Name{To: n.To}.Dir(), delta.Name{To: to}.Dir())
	})
	return slices.DeleteFunc(list, func(d Delta) bool { return d.To != to }), err
}

// deltasIn reads the superblocks of the deltas of which want likes the name of
// the folder. On a file system that folds case, that of a folder may be another
// one's: what the delta is called is in its superblock.
func deltasIn(ctx context.Context, files medium.Files, scratch delta.Scratch, want func(delta.Name) bool) ([]Delta, error) {
	dirs, err := deltaDirs(ctx, files)
	if err != nil {
		return nil, err
	}
	list := []Delta{}
	for _, dir := range dirs {
		n, ok := deltaName(dir)
		if !ok || !want(n) {
			continue
		}
		d := Delta{Name: n, dir: dir, files: files}
		if _, err := files.Stat(path.Join(dir, fileHead)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := d.measure(ctx, scratch); err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	slices.SortFunc(list, func(x, y Delta) int { return strings.Compare(x.String(), y.String()) })
	return list, nil
}

// deltaDirs are the folders that could hold a delta each.
func deltaDirs(ctx context.Context, files medium.Files) ([]string, error) {
	var dirs []string
	fans, err := foldersIn(files, dirDeltas)
	if err != nil {
		return nil, err
	}
	for _, fan := range fans {
		below, err := foldersIn(files, fan)
		if err = errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		if dirs = append(dirs, below...); len(dirs) > limits.BundleDeltas {
			return nil, fail.New(fail.Verification, "build the bundle again into an empty folder",
				"%s: more than %d static deltas", dirDeltas, limits.BundleDeltas)
		}
	}
	return dirs, nil
}

func foldersIn(files medium.Files, dir string) ([]string, error) {
	entries, err := files.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", dir, medium.Cause(err))
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, path.Join(dir, e.Name()))
		}
	}
	return names, nil
}

// deltaName is what the path of a delta's folder says that it is called.
func deltaName(dir string) (delta.Name, bool) {
	n, _, ok := delta.ParsePath(strings.TrimPrefix(dir, dirRepo+"/") + "/" + fileHead)
	return n, ok
}

// measure reads the superblock and looks for the parts. What is wrong with the
// delta is in Err; an error is about the medium, or ctx.
func (d *Delta) measure(ctx context.Context, scratch delta.Scratch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f, err := d.Open(scratch)
	if err != nil {
		d.Err = err
		return nil
	}
	defer f.Close()
	d.Name, d.Objects, d.Fallbacks = f.Name, f.Sizes().Objects, len(f.Fallbacks)
	head, err := d.files.Stat(path.Join(d.dir, fileHead))
	if err != nil {
		return fmt.Errorf("%s: %w", d.dir, medium.Cause(err))
	}
	d.Bytes = head.Size()
	if len(f.Before) > 0 {
		d.Err = fail.New(fail.Unsupported, "build the bundle again", "static delta %s: it builds on other deltas", d.Name)
		return nil
	}
	for i, p := range f.Parts {
		if f.Inline(i) {
			continue
		}
		st, err := d.files.Stat(d.part(i))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			d.Err = missingPart(d.part(i))
			return nil
		case err != nil:
			return fmt.Errorf("%s: %w", d.part(i), medium.Cause(err))
		case !st.Mode().IsRegular() || uint64(st.Size()) != p.Size:
			d.Err = fail.New(fail.Verification, "build the bundle again", "%s: it is no file of %d bytes, as its superblock has it", d.part(i), p.Size)
			return nil
		}
		d.Bytes += st.Size()
	}
	return nil
}

func missingPart(name string) error {
	return fail.New(fail.Verification, "build the bundle again", "%s: part of a static delta is missing", name)
}

func (d *Delta) part(i int) string { return path.Join(d.dir, strconv.Itoa(i)) }

// Open reads the superblock. A large one is copied into a file without a name
// in scratch, so that what is verified is what is used, whatever happens to the medium. The folder has to be named as the
// superblock says, but for case.
func (d *Delta) Open(scratch delta.Scratch) (*delta.File, error) {
	name := path.Join(d.dir, fileHead)
	in, err := d.files.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, medium.Cause(err))
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, medium.Cause(err))
	}
	f, err := delta.ReadCopy(in, name, st.Size(), scratch)
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(dirRepo+"/"+f.Name.Dir(), d.dir) {
		defer f.Close()
		return nil, fail.New(fail.Verification, "build the bundle again", "%s: the superblock is that of %s", name, f.Name)
	}
	return f, nil
}

// Part opens a part that is not in the superblock. What it holds is to be
// verified while it is read.
func (d *Delta) Part(_ context.Context, i int) (io.ReadCloser, error) {
	f, err := d.files.Open(d.part(i))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missingPart(d.part(i))
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", d.part(i), medium.Cause(err))
	}
	return f, nil
}

// HasCommit says whether a commit is in the bundle with all it reaches, as far
// as the marks in its repo tell.
func (b *Bundle) HasCommit(ctx context.Context, commit ostree.Checksum) (bool, error) {
	repo, err := openArchive(ctx, b.files, dirRepo)
	if err != nil {
		return false, err
	}
	return repo.whole(ctx, commit)
}

// whole says whether commit is there and not marked as partial.
func (a *archive) whole(ctx context.Context, commit ostree.Checksum) (bool, error) {
	have, err := a.Has(ctx, []ostree.ObjectID{{Sum: commit, Type: ostree.TypeCommit}})
	if err != nil || !have[0] {
		return false, err
	}
	partial, err := a.partial(commit)
	return !partial, err
}

// onlyFrom says for each target that has no objects here from what its deltas
// lead to it, in words.
func onlyFrom(ctx context.Context, files medium.Files, meta *bundleMeta) (map[string]string, error) {
	repo, err := openArchive(ctx, files, dirRepo)
	if err != nil {
		return nil, nil // metadata alone
	}
	versions := map[string]string{}
	for _, target := range meta.trust.Targets().Targets {
		if custom, err := target.Fields(); err == nil {
			versions[target.Commit()] = "version " + custom.Version
		}
	}
	only := map[string]string{}
	for _, name := range meta.bundle.Targets {
		commit, err := ostree.ParseChecksum(meta.trust.Targets().Targets[name].Commit())
		if err != nil {
			continue
		}
		whole, err := repo.whole(ctx, commit)
		if err != nil || whole {
			continue
		}
		list, err := deltasTo(ctx, files, commit, delta.Scratch{})
		if err != nil {
			return nil, err
		}
		var from []string
		for _, d := range list {
			from = append(from, cmp.Or(versions[d.From.String()], "commit "+d.From.String()))
		}
		only[name] = strings.Join(from, " or ")
	}
	return only, nil
}
