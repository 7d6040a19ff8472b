package summary

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// The names of the files in a repo.
const (
	File    = "summary"
	SigFile = "summary.sig"
)

// Write puts a summary and its signatures, detached metadata as package sign
// makes it, into a repo. Without signatures those that are there go away: they
// were of another summary. Both files are on disk before either is seen; whoever
// is killed between the two leaves a pair that doesn't fit, which every client
// refuses, until it is written again. Both have the same time of change, now, so
// that a server gives both the same date.
func Write(ctx context.Context, repo *ostree.Repo, data, sig []byte, now time.Time) error {
	if _, err := Parse(data); err != nil {
		return err // nobody could read it
	}
	unlock, err := repo.LockSummary(ctx)
	if err != nil {
		return fmt.Errorf("write summary of %s: %w", repo.Path(), err)
	}
	defer unlock()
	return write(repo, data, sig, now, nil)
}

// Update builds the summary of a repo as it is now, static deltas included, has
// it signed and writes it. Nobody else writes a summary meanwhile, so that the
// last one to do it saw what all others had done. sign may be nil, and so may
// what it gives.
func Update(ctx context.Context, repo *ostree.Repo, opt Options, sign func(data []byte) (sig []byte, err error)) error {
	unlock, err := repo.LockSummary(ctx)
	if err != nil {
		return fmt.Errorf("write summary of %s: %w", repo.Path(), err)
	}
	defer unlock()
	if opt.Deltas == nil {
		if opt.Deltas, err = Deltas(ctx, repo); err != nil {
			return err
		}
	}
	data, err := Build(ctx, repo, opt)
	if err != nil {
		return err
	}
	var sig []byte
	if sign != nil {
		if sig, err = sign(data); err != nil {
			return fmt.Errorf("sign summary of %s: %w", repo.Path(), err)
		}
	}
	return write(repo, data, sig, opt.Now, nil)
}

// write is Write for whoever holds the lock.
func write(repo *ostree.Repo, data, sig []byte, now time.Time, inject faults.Injector) error {
	files := []struct {
		name string
		data []byte
	}{{File, data}, {SigFile, sig}}
	dir := filepath.Join(repo.Path(), "tmp")
	for _, f := range files {
		if f.data == nil {
			continue
		}
		temp := filepath.Join(dir, "otactl-file-"+f.name)
		defer os.Remove(temp)
		err := faults.At(inject, "summary.write")
		if err == nil {
			err = fsx.WriteFile(temp, f.data, 0o644)
		}
		if err == nil {
			err = os.Chtimes(temp, now, now)
		}
		if err != nil {
			return fmt.Errorf("write %s of %s: %w", f.name, repo.Path(), err)
		}
	}
	for _, f := range files {
		err := faults.At(inject, "summary.rename")
		target := filepath.Join(repo.Path(), f.name)
		switch {
		case err != nil:
		case f.data == nil:
			if err = os.Remove(target); errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
		default:
			err = os.Rename(filepath.Join(dir, "otactl-file-"+f.name), target)
		}
		if err != nil {
			return fmt.Errorf("write %s of %s: %w", f.name, repo.Path(), err)
		}
	}
	return fsx.SyncDir(repo.Path())
}

// Read reads the summary of a repo and its signatures as they are on disk; sig
// is nil where there are none. Without a summary the error is fs.ErrNotExist.
func Read(repo *ostree.Repo) (data, sig []byte, err error) {
	if data, err = fsx.ReadFile(filepath.Join(repo.Path(), File), limits.Summary); err != nil {
		return nil, nil, err
	}
	sig, err = fsx.ReadFile(filepath.Join(repo.Path(), SigFile), limits.SummarySig)
	if errors.Is(err, fs.ErrNotExist) {
		return data, nil, nil
	}
	return data, sig, err
}
