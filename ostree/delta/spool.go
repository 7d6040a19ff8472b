package delta

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
)

// heldInMemory is up to which size a payload, or a file out of an archive repo
// that a delta copies from, stays in memory, in bytes. A larger one goes to a
// temporary file, which the kernel may write out when memory is short.
const heldInMemory = 1 << 20

// ScratchError is a failure to write temporary files, which says nothing of the
// delta that they are for.
type ScratchError struct {
	Dir string // "": the system's
	Err error
}

func (e *ScratchError) Error() string {
	return fmt.Sprintf("temporary file in %s: %v", cmp.Or(e.Dir, os.TempDir()), e.Err)
}

func (e *ScratchError) Unwrap() error { return e.Err }

// spool takes bytes one after the other and gives them out at random.
type spool struct {
	dir  string // of the temporary file
	room Room   // asked before the file grows; nil: it may
	mem  []byte
	file *os.File
	size int64
	had  int64 // of the room
}

// Room fails unless a number of bytes may be written where temporary files go.
type Room func(need uint64) error

// roomStep is how much room is asked for at once, in bytes.
const roomStep = 8 << 20

func (s *spool) Write(p []byte) (int, error) {
	n, err := s.write(p)
	if err != nil {
		err = &ScratchError{Dir: s.dir, Err: err}
	}
	return n, err
}

func (s *spool) write(p []byte) (int, error) {
	if s.file == nil && s.size+int64(len(p)) > heldInMemory {
		if err := s.toFile(); err != nil {
			return 0, err
		}
	}
	if s.file != nil {
		if err := s.ask(int64(len(p))); err != nil {
			return 0, err
		}
		n, err := s.file.Write(p)
		s.size += int64(n)
		return n, err
	}
	s.mem = append(s.mem, p...)
	s.size += int64(len(p))
	return len(p), nil
}

// fits asks whether there is room for n bytes before the first of them comes.
func (s *spool) fits(n uint64) error {
	if s.room == nil {
		return nil
	}
	if err := s.room(n); err != nil {
		return &ScratchError{Dir: s.dir, Err: err}
	}
	return nil
}

// ask asks for the room that n more bytes take: who knows no more of what comes
// than an unsigned length must not fill the disk to find out.
func (s *spool) ask(n int64) error {
	if s.room == nil || s.size+n <= s.had {
		return nil
	}
	step := max(n, roomStep)
	s.had = s.size + step
	return s.room(uint64(step))
}

// toFile moves what is in memory to a temporary file. Where the system lets it
// the file has no name, so that nothing is left of it after a crash.
func (s *spool) toFile() error {
	f, err := os.CreateTemp(s.dir, "otactl-delta-*")
	if err != nil {
		return err
	}
	_ = os.Remove(f.Name())
	s.file = f
	_, err = f.Write(s.mem)
	s.mem = nil
	return err
}

// ReadAt reads what was written.
func (s *spool) ReadAt(p []byte, off int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, off)
	}
	return bytes.NewReader(s.mem).ReadAt(p, off)
}

func (s *spool) section(off, n uint64) *io.SectionReader {
	return io.NewSectionReader(s, int64(off), int64(n))
}

func (s *spool) Close() error {
	if s.file == nil {
		s.mem = nil
		return nil
	}
	err := s.file.Close()
	if rm := os.Remove(s.file.Name()); rm != nil && !errors.Is(rm, os.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	s.file = nil
	return err
}
