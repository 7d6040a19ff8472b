package ostree

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestASyncIsSharedByThoseWhoCameBeforeItBegan(t *testing.T) {
	var y syncer
	var written, synced, syncs atomic.Int64
	run := func() error {
		syncs.Add(1)
		before := written.Load()
		time.Sleep(5 * time.Millisecond)
		synced.Store(before)
		return nil
	}
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			mine := written.Add(1)
			if err := y.do(run); err != nil {
				t.Error(err)
			}
			if synced.Load() < mine {
				t.Error("the sync began before what it was to cover")
			}
		})
	}
	all.Wait()
	if n := syncs.Load(); n > 32 {
		t.Errorf("%d syncs for 64 who came at once", n)
	}
}

func TestASyncThatFailsFailsForAllWhoShareIt(t *testing.T) {
	var y syncer
	broken := errors.New("disk error")
	began, goOn := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() { _ = y.do(func() error { close(began); <-goOn; return nil }) })
	<-began
	for range 3 {
		all.Go(func() {
			if err := y.do(func() error { return broken }); !errors.Is(err, broken) {
				t.Error(err)
			}
		})
	}
	close(goOn)
	all.Wait()
	if err := y.do(func() error { return nil }); err != nil {
		t.Errorf("the next sync: %v", err)
	}
}
