package ostree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/ostree/keyfile"
)

// RemoteOption is a key of a remote's configuration. The elements of a list
// have ; between them.
type RemoteOption struct{ Key, Value string }

// AddRemoteMode says what becomes of a remote that is there already.
type AddRemoteMode int

// The modes of AddRemote.
const (
	AddNewRemote     AddRemoteMode = iota // it is an error
	AddMissingRemote                      // it stays as it is
	ReplaceRemote                         // the new one takes its place, with all its keys
)

// AddRemote configures a remote. A url that begins with "metalink=" is that of
// a metalink. options may be any keys; those that have a meaning are checked
// before anything is written. A remote that is replaced goes when the new one is
// on disk.
func (r *Repo) AddRemote(ctx context.Context, name, url string, how AddRemoteMode, options ...RemoteOption) error {
	if err := CheckRemoteName(name); err != nil {
		return err
	}
	return r.editRemotes(ctx, func(files []remoteFile) error {
		have, err := r.Remotes()
		if err != nil {
			return err
		}
		if slices.Contains(have, name) {
			switch how {
			case AddMissingRemote:
				return nil
			case AddNewRemote:
				return fail.New(fail.Conflict, "delete it first, or replace it with --force", "remote configuration for %q already exists in %s", name, r.path)
			}
		}
		home := r.homeOf(name, files)
		home.keys.RemoveGroup(remoteGroup(name))
		if err := setRemote(home.keys, name, url, options); err != nil {
			return err
		}
		if err := r.writeRemotes(home); err != nil {
			return err
		}
		return r.dropRemote(name, slices.DeleteFunc(files, func(f remoteFile) bool { return f.path == home.path }))
	})
}

// editRemotes calls edit with the files of remotes, which it may change and
// write; nobody else does so meanwhile.
func (r *Repo) editRemotes(ctx context.Context, edit func(files []remoteFile) error) error {
	unlock, err := r.LockConfig(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	files, err := r.remoteFiles()
	if err != nil {
		return err
	}
	files[0].keys = r.Keyfile()
	return edit(files)
}

// homeOf is the file, of files or a new one, that a remote is added to.
func (r *Repo) homeOf(name string, files []remoteFile) remoteFile {
	if r.remotesDir == "" || !r.addToDir {
		return files[0]
	}
	path := filepath.Join(r.remotesDir, name+".conf")
	for _, f := range files[1:] {
		if f.path == path {
			return f
		}
	}
	return remoteFile{path, keyfile.New()}
}

func setRemote(f *keyfile.File, name, url string, options []RemoteOption) error {
	group := remoteGroup(name)
	key := "url"
	if rest, ok := strings.CutPrefix(url, "metalink="); ok {
		key, url = "metalink", rest
	}
	if url != "" {
		if err := f.Set(group, key, url); err != nil {
			return err
		}
	}
	for _, o := range options {
		if err := f.Set(group, o.Key, o.Value); err != nil {
			return fmt.Errorf("remote %q: %w", name, err)
		}
	}
	_, err := readRemote(remoteFile{keys: f}, name)
	return err
}

// DeleteRemote takes a remote out of the configuration, and its keyring, its
// cookies and what is kept of its summary with it: another remote of that name
// must not inherit what this one was trusted with, or had. Refs that were
// pulled from it stay, as in libostree.
//
// A kill leaves a remote that can be deleted again, and at no time one that is
// trusted with more than before: its keyring is emptied first and removed last,
// for without any the keys of the system would count.
func (r *Repo) DeleteRemote(ctx context.Context, name string) error {
	if err := CheckRemoteName(name); err != nil {
		return err
	}
	return r.editRemotes(ctx, func(files []remoteFile) error {
		if !slices.ContainsFunc(files, func(f remoteFile) bool { return f.keys.Has(remoteGroup(name)) }) {
			return fail.New(fail.NotFound, "list them with remote list", "remote %q: %w in %s", name, ErrNoRemote, r.path)
		}
		for _, step := range []func(string) error{r.emptyKeyrings, r.dropBelongings} {
			if err := step(name); err != nil {
				return err
			}
		}
		if err := r.dropRemote(name, files); err != nil {
			return err
		}
		return r.dropKeyrings(name)
	})
}

// emptyKeyrings leaves no key in the keyrings of a remote that are there.
func (r *Repo) emptyKeyrings(name string) error {
	for _, path := range r.ownKeyringFiles(name) {
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := fullDisk(fsx.WriteFile(path, nil, 0o644), filepath.Dir(path)); err != nil {
			return err
		}
	}
	return nil
}

// dropKeyrings removes the keyrings of a remote.
func (r *Repo) dropKeyrings(name string) error {
	for _, path := range r.ownKeyringFiles(name) {
		err := os.Remove(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = fsx.SyncDir(filepath.Dir(path))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// dropBelongings removes for good what else DeleteRemote takes along.
func (r *Repo) dropBelongings(name string) error {
	if err := ignoreMissing(os.Remove(r.RemoteFile(name, "cookies.txt"))); err != nil {
		return err
	}
	if err := r.dropSummary(name); err != nil {
		return err
	}
	return fsx.SyncDir(r.path)
}

// dropSummary removes what pulls keep of a remote's summary.
func (r *Repo) dropSummary(name string) error {
	if err := r.inside(summaryCache); err != nil {
		return err
	}
	path := filepath.Join(r.path, filepath.FromSlash(summaryCache), name)
	for _, p := range []string{path, path + ".sig"} {
		if err := ignoreMissing(os.Remove(p)); err != nil {
			return err
		}
	}
	return nil
}

// dropRemote takes the configuration of a remote out of files.
func (r *Repo) dropRemote(name string, files []remoteFile) error {
	for _, f := range files {
		if !f.keys.RemoveGroup(remoteGroup(name)) {
			continue
		}
		if err := r.writeRemotes(f); err != nil {
			return err
		}
	}
	return nil
}

// writeRemotes writes a file of remotes; the caller holds LockConfig. One of the
// folder goes when nothing is left in it.
func (r *Repo) writeRemotes(f remoteFile) error {
	dir := filepath.Dir(f.path)
	switch {
	case f.path == r.configPath():
		return r.writeConfig(f.keys)
	case len(f.keys.Groups()) == 0:
		if err := os.Remove(f.path); err != nil {
			return err
		}
		return fsx.SyncDir(dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return replaceFile(f.path, f.keys.Bytes(), 0o644)
}

// replaceFile writes a file that may hold secrets: one that is there stays as
// private as it is, a new one has mode.
func replaceFile(path string, data []byte, mode fs.FileMode) error {
	st, err := os.Stat(path)
	if err == nil {
		mode = st.Mode().Perm()
	}
	if err = ignoreMissing(err); err == nil {
		err = fsx.WriteFile(path, data, mode)
	}
	return fullDisk(err, filepath.Dir(path))
}
