package offline

import (
	"context"
	"errors"
	"slices"
	"syscall"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
)

const (
	hintLarge = "FAT32 holds no file of 4 GiB or more: format the medium as exFAT or ext4"
	hintGone  = "put the medium in again, or take another one, and run the same command again"
)

// aboutMedium says what the medium has to do with err. Where a system took one
// that was pulled out away from its path, errors are of all kinds.
func (b *builder) aboutMedium(err error) error {
	if b.folder == nil || !b.folder.Gone() || errors.Is(err, context.Canceled) {
		return aboutMedium(err)
	}
	// Not wrapped: that something is not there, which is what such errors say, isn't the point.
	return fail.New(fail.Unknown, hintGone, "the medium is gone: %v", err)
}

// inPlace holds that the folder is where it was opened: what is written by the
// path of a medium that was unmounted lies on the disk below.
func inPlace(folder *medium.Folder) error {
	if folder.Gone() {
		return fail.New(fail.Unknown, hintGone, "it was unmounted, or the folder moved away")
	}
	return nil
}

// aboutMedium gives errors that a medium is the cause of their class, and says
// what to do: one that is full, or on which a file may not be as long as an
// object is, or that cannot be written any more, or is gone.
func aboutMedium(err error) error {
	switch {
	case errors.Is(err, syscall.EFBIG):
		return fail.As(err, fail.NoSpace, hintLarge)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fail.As(err, fail.NoSpace, "free some space on the medium, or take a larger one, and run the same command again")
	case errors.Is(err, syscall.EROFS):
		return fail.Hint(err, "unmount the medium, mount it for writing and run the same command again; a system that finds a medium damaged makes it read-only: then have it checked, or take another one")
	case mediumFailed(err):
		return fail.Hint(err, hintGone)
	}
	return err
}

// mediumFailed says whether err is about a medium that is gone, cannot be
// written any more, or cannot be read.
func mediumFailed(err error) bool {
	return slices.ContainsFunc(medium.Failures(), func(errno syscall.Errno) bool { return errors.Is(err, errno) })
}
