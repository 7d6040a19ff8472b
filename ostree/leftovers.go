package ostree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// leftovers are what others left in a repo's tmp: stages, halves, and files that
// nobody touched for longer than the repo's config allows.
type leftovers struct {
	repo  *Repo
	now   time.Time                         // by the clock that set the times of the files
	stage func(dir string, ours bool) error // what becomes of a stage; ours is one of this boot
	half  func(path string)                 // what becomes of a half that is young; or nil
}

// sweep goes through tmp and removes what is outdated.
func (l *leftovers) sweep() error {
	if !canTellStale {
		return nil
	}
	tmp := filepath.Join(l.repo.path, "tmp")
	list, err := os.ReadDir(tmp)
	if err != nil {
		return err
	}
	boot := l.repo.bootID()
	for _, d := range list {
		path := filepath.Join(tmp, d.Name())
		switch {
		case d.Name() == "cache":
		case strings.HasPrefix(d.Name(), stagePrefix) && d.IsDir():
			ours := boot != "" && strings.HasPrefix(d.Name(), stagePrefix+boot+"-")
			if err := l.stage(path, ours); err != nil {
				return fmt.Errorf("take over %s: %w", path, err)
			}
		case strings.HasPrefix(d.Name(), stagePrefix):
		case l.outdated(d):
			_ = os.RemoveAll(path)
		case strings.HasPrefix(d.Name(), halfPrefix) && l.half != nil:
			l.half(path)
		}
	}
	return nil
}

// outdated says whether a file in tmp is of nobody at work.
func (l *leftovers) outdated(d fs.DirEntry) bool {
	st, err := d.Info()
	expiry := l.repo.cfg().tmpExpiry
	return err == nil && expiry >= 0 && l.now.Sub(st.ModTime()) > max(expiry, time.Minute)
}

// beingMade says whether somebody may be about to lock the stage at dir for the
// first time, which is anybody's until then: libostree's commit ends when it is
// gone. There is nothing in it to take over.
func (l *leftovers) beingMade(dir string) bool {
	if _, err := os.Lstat(dir + lockSuffix); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	st, err := os.Lstat(dir)
	if err != nil || l.now.Sub(st.ModTime()) > time.Minute {
		return false
	}
	list, err := os.ReadDir(dir)
	return err == nil && len(list) == 0
}

// dropLeftovers removes from tmp what is of use to nobody, and makes no file for
// it: the disk may be full of just that. Stages of this boot stay for the next
// session, and what can't be looked at stays.
func (r *Repo) dropLeftovers() error {
	if err := r.inside("tmp"); err != nil {
		return err
	}
	l := &leftovers{repo: r, now: diskTime(filepath.Join(r.path, "tmp")), stage: func(dir string, ours bool) error {
		if ours {
			return nil
		}
		if old, err := r.abandoned(dir, ours); old != nil && err == nil {
			old.drop()
		}
		return nil
	}}
	return ignoreMissing(l.sweep())
}

// abandoned is the stage at dir with its lock held, nil if somebody works on it,
// or it belongs to a user who lets nobody else look.
func (r *Repo) abandoned(dir string, ours bool) (*stage, error) {
	lock, err := takeLock(dir + lockSuffix)
	switch {
	case errors.Is(err, errLocked), errors.Is(err, fs.ErrPermission):
		return nil, nil
	case isDiskFull(err) && ours:
		return nil, nil // somebody may be about to lock it
	case isDiskFull(err):
		// It has no lock and there is no room for one. Whoever locks it is of an
		// earlier boot, and gone.
	case err != nil:
		return nil, err
	}
	return &stage{repo: r, dir: dir, lock: lock, found: true}, nil
}
