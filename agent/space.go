package agent

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// defaultReserve is what libostree keeps free where its configuration does not
// say, in percent of the file system.
const defaultReserve = 3

// reserve makes sessions of the sysroot's repo stop before its file system is
// fuller than the reserve allows. It fails right away when the reserve is used up
// already.
func (a *Agent) reserve(repo *ostree.Repo) error {
	percent := a.reservedPercent(repo)
	repo.SetRoom(func(need uint64) error { return a.checkSpace(percent, need) })
	return coded(DownloadFailureNoSpace, a.checkSpace(percent, 0))
}

func (a *Agent) reservedPercent(repo *ostree.Repo) int {
	if p := a.cfg.Pacman.ReservedPercent; p != 0 {
		return p
	}
	if v, ok := repo.Config("core", "min-free-space-percent"); ok {
		if n, err := strconv.Atoi(v); err == nil && n >= 0 && n < 100 {
			return n
		}
	}
	return defaultReserve
}

// roomFor fails unless need bytes can be written to the sysroot's repo without
// touching the reserve.
func (a *Agent) roomFor(need uint64) error {
	repo, err := ostree.OpenRepo(a.root.RepoPath())
	if err != nil {
		return fmt.Errorf("sysroot: %w", err)
	}
	return a.checkSpace(a.reservedPercent(repo), need)
}

// checkSpace fails unless need bytes can be written without touching the
// reserve.
func (a *Agent) checkSpace(percent int, need uint64) error {
	total, free, err := a.root.Space()
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	if reserve := total / 100 * uint64(percent); free <= reserve || free-reserve < need {
		return fail.As(fmt.Errorf("sysroot %s: %w: %d MiB are free, %d %% (%d MiB) are kept in reserve, and what comes next takes %d MiB",
			a.root.Path(), ostree.ErrNoSpace, free>>20, percent, reserve>>20, need>>20), fail.NoSpace,
			"free some space, or lower [pacman] sysroot_ostree_reserved_space_percentage")
	}
	return nil
}
