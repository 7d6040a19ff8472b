package objects

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
	"github.com/otactl/otactl/server/api"
)

// maxSizings is how many commits are walked at once for the sizes of what they
// reach. Each walk remembers what it has met, some 15 MB for 200,000 objects.
const maxSizings = 4

// maxListed is how many answers of sizes may lie on the disk, for clients that
// read slower than a commit is walked: some 10 MB each for 200,000 objects.
const maxListed = 64

// getSizes says how long all is that a commit reaches, as it is met. An answer
// that cannot go on ends without the mark that ends a whole one.
func (s *Store) getSizes(w http.ResponseWriter, r *http.Request) error {
	commit, err := ostree.ParseChecksum(r.PathValue("commit"))
	if err != nil {
		return noSuchCommit()
	}
	if err := take(r.Context(), s.listed); err != nil {
		return err
	}
	defer func() { <-s.listed }()
	ctx, stop := context.WithCancel(r.Context())
	list, err := s.beginSizes(ctx, commit)
	if err != nil {
		stop()
		return err
	}
	defer list.close()
	defer stop()
	w.Header().Set("Content-Type", "application/octet-stream")
	if _, err := io.Copy(patient{w}, list); err != nil && r.Context().Err() == nil {
		s.log.Warn("an answer of sizes broke off", "commit", commit, "error", err)
	}
	return nil
}

// beginSizes walks a commit and lists the sizes for a client to read, who may be
// as slow as they like: the walk, of which there are few at once, waits for nobody.
func (s *Store) beginSizes(ctx context.Context, commit ostree.Checksum) (list *growing, err error) {
	if err := take(ctx, s.sizing); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			<-s.sizing
		}
	}()
	if _, err := ostree.LoadCommit(ctx, s.repo, commit); err != nil {
		if _, missing := isMissing(err); missing {
			return nil, noSuchCommit()
		}
		return nil, err
	}
	if list, err = newGrowing(s.tmp); err != nil {
		return nil, err
	}
	go func() {
		err := s.sizes(ctx, bufio.NewWriterSize(list, 64<<10), commit)
		<-s.sizing
		list.end(err)
	}()
	return list, nil
}

func noSuchCommit() error {
	return api.Refuse(http.StatusNotFound, "not_found", "no such commit")
}

func (s *Store) sizes(ctx context.Context, out *bufio.Writer, commit ostree.Checksum) error {
	n := 0
	err := ostree.Closure(ctx, s.repo, commit, func(id ostree.ObjectID) error {
		length, err := s.length(id)
		if err != nil {
			return err
		}
		n++
		_, err = out.Write(batch.AppendFrame(out.AvailableBuffer(), batch.Frame{ID: id, Length: length}))
		return err
	})
	if err != nil {
		return err
	}
	if _, err := out.Write(batch.AppendSizesEnd(out.AvailableBuffer(), n)); err != nil {
		return err
	}
	return out.Flush()
}

// length is that of an object's file, which is in archive form.
func (s *Store) length(id ostree.ObjectID) (int64, error) {
	st, err := os.Lstat(filepath.Join(s.repo.Path(), filepath.FromSlash(id.ArchivePath())))
	if os.IsNotExist(err) || err == nil && !st.Mode().IsRegular() {
		return 0, &ostree.MissingError{ID: id}
	}
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

// patient gives each piece of a long answer the time that a slow line takes for
// it.
type patient struct{ http.ResponseWriter }

func (p patient) Write(b []byte) (int, error) {
	api.AllowTime(p.ResponseWriter, int64(len(b)))
	return p.ResponseWriter.Write(b)
}
