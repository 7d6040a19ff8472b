package ostree

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// crowded is a disk that has room for few files.
func crowded(t *testing.T) string {
	t.Helper()
	disk := smallDisk(t, 16<<20)
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "nr_inodes=200"); err != nil {
		t.Fatal(err)
	}
	return disk
}

// fillUp makes files until the disk has room for no more than left others.
func fillUp(t *testing.T, disk string, left int) {
	t.Helper()
	var made []string
	var err error
	for err == nil {
		path := filepath.Join(disk, fmt.Sprint(len(made)))
		if err = os.WriteFile(path, nil, 0o644); err == nil {
			made = append(made, path)
		}
	}
	if !isDiskFull(err) {
		t.Fatal(err)
	}
	for _, path := range made[:left] {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAFullDiskIsFreedOfWhatIsOfNoUse, so that there is room for a stage: else no
// session ever removes what fills it.
func TestAFullDiskIsFreedOfWhatIsOfNoUse(t *testing.T) {
	past := time.Unix(1600000000, 0)
	for what, leave := range map[string]func(r *Repo) error{
		"a stage of another boot": func(r *Repo) error {
			stageOf(t, r, "0123-4567", plain(t, "never synced"))
			return nil
		},
		"one without a lock": func(r *Repo) error {
			return os.Remove(stageOf(t, r, "0123-4567", plain(t, "never synced")) + lockSuffix)
		},
		"outdated files": func(r *Repo) error {
			a, b := filepath.Join(r.Path(), "tmp", "old-1"), filepath.Join(r.Path(), "tmp", "old-2")
			return errors.Join(os.WriteFile(a, nil, 0o644), os.WriteFile(b, nil, 0o644), os.Chtimes(a, past, past), os.Chtimes(b, past, past))
		},
	} {
		disk := crowded(t)
		r, err := CreateRepo(filepath.Join(disk, "repo"), ModeArchive)
		if err != nil {
			t.Fatal(err)
		}
		open(t, r)
		if err := leave(r); err != nil {
			t.Fatal(err)
		}
		fillUp(t, disk, 0)
		if err := r.TakeOver(t.Context()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if left := inTmp(t, r); len(left) > 0 {
			t.Errorf("%s: left %v", what, left)
		}
	}
}

// inTmp are the files in the repo's tmp.
func inTmp(t *testing.T, r *Repo) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(r.Path(), "tmp", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestWhatAFullDiskHasNoRoomToNameIsDropped: the stage would fill it for good.
func TestWhatAFullDiskHasNoRoomToNameIsDropped(t *testing.T) {
	disk := crowded(t)
	r, err := CreateRepo(filepath.Join(disk, "repo"), ModeArchive)
	if err != nil {
		t.Fatal(err)
	}
	open(t, r)
	obj := plain(t, "whole")
	stageOf(t, r, bootID(), obj)
	fillUp(t, disk, 2) // the next stage and its lock
	s, err := r.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if there, err := r.has(obj.ID()); there || err != nil {
		t.Errorf("there was room: %v, %v", there, err)
	}
	if err := errors.Join(s.Put(t.Context(), obj), s.Close(t.Context())); err != nil {
		t.Errorf("in the room of the stage: %v", err)
	}
	if left := inTmp(t, r); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// TestPruneFreesTmpOfWhatIsOfNoUse, and of nothing that the next session goes on
// with.
func TestPruneFreesTmpOfWhatIsOfNoUse(t *testing.T) {
	r := newRepo(t, ModeArchive)
	theirs := stageOf(t, r, "0123-4567", plain(t, "never synced"))
	ours := stageOf(t, r, bootID(), plain(t, "kept"))
	past := time.Unix(1600000000, 0)
	old, young := filepath.Join(r.Path(), "tmp", "old"), filepath.Join(r.Path(), "tmp", "young")
	if err := errors.Join(os.WriteFile(old, nil, 0o644), os.WriteFile(young, nil, 0o644), os.Chtimes(old, past, past)); err != nil {
		t.Fatal(err)
	}
	for _, dry := range []bool{true, false} {
		if _, err := Prune(t.Context(), r, PruneOptions{DryRun: dry}); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]bool{theirs: dry, theirs + lockSuffix: dry, old: dry, young: true, ours: true, ours + lockSuffix: true} {
			if _, err := os.Lstat(path); (err == nil) != want {
				t.Errorf("dry run %v: %s: %v", dry, path, err)
			}
		}
	}
}
