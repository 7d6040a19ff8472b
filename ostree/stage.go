package ostree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"github.com/otactl/otactl/internal/faults"
)

// stage is a folder below the repo's tmp in which objects are written and
// verified before they get their names. It is libostree's staging folder: an
// object that is whole has its name in it, objects/ab/cdef… without objects,
// and who finds the stage of a killed process of this boot goes on with what is
// there. What is being written has a name that nobody takes for an object's.
type stage struct {
	repo *Repo
	dir  string
	lock *os.File // held while somebody works on the stage
	// space is what it may take of the disk.
	space *space
	// each file is synced by itself: no sync reaches all of the file system.
	each bool
	// found is set where others staged what is in it, perhaps without a sync.
	found  bool
	care   care
	next   atomic.Uint64
	halves halves
}

// staged is an object that is verified and waits for its name.
type staged struct {
	id   ObjectID
	path string
	size int64 // on disk
}

// care is what a stage does for a process that is killed.
type care int

const (
	// keeping stages leave what is whole to whoever comes, and take over what
	// others left.
	keeping care = iota
	// repeatable stages only take over.
	repeatable
	// brief stages do neither, and their objects are known not to be there.
	brief
)

// openStage takes the repo's lock and makes a stage.
func (r *Repo) openStage(ctx context.Context, care care) (*stage, error) {
	if err := checkWritable(r.mode); err != nil {
		return nil, fmt.Errorf("write to repo %s: %w", r.path, err)
	}
	if err := r.acquire(ctx); err != nil {
		return nil, err
	}
	st, err := r.newStage()
	if isDiskFull(err) && r.dropLeftovers() == nil {
		st, err = r.newStage()
	}
	if err == nil {
		if st.care = care; care != brief {
			err = st.takeOver(ctx)
		}
		if err == nil {
			st.space, err = r.openSpace()
			st.space.spare = st.halves.giveUp
		}
		if err != nil {
			st.drop()
		}
	}
	if err != nil {
		r.release()
		return nil, fmt.Errorf("write to repo %s: %w", r.path, fullDisk(err, r.path))
	}
	return st, nil
}

// close removes what is still in the stage and gives the repo's lock back.
func (s *stage) close() {
	s.drop()
	s.repo.release()
}

// write puts obj into the stage, whole and verified, or leaves nothing.
func (s *stage) write(ctx context.Context, obj Object) (staged, error) {
	if err := faults.At(s.repo.faults, "repo.stage"); err != nil {
		return staged{}, err
	}
	id := obj.ID()
	st := staged{id: id, path: s.dir + "/w" + strconv.FormatUint(s.next.Add(1), 10)}
	linked, err := s.link(ctx, obj, st.path)
	switch {
	case linked, err != nil:
	case id.Type != TypeFile:
		st.size, err = s.writeMetadata(ctx, obj, st.path)
	case s.repo.mode == ModeArchive && isArchived(obj):
		st.size, err = s.keepArchived(ctx, obj, st.path)
	default:
		st.size, err = s.writeFile(ctx, obj, st.path)
	}
	if err == nil && s.care == keeping && outlives(id.Type) {
		err = s.keep(&st)
	}
	if err != nil {
		_ = os.Remove(st.path)
		return st, fmt.Errorf("store object %s: %w", id, fullDisk(asCorrupt(id, "", err), s.repo.path))
	}
	return st, nil
}

// create makes a file in the stage, fills it, and closes it. Nobody else may
// read it before it is verified.
func (s *stage) create(path string, fill func(f *os.File) error) error {
	f, err := createDisk(path, 0o600)
	if err != nil {
		return err
	}
	err = fill(f)
	if err == nil && s.repo.durably() && (!syncsDisk || s.repo.perObject()) {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// publishMode makes a verified file readable by all. FAT, where a bundle may
// lie, has no modes to set.
func publishMode(f *os.File) error {
	err := f.Chmod(0o644)
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}

func (s *stage) writeMetadata(ctx context.Context, obj Object, path string) (int64, error) {
	data, err := readMetadata(ctx, obj)
	if err != nil {
		return 0, err
	}
	if s.repo.keepFree > 0 || s.repo.room != nil {
		if err := s.space.take(int64(len(data))); err != nil {
			return 0, err
		}
	}
	return int64(len(data)), s.create(path, func(f *os.File) error {
		if _, err := f.Write(data); err != nil {
			return err
		}
		return publishMode(f)
	})
}

// keepArchived stores a file that comes in archive form as it comes, once it
// is seen to be what its name says: its compressed bytes have no name.
func (s *stage) keepArchived(ctx context.Context, obj Object, path string) (n int64, err error) {
	rc, size, err := obj.OpenArchive(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rc.Close()) }()
	err = s.create(path, func(f *os.File) error {
		if err := holds(f, size); err != nil {
			return err
		}
		out := &counter{w: f, take: s.space.take}
		if size > counterStep { // rather than after half of it
			if err := s.space.take(size); err != nil {
				return err
			}
			out.taken = size
		}
		if asItIs(obj) {
			if n, err = copyTo(ctx, out, rc); err != nil {
				return err
			}
			return publishMode(f)
		}
		h, payload, err := ReadFilez(io.TeeReader(rc, out))
		if err != nil {
			return err
		}
		_, err = accept(ctx, obj, h, payload, io.Discard)
		n = out.n
		if err = errors.Join(err, payload.Close()); err != nil {
			return err
		}
		return publishMode(f)
	})
	return n, err
}

// writeFile stores a file out of its header and plain payload.
func (s *stage) writeFile(ctx context.Context, obj Object, path string) (n int64, err error) {
	h, payload, err := obj.OpenFile(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, payload.Close()) }()
	if why := s.repo.canKeep(h); why != nil {
		return 0, refuse(ctx, obj, h, payload, why)
	}
	switch {
	case s.repo.mode == ModeArchive:
		return s.compressFile(ctx, obj, h, payload, path)
	case s.repo.mode.hasLinks() && h.IsSymlink():
		if _, err := accept(ctx, obj, h, payload, io.Discard); err != nil {
			return 0, err
		}
		return 0, s.repo.stageLink(path, h)
	}
	over, err := s.space.hold(h.Size)
	if err != nil {
		return 0, err
	}
	defer over()
	err = s.create(path, func(f *os.File) error {
		if n, err = accept(ctx, obj, h, payload, f); err != nil {
			return err
		}
		if h.IsSymlink() { // bare-user keeps the target as content
			if _, err := f.Write(append([]byte(h.Target), 0)); err != nil {
				return err
			}
		}
		return s.repo.dress(f, h)
	})
	return n, err
}

func (s *stage) compressFile(ctx context.Context, obj Object, h *FileHeader, payload io.Reader, path string) (int64, error) {
	header, err := h.marshalFilez()
	if err != nil {
		return 0, err
	}
	frame, err := framed(header)
	if err != nil {
		return 0, err
	}
	out := &counter{take: s.space.take}
	err = s.create(path, func(f *os.File) error {
		out.w = f
		if err := s.compressInto(ctx, out, frame, obj, h, payload); err != nil {
			return err
		}
		return publishMode(f)
	})
	return out.n, err
}

func (s *stage) compressInto(ctx context.Context, w io.Writer, frame []byte, obj Object, h *FileHeader, payload io.Reader) error {
	if h.IsSymlink() {
		if _, err := w.Write(frame); err != nil {
			return err
		}
		_, err := accept(ctx, obj, h, payload, io.Discard)
		return err
	}
	if h.Size <= tinyPayload {
		var tiny bytes.Buffer
		if _, err := accept(ctx, obj, h, io.LimitReader(payload, tinyPayload+1), &tiny); err != nil {
			return err
		}
		_, err := w.Write(append(frame, tinyDeflate(tiny.Bytes())...))
		return err
	}
	d, err := newDeflater(w, frame, s.repo.cfg().zlibLevel)
	if err != nil {
		return err
	}
	if _, err := accept(ctx, obj, h, payload, d); err != nil {
		d.release()
		return err
	}
	return d.finish()
}

// publish gives a batch of staged objects their names: one sync for all that
// they hold, then the names, children before parents as they come in list;
// commits once the names of what they reach are durable.
func (s *stage) publish(list []staged) error {
	if len(list) == 0 {
		return nil
	}
	if err := faults.At(s.repo.faults, "repo.sync"); err != nil {
		return err
	}
	if s.repo.durably() && (s.found || !s.repo.perObject()) {
		if err := s.syncList(list); err != nil {
			return fullDisk(err, s.repo.path)
		}
	}
	var children, commits []staged
	for _, st := range list {
		if st.id.Type == TypeCommit {
			commits = append(commits, st)
		} else {
			children = append(children, st)
		}
	}
	for _, part := range [][]staged{children, commits} {
		if err := s.name(part); err != nil {
			return fmt.Errorf("write to repo %s: %w", s.repo.path, fullDisk(err, s.repo.path))
		}
	}
	return nil
}

// name renames staged objects into place and makes the names durable.
func (s *stage) name(list []staged) error {
	touched := map[string]bool{}
	for _, st := range list {
		if err := faults.At(s.repo.faults, "repo.rename"); err != nil {
			return err
		}
		to := s.repo.objectPath(st.id)
		if !touched[filepath.Dir(to)] {
			if err := s.repo.insidePath(to); err != nil {
				return err
			}
			touched[filepath.Dir(to)] = true
		}
		if err := s.nameOne(st, to, touched); err != nil {
			return err
		}
		if st.id.Type == TypeCommit {
			// It is back, so it was not deleted.
			err := ignoreMissing(os.Remove(s.repo.objectPath(ObjectID{st.id.Sum, TypeTombstoneCommit})))
			if err != nil {
				return err
			}
		}
	}
	if !s.repo.durably() {
		return nil
	}
	if err := faults.At(s.repo.faults, "repo.dirsync"); err != nil {
		return err
	}
	return s.syncDirs(touched)
}

func (s *stage) nameOne(st staged, to string, touched map[string]bool) error {
	give := renameNew
	if !st.id.Type.namedByContent() {
		give = rename // a newer one replaces it
	}
	err := give(st.path, to)
	if errors.Is(err, fs.ErrNotExist) {
		dir := filepath.Dir(to)
		if err := os.Mkdir(dir, 0o775); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		touched[filepath.Dir(dir)] = true
		err = give(st.path, to)
	}
	if errors.Is(err, fs.ErrExist) {
		return s.second(st, to)
	}
	return err
}

// second is for an object whose name is taken: by somebody who was first, and
// then it is the same object, or by what is none.
func (s *stage) second(st staged, to string) error {
	there, err := s.repo.has(st.id)
	if err != nil {
		return err
	}
	if there {
		return os.Remove(st.path)
	}
	// What is no object, such as a folder that a damaged disk left, goes away
	// with the stage.
	if err := os.Rename(to, st.path+"-in-the-way"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Rename(st.path, to)
}
