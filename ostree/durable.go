package ostree

import (
	"context"
	"sync"
)

// group lets callers of PutDurable share one sync: those that stage while a
// batch is made durable are the next batch.
type group struct {
	mu      sync.Mutex
	stage   *stage // nil while nobody is at work
	users   int
	cohort  *cohort // collects; nil when empty
	running bool
	flights map[ObjectID]*flight
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
	st, err := g.enter(ctx, r)
	if err != nil {
		return err
	}
	defer g.leave()
	for {
		f, mine := g.claim(obj.ID())
		if mine {
			out, there, err := st.stageOnce(ctx, obj)
			g.landed(f, out, there, err)
			return f.wait(ctx)
		}
		if err := f.wait(ctx); err == nil || ctx.Err() != nil {
			return err
		}
	}
}

// enter opens the stage for the first of those who come together.
func (g *group) enter(ctx context.Context, r *Repo) (*stage, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.stage == nil {
		st, err := r.openStage(ctx, keeping)
		if err != nil {
			return nil, err
		}
		g.stage, g.flights = st, map[ObjectID]*flight{}
	}
	g.users++
	return g.stage, nil
}

// leave closes the stage after the last one.
func (g *group) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.users--; g.users == 0 {
		g.stage.close()
		g.stage = nil
	}
}

func (g *group) claim(id ObjectID) (*flight, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.flights[id]; f != nil {
		return f, false
	}
	f := &flight{done: make(chan struct{})}
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
		g.users++ // the stage stays open until run is through
		go g.run(g.stage)
	}
}

// finish ends a flight; g.mu is held.
func (g *group) finish(f *flight, id ObjectID, err error) {
	f.err = err
	delete(g.flights, id)
	close(f.done)
}

// run makes cohorts durable until none is left.
func (g *group) run(st *stage) {
	defer g.leave()
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
		err := st.publish(c.list)
		g.mu.Lock()
		for i, f := range c.flights {
			g.finish(f, c.list[i].id, err)
		}
		g.mu.Unlock()
	}
}
