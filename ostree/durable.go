package ostree

import (
	"context"
	"errors"
	"sync"
)

// group lets callers of PutDurable share one sync: those that stage while a
// batch is made durable are the next batch.
type group struct {
	mu      sync.Mutex
	party   *party  // nil while nobody is at work
	cohort  *cohort // collects; nil when empty
	running bool
	flights map[ObjectID]*flight
}

// party is those who are at work together, on a stage that the first of them
// opens for all; the flight is that of the stage.
type party struct {
	flight
	stage *stage // nil until it is open
	users int
}

// cohort is a batch of a group and those who wait for it.
type cohort struct {
	list    []staged
	flights []*flight
}

// PutDurable stores one object and returns once it is durable and visible, as
// a server must before it answers. Callers at the same time share one sync.
// One that is there already costs no write.
func (r *Repo) PutDurable(ctx context.Context, obj Object) error {
	g := &r.durable
	p, err := g.enter(ctx, r)
	if err != nil {
		return err
	}
	defer g.leave(p)
	for {
		f, mine := g.claim(obj.ID())
		if mine {
			out, there, err := p.stage.stageOnce(ctx, obj)
			g.landed(f, out, there, err)
			return f.wait(ctx)
		}
		if err := f.wait(ctx); err == nil || ctx.Err() != nil {
			return err
		}
	}
}

// enter joins those who are at work, or opens a stage for all who come meanwhile.
// They wait for it no longer than the one who opens it: what that one met, such as
// a lock that stays held, is met by all of them. Only that its context ended is
// nobody else's affair.
func (g *group) enter(ctx context.Context, r *Repo) (*party, error) {
	for {
		p, first := g.join()
		if first {
			g.open(ctx, r, p)
		}
		err := p.wait(ctx)
		if err == nil {
			return p, nil
		}
		g.leave(p)
		ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
		if first || ctx.Err() != nil || !ended {
			return nil, err
		}
	}
}

func (g *group) join() (p *party, first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if first = g.party == nil; first {
		g.party = &party{flight: flight{done: make(chan struct{})}}
	}
	g.party.users++
	return g.party, first
}

// open opens the stage of p, which may have to wait for the repo's lock.
func (g *group) open(ctx context.Context, r *Repo, p *party) {
	st, err := r.openStage(ctx, keeping)
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.stage, p.err = st, err; err != nil {
		g.party = nil // who comes from now on tries again
	}
	close(p.done)
}

// leave closes the stage after the last one.
func (g *group) leave(p *party) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.users--; p.users == 0 && p.stage != nil {
		p.stage.close()
		g.party = nil
	}
}

func (g *group) claim(id ObjectID) (*flight, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.flights[id]; f != nil {
		return f, false
	}
	f := &flight{done: make(chan struct{})}
	if g.flights == nil {
		g.flights = map[ObjectID]*flight{}
	}
	g.flights[id] = f
	return f, true
}

// landed adds a staged object to the cohort and sees that somebody makes it
// durable.
func (g *group) landed(f *flight, st staged, there bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil || there {
		g.finish(f, st.id, err)
		return
	}
	if g.cohort == nil {
		g.cohort = &cohort{}
	}
	g.cohort.list = append(g.cohort.list, st)
	g.cohort.flights = append(g.cohort.flights, f)
	if !g.running {
		g.running = true
		g.party.users++ // the stage stays open until run is through
		go g.run(g.party)
	}
}

// finish ends a flight; g.mu is held.
func (g *group) finish(f *flight, id ObjectID, err error) {
	f.err = err
	delete(g.flights, id)
	close(f.done)
}

// run makes cohorts durable until none is left.
func (g *group) run(p *party) {
	defer g.leave(p)
	for {
		g.mu.Lock()
		c := g.cohort
		g.cohort = nil
		if c == nil {
			g.running = false
			g.mu.Unlock()
			return
		}
		g.mu.Unlock()
		err := p.stage.publish(c.list)
		g.mu.Lock()
		for i, f := range c.flights {
			g.finish(f, c.list[i].id, err)
		}
		g.mu.Unlock()
	}
}
