package delta

import (
	"context"
	"errors"
	"io"

	"github.com/otactl/otactl/internal/limits"
)

// PartContents say what is in a part, for people.
type PartContents struct {
	Modes  int `json:"modes"`
	Xattrs int `json:"xattrs"`
	// Blob and Program are the lengths of both, in bytes.
	Blob    uint64 `json:"blob"`
	Program uint64 `json:"program"`
	// How often which operation is in the program.
	Splice int `json:"openspliceclose"`
	Open   int `json:"open"`
	Write  int `json:"write"`
	Source int `json:"setread"`
	Unset  int `json:"unsetread"`
	Close  int `json:"close"`
	Patch  int `json:"bspatch"`
}

// Inspect unpacks a part, checks it as Apply does before it writes anything,
// and says what is in it. What is too large for memory goes to scratch; where
// that fails the error is a *ScratchError.
func Inspect(ctx context.Context, s *Superblock, i int, open OpenPart, scratch Scratch) (PartContents, error) {
	c, err := inspect(ctx, s, i, open, scratch)
	if e, ok := errors.AsType[*BadError](err); ok {
		e.Delta, e.Part = s.Name, i
	}
	return c, refuse(err)
}

func inspect(ctx context.Context, s *Superblock, i int, open OpenPart, scratch Scratch) (PartContents, error) {
	in := s.OpenInline(i)
	if in == nil {
		var err error
		if in, err = open(ctx, i); err != nil {
			return PartContents{}, err
		}
	}
	u := &unpacker{dir: scratch.Dir, room: scratch.Room}
	u.limits.Dictionary = limits.XZDictionary
	defer u.xz.Close()
	p, err := u.unpack(ctx, in, s.Parts[i])
	if err = errors.Join(err, in.Close()); err != nil {
		return PartContents{}, err
	}
	defer p.Close()
	n, err := (&program{p, s.Parts[i]}).walk(ctx, func(task) error { return nil })
	return PartContents{
		Modes: p.modes.Len(), Xattrs: p.xattrs.Len(), Blob: p.blobLen, Program: p.opsLen,
		Splice: n.splice, Open: n.open, Write: n.write, Source: n.source, Unset: n.release, Close: n.close, Patch: n.patch,
	}, err
}

// InspectFile is Inspect for a delta on disk.
func InspectFile(ctx context.Context, f *File, i int, scratch Scratch) (PartContents, error) {
	return Inspect(ctx, f.Superblock, i, func(_ context.Context, i int) (io.ReadCloser, error) { return f.Part(i) }, scratch)
}
