package register

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
)

// stagePrefix names the folder in which a registration is put together; a
// folder of that name that lies around is one that was cut off.
const stagePrefix = ".register-"

// asideMark in a stage says that the old set is all set aside: from then on an
// identity file in the device's folder is a new one.
const asideMark = "aside"

// identityFiles is what an old registration consists of, in the order in which
// it is set aside: sota.toml first, because the daemon is gated on it.
var identityFiles = []string{sotaToml, "sql.db", clientCert, keyFile, rootCA, "client.chained"}

// folder is the device's folder while a registration changes it.
type folder struct {
	dir   string
	stage string // <dir>/.register-XXXX, 0700
	fault func(point string) error
}

// openFolder makes sure that dir is there, private and writable, and brings
// back the old registration of a run that was cut off.
func openFolder(dir string, fault func(string) error) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fail.Hint(fmt.Errorf("prepare %s: %w", dir, err), "run as root, or pass --sota-dir")
	}
	f := &folder{dir: dir, fault: fault}
	if err := f.recover(); err != nil {
		return nil, fmt.Errorf("bring back the registration that was cut off in %s: %w", dir, err)
	}
	stage, err := os.MkdirTemp(dir, stagePrefix)
	if err != nil {
		return nil, fail.Hint(fmt.Errorf("prepare %s: %w", dir, err), "run as root, or pass --sota-dir")
	}
	f.stage = stage
	return f, os.Mkdir(filepath.Join(stage, "old"), 0o700)
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
	for _, name := range names {
		if err := f.fault("stage " + name); err != nil {
			return nil, err
		}
		if err := fsx.WriteFile(filepath.Join(f.stage, name), files[name], 0o600); err != nil {
			return nil, err
		}
	}
	if err := f.swap(names); err != nil {
		return nil, errors.Join(err, f.restore(names))
	}
	return names, nil
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
	for _, name := range identityFiles {
		if err := f.move("set aside "+name, filepath.Join(f.dir, name), filepath.Join(f.stage, "old", name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := fsx.WriteFile(filepath.Join(f.stage, asideMark), nil, 0o600); err != nil {
		return err
	}
	for _, name := range names {
		if err := f.move("put "+name, filepath.Join(f.stage, name), filepath.Join(f.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// move renames and makes both folders durable, so that the order on disk is
// the order of the calls.
func (f *folder) move(point, from, to string) error {
	if err := f.fault(point); err != nil {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return errors.Join(fsx.SyncDir(filepath.Dir(to)), fsx.SyncDir(filepath.Dir(from)))
}

// restore takes the new files away and puts the old set back, sota.toml last.
func (f *folder) restore(names []string) error {
	var errs []error
	for _, name := range slices.Backward(names) {
		if _, err := os.Lstat(filepath.Join(f.stage, name)); errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, os.Remove(filepath.Join(f.dir, name)))
		}
	}
	errs = append(errs, bringBack(f.dir, f.stage))
	return errors.Join(errs...)
}

func bringBack(dir, stage string) error {
	var errs []error
	for _, name := range slices.Backward(identityFiles) {
		err := os.Rename(filepath.Join(stage, "old", name), filepath.Join(dir, name))
		if !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, fsx.SyncDir(dir))...)
}

// recover deals with stages of runs that were cut off. While an old set lies
// in one and sota.toml is missing, the new set never became whole, so the old
// one comes back; otherwise the new set is whole and the stage is waste.
func (f *folder) recover() error {
	stages, err := filepath.Glob(filepath.Join(f.dir, stagePrefix+"*"))
	if err != nil {
		return err
	}
	for _, stage := range stages {
		_, err := os.Lstat(filepath.Join(f.dir, sotaToml))
		if errors.Is(err, fs.ErrNotExist) {
			if err := errors.Join(dropNew(f.dir, stage), bringBack(f.dir, stage)); err != nil {
				return err
			}
		}
		if err := os.RemoveAll(stage); err != nil {
			return err
		}
	}
	return nil
}

// dropNew removes what a cut-off run had already put in place.
func dropNew(dir, stage string) error {
	if _, err := os.Lstat(filepath.Join(stage, asideMark)); err != nil {
		return nil
	}
	var errs []error
	for _, name := range identityFiles {
		if err := os.Remove(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// close removes the stage and with it the old set.
func (f *folder) close() error { return os.RemoveAll(f.stage) }
