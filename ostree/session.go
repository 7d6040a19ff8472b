package ostree

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// A session makes what it has visible in batches, so that a copy that is
// killed goes on where it was: when this many objects or bytes are staged.
const (
	batchObjects = 4096
	batchBytes   = 256 << 20
)

// session is a write session on a repo.
//
// Objects are staged by whoever calls Put, many at once, and become visible
// batch by batch in the order in which their Put returned. Put of a parent is
// called after that of its children returned, so a parent is never visible
// before them.
type session struct {
	*stage
	turn chan struct{} // holds a token while a batch is made visible

	mu      sync.Mutex
	flights map[ObjectID]*flight // being staged, or staged and not visible yet
	batch   []staged
	bytes   int64
	err     error // of a batch; ends the session
	closed  bool
}

// flight is one object on its way; done is closed once it is staged or failed.
type flight struct {
	done chan struct{}
	err  error
}

var errSessionClosed = errors.New("write session is closed")

// Begin opens a write session: it takes the repo's lock, shared.
func (r *Repo) Begin(ctx context.Context) (Session, error) { return r.begin(ctx, keeping) }

// BeginRepeatable is Begin for what can be made again out of what lies on this
// machine: what is staged when the process is killed is lost. That saves each
// object a rename, and the stage its folders.
func (r *Repo) BeginRepeatable(ctx context.Context) (Session, error) {
	return r.begin(ctx, repeatable)
}

// BeginBrief is Begin for a few thousand objects that the caller knows not to be
// there, many times a minute: what is staged when the process is killed is lost,
// and what others left behind stays.
func (r *Repo) BeginBrief(ctx context.Context) (Session, error) { return r.begin(ctx, brief) }

func (r *Repo) begin(ctx context.Context, care care) (Session, error) {
	st, err := r.openStage(ctx, care)
	if err != nil {
		return nil, err
	}
	return &session{stage: st, turn: make(chan struct{}, 1), flights: map[ObjectID]*flight{}}, nil
}

// Put stages obj. One that the repo has, or that is being put, is not read. If
// the other one who puts it fails, for whatever reason, obj gets its turn.
func (s *session) Put(ctx context.Context, obj Object) error {
	for {
		f, mine, err := s.claim(obj.ID())
		if err != nil {
			return err
		}
		if mine {
			return s.stageMine(ctx, obj, f)
		}
		if err := f.wait(ctx); err == nil || ctx.Err() != nil {
			return err
		}
	}
}

// wait is for an object that somebody else puts.
func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *session) stageMine(ctx context.Context, obj Object, f *flight) error {
	st, there, err := s.stageOnce(ctx, obj)
	full := s.landed(f, st, there, err)
	if err != nil || !full {
		return err
	}
	return s.flush(ctx)
}

// claim says whether the caller is the one who stages id.
func (s *session) claim(id ObjectID) (*flight, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, false, errSessionClosed
	}
	if s.err != nil {
		return nil, false, s.err
	}
	if f := s.flights[id]; f != nil {
		return f, false, nil
	}
	f := &flight{done: make(chan struct{})}
	s.flights[id] = f
	return f, true, nil
}

// stageOnce stages obj unless the repo has it.
func (s *stage) stageOnce(ctx context.Context, obj Object) (st staged, there bool, err error) {
	id := obj.ID()
	st.id = id
	if id.Type.namedByContent() && s.care != brief {
		if there, err = s.repo.has(id); there || err != nil {
			return st, there, err
		}
	}
	st, err = s.write(ctx, obj)
	return st, false, err
}

// landed ends a flight and says whether the batch is full.
func (s *session) landed(f *flight, st staged, there bool, err error) (full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.err = err
	close(f.done)
	if err != nil || there {
		delete(s.flights, st.id)
		return false
	}
	s.batch = append(s.batch, st)
	s.bytes += st.size
	return len(s.batch) >= batchObjects || s.bytes >= batchBytes
}

// flush makes the batch visible behind the caller's back, after the one
// before. While one is under way the next caller that fills a batch waits, so
// that the disk sets the pace. After one that failed none follows: its parents
// may name children that never became visible.
func (s *session) flush(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := s.failure(); err != nil {
		<-s.turn
		return err
	}
	batch := s.take()
	go func() {
		defer func() { <-s.turn }()
		s.settle(batch, s.publish(batch))
	}()
	return nil
}

// failure is the error of a batch before, if there was one.
func (s *session) failure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *session) take() []staged {
	s.mu.Lock()
	defer s.mu.Unlock()
	batch := s.batch
	s.batch, s.bytes = nil, 0
	return batch
}

// settle forgets the flights of a batch that is visible.
func (s *session) settle(batch []staged, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if s.err == nil {
			s.err = err
		}
		return
	}
	for _, st := range batch {
		delete(s.flights, st.id)
	}
}

// Close makes all that was put visible and durable. After an error some of it
// may be; each object is whole or not there.
func (s *session) Close(ctx context.Context) error {
	if err := s.end(); err != nil {
		return err
	}
	defer s.stage.close()
	s.turn <- struct{}{} // a batch under way ends by itself
	err := s.failure()
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = s.publishLast(s.take())
	}
	if err != nil {
		return fmt.Errorf("close write session: %w", err)
	}
	return nil
}

// publishLast is publish for the batch that ends the session. Its caller trusts
// what was there already as well, which whoever put it there may not have
// synced: the sync of the batch reaches that too, or there is one for it.
func (s *session) publishLast(batch []staged) error {
	reached := len(batch) > 0 && !s.each && !s.repo.perObject()
	if s.repo.durably() && s.care != brief && !reached {
		if err := s.syncAll(); err != nil {
			return fmt.Errorf("write to repo %s: %w", s.repo.path, fullDisk(err, s.repo.path))
		}
	}
	return s.publish(batch)
}

// Abort drops what is not visible yet. After Close it does nothing.
func (s *session) Abort() {
	if s.end() != nil {
		return
	}
	s.turn <- struct{}{}
	s.stage.close()
}

func (s *session) end() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errSessionClosed
	}
	s.closed = true
	return nil
}
