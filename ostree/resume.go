package ostree

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// Opener opens a file of a server at a place, or from its start if what is
// there now may be another one.
type Opener func(ctx context.Context, at Place) (*Rest, error)

// Resumed is a file from afar that goes on where a killed process was, and of
// which, if it is large, what comes is kept until it is settled. It is for one
// goroutine, and nothing that is read of it is verified.
type Resumed struct {
	name   halfName
	from   Opener
	stage  *stage // nil: nothing is kept
	half   *half  // nil: nothing is kept by now
	wentOn bool   // some of it was there already
	anew   bool   // what was there is of no use
}

// Resume is for a file that is no object, such as a part of a static delta, and
// that has to have this checksum: what has come of it lies with the repo that to
// writes to. Any other session keeps nothing.
func Resume(to Session, sum Checksum, from Opener) *Resumed {
	r := &Resumed{name: halfOf(sum, partExt), from: from}
	if own, ok := to.(*session); ok {
		r.stage = own.stage
	}
	return r
}

// KeptOf is how much a killed process has left of a file that Resume is for, for
// all that can be told without reading it.
func (r *Repo) KeptOf(sum Checksum) uint64 {
	st, err := os.Lstat(r.halfPath(halfOf(sum, partExt)))
	if err != nil || !st.Mode().IsRegular() {
		return 0
	}
	return uint64(max(0, st.Size()-halfHead))
}

// Open opens the file from its start: what is here, and then what is not. The
// length is -1 if it is not known.
func (r *Resumed) Open(ctx context.Context) (io.ReadCloser, int64, error) {
	if r.half == nil && !r.anew && r.stage != nil {
		r.half = r.stage.openHalf(r.name)
	}
	if r.half == nil {
		return r.begin(ctx)
	}
	kept, have := r.half.kept()
	switch have {
	case 0:
		r.forget()
		return r.begin(ctx)
	case r.half.length: // the process was killed before it was done with it
		r.wentOn = true
		return &goingOn{Reader: kept, half: r.half}, have, nil
	}
	rest, err := r.from(ctx, Place{Offset: have, Length: r.half.length, Version: r.half.version})
	if err != nil {
		return nil, 0, err
	}
	if rest.Offset != have { // it is another one now
		r.forget()
		return r.keep(rest)
	}
	r.wentOn = true
	return &goingOn{io.MultiReader(kept, io.TeeReader(rest, r.half)), rest, r.half}, r.half.length, nil
}

// begin opens it from its start over there.
func (r *Resumed) begin(ctx context.Context) (io.ReadCloser, int64, error) {
	rest, err := r.from(ctx, Place{})
	if err != nil {
		return nil, 0, err
	}
	return r.keep(rest)
}

// keep keeps what comes from the start on, if it is worth it.
func (r *Resumed) keep(rest *Rest) (io.ReadCloser, int64, error) {
	if rest.Offset != 0 {
		return nil, 0, errors.Join(fmt.Errorf("%s begins at byte %d", r.name, rest.Offset), rest.Close())
	}
	if r.stage != nil {
		r.half = r.stage.newHalf(r.name, rest.Version, rest.Length)
	}
	if r.half == nil {
		return rest, rest.Length, nil
	}
	return &goingOn{io.TeeReader(rest, r.half), rest, r.half}, rest.Length, nil
}

// goingOn reads what is kept of a file, and keeps what comes of it.
type goingOn struct {
	io.Reader
	rest io.Closer // nil if nothing comes
	half *half
}

func (g *goingOn) Close() error {
	g.half.wasRead()
	if g.rest == nil {
		return nil
	}
	return g.rest.Close()
}

// forget drops what is kept.
func (r *Resumed) forget() {
	r.half.drop()
	r.half, r.wentOn, r.anew = nil, false, true
}

// Settle ends it: err is what became of the file, and wrong says that its bytes
// are not what they should be. What is done with, well or not, need not be kept;
// what broke off is. It says whether to open the file once more: what was there
// before is the reason why it is wrong, or has the room that is lacking.
func (r *Resumed) Settle(err error, wrong bool) (again bool) {
	if r.half == nil {
		return false
	}
	full := errors.Is(err, ErrNoSpace)
	if err != nil && !wrong && !full && r.half.any() {
		r.half.leave()
		r.half = nil
		return false
	}
	again = r.wentOn && (wrong || full)
	r.forget()
	return again
}

// resumed is an object that is a Resumed.
type resumed struct {
	Object
	file *Resumed
}

// resumed makes an object of a source that can go on one that does; nil if it
// can't. A store that takes what comes unverified must not get what was pieced
// together.
func (s *scheduler) resumed(obj Object) *resumed {
	src, ok := s.src.(ResumingSource)
	to, own := s.session.(*session)
	if !ok || !own || s.opt.Trusted || obj.ID().Type != TypeFile {
		return nil
	}
	from := func(ctx context.Context, at Place) (*Rest, error) { return src.OpenFrom(ctx, obj.ID(), at) }
	return &resumed{obj, &Resumed{name: halfOf(obj.ID().Sum, TypeFile.Ext()), from: from, stage: to.stage}}
}

func (o *resumed) archived() bool { return true }

func (o *resumed) location() string { return locationOf(o.Object) }

func (o *resumed) OpenArchive(ctx context.Context) (io.ReadCloser, int64, error) {
	return o.file.Open(ctx)
}

func (o *resumed) OpenFile(ctx context.Context) (*FileHeader, io.ReadCloser, error) {
	rc, _, err := o.OpenArchive(ctx)
	if err != nil {
		return nil, nil, err
	}
	return inflated(o.ID(), o.location(), rc)
}

// settle is Settle for an object; nil has nothing to settle.
func (o *resumed) settle(err error) (again bool) {
	if o == nil {
		return false
	}
	_, corrupt := errors.AsType[*CorruptError](err)
	return o.file.Settle(err, corrupt)
}
