//go:build unix

package agent

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/fail"
)

// lock is the device's lock, which aktualizr-lite takes as well. The file is
// never removed: whoever opened it in the meantime would hold a lock on a file
// that nobody else can find.
type lock struct{ f *os.File }

// takeLock does not wait and follows no link: the folder is one that every
// user can write to.
func takeLock(path string) (*lock, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	f := os.NewFile(uintptr(fd), path)
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fail.New(fail.Busy, "stop the other one (systemctl stop aktualizr-lite) or wait for it",
				"lock %s: another update agent is at work", path)
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &lock{f}, nil
}

func (l *lock) release() error {
	if l == nil {
		return nil
	}
	return l.f.Close() // closing the last handle drops the lock
}
