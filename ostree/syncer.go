package ostree

import "sync"

// syncer lets those who have to make something durable at the same time share
// one sync of the disk.
type syncer struct {
	turn sync.Mutex // held while the disk syncs
	mu   sync.Mutex
	next *syncRound // the sync that has not begun yet
}

// syncRound is one sync, for all who came before it began.
type syncRound struct {
	done chan struct{}
	err  error
}

// do returns once a sync is through that began after do was called.
func (y *syncer) do(sync func() error) error {
	y.mu.Lock()
	round, mine := y.next, y.next == nil
	if mine {
		round = &syncRound{done: make(chan struct{})}
		y.next = round
	}
	y.mu.Unlock()
	if !mine {
		<-round.done
		return round.err
	}
	y.turn.Lock()
	defer y.turn.Unlock()
	y.mu.Lock()
	y.next = nil // who comes from now on has written too late for this one
	y.mu.Unlock()
	round.err = sync()
	close(round.done)
	return round.err
}
