package api

import (
	"sync"
	"time"
)

// limiter counts failures per peer: burst of them are free, then one per
// refill.
type limiter struct {
	burst  int
	refill time.Duration

	mu   sync.Mutex
	debt map[string]time.Time // when the peer's failures are all forgiven
}

// maxPeers bounds the memory that strangers can make a limiter use.
const maxPeers = 10_000

func newLimiter(burst int, refill time.Duration) *limiter {
	return &limiter{burst: burst, refill: refill, debt: map[string]time.Time{}}
}

// fail counts one failure and says how long the peer has to wait; 0 while it
// is within its burst.
func (l *limiter) fail(peer string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	until := l.debt[peer]
	if until.Before(now) {
		until = now
	}
	ceiling := now.Add(time.Duration(l.burst) * l.refill)
	if until = until.Add(l.refill); until.Before(ceiling) {
		l.put(peer, until, now)
		return 0
	}
	l.put(peer, ceiling, now) // no debt beyond the burst: waiting one refill always helps
	return l.refill
}

func (l *limiter) put(peer string, until, now time.Time) {
	if _, known := l.debt[peer]; !known && len(l.debt) >= maxPeers {
		l.forgive(now)
	}
	l.debt[peer] = until
}

// forgive drops peers that owe nothing, and everybody when all of them do.
func (l *limiter) forgive(now time.Time) {
	for p, until := range l.debt {
		if !until.After(now) {
			delete(l.debt, p)
		}
	}
	if len(l.debt) >= maxPeers {
		clear(l.debt)
	}
}
