package sysroot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/otactl/otactl/internal/fsx"
)

// Sentinel is the file whose presence says that a reboot is due. It lies on a
// file system that a reboot empties, so its absence, together with the flag in
// the database, says that the reboot has happened.
//
// The file names the deployment that ran when it was made. Programs that only
// look whether it is there (the original, the reboot timer of LmP) are not
// disturbed by that; a sysroot that nobody has booted has no other memory of
// what "runs".
type Sentinel struct {
	Dir  string // mode 0700, owned by the caller, or the sentinel counts for nothing
	Name string
}

func (s Sentinel) path() string { return filepath.Join(s.Dir, s.Name) }

// Usable says whether the folder is one that nobody else can write. In any
// other a reboot can't be detected.
func (s Sentinel) Usable() bool {
	st, err := os.Lstat(s.Dir)
	return err == nil && st.IsDir() && st.Mode().Perm() == 0o700 && ownedByCaller(st)
}

// Present says whether a reboot is due.
func (s Sentinel) Present() bool {
	_, err := os.Lstat(s.path())
	return err == nil && s.Usable()
}

// MayTell says whether the absence of the mark means anything: it does unless
// the folder is one that somebody else could have removed it from.
func (s Sentinel) MayTell() bool {
	_, err := os.Lstat(s.Dir)
	return errors.Is(err, fs.ErrNotExist) || s.Usable()
}

// Prepare makes the folder, and fails when it is one in which the mark would
// count for nothing.
func (s Sentinel) Prepare() error { return s.ensureDir() }

// Set marks that a reboot is due, while deployment runs. A mark that is there
// is left alone: what runs does not change without a reboot.
func (s Sentinel) Set(deployment string) error {
	if err := s.ensureDir(); err != nil {
		return err
	}
	if s.Present() {
		return nil
	}
	return fsx.WriteFile(s.path(), []byte(deployment+"\n"), 0o600)
}

func (s Sentinel) ensureDir() error {
	err := os.MkdirAll(filepath.Dir(s.Dir), 0o755)
	if err == nil {
		err = os.Mkdir(s.Dir, 0o700)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("reboot sentinel: %w", err)
	}
	if !s.Usable() {
		return fmt.Errorf("reboot sentinel: folder %s must have mode 0700 and belong to this user", s.Dir)
	}
	return nil
}

// Clear removes the mark.
func (s Sentinel) Clear() error {
	if err := os.Remove(s.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reboot sentinel: %w", err)
	}
	return nil
}

// recorded is the deployment that ran when the mark was made, or "".
func (s Sentinel) recorded() string {
	if !s.Present() {
		return ""
	}
	data, err := fsx.ReadFile(s.path(), 256)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
