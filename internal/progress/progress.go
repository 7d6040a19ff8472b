// Package progress is how an engine says how far it is.
//
// It owns the interface and the silent implementation. It draws nothing: a
// renderer that knows whether somebody is watching lives with the command
// line. Engines accept a Sink, may be given nil, and never ask who listens.
package progress

import "sync/atomic"

// Unit says what a task counts.
type Unit int

// The units a task may count in.
const (
	Count Unit = iota // things: objects, files, targets
	Bytes             // octets of payload
)

// Sink opens tasks. Implementations are safe for concurrent use.
type Sink interface {
	// Start opens a task named in the user's words ("sending objects").
	// total may be 0 when it is not known yet; Task.Grow raises it.
	Start(name string, unit Unit, total int64) Task
}

// Task is one piece of work under way. All methods are safe for concurrent use.
type Task interface {
	Add(n int64)  // n more units are done
	Grow(n int64) // the total turned out to be n larger
	Done()        // the task ended, well or not; later calls are ignored
}

// Start opens a task on s, or a silent one when s is nil, so that an engine
// never has to ask.
func Start(s Sink, name string, unit Unit, total int64) Task {
	if s == nil {
		return silent{}
	}
	return s.Start(name, unit, total)
}

// Mover is a Task that also wants to know how many bytes went with the things
// that it counts.
type Mover interface {
	Moved(n int64) // n bytes more; safe for concurrent use
}

// Moved tells t of bytes, if it wants to know.
func Moved(t Task, n int64) {
	if m, ok := t.(Mover); ok {
		m.Moved(n)
	}
}

type silent struct{}

func (silent) Add(int64)  {}
func (silent) Grow(int64) {}
func (silent) Done()      {}

// Counter is a Task that only counts; tests and reports read it.
type Counter struct{ done, total atomic.Int64 }

// Add counts n units.
func (c *Counter) Add(n int64) { c.done.Add(n) }

// Grow raises the total.
func (c *Counter) Grow(n int64) { c.total.Add(n) }

// Done does nothing: a counter keeps its value.
func (c *Counter) Done() {}

// Value is what was counted so far, and the total known so far.
func (c *Counter) Value() (done, total int64) { return c.done.Load(), c.total.Load() }
