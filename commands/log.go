package commands

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
)

// screen is standard error shared by log lines, messages and a progress bar:
// a line wipes the bar before it and the bar draws itself anew after it.
type screen struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	drawn    bool // a bar is on the current line
}

// Write writes whole lines.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn {
		s.drawn = false
		io.WriteString(s.out, "\r\x1b[K")
	}
	return s.out.Write(p)
}

// draw writes a bar, which stays on its line.
func (s *screen) draw(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drawn = true
	return s.out.Write(p)
}

// consoleHandler writes log records for people: "warning: text key=value".
type consoleHandler struct {
	out    io.Writer
	level  slog.Leveler
	colour bool
	attrs  string // what With added, ready to print
	prefix string // open groups
}

func (h *consoleHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

func (h *consoleHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(h.paint(r.Level))
	b.WriteString(": ")
	b.WriteString(oneLine(r.Message))
	b.WriteString(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		appendAttr(&b, h.prefix, a)
		return true
	})
	b.WriteByte('\n')
	_, err := io.WriteString(h.out, b.String())
	return err
}

func (h *consoleHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	for _, a := range attrs {
		appendAttr(&b, h.prefix, a)
	}
	next := *h
	next.attrs += b.String()
	return &next
}

func (h *consoleHandler) WithGroup(name string) slog.Handler {
	next := *h
	next.prefix += name + "."
	return &next
}

func (h *consoleHandler) paint(l slog.Level) string {
	name, colour := strings.ToLower(l.String()), "2"
	switch {
	case l >= slog.LevelError:
		colour = "31"
	case l >= slog.LevelWarn:
		name, colour = "warning", "33"
	}
	if !h.colour {
		return name
	}
	return "\x1b[" + colour + "m" + name + "\x1b[0m"
}

func appendAttr(b *strings.Builder, prefix string, a slog.Attr) {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			prefix += a.Key + "."
		}
		for _, inner := range v.Group() {
			appendAttr(b, prefix, inner)
		}
		return
	}
	text := oneLine(v.String())
	if strings.ContainsAny(text, " \"=") || text == "" {
		text = fmt.Sprintf("%q", text)
	}
	fmt.Fprintf(b, " %s%s=%s", prefix, a.Key, text)
}
