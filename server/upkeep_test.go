package server

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestUpkeepRetriesSoonAndThenLessOften(t *testing.T) {
	for _, c := range []struct {
		failures int
		random   float64
		want     time.Duration
	}{
		{0, 0.5, time.Hour}, {0, 0, 54 * time.Minute}, {0, 1, 66 * time.Minute},
		{1, 0.5, time.Minute}, {2, 0.5, 2 * time.Minute}, {4, 0.5, 8 * time.Minute},
		{7, 0.5, time.Hour}, {1000, 0.5, time.Hour},
	} {
		if got := pause(c.failures, c.random).Round(time.Second); got != c.want {
			t.Errorf("after %d failures: %s, want %s", c.failures, got, c.want)
		}
	}
}

func TestLogWarnsOnceADayOfWhatExpiresSoon(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	s, err := Open(t.Context(), Options{DataDir: t.TempDir() + "/data", Addr: "127.0.0.1:0", GatewayAddr: "127.0.0.1:0",
		Clock: func() time.Time { return now }, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	warnings := func() int {
		n := strings.Count(log.String(), "level=WARN")
		log.Reset()
		return n
	}
	last := s.warnDaily(t.Context(), time.Time{})
	if n := warnings(); n != 0 || !last.Equal(now) {
		t.Fatalf("%d warnings about fresh metadata", n)
	}
	now = now.Add(6*24*time.Hour + time.Hour) // and nobody renewed the timestamp
	last = s.warnDaily(t.Context(), last)
	if n := warnings(); n != 1 {
		t.Errorf("%d warnings about the timestamp", n)
	}
	now = now.Add(23 * time.Hour)
	if last = s.warnDaily(t.Context(), last); warnings() != 0 {
		t.Error("it was said again within a day")
	}
	now = now.Add(time.Hour)
	if last = s.warnDaily(t.Context(), last); warnings() != 1 {
		t.Error("it was not said again after a day")
	}
	now = now.Add(-12 * time.Hour) // the clock was set back
	if s.warnDaily(t.Context(), last); warnings() != 1 {
		t.Error("a clock that was set back silences warnings")
	}
}
