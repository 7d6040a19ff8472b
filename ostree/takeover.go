package ostree

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/otactl/otactl/internal/faults"
)

// stagePrefix begins the name of a stage, as libostree names it; the number of
// the boot and six characters follow.
const stagePrefix = "staging-"

// lockSuffix makes the name of a stage's lock, which is beside it.
const lockSuffix = "-lock"

// outlives says whether an object of type t, once staged, is of use to whoever
// finds the stage of a killed process. A commit is not: what it names may be
// pruned before somebody looks, and it must come last anyhow. What is not named
// by its content may be outdated.
func outlives(t ObjectType) bool { return t.namedByContent() && t != TypeCommit }

// SetBootID makes the repo take id for the number of this boot, as OSTREE_BOOTID
// does. What cannot be one is ignored. It must be called before the repo is
// used.
func (r *Repo) SetBootID(id string) {
	if strings.Trim(id, "0123456789abcdef-") == "" {
		r.boot = id
	}
}

func (r *Repo) bootID() string {
	if r.boot != "" {
		return r.boot
	}
	return bootID()
}

// keep gives a staged object its name in the stage. It is whole and verified.
func (s *stage) keep(st *staged) error {
	if err := faults.At(s.repo.faults, "repo.keep"); err != nil {
		return err
	}
	h := st.id.Sum.String()
	fan := s.dir + "/" + h[:2]
	to := fan + "/" + h[2:] + "." + s.repo.ext(st.id.Type)
	err := rename(st.path, to)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.Mkdir(fan, 0o775); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		err = rename(st.path, to)
	}
	if err != nil {
		return err
	}
	st.path = to
	return nil
}

// newStage makes a folder below tmp that this process alone fills.
func (r *Repo) newStage() (*stage, error) {
	tmp := filepath.Join(r.path, "tmp")
	if err := r.inside("tmp"); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(tmp, 0o775); err != nil {
		return nil, err
	}
	for {
		dir, err := os.MkdirTemp(tmp, stagePrefix+cmp.Or(r.bootID(), "unknown")+"-")
		if err != nil {
			return nil, err
		}
		lock, err := takeLock(dir + lockSuffix)
		if errors.Is(err, errLocked) {
			continue // somebody found it before it was locked, and sweeps it away
		}
		if err != nil {
			return nil, errors.Join(err, os.Remove(dir))
		}
		s := &stage{repo: r, dir: dir, lock: lock, space: &space{repo: r}, each: syncsDisk && !syncsWhole(r.path)}
		if _, err := os.Lstat(dir); err == nil {
			return s, nil
		}
		s.drop()
	}
}

// drop removes the stage with all that is in it, its lock last.
func (s *stage) drop() {
	_ = os.RemoveAll(s.dir)
	_ = os.Remove(s.dir + lockSuffix)
	_ = s.lock.Close()
	if !canTellStale {
		_ = os.Remove(s.dir + lockSuffix) // Windows removes no open file
	}
}

// takeOver looks through tmp for what others left behind. Objects in a stage of
// this boot are whole, and become visible: a pull that was killed fetches
// nothing twice. A stage of another boot was never synced, and goes. So does
// what is older than the repo's config allows.
func (s *stage) takeOver(ctx context.Context) error {
	made, err := s.lock.Stat() // now, by the clock that also set the times of the others
	if err != nil {
		return err
	}
	l := &leftovers{repo: s.repo, now: made.ModTime(), half: s.halves.note}
	l.stage = func(dir string, ours bool) error {
		if dir == s.dir || ours && l.beingMade(dir) {
			return nil
		}
		return s.inherit(ctx, dir, ours)
	}
	return l.sweep()
}

// inherit takes over the stage at dir, unless somebody works on it. What a full
// disk has no room to name goes with the stage, and makes some.
func (s *stage) inherit(ctx context.Context, dir string, ours bool) error {
	old, err := s.repo.abandoned(dir, ours)
	if old == nil || err != nil {
		return err
	}
	old.each = s.each
	if ours {
		err := old.salvage(ctx)
		if errors.Is(err, fs.ErrPermission) {
			return old.lock.Close() // it is of another user, who will take it over
		}
		if err != nil && !isDiskFull(err) {
			_ = old.lock.Close()
			return err
		}
	}
	old.drop()
	return nil
}

// salvage makes the objects in a stage visible, batch by batch and dirtrees
// last. What is no object that outlives its session is left to be dropped with
// the rest.
func (s *stage) salvage(ctx context.Context) error {
	list, err := os.ReadDir(s.dir)
	if err != nil {
		return ignoreMissing(err)
	}
	var batch, trees []staged
	sort := func(st staged) {
		if st.id.Type == TypeDirTree {
			trees = append(trees, st)
		} else {
			batch = append(batch, st)
		}
	}
	for _, d := range list {
		if !d.IsDir() || !isFan(d.Name()) {
			continue
		}
		err := s.eachStaged(ctx, d.Name(), sort)
		if err != nil {
			return err
		}
		if len(batch) >= batchObjects {
			if err := s.publish(batch); err != nil {
				return err
			}
			batch = nil
		}
	}
	if err := s.publish(batch); err != nil {
		return err
	}
	return s.publish(trees)
}

// TakeOver makes visible what killed processes of this boot had staged. Each
// session begins with it; a server that must say what it has calls it before.
func (r *Repo) TakeOver(ctx context.Context) error {
	st, err := r.openStage(ctx, keeping)
	if err != nil {
		return err
	}
	st.close()
	return nil
}

func (s *stage) eachStaged(ctx context.Context, fan string, fn func(staged)) error {
	dir, err := os.Open(s.dir + "/" + fan)
	if err != nil {
		return ignoreMissing(err)
	}
	defer dir.Close()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		list, err := dir.ReadDir(256)
		for _, d := range list {
			id, ok := s.repo.parseName(fan, d.Name())
			link := d.Type()&fs.ModeSymlink != 0 && id.Type == TypeFile && s.repo.mode.hasLinks()
			if ok && outlives(id.Type) && (d.Type().IsRegular() || link) {
				fn(staged{id: id, path: dir.Name() + "/" + d.Name()})
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// isFan says whether name is that of one of the 256 folders of objects.
func isFan(name string) bool {
	return len(name) == 2 && strings.Trim(name, "0123456789abcdef") == ""
}
