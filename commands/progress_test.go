package commands

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/internal/term"
)

func TestAPipeGetsALineEveryTenSeconds(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	sink := &lineSink{out: &out, now: func() time.Time { return now }}
	task := sink.Start("sending objects", progress.Bytes, 4<<20)
	task.Add(1 << 20)
	now = now.Add(9 * time.Second)
	task.Add(1)
	if out.Len() > 0 {
		t.Errorf("wrote %q before ten seconds", out.String())
	}
	now = now.Add(time.Second)
	task.Add(1<<20 - 1)
	task.Grow(4 << 20)
	now = now.Add(10 * time.Second)
	task.Add(2 << 20)
	task.Add(4 << 20)
	task.Done()
	task.Done()
	want := "sending objects: 2.0 MiB of 4.0 MiB (50 %), 204.8 KiB/s, 10s left\n" +
		"sending objects: 4.0 MiB of 8.0 MiB (50 %), 204.8 KiB/s, 20s left\n" +
		"sending objects: 8.0 MiB of 8.0 MiB (100 %), 409.6 KiB/s\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestALargeObjectKeepsALineComing(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	task := (&lineSink{out: &out, now: func() time.Time { return now }}).Start("copying objects", progress.Count, 3)
	task.Add(1)
	now = now.Add(10 * time.Second)
	progress.Moved(task, 10<<20)
	want := "copying objects: 1 of 3 (33 %), 10.0 MiB, 1.0 MiB/s, 20s left\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestAShortTaskWritesNothingToAPipe(t *testing.T) {
	var out bytes.Buffer
	task := (&lineSink{out: &out, now: clock.At(time.Unix(0, 0))}).Start("x", progress.Count, 3)
	task.Add(3)
	task.Done()
	if out.Len() > 0 {
		t.Errorf("wrote %q", out.String())
	}
}

func TestProgressIsDrawnOnATerminalOnly(t *testing.T) {
	rt, _, _ := testRuntime(nil)
	if _, ok := rt.progress().(*lineSink); !ok {
		t.Errorf("a pipe gets %T", rt.progress())
	}
	rt.quiet = true
	if rt.progress() != nil {
		t.Error("--quiet gets progress")
	}
}

func TestTheBarOfTheNewestTaskIsShownAndWipedAtTheEnd(t *testing.T) {
	var errs bytes.Buffer
	rt := newRuntime(func(string) string { return "" }, term.Streams{Err: &errs, ErrTTY: true, Width: 80}, clock.System)
	sink := rt.progress()
	outer := sink.Start("outer", progress.Count, 10)
	inner := sink.Start("inner", progress.Bytes, 0)
	errs.Reset()
	outer.Add(5)
	if strings.Contains(errs.String(), "outer") {
		t.Errorf("the older task draws over the newer: %q", errs.String())
	}
	inner.Grow(100)
	inner.Add(50)
	rt.say("a line")
	if !strings.Contains(errs.String(), "\r\x1b[Ka line\n") {
		t.Errorf("a line does not wipe the bar first: %q", errs.String())
	}
	inner.Done()
	inner.Done()
	outer.Done()
	if rt.screen.drawn {
		t.Error("a bar is left on the screen")
	}
}

func TestBarsBearManyGoroutines(t *testing.T) {
	var errs bytes.Buffer
	rt := newRuntime(func(string) string { return "" }, term.Streams{Err: &errs, ErrTTY: true}, clock.System)
	sink := rt.progress()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			task := sink.Start("t", progress.Count, 0)
			for range 50 {
				task.Grow(1)
				task.Add(1)
			}
			task.Done()
			rt.log.Warn("done")
		})
	}
	wg.Wait()
	if n := strings.Count(errs.String(), "warning"); n != 8 {
		t.Errorf("%d of 8 log lines arrived", n)
	}
}

func TestLogLinesAreForPeopleAndSafe(t *testing.T) {
	rt, _, errs := testRuntime(nil)
	rt.setLevel(slog.LevelInfo)
	log := rt.log.With("device", "a b").WithGroup("http")
	log.Info("got \x1b[1mit", "code", 200, slog.Group("peer", "name", ""))
	log.Debug("unseen")
	want := "info: got  [1mit device=\"a b\" http.code=200 http.peer.name=\"\"\n"
	if errs.String() != want {
		t.Errorf("got %q, want %q", errs.String(), want)
	}
}

func TestColourNeedsATerminalThatWantsIt(t *testing.T) {
	cases := []struct {
		env  map[string]string
		tty  bool
		want bool
	}{
		{nil, true, true},
		{nil, false, false},
		{map[string]string{"NO_COLOR": "1"}, true, false},
		{map[string]string{"TERM": "dumb"}, true, false},
	}
	for _, c := range cases {
		rt := newRuntime(func(name string) string { return c.env[name] }, term.Streams{Err: new(bytes.Buffer), ErrTTY: c.tty}, clock.System)
		if rt.colour() != c.want {
			t.Errorf("terminal %v, %v: colour %v", c.tty, c.env, rt.colour())
		}
	}
}

func TestABarGoesOnWhereWorkIsFoundOnTheWay(t *testing.T) {
	var out bytes.Buffer
	sink := &barSink{screen: &screen{out: &out}, now: clock.At(time.Unix(0, 0))}
	task := sink.Start("verifying objects", progress.Count, 0)
	for range 3 {
		task.Grow(1)
		task.Add(1)
	}
	if bar := task.(*barTask).bar; bar.IsFinished() {
		t.Error("the bar is finished while its task goes on, and draws no more")
	}
	task.Done()
}

// TestATaskIsNamedByASafeLine: it may be called after a file of somebody else's.
func TestATaskIsNamedByASafeLine(t *testing.T) {
	for what, terminal := range map[string]bool{"a bar": true, "lines": false} {
		var out bytes.Buffer
		now := time.Unix(0, 0)
		tick := func() time.Time { now = now.Add(lineEvery); return now }
		var sink progress.Sink = &lineSink{out: &out, now: tick}
		if terminal {
			sink = &barSink{screen: &screen{out: &out, terminal: true}, width: 120, now: tick}
		}
		task := sink.Start("fetching \x1b]0;evil\a\rapps\u009b2J", progress.Bytes, 100)
		task.Add(1)
		progress.Moved(task, 1)
		task.Add(1)
		task.Done()
		if text := out.String(); !strings.Contains(text, "evil") || strings.ContainsAny(text, "\a\u009b") || strings.Contains(text, "\x1b]") || strings.Contains(text, "\rapps") {
			t.Errorf("%s: %q", what, text)
		}
	}
}
