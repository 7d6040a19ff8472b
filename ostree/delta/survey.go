package delta

import (
	"context"
	"fmt"
	"path"
	"strings"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// place is a file and where it lies in a tree.
type place struct {
	sum  ostree.Checksum
	path string
}

// census is what a commit reaches.
type census struct {
	seen  map[ostree.ObjectID]bool
	files []place // each once, at the first place it is found
	// What is no file, in the order in which it was found.
	metadata []ostree.ObjectID
	commit   *ostree.Commit
}

// survey walks a commit. Objects of other are left out, and directories that it
// has are not entered, if it is set.
func survey(ctx context.Context, src ostree.Source, sum ostree.Checksum, other *census) (*census, error) {
	c := &census{seen: map[ostree.ObjectID]bool{}}
	var err error
	if c.commit, err = ostree.LoadCommit(ctx, src, sum); err != nil {
		return nil, err
	}
	c.add(ostree.ObjectID{Sum: c.commit.Meta, Type: ostree.TypeDirMeta}, other)
	if err := c.dir(ctx, src, c.commit.Tree, "/", other, 1); err != nil {
		return nil, fmt.Errorf("commit %s: %w", sum, err)
	}
	return c, nil
}

// add notes an object and says whether it is new.
func (c *census) add(id ostree.ObjectID, other *census) bool {
	if c.seen[id] || other != nil && other.seen[id] {
		return false
	}
	c.seen[id] = true
	if id.Type != ostree.TypeFile {
		c.metadata = append(c.metadata, id)
	}
	return true
}

func (c *census) dir(ctx context.Context, src ostree.Source, tree ostree.Checksum, at string, other *census, depth int) error {
	if depth > limits.TreeDepth {
		return &ostree.CorruptError{ID: ostree.ObjectID{Sum: tree, Type: ostree.TypeDirTree}, Why: "directories nest too deep"}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !c.add(ostree.ObjectID{Sum: tree, Type: ostree.TypeDirTree}, other) {
		return nil
	}
	t, err := ostree.LoadDirTree(ctx, src, tree)
	if err != nil {
		return err
	}
	for _, f := range t.Files {
		if c.add(ostree.ObjectID{Sum: f.Sum, Type: ostree.TypeFile}, other) {
			c.files = append(c.files, place{f.Sum, path.Join(at, f.Name)})
		}
	}
	for _, d := range t.Dirs {
		c.add(ostree.ObjectID{Sum: d.Meta, Type: ostree.TypeDirMeta}, other)
		if err := c.dir(ctx, src, d.Tree, path.Join(at, d.Name), other, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// newFile is a file of the new commit that the old one lacks.
type newFile struct {
	place
	header *ostree.FileHeader
	old    *oldFile // what it is made from, if anything
}

// oldFile is a file of the old commit.
type oldFile struct {
	place
	size uint64
}

// pairing finds for a new file the old one that it is most like.
type pairing struct {
	src    ostree.Source
	byPath map[string]int
	byName map[string][]int // by the base name up to its first dot
	files  []place
	sizes  map[int]*oldFile // looked up already; nil: not to be used
}

func newPairing(src ostree.Source, old *census) *pairing {
	p := &pairing{src: src, byPath: map[string]int{}, byName: map[string][]int{}, sizes: map[int]*oldFile{}}
	if old == nil {
		return p
	}
	p.files = old.files
	for i, f := range old.files {
		p.byPath[f.path] = i
		stem := stemOf(f.path)
		p.byName[stem] = append(p.byName[stem], i)
	}
	return p
}

// stemOf is the part of a file's name that stays when its version changes.
func stemOf(name string) string {
	base := path.Base(name)
	stem, _, _ := strings.Cut(base, ".")
	if stem == "" {
		return base
	}
	return stem
}

// maxCandidates is how many files of like name are looked at.
const maxCandidates = 32

// match finds the old file for a new one: the one at the same place, else the
// nearest in size among those of like name, with names alike to the end first.
func (p *pairing) match(ctx context.Context, f *newFile) error {
	if f.header.IsSymlink() || f.header.Size == 0 || packed(f.path) {
		return nil
	}
	if i, ok := p.byPath[f.path]; ok {
		old, err := p.look(ctx, i)
		if err != nil || old != nil {
			f.old = old
			return err
		}
	}
	base := path.Base(f.path)
	var best *oldFile
	var bestScore uint64
	list := p.byName[stemOf(f.path)]
	for n, i := range list {
		if n == maxCandidates {
			break
		}
		old, err := p.look(ctx, i)
		if err != nil {
			return err
		}
		if old == nil || !alike(old.size, f.header.Size) {
			continue
		}
		score := distance(old.size, f.header.Size)
		if path.Base(old.path) != base {
			score += f.header.Size // any of the same name is better
		}
		if best == nil || score < bestScore {
			best, bestScore = old, score
		}
	}
	f.old = best
	return nil
}

// packed says whether a file's bytes change all over when its content does a
// little.
func packed(name string) bool {
	for _, ext := range []string{".xz", ".bz2", ".zst"} {
		if strings.HasSuffix(name, ext) {
			return true
		}
	}
	return false
}

// alike says whether two sizes are within 30 % of each other.
func alike(a, b uint64) bool { return distance(a, b) <= b/10*3 }

func distance(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// look reads an old file's header; nil if it can't be copied from: whoever
// applies the delta may not be root and has to be able to read it.
func (p *pairing) look(ctx context.Context, i int) (*oldFile, error) {
	if old, ok := p.sizes[i]; ok {
		return old, nil
	}
	f := p.files[i]
	h, err := ostree.Stat(ctx, p.src, &ostree.Entry{Path: f.path, Sum: f.sum})
	if err != nil {
		return nil, err
	}
	var old *oldFile
	if !h.IsSymlink() && h.Mode&0o004 != 0 && h.Size > 0 {
		old = &oldFile{f, h.Size}
	}
	p.sizes[i] = old
	return old, nil
}
