package objects

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncAll makes everything in dir's file system durable.
func syncAll(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(d.Fd())), d.Close())
}
