package objects

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/server/api"
)

const (
	// maxPart caps a part of a static delta as it arrives, in bytes.
	maxPart = 1 << 30
	// maxSuperblock caps a superblock, with what parts are in it, in bytes. It
	// is read in memory.
	maxSuperblock = 32 << 20
)

// incoming is where the parts of a delta wait for its superblock, below the
// repo's tmp: what nobody comes back to goes away with time.
func (s *Store) incoming(n delta.Name) string {
	sum := sha256.Sum256([]byte(n.String()))
	return filepath.Join(s.repo.Path(), "tmp", "delta-"+hex.EncodeToString(sum[:16]))
}

// putDelta takes one file of a delta. Parts wait until the superblock comes,
// with which the delta is there as a whole.
func (s *Store) putDelta(w http.ResponseWriter, r *http.Request) error {
	n, part, ok := delta.ParsePath("deltas/" + r.PathValue("ab") + "/" + r.PathValue("name") + "/" + r.PathValue("file"))
	if !ok {
		return noSuchDelta()
	}
	var err error
	if part == delta.Head {
		err = s.putSuperblock(w, r, n)
	} else {
		err = s.putPart(w, r, n, part)
	}
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

func noSuchDelta() error {
	return api.Refuse(http.StatusNotFound, "not_found", "no such file: the path is not one of a static delta")
}

func (s *Store) putPart(w http.ResponseWriter, r *http.Request, n delta.Name, part int) error {
	switch {
	case r.ContentLength <= 0:
		return api.Refuse(http.StatusBadRequest, "length_required", "the request must have a Content-Length above 0")
	case r.ContentLength > maxPart:
		return api.Refuse(http.StatusRequestEntityTooLarge, "too_large", "the part is longer than allowed")
	}
	if err := take(r.Context(), s.slots); err != nil {
		return err
	}
	defer func() { <-s.slots }()
	api.AllowTime(w, r.ContentLength)
	dir := s.incoming(n)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".part-*")
	if err != nil {
		return err
	}
	sum, err := fillPart(f, r.Body, r.ContentLength)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, waiting(part, sum)))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

// waiting is the name of a part until its superblock comes. Another part for the
// same place has another one: of two publishers neither takes away what the
// other one sent, also not between its check and its move.
func waiting(part int, sum ostree.Checksum) string { return strconv.Itoa(part) + "-" + sum.String() }

func fillPart(f *os.File, body io.Reader, size int64) (sum ostree.Checksum, err error) {
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, h), io.LimitReader(body, size))
	if _, disk := errors.AsType[*os.PathError](err); disk {
		return sum, err
	}
	if err != nil || n != size {
		return sum, brokeOff()
	}
	h.Sum(sum[:0])
	return sum, errors.Join(f.Chmod(0o644), f.Sync())
}

// putSuperblock makes a delta visible: the commit that it leads to is whole in
// the repo, and each part is what the superblock says.
func (s *Store) putSuperblock(w http.ResponseWriter, r *http.Request, n delta.Name) error {
	if err := take(r.Context(), s.slots); err != nil {
		return err
	}
	defer func() { <-s.slots }()
	api.AllowTime(w, r.ContentLength)
	u, err := s.receive(w, r, maxSuperblock)
	if err != nil {
		return err
	}
	defer u.close()
	if err := take(r.Context(), s.big); err != nil {
		return err
	}
	defer func() { <-s.big }()
	data, err := u.bytes()
	if err != nil {
		return err
	}
	super, err := parseSuperblock(n, data)
	if err != nil {
		return api.Refuse(http.StatusBadRequest, "bad_delta", err.Error())
	}
	api.AllowWork(w)
	if err := s.Complete(r.Context(), n.To); err != nil {
		return incomplete(err)
	}
	ctx := context.WithoutCancel(r.Context()) // a client that leaves must not end it half way
	s.deltas.Lock()
	defer s.deltas.Unlock()
	if err := s.install(super, data); err != nil {
		return err
	}
	if _, err := delta.Reindex(ctx, s.repo, &n.To); err != nil {
		return err
	}
	s.log.Info("static delta", "name", n.String(), "by", api.IdentityOf(r.Context()).Subject)
	return s.Summarize(ctx)
}

func parseSuperblock(n delta.Name, data []byte) (*delta.Superblock, error) {
	plain := data
	if delta.IsSigned(data) {
		var err error
		if plain, _, err = delta.Unwrap(data); err != nil {
			return nil, err
		}
	}
	return delta.ParseFetched(n, nil, plain)
}

// install gives a delta's files their places, the superblock last. One that was
// there before goes first if another part takes the place of one of its own.
func (s *Store) install(super *delta.Superblock, data []byte) error {
	from, to := s.incoming(super.Name), filepath.Join(s.repo.Path(), filepath.FromSlash(super.Name.Dir()))
	var come []int
	for i, p := range super.Parts {
		if super.Inline(i) {
			continue
		}
		err := checkPart(filepath.Join(from, waiting(i, p.Sum)), p)
		if err == nil {
			come = append(come, i)
			continue
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = checkPart(filepath.Join(to, strconv.Itoa(i)), p)
		}
		if err != nil {
			return badPart(super.Name, i, err)
		}
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	head := filepath.Join(to, "superblock")
	if len(come) > 0 {
		if err := os.Remove(head); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, i := range come {
		if err := os.Rename(filepath.Join(from, waiting(i, super.Parts[i].Sum)), filepath.Join(to, strconv.Itoa(i))); err != nil {
			return err
		}
	}
	top := filepath.Dir(filepath.Clean(s.repo.Path()))
	for dir := to; dir != top; dir = filepath.Dir(dir) {
		if err := fsx.SyncDir(dir); err != nil {
			return err
		}
	}
	if err := fsx.WriteFile(head, data, 0o644); err != nil {
		return err
	}
	_ = os.Remove(from) // unless somebody else's parts wait in it
	return nil
}

// checkPart holds a file against what a superblock says of it.
func checkPart(path string, p delta.Part) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return err
	}
	if uint64(n) != p.Size || ostree.Checksum(h.Sum(nil)) != p.Sum {
		return errOtherPart
	}
	return nil
}

var errOtherPart = errors.New("it is not the one that the superblock names")

func badPart(n delta.Name, i int, err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errOtherPart) {
		return api.Refuse(http.StatusPreconditionFailed, "missing_part",
			fmt.Sprintf("part %d of static delta %s is missing, or another one: send the parts before the superblock", i, n))
	}
	return err
}

// putIndex takes the list of deltas to a commit by making it anew: what is in
// it depends on the deltas that are here and on nothing else.
func (s *Store) putIndex(w http.ResponseWriter, r *http.Request) error {
	to, ok := delta.ParseIndexPath("delta-indexes/" + r.PathValue("ab") + "/" + r.PathValue("file"))
	if !ok {
		return noSuchDelta()
	}
	s.deltas.Lock()
	defer s.deltas.Unlock()
	if _, err := delta.Reindex(r.Context(), s.repo, &to); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// maxStats caps the sizes of the deltas to one target, in bytes.
const maxStats = 1 << 20

// putStats takes what a target says of the sizes of its deltas, under the
// SHA-256 of the bytes.
func (s *Store) putStats(w http.ResponseWriter, r *http.Request) error {
	sum, err := ostree.ParseChecksum(r.PathValue("sum"))
	if err != nil {
		return noSuchDelta()
	}
	data, err := api.Body(w, r, maxStats)
	if err != nil {
		return err
	}
	if sha256.Sum256(data) != sum {
		return api.Refuse(http.StatusBadRequest, "corrupt", "the body is not the one of its name")
	}
	dir := filepath.Join(s.repo.Path(), "delta-stats")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := fsx.SyncDir(s.repo.Path()); err != nil {
		return err
	}
	if err := fsx.WriteFile(filepath.Join(dir, sum.String()), data, 0o644); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Store) getStats(w http.ResponseWriter, r *http.Request) error {
	sum, err := ostree.ParseChecksum(r.PathValue("sum"))
	if err != nil {
		return noSuchDelta()
	}
	return s.serveFile(w, r, "delta-stats/"+sum.String())
}

func (s *Store) getDelta(w http.ResponseWriter, r *http.Request) error {
	path := "deltas/" + r.PathValue("ab") + "/" + r.PathValue("name") + "/" + r.PathValue("file")
	if _, _, ok := delta.ParsePath(path); !ok {
		return noSuchDelta()
	}
	return s.serveFile(w, r, path)
}

func (s *Store) getIndex(w http.ResponseWriter, r *http.Request) error {
	path := "delta-indexes/" + r.PathValue("ab") + "/" + r.PathValue("file")
	if _, ok := delta.ParseIndexPath(path); !ok {
		return noSuchDelta()
	}
	return s.serveFile(w, r, path)
}

func (s *Store) getSummary(w http.ResponseWriter, r *http.Request) error {
	return s.serveFile(w, r, "summary")
}

func (s *Store) getSummarySig(w http.ResponseWriter, r *http.Request) error {
	return s.serveFile(w, r, "summary.sig")
}

// serveFile answers with a file of the repo that may be replaced; path was
// parsed.
func (s *Store) serveFile(w http.ResponseWriter, r *http.Request, path string) error {
	f, err := fsx.OpenIn(s.root, filepath.FromSlash(path))
	if errors.Is(err, fs.ErrNotExist) {
		return api.Refuse(http.StatusNotFound, "not_found", path+" is not there")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", fmt.Sprintf(`"%x-%x"`, st.Size(), st.ModTime().UnixNano()))
	api.AllowTime(w, st.Size())
	http.ServeContent(w, r, "", st.ModTime(), f)
	return nil
}
