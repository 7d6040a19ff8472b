package ostree

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// halfPrefix begins the name of a half's file in the repo's tmp; the half's own
// follows. Both programs remove what is there for longer than the repo's config
// allows.
const halfPrefix = "otactl-half-"

// worthKeeping is from which size on what has come of a file is kept, in bytes.
// A smaller one is sooner fetched again.
const worthKeeping = 1 << 20

// half is what has come of a large file, as it comes, for whoever goes on after
// a kill. It is never synced, and nothing in it is trusted: what is pieced
// together is held against its checksum as if all of it had just come.
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
	left map[halfName]string // what others had left when it began, and where

	mu   sync.Mutex
	open map[*half]bool
}

// halfName is what a half is called: the checksum of what it is of, and its kind.
type halfName string

// partExt is the kind of what is no object; that of an object is its extension in
// an archive repo.
const partExt = "part"

func halfOf(sum Checksum, ext string) halfName { return halfName(sum.String() + "." + ext) }

func (n halfName) valid() bool {
	sum, ext, _ := strings.Cut(string(n), ".")
	_, err := ParseChecksum(sum)
	return err == nil && (ext == TypeFile.Ext() || ext == partExt)
}

// note remembers a half that others left.
func (s *halves) note(path string) {
	name := halfName(strings.TrimPrefix(filepath.Base(path), halfPrefix))
	if !name.valid() {
		return
	}
	if s.left == nil {
		s.left = map[halfName]string{}
	}
	s.left[name] = path
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

func (r *Repo) halfPath(name halfName) string {
	return filepath.Join(r.path, "tmp", halfPrefix+string(name))
}

// openHalf opens a half, nil if there is none or somebody works on it.
func (s *stage) openHalf(name halfName) *half {
	path, there := s.halves.left[name]
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

// newHalf begins one. Where it can't, the file comes without.
func (s *stage) newHalf(name halfName, v FileVersion, length int64) *half {
	if !canTellStale || length < worthKeeping || v == (FileVersion{}) {
		return nil
	}
	f, err := takeLock(s.repo.halfPath(name))
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

var errBadHalf = errors.New("what is kept of a file has no head")

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

// Write keeps what comes. If it can't, the file comes without.
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

// any says whether there is something of it.
func (h *half) any() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.have > 0
}

// wasRead says that nobody reads it for now.
func (h *half) wasRead() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.read = false
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
