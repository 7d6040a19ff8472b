package delta

import (
	"bufio"
	"context"
	"io"
	"math"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// The operations of a part's program.
const (
	opSplice  = 'S' // a whole object out of the blob
	opOpen    = 'o' // begin a file
	opSource  = 'r' // read from a file of the repo from now on
	opWrite   = 'w' // append bytes of the source, or of the blob without one
	opRelease = 'R' // read from the blob again
	opPatch   = 'B' // append what bsdiff makes of the source
	opClose   = 'c' // the file is whole
)

// op is one operation with its arguments.
type op struct {
	code         byte
	at           int64 // byte offset in the program
	mode, xattrs uint64
	size, offset uint64
}

// script reads the operations of a program.
type script struct {
	r   *bufio.Reader
	pos int64
}

func newScript(r io.Reader, at int64) *script {
	return &script{r: bufio.NewReaderSize(r, 4<<10), pos: at}
}

func (s *script) ReadByte() (byte, error) {
	b, err := s.r.ReadByte()
	if err == nil {
		s.pos++
	}
	return b, err
}

// next is the next operation; io.EOF at the end of the program. file says
// whether the object that comes next is a file, on which the arguments of S
// depend.
func (s *script) next(file bool) (op, error) {
	o := op{at: s.pos}
	var err error
	if o.code, err = s.ReadByte(); err != nil {
		return o, err
	}
	var args []*uint64
	switch o.code {
	case opSplice:
		if args = []*uint64{&o.size, &o.offset}; file {
			args = []*uint64{&o.mode, &o.xattrs, &o.size, &o.offset}
		}
	case opOpen:
		args = []*uint64{&o.mode, &o.xattrs, &o.size}
	case opSource:
		args = []*uint64{&o.offset}
	case opWrite:
		args = []*uint64{&o.size, &o.offset}
	case opPatch:
		args = []*uint64{&o.offset, &o.size}
	case opRelease, opClose:
	default:
		return o, bad("operation %q is not known", o.code)
	}
	for _, a := range args {
		if *a, err = s.varint(); err != nil {
			return o, err
		}
	}
	return o, nil
}

func (s *script) varint() (uint64, error) {
	var n uint64
	for i := range 10 {
		b, err := s.ReadByte()
		if err == io.EOF {
			return 0, bad("program ends in the middle of an operation")
		}
		if err != nil {
			return 0, err
		}
		if i == 9 && b > 1 {
			return 0, bad("number does not fit into 64 bits")
		}
		n |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			return n, nil
		}
	}
	return 0, bad("number is longer than 10 bytes")
}

// task is one object that a program makes.
type task struct {
	id    ostree.ObjectID
	start op // S or o
	end   int64
	// source is the r that was in force when the file was opened.
	source *op
}

// counts are how often a program does what.
type counts struct {
	splice, open, write, source, release, close, patch int
}

// program is the program of a part, with what its operations may refer to.
type program struct {
	payload *payload
	head    Part
}

// walker goes through a program and checks each operation as far as it can
// without running it.
type walker struct {
	*program
	script  *script
	next    int    // entry of the object table
	open    bool   // between o and c
	source  *op    // between r and R or c: the r
	begun   task   // from the o on
	written uint64 // of the open file
	total   uint64 // of all objects but symlinks
	counts  counts
}

// walk calls each for every object in the order of the table, and checks
// everything that doesn't need another object: indexes, ranges, sizes, the
// order of operations, and that the table is used up.
func (p *program) walk(ctx context.Context, each func(task) error) (counts, error) {
	ops := p.payload.data.section(p.payload.opsAt, p.payload.opsLen)
	w := &walker{program: p, script: newScript(&cancellable{ctx, ops}, 0)}
	for {
		file := w.next < p.head.Objects.Len() && p.head.Objects.At(w.next).Type == ostree.TypeFile
		o, err := w.script.next(file)
		if err == io.EOF {
			break
		}
		if err == nil {
			err = w.step(o, each)
		}
		if err != nil {
			return w.counts, w.blame(o, err)
		}
	}
	if w.open {
		return w.counts, w.blame(w.begun.start, bad("file is not closed at the program's end"))
	}
	if w.next != p.head.Objects.Len() {
		return w.counts, bad("program makes %d objects, the superblock lists %d", w.next, p.head.Objects.Len())
	}
	return w.counts, nil
}

// blame says in an error of the program which object and operation it is about.
func (w *walker) blame(o op, err error) error {
	var id ostree.ObjectID
	if w.next < w.head.Objects.Len() {
		id = w.head.Objects.At(w.next)
	}
	return blame(id, o.at, err)
}

func (w *walker) step(o op, each func(task) error) error {
	switch o.code {
	case opSplice:
		w.counts.splice++
		return w.splice(o, each)
	case opOpen:
		w.counts.open++
		return w.begin(o)
	case opSource:
		w.counts.source++
		w.source = &o
		return w.inBlob(32, o.offset)
	case opRelease:
		w.counts.release++
		w.source = nil
	case opWrite:
		w.counts.write++
		return w.write(o)
	case opPatch:
		w.counts.patch++
		return w.patch(o)
	case opClose:
		w.counts.close++
		return w.finish(each)
	}
	return nil
}

// inBlob checks that size bytes from offset on are in the blob.
func (p *program) inBlob(size, offset uint64) error {
	if offset > p.payload.blobLen || size > p.payload.blobLen-offset {
		return bad("%d bytes from %d on are not in the blob of %d bytes", size, offset, p.payload.blobLen)
	}
	return nil
}

// take is the entry of the table that the next object is.
func (w *walker) take() (ostree.ObjectID, error) {
	if w.next >= w.head.Objects.Len() {
		return ostree.ObjectID{}, bad("there are only %d objects in the superblock's table", w.head.Objects.Len())
	}
	if w.open {
		return ostree.ObjectID{}, bad("the file before it is not closed")
	}
	return w.head.Objects.At(w.next), nil
}

func (w *walker) splice(o op, each func(task) error) error {
	id, err := w.take()
	if err != nil {
		return err
	}
	if err := w.inBlob(o.size, o.offset); err != nil {
		return err
	}
	counted := true
	if id.Type == ostree.TypeFile {
		h, err := w.payload.bareHeader(o.mode, o.xattrs, o.size)
		if err != nil {
			return err
		}
		if h.IsSymlink() {
			if counted = false; o.size > limits.SymlinkTarget {
				return bad("symlink target has %d bytes, at most %d are allowed", o.size, limits.SymlinkTarget)
			}
		}
	} else if o.size > limits.OSTreeMetadata {
		return bad("object has %d bytes, at most %d are allowed", o.size, limits.OSTreeMetadata)
	}
	if counted {
		if err := w.count(o.size); err != nil {
			return err
		}
	}
	w.next++
	return each(task{id: id, start: o, end: w.script.pos})
}

// count holds what the objects take against what the superblock promises.
func (w *walker) count(size uint64) error {
	if size > w.head.USize-w.total {
		return bad("objects take more than the %d bytes that the superblock promises", w.head.USize)
	}
	w.total += size
	return nil
}

func (w *walker) begin(o op) error {
	id, err := w.take()
	if err != nil {
		return err
	}
	if id.Type != ostree.TypeFile {
		return bad("opens a %s as a file", id.Type)
	}
	h, err := w.payload.bareHeader(o.mode, o.xattrs, o.size)
	if err != nil {
		return err
	}
	if h.IsSymlink() {
		return bad("opens a symlink as a file")
	}
	if o.size > math.MaxInt64 {
		return bad("file has %d bytes", o.size)
	}
	w.open, w.begun, w.written = true, task{id: id, start: o, source: w.source}, 0
	return w.count(o.size)
}

func (w *walker) write(o op) error {
	if !w.open {
		return bad("no file is open")
	}
	if o.size > w.begun.start.size-w.written {
		return bad("writes %d bytes, only %d are left of the file", o.size, w.begun.start.size-w.written)
	}
	w.written += o.size
	if w.source != nil { // how long it is is seen when it is read
		if o.offset > math.MaxInt64-o.size {
			return bad("%d bytes from %d on are in no file", o.size, o.offset)
		}
		return nil
	}
	return w.inBlob(o.size, o.offset)
}

func (w *walker) patch(o op) error {
	switch {
	case !w.open:
		return bad("no file is open")
	case w.source == nil:
		return bad("there is no file to patch")
	case w.written != 0:
		return bad("a patch makes a whole file, but %d bytes are written", w.written)
	}
	w.written = w.begun.start.size
	return w.inBlob(o.size, o.offset)
}

func (w *walker) finish(each func(task) error) error {
	if !w.open {
		return bad("no file is open")
	}
	if w.written != w.begun.start.size {
		return bad("file has %d bytes, want %d", w.written, w.begun.start.size)
	}
	t := w.begun
	t.end = w.script.pos
	w.open, w.source = false, nil
	w.next++
	return each(t)
}
