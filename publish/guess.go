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
// a wrong guess is an object sent in vain.
type guessing struct {
	Remote
	asked atomic.Int64
	first sync.Mutex // held by who asks while there is nothing to go by

	mu     sync.Mutex
	seen   int // answers so far, by question
	found  int // of them, that the object was there
	credit int // objects that were guessed at since the last one asked about
}

const (
	firstSample = 16  // asked before any guess, and of a batch of which some is there
	laterSample = 128 // of so many guessed at, one is asked about
	// guessBelow: one in so many present is still cheaper to send than to ask
	// about all.
	guessBelow = 8
)

func newGuessing(r Remote) *guessing { return &guessing{Remote: r} }

// Has implements ostree.Source.
func (g *guessing) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	have := make([]bool, len(ids))
	n, err := g.probe(ctx, ids, have)
	if err != nil {
		return nil, err
	}
	if n == len(ids) || g.mostlyMissing() {
		return have, nil
	}
	return have, g.ask(ctx, ids, have, rest(len(ids), n))
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
