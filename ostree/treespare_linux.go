package ostree

import (
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/fail"
)

func inodeOf(st *unix.Stat_t) inode { return inode{uint64(st.Dev), st.Ino} }

// sparedOf is what of a repo and of its parents nobody may consume. Any of it
// may be a symlink.
func sparedOf(repo *Repo) spared {
	all := spared{}
	for ; repo != nil; repo = repo.parent {
		for _, part := range []string{"", "objects", "refs", "config"} {
			var st unix.Stat_t
			if unix.Stat(filepath.Join(repo.path, part), &st) == nil {
				all[inodeOf(&st)] = repo.path
			}
		}
	}
	return all
}

// check refuses a file or folder that belongs to a repo.
func (s spared) check(st *unix.Stat_t) error {
	if repo, ok := s[inodeOf(st)]; ok {
		return spareError(repo)
	}
	return nil
}

func spareError(repo string) error {
	return fail.New(fail.Usage, "move the repo to another place, or commit without --consume",
		"to consume it would destroy the repo %s", repo)
}

// spare refuses the open folder top, before any of it is read, when a repo lies
// in it or it lies in what a repo keeps. A mount may hide that, so that the walk
// checks what it meets as well.
func spare(repo *Repo, top int) error {
	for ; repo != nil; repo = repo.parent {
		for _, part := range []string{"", "objects", "refs"} {
			fd, err := unix.Open(filepath.Join(repo.path, part), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
			if err != nil {
				continue
			}
			holds := lies(fd, top) || part != "" && lies(top, fd)
			_ = unix.Close(fd)
			if holds {
				return spareError(repo.path)
			}
		}
	}
	return nil
}

// lies says whether the open folder fd is top or in it. Where the way up ends
// for want of rights, nobody came down from top either.
func lies(fd, top int) bool {
	var goal, here unix.Stat_t
	if unix.Fstat(top, &goal) != nil || unix.Fstat(fd, &here) != nil {
		return false
	}
	at, err := climb(fd, ".")
	for err == nil && inodeOf(&here) != inodeOf(&goal) {
		last := inodeOf(&here)
		up, uperr := climb(at, "..")
		_ = unix.Close(at)
		if uperr != nil {
			return false
		}
		at = up
		if unix.Fstat(at, &here) != nil || inodeOf(&here) == last {
			break // "/" is its own parent
		}
	}
	_ = unix.Close(at)
	return inodeOf(&here) == inodeOf(&goal)
}

func climb(fd int, to string) (int, error) {
	return unix.Openat(fd, to, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
}
