package objects

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
	"github.com/otactl/otactl/server/api"
)

// maxBatches is how many bodies of many objects are received at once. Each has
// one object in memory and at most batch.MaxBody bytes on the disk that no name
// leads to yet.
const maxBatches = 16

// maxQuestions is how many questions about many objects are answered at once.
// Each has some 5 MB in memory, a hundred of them more than a small machine has.
const maxQuestions = 16

// postMissing answers for each of many objects whether it is there.
func (s *Store) postMissing(w http.ResponseWriter, r *http.Request) error {
	if err := take(r.Context(), s.asking); err != nil {
		return err
	}
	defer func() { <-s.asking }()
	ids, err := question(w, r)
	if err != nil {
		return err
	}
	api.AllowWork(w)
	have, err := s.has(r.Context(), ids...)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(batch.MarshalAnswer(have)) // a client that left is its own affair
	return nil
}

func question(w http.ResponseWriter, r *http.Request) ([]ostree.ObjectID, error) {
	api.AllowTime(w, min(r.ContentLength, batch.QuestionSize))
	body, err := api.Body(w, r, batch.QuestionSize)
	if err != nil {
		return nil, err
	}
	ids, err := batch.ParseQuestion(body)
	if err != nil {
		return nil, unreadable(err)
	}
	return ids, nil
}

func unreadable(err error) error { return api.Refuse(http.StatusBadRequest, "batch", err.Error()) }

// postObjects takes objects one after the other, children first, and answers
// once all of them are durable. What came before one that is refused, or before
// the line broke, is kept: whoever sends the rest again is not asked for it.
func (s *Store) postObjects(w http.ResponseWriter, r *http.Request) error {
	switch {
	case r.ContentLength <= 0:
		return api.Refuse(http.StatusBadRequest, "length_required", "the request must have a Content-Length above 0")
	case r.ContentLength > batch.MaxBody:
		return api.Refuse(http.StatusRequestEntityTooLarge, "too_large", "the body is longer than a batch may be")
	}
	api.AllowTime(w, r.ContentLength) // to wait for a place, and again to come in
	if err := take(r.Context(), s.batches); err != nil {
		return err
	}
	defer func() { <-s.batches }()
	api.AllowTime(w, r.ContentLength)
	in, err := s.open(r.Context())
	if err != nil {
		return err
	}
	defer in.session.Abort()
	refused := in.receive(r.Context(), r.Body)
	// A client that leaves must not end it half way: see put.
	if err := in.end(context.WithoutCancel(r.Context())); err != nil {
		return err
	}
	if refused != nil {
		return refused
	}
	api.JSON(w, http.StatusOK, in.report)
	return nil
}

// intake is one body of many objects on its way into the repo.
type intake struct {
	*Store
	session ostree.Session
	staged  map[ostree.ObjectID]struct{} // verified, and not visible yet
	trees   map[ostree.Checksum]int      // levels of the dirtrees staged that have all below them
	small   []byte                       // holds one object after the other
	report  batch.Report
}

func (s *Store) open(ctx context.Context) (*intake, error) {
	session, err := s.repo.BeginBrief(ctx)
	if err != nil {
		return nil, err
	}
	return &intake{Store: s, session: session, staged: map[ostree.ObjectID]struct{}{},
		trees: map[ostree.Checksum]int{}}, nil
}

// receive stages what comes until the end of the body.
func (in *intake) receive(ctx context.Context, body io.Reader) error {
	line := &line{r: body}
	frames := batch.NewReader(line)
	for {
		f, err := frames.Next()
		if err == nil {
			err = in.object(ctx, f, frames)
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF) && line.err == nil:
			return nil
		case line.err != nil || errors.Is(err, io.ErrUnexpectedEOF):
			return brokeOff()
		default:
			return refusal(err)
		}
	}
}

// line remembers that it broke, which says nothing about the objects.
type line struct {
	r   io.Reader
	err error
}

func (l *line) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if err != nil && err != io.EOF {
		l.err = err
	}
	return n, err
}

// refusal is what a client is told about an object or frame that is no good.
func refusal(err error) error {
	if _, ok := errors.AsType[*batch.FormatError](err); ok {
		return unreadable(err)
	}
	if e, ok := errors.AsType[*batch.TooLongError](err); ok {
		return tooLong(e.Frame)
	}
	return corrupt(err)
}

func tooLong(f batch.Frame) error {
	return api.Refuse(http.StatusRequestEntityTooLarge, "too_large", "object "+f.ID.String()+" is longer than a batch may carry")
}

// object stages one object, unless it is there.
func (in *intake) object(ctx context.Context, f batch.Frame, r io.Reader) error {
	if f.Length > maxLength(f.ID.Type) {
		return tooLong(f)
	}
	bring := in.bring
	if f.ID.Type == ostree.TypeCommitMeta {
		bring = in.sign
	}
	stored, err := bring(ctx, f, r)
	switch {
	case err != nil:
		return err
	case stored:
		in.report.Stored++
		in.report.Bytes += f.Length
	default:
		in.report.Existed++
	}
	return nil
}

// bring stages an object that is named by its content, unless it is there.
func (in *intake) bring(ctx context.Context, f batch.Frame, r io.Reader) (stored bool, err error) {
	there, err := in.holds(ctx, f.ID)
	if err != nil || there {
		return false, err
	}
	if err := in.stage(ctx, f, r); err != nil {
		return false, err
	}
	in.staged[f.ID] = struct{}{}
	return true, nil
}

// sign stores signatures at once: staged until the end of the body, they would
// take the place of those that somebody else brings meanwhile.
func (in *intake) sign(ctx context.Context, f batch.Frame, r io.Reader) (stored bool, err error) {
	data, err := in.read(f.Length, r)
	if err != nil {
		return false, err
	}
	stored, err = in.put(ctx, ostree.NewNamedMetadata(f.ID, data))
	if err != nil || stored {
		return stored, err
	}
	return in.replaceDetached(ctx, f.ID, data)
}

// holds says whether the object is there already.
func (in *intake) holds(ctx context.Context, id ostree.ObjectID) (bool, error) {
	if _, ok := in.staged[id]; ok {
		return true, nil
	}
	there, err := in.has(ctx, id)
	if err != nil {
		return false, err
	}
	return there[0], nil
}

func (in *intake) stage(ctx context.Context, f batch.Frame, r io.Reader) error {
	if f.Length <= inMemory {
		data, err := in.read(f.Length, r)
		if err != nil {
			return err
		}
		return in.stageData(ctx, f, data)
	}
	if f.ID.Type == ostree.TypeFile {
		return in.session.Put(ctx, ostree.NewArchived(f.ID, once(r, f.Length)))
	}
	u, err := in.spool(r, f.Length) // before its turn: a slow line must not hold up all others
	if err != nil {
		return err
	}
	defer u.close()
	if err := take(ctx, in.big); err != nil {
		return err
	}
	defer func() { <-in.big }()
	data, err := u.bytes()
	if err != nil {
		return err
	}
	return in.stageData(ctx, f, data)
}

// stageData is stage for an object that is in memory.
func (in *intake) stageData(ctx context.Context, f batch.Frame, data []byte) error {
	children, err := ostree.NamedBy(f.ID.Type, data)
	if err != nil {
		return &ostree.CorruptError{ID: f.ID, Why: err.Error()}
	}
	levels := in.levels(children)
	if err := in.checkChildren(ctx, f.ID, in.elsewhere(children)); err != nil {
		return err
	}
	if f.ID.Type == ostree.TypeFile {
		return in.session.Put(ctx, ostree.NewArchived(f.ID, once(bytes.NewReader(data), f.Length)))
	}
	if err := in.session.Put(ctx, ostree.NewNamedMetadata(f.ID, data)); err != nil {
		return err
	}
	if levels > 0 && f.ID.Type == ostree.TypeDirTree {
		in.trees[f.ID.Sum] = levels
	}
	return nil
}

// levels is how many levels of directories there are from a dirtree with these
// children down, if all below it is known to be there, so that nobody has to
// walk it when a ref is to move; else 0.
func (in *intake) levels(children []ostree.ObjectID) int {
	most := 0
	for _, id := range children {
		if id.Type != ostree.TypeDirTree {
			continue
		}
		below := max(in.trees[id.Sum], in.whole.levels(id.Sum))
		if below == 0 {
			return 0
		}
		most = max(most, below)
	}
	return most + 1
}

// once opens an object that comes by only once. The repo reads it once.
func once(r io.Reader, length int64) func(context.Context) (io.ReadCloser, int64, error) {
	return func(context.Context) (io.ReadCloser, int64, error) { return io.NopCloser(r), length, nil }
}

// read gives the whole object; a small one lies where the one before lay.
func (in *intake) read(length int64, r io.Reader) ([]byte, error) {
	data := in.small
	if length > int64(cap(data)) {
		data = make([]byte, length)
		if length <= inMemory {
			in.small = make([]byte, inMemory)
			data = in.small
		}
	}
	data = data[:length]
	_, err := io.ReadFull(r, data)
	return data, err
}

// elsewhere are the ids that this body did not bring.
func (in *intake) elsewhere(ids []ostree.ObjectID) []ostree.ObjectID {
	rest := ids[:0]
	for _, id := range ids {
		if _, mine := in.staged[id]; !mine {
			rest = append(rest, id)
		}
	}
	return rest
}

// end makes what was staged visible and durable; until then nobody else is told
// that it is there.
func (in *intake) end(ctx context.Context) error {
	ids := make([]ostree.ObjectID, 0, len(in.staged))
	for id := range in.staged {
		ids = append(ids, id)
	}
	in.flights.join(ids)
	defer in.flights.land(ids...)
	err := in.session.Close(ctx)
	if fail.ClassOf(err) == fail.NoSpace {
		in.log.Warn("no room for objects", "error", err)
	}
	if err != nil {
		return err
	}
	for sum, levels := range in.trees {
		in.whole.add(sum, levels)
	}
	return nil
}
