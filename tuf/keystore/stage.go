package keystore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// ErrStaged says that an earlier change to an archive was neither finished nor
// dropped. What is staged may hold the only copy of a key that is in force.
var ErrStaged = fail.New(fail.Conflict,
	"it is of a run that broke off, and may hold the only copy of a new key: where the backend took that key, rename it to the archive's name, else move it away",
	"staged already")

// Staged is a new archive that lies beside the old one, as FILE.tmp. It takes
// the old one's place when what depends on its keys has been done elsewhere.
type Staged struct {
	// Path is where it lies, for a person who has to find it.
	Path string

	file *File
	data []byte
}

// Stage writes the archive to Path + ".tmp", 0600 from its first byte and
// durable when it returns. A staged file that is there already is ErrStaged; an
// archive that somebody else changed since it was read is a Conflict.
func (f *File) Stage() (*Staged, error) {
	s, err := f.stage()
	if err != nil {
		return nil, fmt.Errorf("keys %s: %w", f.Path, err)
	}
	return s, nil
}

func (f *File) stage() (*Staged, error) {
	if f.Form == Single {
		return nil, f.notAnArchive()
	}
	data, err := f.entries.bytes()
	if err == nil {
		_, err = parseArchive(data) // what could not be read again is not written
	}
	if err == nil && f.passphrase != "" {
		data, err = seal(data, f.passphrase)
	}
	if err == nil && len(data) > limits.KeyArchive {
		err = refuse(tuf.ErrTooLarge, "it would be longer than %d bytes", limits.KeyArchive)
	}
	if err != nil {
		return nil, err
	}
	s := &Staged{Path: f.Path + ".tmp", file: f, data: data}
	out, err := os.OpenFile(s.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s: %w", s.Path, ErrStaged)
	}
	if err != nil {
		return nil, err
	}
	if err = fill(out, data); err == nil {
		err = f.unchanged()
	}
	if err == nil {
		err = fsx.SyncDir(filepath.Dir(s.Path))
	}
	if err != nil {
		return nil, errors.Join(err, s.Drop())
	}
	return s, nil
}

func fill(out *os.File, data []byte) error {
	_, err := out.Write(data)
	if err == nil {
		err = out.Sync()
	}
	return errors.Join(err, out.Close())
}

// unchanged sees that the archive is as it was read: keys that somebody added
// since would be lost.
func (f *File) unchanged() error {
	now, err := fsx.ReadFile(f.Path, limits.KeyArchive)
	switch {
	case f.data == nil && errors.Is(err, fs.ErrNotExist):
		return nil
	case f.data == nil && err == nil:
		return fail.New(fail.Conflict, "give another file, or add to this one", "there already")
	case err != nil:
		return err
	case !bytes.Equal(now, f.data):
		return fail.New(fail.Conflict, "run the command again", "somebody else changed it meanwhile")
	}
	return nil
}

// Commit puts the staged archive into its place.
func (s *Staged) Commit() error {
	err := s.file.unchanged()
	if err == nil {
		err = os.Rename(s.Path, s.file.Path)
	}
	if err != nil {
		return fail.Hint(fmt.Errorf("keys %s: %w", s.file.Path, err), "the new archive is "+s.Path+"; put it into its place by hand")
	}
	s.file.data = s.data
	if err := fsx.SyncDir(filepath.Dir(s.file.Path)); err != nil {
		return fmt.Errorf("keys %s: %w", s.file.Path, err)
	}
	return nil
}

// Drop forgets what was staged: nothing came of it.
func (s *Staged) Drop() error {
	if err := os.Remove(s.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keys: %w", err)
	}
	return fsx.SyncDir(filepath.Dir(s.Path))
}

// Save is Stage and Commit in one, where nothing else depends on the keys.
func (f *File) Save() error {
	s, err := f.Stage()
	if err != nil {
		return err
	}
	return s.Commit()
}
