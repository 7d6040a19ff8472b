package ostree

import (
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/fsx"
)

// fewDirs is how many folders are synced one by one. Objects are spread over
// 256 of them, and one sync of the whole disk costs less than most of those.
const fewDirs = 8

func (s *stage) syncDirs(touched map[string]bool) error {
	if syncsDisk && !s.each && len(touched) > fewDirs {
		return s.syncAll()
	}
	for dir := range touched {
		if err := fsx.SyncDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// syncList makes what a batch holds durable.
func (s *stage) syncList(list []staged) error {
	if !s.each {
		return s.syncAll()
	}
	for _, st := range list {
		if err := faults.At(s.repo.faults, "repo.flush"); err != nil {
			return err
		}
		if err := syncFile(st.path); err != nil {
			return err
		}
	}
	return nil
}

// syncAll makes all that is written to the repo's disk durable, with one sync
// for all who ask at the same time.
func (s *stage) syncAll() error {
	if err := faults.At(s.repo.faults, "repo.flush"); err != nil {
		return err
	}
	return s.repo.syncs.do(func() error { return syncDisk(s.lock) })
}
