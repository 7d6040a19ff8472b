package objects

import (
	"bufio"
	"context"
	"io"
	"net/http"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
	"github.com/otactl/otactl/server/api"
)

// maxAnswers is how many answers of many objects are under way at once. Each
// has one object and some buffers in memory.
const maxAnswers = 64

// postFetch gives those of many objects that are there and short, one after
// the other. Whoever misses one asks for it by itself, and is told why.
func (s *Store) postFetch(w http.ResponseWriter, r *http.Request) error {
	api.AllowTime(w, batch.MaxAnswer)
	if err := take(r.Context(), s.giving); err != nil {
		return err
	}
	defer func() { <-s.giving }()
	ids, err := question(w, r)
	if err != nil {
		return err
	}
	if len(ids) > batch.MaxObjects {
		return api.Refuse(http.StatusRequestEntityTooLarge, "too_large", "the question is about more objects than an answer may hold")
	}
	// What is still on its way to the disk, a power cut could take away.
	if err := s.flights.wait(r.Context(), ids); err != nil {
		return err
	}
	api.AllowTime(w, batch.MaxAnswer)
	w.Header().Set("Content-Type", "application/octet-stream")
	s.answer(r.Context(), bufio.NewWriterSize(w, 64<<10), ids)
	return nil
}

// answer writes what is there of ids. A client that left is its own affair.
func (s *Store) answer(ctx context.Context, out *bufio.Writer, ids []ostree.ObjectID) {
	buf := make([]byte, batch.MaxFetched)
	for sent := 0; len(ids) > 0 && sent < batch.MaxAnswer; ids = ids[1:] {
		data, err := s.short(ctx, ids[0], buf)
		if err != nil {
			s.log.Warn("left out of an answer", "object", ids[0], "error", err)
		}
		if len(data) == 0 {
			continue
		}
		frame := batch.AppendFrame(out.AvailableBuffer(), batch.Frame{ID: ids[0], Length: int64(len(data))})
		if _, err := out.Write(frame); err != nil {
			return
		}
		if _, err := out.Write(data); err != nil {
			return
		}
		sent += len(frame) + len(data)
	}
	_ = out.Flush()
}

// short reads an object into buf. It is nil if the object is not there, longer
// than that, or can't be read.
func (s *Store) short(ctx context.Context, id ostree.ObjectID, buf []byte) ([]byte, error) {
	obj, err := s.repo.Object(ctx, id)
	if err != nil {
		return nil, unlessMissing(err)
	}
	r, length, err := obj.OpenArchive(ctx)
	if err != nil {
		return nil, unlessMissing(err)
	}
	defer r.Close()
	if length > int64(len(buf)) {
		return nil, nil
	}
	if _, err := io.ReadFull(r, buf[:length]); err != nil {
		return nil, err // what buf holds is in part of the object before
	}
	return buf[:length], nil
}

func unlessMissing(err error) error {
	if _, missing := isMissing(err); missing {
		return nil
	}
	return err
}
