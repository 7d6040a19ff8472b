package ostree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// halfPrefix begins the name of a half in the repo's tmp; that of the object
// follows. Both programs remove what is there for longer than the repo's config
// allows.
const halfPrefix = "otactl-half-"

// worthKeeping is from which size on what has come of an object is kept, in
// bytes. A smaller one is sooner fetched again.
const worthKeeping = 1 << 20

// half is what has come of a large object, in archive form, for whoever goes on
// after a kill. It is never synced, and nothing in it is trusted: the object
// that is pieced together is held against its name as any other.
type half struct {
	file    *os.File // locked; behind a head are the bytes
	among   *halves
	version FileVersion
	length  int64 // of the whole

	mu   sync.Mutex
	have int64
	read bool      // the bytes are being read, or will be
	out  io.Writer // takes the rest; nil once that failed
}

// halves are those of a stage.
type halves struct {
	left map[ObjectID]string // what others had left when it began, and where

	mu   sync.Mutex
	open map[*half]bool
}

// note remembers a half that others left.
func (s *halves) note(path string) {
	id, err := ParseArchivePath(halfObject(filepath.Base(path)))
	if err != nil {
		return
	}
	if s.left == nil {
		s.left = map[ObjectID]string{}
	}
	s.left[id] = path
}

func halfObject(name string) string {
	hex := strings.TrimPrefix(name, halfPrefix)
	return hex[:min(2, len(hex))] + "/" + hex[min(2, len(hex)):]
}

func (s *halves) add(h *half) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[*half]bool{}
	}
	s.open[h] = true
}

func (s *halves) remove(h *half) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, h)
}

// giveUp frees the room that halves have, for an object that needs it now. It
// says whether there was any. What is being read stays.
func (s *halves) giveUp() (freed bool) {
	for _, path := range s.left {
		if st, err := os.Lstat(path); err != nil || st.Size() == 0 {
			continue
		}
		if f, err := takeLock(path); err == nil {
			(&half{file: f, among: s}).drop()
			freed = true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for h := range s.open {
		freed = h.giveUp() || freed
	}
	return freed
}

func (s *stage) halfPath(id ObjectID) string {
	return filepath.Join(s.repo.path, "tmp", halfPrefix+id.Sum.String()+"."+id.Type.Ext())
}

// openHalf opens the half of an object, nil if there is none or somebody works
// on it.
func (s *stage) openHalf(id ObjectID) *half {
	path, there := s.halves.left[id]
	if !there {
		return nil
	}
	f, err := takeLock(path)
	if err != nil {
		return nil
	}
	h := &half{file: f, among: &s.halves, read: true}
	if err := h.readHead(); err != nil {
		h.drop()
		return nil
	}
	return s.work(h)
}

// newHalf begins one. Where it can't, the object comes without.
func (s *stage) newHalf(id ObjectID, v FileVersion, length int64) *half {
	if !canTellStale || length < worthKeeping || v == (FileVersion{}) {
		return nil
	}
	f, err := takeLock(s.halfPath(id))
	if err != nil {
		return nil
	}
	h := &half{file: f, among: &s.halves, version: v, length: length}
	if err := h.writeHead(); err != nil {
		h.drop()
		return nil
	}
	return s.work(h)
}

// work has a half take what comes behind the bytes that are there, as far as
// the disk has room.
func (s *stage) work(h *half) *half {
	h.out = &counter{w: io.NewOffsetWriter(h.file, halfHead+h.have), take: s.space.takeIdle}
	s.halves.add(h)
	return h
}

// writeHead writes the head of a half that is new. What somebody else put there
// may have other names, and is not written to.
func (h *half) writeHead() error {
	st, err := h.file.Stat()
	if err != nil {
		return err
	}
	head := h.head()
	if head == nil || st.Size() > 0 {
		return errBadHalf
	}
	_, err = h.file.WriteAt(head, 0)
	return err
}

// halfHead is how long the head of a half is, in bytes.
const halfHead = 512

const halfMagic = "otactl half 1"

// head says of what the bytes are; nil if that can't be written down.
func (h *half) head() []byte {
	text := strings.Join([]string{halfMagic, h.version.ETag, h.version.Modified, strconv.FormatInt(h.length, 10), ""}, "\n")
	if len(text) > halfHead || strings.Count(text, "\n") != 4 {
		return nil
	}
	return append([]byte(text), make([]byte, halfHead-len(text))...)
}

var errBadHalf = errors.New("what is kept of an object has no head")

// readHead reads what head wrote, and how much is behind it.
func (h *half) readHead() error {
	st, err := h.file.Stat()
	if err != nil {
		return err
	}
	head := make([]byte, halfHead)
	if !st.Mode().IsRegular() {
		return errBadHalf
	}
	if _, err := io.ReadFull(io.NewSectionReader(h.file, 0, halfHead), head); err != nil {
		return err
	}
	if err := h.parseHead(head); err != nil {
		return err
	}
	if h.have = st.Size() - halfHead; h.have <= 0 || h.have > h.length {
		return errBadHalf
	}
	return nil
}

func (h *half) parseHead(head []byte) error {
	text, _, _ := bytes.Cut(head, []byte{0})
	lines := strings.Split(string(text), "\n")
	if len(lines) != 5 || lines[0] != halfMagic {
		return errBadHalf
	}
	length, err := strconv.ParseInt(lines[3], 10, 64)
	if err != nil || length < worthKeeping {
		return errBadHalf
	}
	h.version, h.length = FileVersion{ETag: lines[1], Modified: lines[2]}, length
	if !bytes.Equal(h.head(), head) {
		return errBadHalf
	}
	return nil
}

// Write keeps what comes. If it can't, the object comes without.
func (h *half) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read = false // the rest comes after what was there
	if h.out == nil {
		return len(p), nil
	}
	if int64(len(p)) <= h.length-h.have {
		n, err := h.out.Write(p)
		if h.have += int64(n); err == nil {
			return len(p), nil
		}
	}
	h.empty()
	return len(p), nil
}

// giveUp frees its room, and says whether it had any.
func (h *half) giveUp() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.read || h.have == 0 {
		return false
	}
	h.empty()
	return true
}

// empty keeps nothing from now on; h.mu is held.
func (h *half) empty() {
	h.out, h.have = nil, 0
	_ = h.file.Truncate(0)
}

// kept are the bytes that are there, and how many.
func (h *half) kept() (io.Reader, int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read = true
	return io.NewSectionReader(h.file, halfHead, h.have), h.have
}

// leave leaves it to whoever comes.
func (h *half) leave() {
	h.among.remove(h)
	_ = h.file.Close()
}

// drop removes it.
func (h *half) drop() {
	_ = os.Remove(h.file.Name())
	h.leave()
}

// resumed is an object that goes on where a killed process was, and of which,
// if it is large, what comes is kept.
type resumed struct {
	Object
	src     ResumingSource
	stage   *stage
	half    *half // nil: nothing is kept
	wentOn  bool  // some of it was there already
	dropped bool  // what was there is of no use
}

// resumed makes an object of a source that can go on one that does. A store
// that takes what comes unverified must not get what was pieced together.
func (s *scheduler) resumed(obj Object) *resumed {
	src, ok := s.src.(ResumingSource)
	to, own := s.session.(*session)
	if !ok || !own || s.opt.Trusted || obj.ID().Type != TypeFile {
		return nil
	}
	return &resumed{Object: obj, src: src, stage: to.stage}
}

func (o *resumed) archived() bool { return true }

func (o *resumed) location() string { return locationOf(o.Object) }

func (o *resumed) OpenArchive(ctx context.Context) (io.ReadCloser, int64, error) {
	if o.half == nil && !o.dropped {
		o.half = o.stage.openHalf(o.ID())
	}
	if o.half == nil {
		return o.begin(ctx)
	}
	kept, have := o.half.kept()
	switch have {
	case 0:
		o.forget()
		return o.begin(ctx)
	case o.half.length: // the process was killed before it was verified
		o.wentOn = true
		return io.NopCloser(kept), have, nil
	}
	rest, err := o.src.OpenFrom(ctx, o.ID(), Place{Offset: have, Length: o.half.length, Version: o.half.version})
	if err != nil {
		return nil, 0, err
	}
	if rest.Offset != have { // it is another one now
		o.forget()
		return o.keep(rest)
	}
	o.wentOn = true
	return &begun{Reader: io.MultiReader(kept, io.TeeReader(rest, o.half)), Closer: rest}, o.half.length, nil
}

func (o *resumed) OpenFile(ctx context.Context) (*FileHeader, io.ReadCloser, error) {
	rc, _, err := o.OpenArchive(ctx)
	if err != nil {
		return nil, nil, err
	}
	return inflated(o.ID(), o.location(), rc)
}

// begin opens it from its start.
func (o *resumed) begin(ctx context.Context) (io.ReadCloser, int64, error) {
	rest, err := o.src.OpenFrom(ctx, o.ID(), Place{})
	if err != nil {
		return nil, 0, err
	}
	if rest.Offset != 0 {
		return nil, 0, errors.Join(fmt.Errorf("object %s begins at byte %d", o.ID(), rest.Offset), rest.Close())
	}
	return o.keep(rest)
}

// keep keeps what comes from the start on, if it is worth it.
func (o *resumed) keep(rest *Rest) (io.ReadCloser, int64, error) {
	if o.half = o.stage.newHalf(o.ID(), rest.Version, rest.Length); o.half == nil {
		return rest, rest.Length, nil
	}
	return &begun{Reader: io.TeeReader(rest, o.half), Closer: rest}, rest.Length, nil
}

// forget drops what is kept.
func (o *resumed) forget() {
	o.half.drop()
	o.half, o.dropped = nil, true
}

// settle ends it. What the object is done with, well or not, need not be kept;
// what broke off is. It says whether to fetch the object once more: some of what
// is not what it should be was there before.
func (o *resumed) settle(err error) (again bool) {
	if o == nil || o.half == nil {
		return false
	}
	_, corrupt := errors.AsType[*CorruptError](err)
	if _, have := o.half.kept(); err != nil && !corrupt && !errors.Is(err, ErrNoSpace) && have > 0 {
		o.half.leave()
		o.half = nil
		return false
	}
	o.forget()
	return corrupt && o.wentOn
}
