package treehub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/batch"
)

// loads is how many bodies there are in memory: being filled, waiting for those
// before them, and on their way. It has to be three at least, see batchSession.
// Six on their way hide the line and the server's syncs; with three, over 20 ms,
// a third of the time was spent waiting.
const loads = 8

// maxReport caps the answer to a body, in bytes.
const maxReport = 4 << 10

// batchSession sends many objects in each request.
//
// Objects wait in one of two loads: those that name no other, and dirtrees and
// commits. The former go as soon as there are enough, several requests at once.
// The latter go once the server has all that was put before them, since it
// takes no parent before its children.
//
// There are only so many loads, so that whoever puts faster than the server
// takes has to wait. One that waits for others never keeps those from being
// sent: they hold their loads already.
type batchSession struct {
	s      *Store
	ctx    context.Context // of the requests: they outlive the Put that filled them
	cancel context.CancelFunc
	free   chan *bytes.Buffer // for loads

	turn            chan struct{} // held by who fills or ships a load
	leaves, parents *load         // being filled, or nil
	flying          []*load       // shipped, not known to be answered
	over            bool

	mu  sync.Mutex
	err error // the first; nothing is sent after it
}

func newBatchSession(ctx context.Context, s *Store) *batchSession {
	t := &batchSession{s: s, free: make(chan *bytes.Buffer, loads), turn: make(chan struct{}, 1)}
	t.ctx, t.cancel = context.WithCancel(ctx)
	for range loads {
		t.free <- new(bytes.Buffer)
	}
	return t
}

// Put verifies obj and queues it; it waits while the server is slower than the
// disk. What the server says of it is an error of a later Put, or of Close.
func (t *batchSession) Put(ctx context.Context, obj ostree.Object) error {
	if err := faults.At(t.s.opt.Faults, "treehub.put"); err != nil {
		return err
	}
	r, length, err := obj.OpenArchive(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if length > inMemory {
		return t.putLarge(ctx, obj, length)
	}
	buf := t.s.buffers.Get()
	defer t.s.buffers.Put(buf)
	n, err := fill(&buf.Buffer, r, length)
	switch {
	case err != nil:
		return err
	case n > unsizedMemory:
		return t.s.putSpooled(ctx, obj, io.MultiReader(buf, r))
	case n == 0 || length >= 0 && n != length:
		return &ostree.CorruptError{ID: obj.ID(), Why: fmt.Sprintf("%d bytes, where %d were announced", n, length)}
	}
	if err := t.s.verify(ctx, inHand(obj.ID(), buf.Bytes())); err != nil {
		return err
	}
	return t.queue(ctx, batch.Frame{ID: obj.ID(), Length: n}, buf.Bytes(), nil)
}

// inHand is an object over its archive form.
func inHand(id ostree.ObjectID, data []byte) ostree.Object {
	return ostree.NewArchived(id, func(context.Context) (io.ReadCloser, int64, error) {
		return io.NopCloser(bytes.NewReader(data)), int64(len(data)), nil
	})
}

// putLarge is for what is read twice: to be verified, and when its load is
// sent. What is too large for a load goes by itself, after all before it.
func (t *batchSession) putLarge(ctx context.Context, obj ostree.Object, length int64) error {
	if length > batch.MaxObject {
		if namesOthers(obj.ID().Type) {
			if err := t.settle(ctx); err != nil {
				return err
			}
		}
		return t.s.verifyAndPost(ctx, obj, length)
	}
	if err := t.s.verify(ctx, obj); err != nil {
		return err
	}
	return t.queue(ctx, batch.Frame{ID: obj.ID(), Length: length}, nil, obj)
}

func namesOthers(t ostree.ObjectType) bool {
	return t == ostree.TypeDirTree || t == ostree.TypeCommit
}

// queue adds a verified object to its load, and ships that if it is full.
func (t *batchSession) queue(ctx context.Context, f batch.Frame, data []byte, obj ostree.Object) error {
	leave, err := t.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	at, ship, most := &t.leaves, t.shipLeaves, loadObjects
	if namesOthers(f.ID.Type) {
		at, ship, most = &t.parents, t.shipParents, loadParents
	}
	if *at != nil && !(*at).fits(f.Length, int64(len(data))) {
		ship()
	}
	if *at == nil {
		select {
		case buf := <-t.free:
			*at = newLoad(buf, most)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	(*at).add(f, data, obj)
	if (*at).full() {
		ship()
	}
	return nil
}

// enter takes the turn in a session that goes on.
func (t *batchSession) enter(ctx context.Context) (leave func(), err error) {
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	leave = func() { <-t.turn }
	if err = t.failure(); t.over {
		err = errSessionOver
	}
	if err != nil {
		leave()
	}
	return leave, err
}

func (t *batchSession) shipLeaves() { t.ship(&t.leaves, nil) }

// shipParents sends the parents once all before them are there.
func (t *batchSession) shipParents() {
	if t.leaves != nil {
		t.shipLeaves()
	}
	t.ship(&t.parents, t.flying)
}

// ship sends a load once those in after were answered; the turn is held.
func (t *batchSession) ship(at **load, after []*load) {
	l := *at
	*at = nil
	after = append([]*load(nil), after...)
	t.flying = append(stillFlying(t.flying), l)
	go func() {
		defer close(l.done)
		for _, before := range after {
			<-before.done
		}
		if t.failure() == nil {
			t.fail(t.send(l))
		}
		t.free <- l.release()
	}()
}

func stillFlying(list []*load) []*load {
	rest := list[:0]
	for _, l := range list {
		select {
		case <-l.done:
		default:
			rest = append(rest, l)
		}
	}
	return rest
}

func (t *batchSession) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

func (t *batchSession) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
	}
}

// settle waits until the server has all that was put so far.
func (t *batchSession) settle(ctx context.Context) error {
	leave, err := t.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return t.land(ctx)
}

// land ships what waits, and waits for all that was shipped; the turn is held.
func (t *batchSession) land(ctx context.Context) error {
	if t.leaves != nil {
		t.shipLeaves()
	}
	if t.parents != nil {
		t.shipParents()
	}
	for _, l := range t.flying {
		select {
		case <-l.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return t.failure()
}

// Close sends what is left and returns once the server has said of all that it
// is durable.
func (t *batchSession) Close(ctx context.Context) error {
	err := t.finish(ctx)
	if err != nil {
		t.Abort()
	}
	t.cancel()
	return err
}

func (t *batchSession) finish(ctx context.Context) error {
	leave, err := t.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	t.over = true
	return t.land(ctx)
}

// Abort drops what was not sent. What the server has stays, and a later run
// finds it there.
func (t *batchSession) Abort() {
	t.cancel()
	t.turn <- struct{}{}
	defer func() { <-t.turn }()
	t.over = true
	for _, l := range t.flying {
		<-l.done
	}
}

// send hands a load to the server. After a broken line or an expired token it
// is sent again; what the server has of it already, it passes over.
func (t *batchSession) send(l *load) error {
	data, err := t.s.exchange(t.ctx, batch.ObjectsPath, maxReport, func(req *http.Request) error {
		req.Body, req.ContentLength = l.open(t.ctx), l.size
		req.GetBody = func() (io.ReadCloser, error) { return l.open(t.ctx), nil }
		req.Header.Set("Content-Type", "application/octet-stream")
		return nil
	})
	if err != nil {
		return refusedBatch(l, err)
	}
	var report batch.Report
	if err := json.Unmarshal(data, &report); err != nil || report.Stored+report.Existed != int64(l.objects) {
		return fail.New(fail.Network, "check that nothing between here and the server changes its answers",
			"send %d objects: the server's answer says nothing of them", l.objects)
	}
	t.s.stored.Add(report.Stored)
	t.s.existed.Add(report.Existed)
	t.s.sent.Add(report.Bytes)
	return nil
}

// refusedBatch explains why the server did not take a load; the server names
// the object.
func refusedBatch(l *load, err error) error {
	what := fmt.Sprintf("send %d objects", l.objects)
	switch {
	case httpx.Reason(err) == "missing_child":
		return fail.As(fmt.Errorf("%s: %w: %w", what, ErrMissingChild, err), fail.Verification,
			"the server lost an object; run this again with --full-check")
	case httpx.Code(err) == http.StatusInsufficientStorage:
		return fmt.Errorf("%s: %w: %w", what, ostree.ErrNoSpace, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Has asks about many objects in one request where the server can answer that.
func (s *Store) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	if !s.far.batches.Load() {
		return s.Source.Has(ctx, ids)
	}
	have := make([]bool, 0, len(ids))
	for len(ids) > 0 {
		some := ids[:min(len(ids), batch.MaxQuestion)]
		ids = ids[len(some):]
		question := batch.MarshalQuestion(some)
		answer, err := s.exchange(ctx, batch.MissingPath, int64(batch.AnswerSize(len(some))), func(req *http.Request) error {
			setBody(req, question)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("ask about %d objects: %w", len(some), err)
		}
		there, err := batch.ParseAnswer(answer, len(some))
		if err != nil {
			return nil, fail.As(err, fail.Network, "check that nothing between here and the server changes its answers")
		}
		have = append(have, there...)
	}
	return have, nil
}

// answerTries is how often a request is sent whose answer breaks off.
const answerTries = 3

// exchange is a POST whose answer, of at most limit bytes, is read whole.
func (s *Store) exchange(ctx context.Context, path string, limit int64, prepare func(*http.Request) error) ([]byte, error) {
	for tries := 1; ; tries++ {
		resp, err := s.send(ctx, http.MethodPost, path, prepare)
		if err != nil {
			return nil, err
		}
		data, err := fsx.ReadSized(resp.Body, "answer to "+path, max(0, min(resp.ContentLength, limit)), limit)
		_ = resp.Body.Close()
		if err == nil {
			return data, nil
		}
		if _, long := errors.AsType[*fsx.TooLargeError](err); long || tries == answerTries || ctx.Err() != nil {
			return nil, fail.As(err, fail.Network, "check the network and run this again")
		}
	}
}
