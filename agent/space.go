package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

// defaultReserve is what libostree keeps free where its configuration does not
// say, in percent of the file system.
const defaultReserve = 3

// reserving is a store that stops before the file system of the sysroot is
// fuller than the reserve allows.
type reserving struct {
	*ostree.Repo
	check func(need uint64) error
}

// reserving wraps the sysroot's repo. It fails right away when the reserve is
// used up already.
func (a *Agent) reserving(repo *ostree.Repo) (*reserving, error) {
	percent := a.reservedPercent(repo)
	r := &reserving{Repo: repo, check: func(need uint64) error { return a.checkSpace(percent, need) }}
	return r, coded(DownloadFailureNoSpace, r.check(0))
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

func (r *reserving) Begin(ctx context.Context) (ostree.Session, error) {
	s, err := r.Repo.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return &reservingSession{Session: s, check: r.check}, nil
}

// fetchFrom brings what a delta leaves out. Nobody signs the superblock that
// says what that is and how large, so that each object is held against the
// reserve by itself.
func (r *reserving) fetchFrom(src ostree.Source) func(context.Context, ostree.Session, []ostree.ObjectID) error {
	fetch := delta.FetchFrom(src)
	return func(ctx context.Context, to ostree.Session, ids []ostree.ObjectID) error {
		return fetch(ctx, &reservingSession{Session: to, check: r.check}, ids)
	}
}

type reservingSession struct {
	ostree.Session
	check func(need uint64) error
}

func (s *reservingSession) Put(ctx context.Context, obj ostree.Object) error {
	if err := s.check(0); err != nil {
		return err
	}
	return s.Session.Put(ctx, &roomy{Object: obj, check: s.check})
}

// roomy is an object that is not read unless there is room for what its header
// claims: the header is not verified before the end, and a bomb must not fill
// the disk until then.
type roomy struct {
	ostree.Object
	check func(need uint64) error
}

func (o *roomy) OpenFile(ctx context.Context) (*ostree.FileHeader, io.ReadCloser, error) {
	h, payload, err := o.Object.OpenFile(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := o.check(h.Size); err != nil {
		return nil, nil, errors.Join(err, payload.Close())
	}
	return h, payload, nil
}
