package tuf_test

import (
	"errors"
	"testing"
	"time"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/tuftest"
)

func TestMetadataEndsAtTheSecondOfItsExpiry(t *testing.T) {
	for _, role := range []tuf.Role{tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
		t.Run(string(role), func(t *testing.T) {
			r := tuftest.New(t)
			for other := range r.Lifetime {
				r.Lifetime[other] = 1000 * time.Hour
			}
			r.Lifetime[role] = 10 * time.Hour
			r.Root.Expires = r.Now.Add(r.Lifetime[tuf.RoleRoot])
			r.NextRoot()
			r.Publish()
			d := newDevice(t, r)
			end := r.Now.Add(10 * time.Hour)
			d.opt.Now = end.Add(-time.Nanosecond)
			if trust := d.accepts(); !trust.Expires().Equal(end) {
				t.Errorf("expires %v, want %v", trust.Expires(), end)
			}
			for _, late := range []time.Duration{0, time.Second, 24 * 365 * time.Hour} {
				d.opt.Now = end.Add(late)
				d.refuses(tuf.ErrExpired)
				if _, err := tuf.FromCache(t.Context(), d.cache, d.opt.Now); !errors.Is(err, tuf.ErrExpired) {
					t.Errorf("from the cache: %v", err)
				}
			}
		})
	}
}

func TestAClockBeforeTheMetadataIsRefused(t *testing.T) {
	r := tuftest.New(t)
	r.AddTarget("one", commit, "intel", "1", "main")
	d := newDevice(t, r)
	d.opt.Now = time.Unix(0, 0).UTC()
	if _, err := d.refresh(); !errors.Is(err, tuf.ErrClock) {
		t.Fatalf("1970 on first use: %v", err)
	}
	r.Now = r.Now.Add(100 * time.Hour)
	r.AddTarget("two", commit, "intel", "2", "main")
	r.Publish()
	d.opt.Now = r.Now.Add(-23 * time.Hour)
	d.accepts() // a build machine may be a little ahead
	d.opt.Now = r.Now.Add(-25 * time.Hour)
	d.refuses(tuf.ErrClock)
	if _, err := tuf.FromCache(t.Context(), d.cache, d.opt.Now); !errors.Is(err, tuf.ErrClock) {
		t.Errorf("from the cache: %v", err)
	}
	if _, err := tuf.FromCache(t.Context(), d.cache, r.Now); err != nil {
		t.Errorf("with a right clock: %v", err)
	}
}

func TestATimeBeyondTheMetadataItselfRaisesNoFloor(t *testing.T) {
	r := tuftest.New(t)
	r.AddTarget("one", commit, "intel", "1", "main")
	r.Edit[tuf.TargetsFile] = func(m map[string]any) {
		set(m, "2190-01-01T00:00:00Z", "targets", "one", "custom", "createdAt")
		set(m, "yesterday", "targets", "one", "custom", "updatedAt")
	}
	r.Publish()
	newDevice(t, r).accepts()
}

func TestAWrongBuildClockShutsNobodyOutForLongerThanTheTimestampLives(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	r.AddTarget("one", commit, "intel", "1", "main")
	late := r.Now.Add(r.Lifetime[tuf.RoleTimestamp])
	r.Edit[tuf.TargetsFile] = func(m map[string]any) {
		set(m, late.Format(time.RFC3339), "targets", "one", "custom", "createdAt")
	}
	r.Publish()
	d.accepts()
	r.Edit[tuf.TargetsFile] = func(m map[string]any) {
		set(m, late.Add(-time.Second).Format(time.RFC3339), "targets", "one", "custom", "createdAt")
	}
	r.Publish()
	d.refuses(tuf.ErrClock)
}

func TestKeysThatWereReplacedSetNoClock(t *testing.T) {
	r := tuftest.New(t)
	r.Lifetime[tuf.RoleTimestamp] = 1000 * time.Hour
	d := newDevice(t, r)
	r.AddTarget("one", commit, "intel", "1", "main")
	thief := func(m map[string]any) {
		set(m, r.Now.Add(900*time.Hour).Format(time.RFC3339), "targets", "one", "custom", "createdAt")
	}
	r.Edit[tuf.TargetsFile] = thief
	r.Publish()
	d.opt.Now = r.Now.Add(890 * time.Hour)
	d.accepts()
	d.opt.Now = r.Now
	d.refuses(tuf.ErrClock)
	r.Edit[tuf.TargetsFile] = nil
	r.SetKeys(tuf.RoleTargets, r.Key(tuf.ED25519))
	r.NextRoot()
	r.Publish()
	d.accepts()
}

func TestATimeAfterTheTargetsThemselvesRaisesNoFloor(t *testing.T) {
	r := tuftest.New(t)
	r.Lifetime[tuf.RoleTargets] = 48 * time.Hour
	r.AddTarget("one", commit, "intel", "1", "main")
	r.Edit[tuf.TargetsFile] = func(m map[string]any) {
		set(m, r.Now.Add(49*time.Hour).Format(time.RFC3339), "targets", "one", "custom", "createdAt")
	}
	r.Publish()
	newDevice(t, r).accepts()
}

func TestTheClockFloorOutlivesTheTargetsThatSetIt(t *testing.T) {
	r := tuftest.New(t)
	d := newDevice(t, r)
	r.Now = r.Now.Add(100 * time.Hour)
	r.AddTarget("one", commit, "intel", "1", "main")
	r.Publish()
	d.accepts()
	delete(r.Targets, "one")
	r.Publish()
	d.accepts()
	d.opt.Now = r.Now.Add(-25 * time.Hour)
	d.refuses(tuf.ErrClock)
}

func TestARootThatNamesATimeBeyondItselfRaisesNoFloor(t *testing.T) {
	r := tuftest.New(t)
	r.Edit[tuf.RootName(2)] = func(m map[string]any) { set(m, "2190-01-01T00:00:00Z", "x-changelog", "timestamp") }
	r.NextRoot()
	r.Publish()
	newDevice(t, r).accepts()
}

// Of all times in the targets, the latest that can be right sets the floor.
func TestTheLatestSoundTimeSetsTheClockFloor(t *testing.T) {
	for field, floored := range map[string]bool{"createdAt": true, "updatedAt": true, "builtAt": false} {
		r := tuftest.New(t)
		d := newDevice(t, r)
		r.AddTarget("one", commit, "intel", "1", "main")
		r.AddTarget("two", commit, "intel", "2", "main")
		r.Edit[tuf.TargetsFile] = func(m map[string]any) {
			set(m, r.Now.Add(100*time.Hour).Format(time.RFC3339), "targets", "one", "custom", field)
			set(m, "2190-01-01T00:00:00Z", "targets", "two", "custom", field)
		}
		r.Publish()
		d.opt.Now = r.Now.Add(99 * time.Hour)
		d.accepts()
		if d.opt.Now = r.Now.Add(75 * time.Hour); floored {
			d.refuses(tuf.ErrClock)
		} else {
			d.accepts()
		}
	}
}
