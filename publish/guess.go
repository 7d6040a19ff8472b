package publish

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/otactl/otactl/ostree"
)

// guessing asks about a sample and takes the rest for missing when none of it
// was there. A remote that keeps one object per request answers a POST of
// something it has as quickly as a HEAD; so where nearly everything is new,
// asking first doubles the requests for nothing.
//
// The engine only ever learns "not there" for more than is true; the price of
// a wrong guess is an object sent in vain. As soon as the answers to what is
// sent show that much was there, each object is asked about before it is sent.
type guessing struct {
	Remote
	// difference says that what the remote is known to hold was subtracted here:
	// hardly anything of the rest can be there, but for what an earlier run that
	// was cut short has sent.
	difference bool
	asked      atomic.Int64
	first      sync.Mutex // held by who asks while there is nothing to go by

	mu     sync.Mutex
	seen   int  // answers so far, by question
	found  int  // of them, that the object was there
	credit int  // objects that were guessed at since the last one asked about
	probed bool // with difference: a file was asked about
	recent recent
}

const (
	firstSample = 16  // asked before any guess, and of a batch of which some is there
	laterSample = 128 // of so many guessed at, one is asked about
	// guessBelow: one in so many present is still cheaper to send than to ask
	// about all.
	guessBelow = 8
)

func newGuessing(r Remote, difference bool) *guessing {
	g := &guessing{Remote: r, difference: difference}
	if c, ok := r.(ostree.Tallying); ok {
		before := c.Tally()
		g.recent.existed, g.recent.stored = before.Existed, before.Stored
	}
	return g
}

// Has implements ostree.Source.
func (g *guessing) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	have := make([]bool, len(ids))
	if g.difference {
		return have, g.ask(ctx, ids, have, g.probes(ids))
	}
	n, err := g.probe(ctx, ids, have)
	if err != nil {
		return nil, err
	}
	if n == len(ids) || g.mostlyMissing() {
		return have, nil
	}
	return have, g.ask(ctx, ids, have, rest(len(ids), n))
}

// probes are the commits of a batch, each of which saves all else, and one file
// of the whole run: if that is there, an earlier run got far, and everything is
// asked about.
func (g *guessing) probes(ids []ostree.ObjectID) []int {
	g.mu.Lock()
	defer g.mu.Unlock()
	var which []int
	for i, id := range ids {
		switch {
		case id.Type == ostree.TypeCommit, g.recent.mostlyThere():
			which = append(which, i)
		case id.Type == ostree.TypeFile && !g.probed:
			g.probed = true
			which = append(which, i)
		}
	}
	return which
}

// probe asks about a sample. The first ones go one after the other: how many
// questions are asked must not depend on how many workers start at once.
func (g *guessing) probe(ctx context.Context, ids []ostree.ObjectID, have []bool) (n int, err error) {
	g.first.Lock()
	n, first := g.sample(len(ids))
	if first {
		defer g.first.Unlock()
	} else {
		g.first.Unlock()
	}
	return n, g.ask(ctx, ids, have, spread(len(ids), n))
}

// sample is how many of a batch to ask about before judging it, and whether
// that is the first that is learnt of the remote.
func (g *guessing) sample(batch int) (n int, first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if first = g.seen < firstSample; first || g.found*guessBelow > g.seen {
		return min(batch, firstSample), first
	}
	g.credit += batch
	n = min(batch, g.credit/laterSample)
	g.credit -= n * laterSample
	return n, false
}

func (g *guessing) mostlyMissing() bool {
	seen, found := 0, 0
	if c, ok := g.Remote.(ostree.Tallying); ok {
		sent := c.Tally()
		seen, found = int(sent.Stored+sent.Existed), int(sent.Existed)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return (g.found+found)*guessBelow <= g.seen+seen
}

func (g *guessing) ask(ctx context.Context, ids []ostree.ObjectID, have []bool, which []int) error {
	if len(which) == 0 {
		return nil
	}
	q := make([]ostree.ObjectID, len(which))
	for i, w := range which {
		q[i] = ids[w]
	}
	got, err := g.Remote.Has(ctx, q)
	if err != nil {
		return err
	}
	g.asked.Add(int64(len(q)))
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, w := range which {
		have[w] = got[i]
		g.seen++
		if ids[w].Type != ostree.TypeCommit {
			g.recent.note(got[i])
		}
		if got[i] {
			g.found++
		}
	}
	return nil
}

// spread picks n of the indexes below size, evenly.
func spread(size, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i * size / n
	}
	return out
}

// rest is what spread left out.
func rest(size, n int) []int {
	out := make([]int, 0, size-n)
	taken := spread(size, n)
	for i := range size {
		if len(taken) > 0 && taken[0] == i {
			taken = taken[1:]
			continue
		}
		out = append(out, i)
	}
	return out
}

// Begin implements ostree.Store.
func (g *guessing) Begin(ctx context.Context) (ostree.Session, error) {
	s, err := g.Remote.Begin(ctx)
	return &guessed{s, g}, err
}

// guessed is a session that asks before it sends where much was there.
type guessed struct {
	ostree.Session
	g *guessing
}

// Put implements ostree.Session.
func (s *guessed) Put(ctx context.Context, obj ostree.Object) error {
	if s.g.oftenThere() {
		have := make([]bool, 1)
		if err := s.g.ask(ctx, []ostree.ObjectID{obj.ID()}, have, []int{0}); err != nil || have[0] {
			return err
		}
	}
	return s.Session.Put(ctx, obj)
}

// oftenThere says whether much of what was sent or asked about lately was
// there.
func (g *guessing) oftenThere() bool {
	c, ok := g.Remote.(ostree.Tallying)
	if !ok {
		return false
	}
	sent := c.Tally()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.recent.take(sent)
	return g.recent.mostlyThere()
}

// recent is how often an object was there already, of late.
type recent struct {
	there, all      int
	existed, stored int64 // of the tally, as far as they were counted
}

// window is how many answers recent looks back.
const window = 64

func (r *recent) note(there bool) {
	r.all++
	if there {
		r.there++
	}
	r.fade()
}

// take counts what the answers to objects that were sent have said.
func (r *recent) take(t ostree.Tally) {
	existed, stored := t.Existed-r.existed, t.Stored-r.stored
	r.existed, r.stored = t.Existed, t.Stored
	r.there += int(existed)
	r.all += int(existed + stored)
	r.fade()
}

func (r *recent) fade() {
	for r.all > window {
		r.all, r.there = r.all/2, r.there/2
	}
}

func (r *recent) mostlyThere() bool { return r.there*guessBelow > r.all }
