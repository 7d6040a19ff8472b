// Package clock is the one place that asks the machine for the time.
//
// Expiry is decided against one reading per operation, and tests have to be
// able to choose it; so everything that needs the time takes a Clock.
package clock

import "time"

// Clock reads the time. It is always UTC.
type Clock func() time.Time

// System is the machine's clock.
func System() time.Time { return time.Now().UTC() }

// At is a clock that stands still.
func At(t time.Time) Clock {
	t = t.UTC()
	return func() time.Time { return t }
}
