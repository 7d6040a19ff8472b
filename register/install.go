package register

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
)

// stagePrefix names the folder in which a registration is put together; a
// folder of that name that lies around is one that was cut off.
const stagePrefix = ".register-"

// asideMark in a stage says that the old set is all set aside, and names the
// new files, one a line, which are put down from then on.
const asideMark = "aside"

// identityFiles is what an old registration consists of, in the order in which
// it is set aside: sota.toml first, because the daemon is gated on it. SQLite
// would apply a journal that stays behind to the next database.
var identityFiles = []string{sotaToml, "sql.db", "sql.db-journal", "sql.db-wal", "sql.db-shm", clientCert, keyFile, rootCA, "client.chained"}

// folder is the device's folder while a registration changes it.
type folder struct {
	dir   string
	stage string // <dir>/.register-XXXX, 0700
	keep  bool   // the stage holds an old set that could not be put back
	// ownRoot says that the device had a root of trust before it had any
	// registration. It came with the image, so it stays, whatever a gateway gives.
	ownRoot bool
	fault   func(point string) error
}

// claimFolder makes sure that dir is there, that only its owner may write to
// it, and that no other registration is at work in it until free is called.
func claimFolder(dir string) (free func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fail.Hint(fmt.Errorf("prepare %s: %w", dir, err), "run as root, or pass --sota-dir")
	}
	if err := ownersOnly(dir); err != nil {
		return nil, err
	}
	l := flock.New(dir, flock.SetFlag(os.O_RDONLY))
	ok, err := l.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	if !ok {
		return nil, fail.New(fail.Busy, "wait for it, or stop it", "another registration is at work in %s", dir)
	}
	return func() { _ = l.Close() }, nil
}

// openFolder brings back the old registration of a run that was cut off, and
// makes the stage, which shows that dir is writable. dir has to be claimed.
func openFolder(dir string, fault func(string) error) (*folder, error) {
	f := &folder{dir: dir, fault: fault}
	if err := f.recover(); err != nil {
		return nil, fmt.Errorf("bring back the registration that was cut off in %s: %w", dir, err)
	}
	stage, err := os.MkdirTemp(dir, stagePrefix)
	if err != nil {
		return nil, fail.Hint(fmt.Errorf("prepare %s: %w", dir, err), "run as root, or pass --sota-dir")
	}
	f.stage, f.ownRoot = stage, hasOwnRoot(dir)
	below := filepath.Dir(importedRoot)
	err = errors.Join(os.MkdirAll(filepath.Join(stage, below), 0o700), os.MkdirAll(filepath.Join(stage, "old", below), 0o700),
		fsx.WriteFile(filepath.Join(stage, roomFile), make([]byte, room), 0o600))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare %s: %w", dir, err), f.close())
	}
	return f, nil
}

// roomFile holds the place of the files to come: a disk that is full has to be
// found before the backend knows of a device whose key then cannot be kept.
const (
	roomFile = "room"
	room     = 32 << 10 // bytes; four times what replies need
)

// ownersOnly refuses a folder that others may write to: what is found in it is
// trusted, keys and cut-off registrations alike.
func ownersOnly(dir string) error {
	others, err := fsx.OthersWrite(dir)
	if err == nil && others {
		return fail.New(fail.Usage, "chmod 700 "+dir, "%s: others may write to it", dir)
	}
	return err
}

// hasOwnRoot says whether a root lies in dir that is of no registration.
func hasOwnRoot(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, importedRoot))
	return err == nil && registered(dir) == ""
}

// registered is the file that says the device has an identity, or "".
func registered(dir string) string {
	for _, name := range []string{"sql.db", clientCert} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return name
		}
	}
	return ""
}

// put writes all new files into the stage, then swaps: the old set goes aside,
// the new one takes its place, sota.toml last. An error on the way brings the
// old set back.
func (f *folder) put(files map[string][]byte) ([]string, error) {
	names := order(files)
	if err := os.Remove(filepath.Join(f.stage, roomFile)); err != nil {
		return nil, err
	}
	if _, ok := files[importedRoot]; ok {
		if err := makeDurable(f.dir, filepath.Dir(importedRoot)); err != nil {
			return nil, err
		}
	}
	for _, name := range names {
		if err := f.fault("stage " + name); err != nil {
			return nil, err
		}
		if err := fsx.WriteFile(filepath.Join(f.stage, name), files[name], 0o600); err != nil {
			return nil, err
		}
	}
	if err := f.swap(names); err != nil {
		back := f.undo(f.stage)
		if f.keep = back != nil; f.keep {
			back = fmt.Errorf("the registration before this one is in %s, and the next run puts it back: %w", f.stage, back)
		}
		return nil, errors.Join(err, back)
	}
	return names, nil
}

// makeDurable makes the folder at path below dir, and its name durable.
func makeDurable(dir, path string) error {
	if err := os.MkdirAll(filepath.Join(dir, path), 0o700); err != nil {
		return err
	}
	return errors.Join(fsx.SyncDir(filepath.Join(dir, filepath.Dir(path))), fsx.SyncDir(dir))
}

// order is root.crt, pkey.pem, client.pem, the rest by name, sota.toml.
func order(files map[string][]byte) []string {
	rank := map[string]int{rootCA: 0, keyFile: 1, clientCert: 2, sotaToml: 4}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		ra, oka := rank[a]
		rb, okb := rank[b]
		if !oka {
			ra = 3
		}
		if !okb {
			rb = 3
		}
		if ra != rb {
			return ra - rb
		}
		return strings.Compare(a, b)
	})
	return names
}

func (f *folder) swap(names []string) error {
	for _, name := range f.aside(names) {
		if err := f.move("set aside "+name, filepath.Join(f.dir, name), filepath.Join(f.stage, "old", name)); err != nil {
			return err
		}
	}
	if err := fsx.WriteFile(filepath.Join(f.stage, asideMark), []byte(strings.Join(names, "\n")), 0o600); err != nil {
		return err
	}
	for _, name := range names {
		if err := f.move("put "+name, filepath.Join(f.stage, name), filepath.Join(f.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// aside is what has to leave before names can be put down: the old identity,
// and whatever else has one of the names.
func (f *folder) aside(names []string) []string {
	all := slices.Clone(identityFiles)
	if !f.ownRoot {
		all = append(all, importedRoot)
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// move renames and makes both folders durable, so that the order on disk is
// the order of the calls. What is not there need not be moved.
func (f *folder) move(point, from, to string) error {
	if err := f.fault(point); err != nil {
		return err
	}
	if err := os.Rename(from, to); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	return errors.Join(fsx.SyncDir(filepath.Dir(to)), fsx.SyncDir(filepath.Dir(from)))
}

// undo takes back what a run has put in place and brings the old set back,
// sota.toml last. It may be cut off and run again at any step, and it ends at
// the first thing that fails, so that sota.toml tells a later try as well that
// all is well.
func (f *folder) undo(stage string) error {
	fresh, err := putDown(stage)
	if err != nil {
		return err
	}
	for _, name := range slices.Backward(fresh) {
		if err := f.move("take back "+name, filepath.Join(f.dir, name), filepath.Join(stage, name)); err != nil {
			return err
		}
	}
	old, err := setAside(stage)
	if err != nil {
		return err
	}
	for _, name := range old {
		if err := f.move("bring back "+name, filepath.Join(stage, "old", name), filepath.Join(f.dir, name)); err != nil {
			return err
		}
	}
	// From here on what is in place is the old set, whatever has left the stage.
	if err := os.Remove(filepath.Join(stage, asideMark)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return fsx.SyncDir(stage)
}

// setAside is the old set as it lies in the stage, sota.toml last.
func setAside(stage string) ([]string, error) {
	var names []string
	old := filepath.Join(stage, "old")
	err := filepath.WalkDir(old, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(old, path)
		names = append(names, name)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	slices.SortStableFunc(names, func(a, b string) int { return lastIsConfig(a) - lastIsConfig(b) })
	return names, err
}

func lastIsConfig(name string) int {
	if name == sotaToml {
		return 1
	}
	return 0
}

// putDown is which of the new files are in place: those that the mark names and
// that have left the stage. Without a mark none is.
func putDown(stage string) ([]string, error) {
	b, err := fsx.ReadFile(filepath.Join(stage, asideMark), maxReplyFiles*128)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for name := range strings.SplitSeq(string(b), "\n") {
		if _, err := os.Lstat(filepath.Join(stage, name)); errors.Is(err, fs.ErrNotExist) && (replyName.MatchString(name) || name == importedRoot) {
			names = append(names, name)
		}
	}
	return names, err
}

// recover deals with stages of runs that were cut off. While one lies there and
// sota.toml is missing, the new set never became whole, so the old one comes
// back; otherwise the new set is whole, or nothing was touched yet, and the
// stage is waste.
func (f *folder) recover() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), stagePrefix) {
			continue
		}
		stage := filepath.Join(f.dir, e.Name())
		if _, err := os.Lstat(filepath.Join(f.dir, sotaToml)); errors.Is(err, fs.ErrNotExist) {
			if err := f.undo(stage); err != nil {
				return err
			}
		}
		if err := os.RemoveAll(stage); err != nil {
			return err
		}
	}
	return nil
}

// close removes the stage and with it the old set, unless that is all there is
// of a registration.
func (f *folder) close() error {
	if f.keep {
		return nil
	}
	return os.RemoveAll(f.stage)
}
