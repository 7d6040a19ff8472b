package commands

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/progress"
)

// barSink draws on a terminal. Only the newest unfinished task is shown; the
// one before it comes back when that is done.
type barSink struct {
	screen *screen
	width  int // columns, 0 if unknown
	colour bool
	now    clock.Clock

	mu    sync.Mutex
	tasks []*barTask
}

// columns is how wide the bar itself may be: description, figures and time
// stand beside it and the line must not wrap.
func (s *barSink) columns(name string) int {
	const most, besides = 24, 40
	if s.width == 0 {
		return most
	}
	return max(4, min(most, s.width-besides-len(name)))
}

// Start opens a task and shows it.
func (s *barSink) Start(name string, unit progress.Unit, total int64) progress.Task {
	name = oneLine(name)
	t := &barTask{sink: s, name: name, moved: mover{began: s.now()}}
	if total > 0 {
		t.total.Store(total)
	} else {
		total = -1 // a spinner until Grow says more
	}
	opts := []progressbar.Option{
		progressbar.OptionSetWriter(t),
		progressbar.OptionSetDescription(name),
		progressbar.OptionSetWidth(s.columns(name)),
		progressbar.OptionThrottle(100 * time.Millisecond),
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionEnableColorCodes(s.colour),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionSetSpinnerChangeInterval(0), // no goroutine of its own
		progressbar.OptionClearOnFinish(),
	}
	if unit == progress.Bytes {
		opts = append(opts, progressbar.OptionShowBytes(true), progressbar.OptionUseIECUnits(true))
	} else {
		opts = append(opts, progressbar.OptionShowCount())
	}
	s.mu.Lock()
	s.tasks = append(s.tasks, t)
	s.mu.Unlock()
	t.bar = progressbar.NewOptions64(total, opts...)
	return t
}

func (s *barSink) top() *barTask {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tasks) == 0 {
		return nil
	}
	return s.tasks[len(s.tasks)-1]
}

// remove takes t off the stack.
func (s *barSink) remove(t *barTask) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, other := range s.tasks {
		if other == t {
			s.tasks = append(s.tasks[:i], s.tasks[i+1:]...)
			return
		}
	}
}

type barTask struct {
	sink  *barSink
	name  string
	bar   *progressbar.ProgressBar
	total atomic.Int64
	once  sync.Once
	moved mover

	mu   sync.Mutex
	done int64 // what Add was told
	told int64 // what the bar was told
}

// Write lets the bar through to the terminal while its task is the newest.
func (t *barTask) Write(p []byte) (int, error) {
	if t.sink.top() != t {
		return len(p), nil
	}
	return t.sink.screen.draw(p)
}

// The bar's own errors are about drawing; they must not stop the work.

// Add tells the bar, unless that would fill it: a bar that was full once draws
// no more, and where work is found on the way it is full after each piece.
func (t *barTask) Add(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += n
	if total := t.total.Load(); total == 0 || t.done < total {
		_ = t.bar.Add64(t.done - t.told)
		t.told = t.done
	}
}

// Moved shows how much moved so far, and how fast.
func (t *barTask) Moved(n int64) {
	if text := t.moved.add(n, t.sink.now(), time.Second); text != "" {
		t.bar.Describe(t.name + " " + text)
	}
}

func (t *barTask) Grow(n int64) { t.bar.ChangeMax64(t.total.Add(n)) }

func (t *barTask) Done() {
	t.once.Do(func() {
		_ = t.bar.Exit()
		t.sink.remove(t)
		_, _ = io.WriteString(t.sink.screen, "") // wipes the line
	})
}

// lineSink is for logs and pipes: one line per task every lineEvery.
type lineSink struct {
	out io.Writer
	now clock.Clock
}

const lineEvery = 10 * time.Second

// Start opens a task; nothing is written until it has lasted lineEvery.
func (s *lineSink) Start(name string, unit progress.Unit, total int64) progress.Task {
	now := s.now()
	t := &lineTask{sink: s, name: oneLine(name), unit: unit, last: now, began: now, total: total, moved: mover{began: now}}
	return t
}

type lineTask struct {
	sink *lineSink
	name string
	unit progress.Unit

	mu          sync.Mutex
	done, total int64
	last        time.Time
	written     bool
	ended       bool
	moved       mover
	began       time.Time
}

// Moved counts bytes: of a large object they are all that moves for a while.
func (t *lineTask) Moved(n int64) {
	t.moved.add(n, t.began, time.Hour)
	t.Add(0)
}

func (t *lineTask) Add(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done += n
	if now := t.sink.now(); now.Sub(t.last) >= lineEvery {
		t.last, t.written = now, true
		t.line()
	}
}

func (t *lineTask) Grow(n int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += n
}

func (t *lineTask) Done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.written && !t.ended {
		t.last = t.sink.now()
		t.line()
	}
	t.ended = true
}

func (t *lineTask) line() {
	if t.total <= 0 {
		fmt.Fprintf(t.sink.out, "%s: %s%s\n", t.name, amount(t.unit, t.done), t.pace())
		return
	}
	fmt.Fprintf(t.sink.out, "%s: %s of %s (%d %%)%s\n", t.name,
		amount(t.unit, t.done), amount(t.unit, t.total), t.done*100/t.total, t.details())
}

// details are the pace, and how long the rest takes at it.
func (t *lineTask) details() string {
	pace, took := t.pace(), t.last.Sub(t.began)
	if pace == "" || t.done <= 0 || t.done >= t.total {
		return pace
	}
	left := time.Duration(float64(took) / float64(t.done) * float64(t.total-t.done)).Round(time.Second)
	return pace + ", " + left.String() + " left"
}

// pace is what moved and how fast; of a task that counts bytes itself, how fast.
func (t *lineTask) pace() string {
	took := t.last.Sub(t.began).Seconds()
	if moved := t.moved.text(t.last); moved != "" {
		return ", " + moved
	}
	if t.unit != progress.Bytes || took <= 0 || t.done <= 0 {
		return ""
	}
	return ", " + sizeText(int64(float64(t.done)/took)) + "/s"
}

// mover counts bytes that went with something else.
type mover struct {
	began time.Time
	bytes atomic.Int64
	told  atomic.Int64 // when, in nanoseconds since began
}

// add counts n bytes and gives the text to show, "" if it was shown less than
// every ago.
func (m *mover) add(n int64, now time.Time, every time.Duration) string {
	m.bytes.Add(n)
	at, told := int64(now.Sub(m.began)), m.told.Load()
	if at-told < int64(every) || !m.told.CompareAndSwap(told, at) {
		return ""
	}
	return m.text(now)
}

// text is "12.3 MiB, 4.5 MiB/s", or "" when nothing moved.
func (m *mover) text(now time.Time) string {
	n, took := m.bytes.Load(), now.Sub(m.began).Seconds()
	if n == 0 || took <= 0 {
		return ""
	}
	return sizeText(n) + ", " + sizeText(int64(float64(n)/took)) + "/s"
}

func amount(unit progress.Unit, n int64) string {
	if unit == progress.Count {
		return fmt.Sprint(n)
	}
	return sizeText(n)
}

// sizeText is a number of bytes for people: "12.3 MiB".
func sizeText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1024 && unit < 4 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTP"[unit])
}
