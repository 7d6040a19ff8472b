package ostree

import (
	"fmt"
	"io"
	"sync"

	"github.com/otactl/otactl/internal/fail"
)

// space is how much content a session may still write: what is free on the
// repo's file system less what its config keeps free. Metadata is exempt, so
// that a nearly full disk can still be put in order; not so from what KeepFree
// keeps free, and not where SetRoom has somebody asked.
type space struct {
	repo *Repo
	// spare gives up what nobody needs, and says whether that was anything; nil
	// where there is nothing of the kind.
	spare func() bool

	mu     sync.Mutex
	unit   int64 // of the file system's blocks; 0 where there is no limit
	left   int64
	flying int64 // taken for objects that are not wholly on the disk yet
}

// openSpace measures what is free now.
func (r *Repo) openSpace() (*space, error) {
	s := &space{repo: r}
	return s, s.measure()
}

// measure is for who has mu, or is alone.
func (s *space) measure() error {
	c := s.repo.cfg()
	if c.minFreeBytes == 0 && c.minFreeShare == 0 && s.repo.keepFree == 0 {
		return nil
	}
	d, err := diskSpace(s.repo.path)
	if err != nil || d.unit == 0 {
		return err
	}
	keep := c.minFreeBytes
	if keep == 0 {
		keep = d.total / 100 * uint64(c.minFreeShare)
	}
	left := above(d.free, keep)
	if s.repo.keepFree > 0 {
		left = min(left, above(d.usable, s.repo.keepFree))
	}
	s.unit, s.left = d.unit, left-s.flying
	return nil
}

// above is what there is of n beyond keep.
func above(n, keep uint64) int64 {
	if n <= keep {
		return 0
	}
	return int64(min(n-keep, 1<<62))
}

// disk is a file system in bytes. What is free is not all usable: some keep a
// share for root.
type disk struct {
	total, free, usable uint64
	unit                int64 // of its blocks; 0 where nothing can be told
}

// take takes n bytes, rather than that something is kept which nobody needs.
func (s *space) take(n int64) error {
	err := s.takeIdle(n)
	if err != nil && s.spare != nil && s.spare() {
		err = s.takeIdle(n)
	}
	return err
}

// takeIdle takes n bytes, and a block for what rounding and the file itself
// cost. Where they would touch what has to stay free it measures again, since
// others free space too, or failed to use what they took.
func (s *space) takeIdle(n int64) error {
	if room := s.repo.room; room != nil {
		if err := room(uint64(n)); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unit == 0 {
		return nil
	}
	n = min(n, 1<<61) + s.unit
	if n > s.left {
		if err := s.measure(); err != nil {
			return err
		}
	}
	if n > s.left {
		return s.exceeded(n)
	}
	s.left -= n
	return nil
}

// hold is take for an object that is written later; the caller says when that
// is over.
func (s *space) hold(n uint64) (over func(), err error) {
	most := int64(min(n, 1<<61))
	if err := s.take(most); err != nil {
		return func() {}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flying += most
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.flying -= most
	}, nil
}

func (s *space) exceeded(n int64) error {
	c := s.repo.cfg()
	if above(s.repo.keepFree, c.minFreeBytes) > 0 {
		return fail.New(fail.NoSpace, "free some space on the file system of "+s.repo.path+", or take a larger one, and run it again; what is there is kept",
			"%w: at least %d bytes are needed and %d may be used; %d stay free for what comes last", ErrNoSpace, n, max(s.left, 0), s.repo.keepFree)
	}
	rule := fmt.Sprintf("min-free-space-percent '%d%%'", c.minFreeShare)
	if c.minFreeBytes > 0 {
		rule = fmt.Sprintf("min-free-space-size %dMB", c.minFreeBytes>>20)
	}
	return fail.New(fail.NoSpace, "free some space on the file system of "+s.repo.path+", or lower what its config keeps free; what is there is kept",
		"%w: %s would be exceeded, at least %d bytes are needed and %d may be used", ErrNoSpace, rule, n, max(s.left, 0))
}

// counter counts what it passes on, and stops before a disk is fuller than it
// may be.
type counter struct {
	w     io.Writer
	take  func(int64) error // of a space
	n     int64
	taken int64
}

// counterStep is how much of a growing file is taken at once, in bytes.
const counterStep = 1 << 20

func (c *counter) Write(p []byte) (int, error) {
	for c.n+int64(len(p)) > c.taken {
		step := int64(len(p))
		if c.taken > 0 {
			step = max(step, counterStep)
		}
		if err := c.take(step); err != nil {
			return 0, err
		}
		c.taken += step
	}
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
