package objects

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/server/api"
)

const (
	// maxFile caps a content object in archive form, in bytes, as treehub does.
	maxFile = 3 << 30
	// maxMetadata caps a metadata object, in bytes: a folder of half a million
	// entries. It is parsed in memory.
	maxMetadata = 32 << 20
	// maxPayload caps what a content object may inflate to, in bytes; it bounds
	// the work that a small body can ask for.
	maxPayload = 16 << 30
	// maxUploads is how many bodies are received at once.
	maxUploads = 128
	// inMemory is up to which length a body is not spooled to a file.
	inMemory = 256 << 10
)

// maxLength caps an object's body by its type.
func maxLength(t ostree.ObjectType) int64 {
	switch t {
	case ostree.TypeFile:
		return maxFile
	case ostree.TypeCommitMeta:
		return limits.FileHeader
	}
	return maxMetadata
}

// upload is a received body. It can be opened as often as needed until close.
type upload struct {
	data []byte   // when it is small
	file *os.File // when it is not
	size int64
}

// receive reads the body of a POST whose length was announced.
func (s *Store) receive(w http.ResponseWriter, r *http.Request, max int64) (*upload, error) {
	switch {
	case r.ContentLength <= 0:
		return nil, api.Refuse(http.StatusBadRequest, "length_required", "the request must have a Content-Length above 0")
	case r.ContentLength > max:
		return nil, api.Refuse(http.StatusRequestEntityTooLarge, "too_large", "the object is longer than allowed for its type")
	}
	body := http.MaxBytesReader(w, r.Body, r.ContentLength)
	if r.ContentLength <= inMemory {
		data := make([]byte, r.ContentLength)
		if _, err := io.ReadFull(body, data); err != nil {
			return nil, brokeOff()
		}
		return &upload{data: data, size: r.ContentLength}, nil
	}
	return s.spool(body, r.ContentLength)
}

func brokeOff() error {
	return api.Refuse(http.StatusBadRequest, "body", "the request body is shorter than its Content-Length")
}

// spool writes the body to a temporary file. It needs no sync: it is only read
// back by this process.
func (s *Store) spool(body io.Reader, size int64) (*upload, error) {
	f, err := os.CreateTemp(s.tmp, "upload-*")
	if err != nil {
		return nil, err
	}
	u := &upload{file: f, size: size}
	n, err := io.Copy(f, body)
	if err == nil && n == size {
		return u, nil
	}
	u.close()
	if pe, ok := errors.AsType[*os.PathError](err); ok {
		return nil, pe
	}
	return nil, brokeOff()
}

func (u *upload) close() {
	if u.file != nil {
		_ = u.file.Close()
		_ = os.Remove(u.file.Name())
	}
}

func (u *upload) open(context.Context) (io.ReadCloser, int64, error) {
	if u.file == nil {
		return io.NopCloser(bytes.NewReader(u.data)), u.size, nil
	}
	return io.NopCloser(io.NewSectionReader(u.file, 0, u.size)), u.size, nil
}

// bytes is the whole body, for metadata.
func (u *upload) bytes() ([]byte, error) {
	if u.file == nil {
		return u.data, nil
	}
	return io.ReadAll(io.NewSectionReader(u.file, 0, u.size))
}

// postObject takes one object: 204 when it was stored, 409 when it was there. Of
// detached metadata a newer one is stored as well.
func (s *Store) postObject(w http.ResponseWriter, r *http.Request) error {
	id, err := objectID(r)
	if err != nil {
		return err
	}
	there, err := s.has(r.Context(), id)
	if err != nil {
		return err
	}
	if there[0] && id.Type != ostree.TypeCommitMeta {
		return alreadyThere()
	}
	if err := take(r.Context(), s.slots); err != nil {
		return err
	}
	defer func() { <-s.slots }()
	api.AllowTime(w, r.ContentLength)
	u, err := s.receive(w, r, maxLength(id.Type))
	if err != nil {
		return err
	}
	defer u.close()
	if id.Type != ostree.TypeFile && u.file != nil {
		if err := take(r.Context(), s.big); err != nil {
			return err
		}
		defer func() { <-s.big }()
	}
	stored, err := s.accept(r.Context(), id, u)
	if err == nil && !stored && id.Type == ostree.TypeCommitMeta {
		var data []byte
		if data, err = u.bytes(); err == nil {
			stored, err = s.replaceDetached(r.Context(), id, data)
		}
	}
	if err != nil {
		return err
	}
	if !stored {
		return alreadyThere()
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func alreadyThere() error {
	return api.Refuse(http.StatusConflict, "object_exists", "the object is there already")
}

// take waits for a free place in slots.
func take(ctx context.Context, slots chan struct{}) error {
	select {
	case slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// accept verifies the object, holds it against the order, and stores it.
func (s *Store) accept(ctx context.Context, id ostree.ObjectID, u *upload) (bool, error) {
	obj := ostree.NewArchived(id, u.open)
	if id.Type == ostree.TypeCommit || id.Type == ostree.TypeDirTree {
		if err := s.checkOrder(ctx, obj, u); err != nil {
			return false, err
		}
	}
	if id.Type == ostree.TypeFile && u.file != nil {
		if err := checkPayload(u); err != nil {
			return false, err
		}
	}
	stored, err := s.put(ctx, obj)
	return stored, corrupt(err)
}

// checkOrder refuses a parent that comes before its children. The object is
// verified first, so that the children of a forgery are not asked about.
func (s *Store) checkOrder(ctx context.Context, obj ostree.Object, u *upload) error {
	if err := ostree.VerifyObject(ctx, obj); err != nil {
		return corrupt(err)
	}
	data, err := u.bytes()
	if err != nil {
		return err
	}
	children, err := ostree.NamedBy(obj.ID().Type, data)
	if err != nil {
		return api.Refuse(http.StatusBadRequest, "corrupt", obj.ID().String()+": "+err.Error())
	}
	return s.checkChildren(ctx, obj.ID(), children)
}

// checkChildren refuses parent unless all of its children are there.
func (s *Store) checkChildren(ctx context.Context, parent ostree.ObjectID, children []ostree.ObjectID) error {
	gap, found, err := s.missing(ctx, children)
	if err != nil {
		return err
	}
	if found {
		return api.Refuse(http.StatusPreconditionFailed, "missing_child",
			"object "+parent.String()+" names "+gap.String()+", which is not there: send children first")
	}
	return nil
}

// checkPayload refuses a large object whose header announces more than
// maxPayload, before a byte of it is inflated.
func checkPayload(u *upload) error {
	h, payload, err := ostree.ReadFilez(io.NewSectionReader(u.file, 0, u.size))
	if err != nil {
		return api.Refuse(http.StatusBadRequest, "corrupt", "the object has no header that can be read")
	}
	defer payload.Close()
	if h.Size > maxPayload {
		return api.Refuse(http.StatusRequestEntityTooLarge, "too_large", "the object's content is longer than allowed")
	}
	return nil
}

// corrupt turns the engine's finding into a refusal.
func corrupt(err error) error {
	if c, ok := errors.AsType[*ostree.CorruptError](err); ok {
		return api.Refuse(http.StatusBadRequest, "corrupt", "object "+c.ID.String()+" is corrupt: "+c.Why)
	}
	return err
}
