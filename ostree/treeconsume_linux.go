package ostree

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// RemoveSources removes what BuildTree took with TreeOptions.Consume, or left
// out of it, and the folders themselves. Call it when the commit is made: until
// then nothing is lost if the machine goes down. What came into a folder since
// stays, and so does the folder; that is an error.
func (r *TreeReport) RemoveSources(ctx context.Context) error {
	for _, s := range r.sources {
		fd, err := unix.Open(s.dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			return fmt.Errorf("consume %s: %w", s.dir, err)
		}
		if err := errors.Join(s.top.remove(ctx, fd), unix.Close(fd), os.Remove(s.dir)); err != nil {
			return fmt.Errorf("consume %s: %w", s.dir, err)
		}
	}
	return nil
}

// remove empties an open folder.
func (c *consumed) remove(ctx context.Context, fd int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, name := range c.names {
		if err := unix.Unlinkat(fd, name, 0); err != nil && err != unix.ENOENT {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	for name, sub := range c.dirs {
		if err := removeFolder(ctx, fd, name, sub); err != nil && !errors.Is(err, unix.ENOENT) {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// removeFolder removes a folder and what is known of it, or with nil all of it.
func removeFolder(ctx context.Context, at int, name string, c *consumed) error {
	fd, err := openFolder(at, name)
	if err != nil {
		return err
	}
	if c == nil {
		c, err = everything(fd)
	}
	if err == nil {
		err = c.remove(ctx, fd)
	}
	if err = errors.Join(err, unix.Close(fd)); err != nil {
		return err
	}
	return unix.Unlinkat(at, name, unix.AT_REMOVEDIR)
}

func everything(fd int) (*consumed, error) {
	list, err := listEntries(fd)
	c := &consumed{}
	for _, e := range list {
		c.note(e.name, e.kind == modeDir)
	}
	return c, err
}
