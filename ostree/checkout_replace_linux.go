package ostree

import (
	"context"
	"crypto/rand"
	"errors"

	"golang.org/x/sys/unix"
)

// tempName is what a file is called, in a folder that others see, until it is
// complete.
func tempName() string { return ".otactl-" + rand.Text() }

// replace gives what is complete under the name temp its own name, from a file
// or, if folder is set, from a folder and all below it. If that fails temp is
// gone, and what was there keeps its name.
func (r *treeReader) replace(f *folder, temp, name string, folder bool) error {
	err := r.ctx.Err()
	switch {
	case err != nil:
	case folder:
		err = r.displace(f, temp, name)
	default:
		err = unix.Renameat(f.fd, temp, f.fd, name)
	}
	return dropTemp(f, temp, err)
}

// dropTemp removes a temporary name that is left after a rename that ended with
// err. Where both are links to one object the rename does nothing.
func dropTemp(f *folder, temp string, err error) error {
	if gone := unix.Unlinkat(f.fd, temp, 0); gone != nil && gone != unix.ENOENT {
		err = errors.Join(err, gone)
	}
	return err
}

// displace is replace for a folder in the way. The two change their names at
// once, so that a kill finds one of them whole; from then on the removal is
// carried through. What can't be removed gets its name back.
func (r *treeReader) displace(f *folder, temp, name string) error {
	swap := func() error { return unix.Renameat2(f.fd, temp, f.fd, name, unix.RENAME_EXCHANGE) }
	switch err := swap(); err {
	case nil:
	case unix.EINVAL, unix.ENOSYS, unix.EXDEV: // such a file system, or an overlay on it
		if err := removeFolder(r.ctx, f.fd, name); err != nil {
			return err
		}
		return unix.Renameat(f.fd, temp, f.fd, name)
	default:
		return err
	}
	if err := removeFolder(context.WithoutCancel(r.ctx), f.fd, temp); err != nil {
		return errors.Join(err, swap())
	}
	return nil
}

// renameFree gives temp the name, unless that is taken.
func renameFree(f *folder, temp, name string) error {
	err := unix.Renameat2(f.fd, temp, f.fd, name, unix.RENAME_NOREPLACE)
	if err == unix.EINVAL || err == unix.ENOSYS { // not every file system can
		err = unix.Renameat(f.fd, temp, f.fd, name)
	}
	return err
}
