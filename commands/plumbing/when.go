package plumbing

import (
	"strconv"
	"strings"
	"time"
)

// parsePast reads a point in time as parseTime does, or one before now:
// "yesterday", "1 week ago", "2 days 3 hours ago", "-90 minutes".
func parsePast(s string, now func() time.Time) (time.Time, error) {
	if t, ok := relative(strings.Fields(strings.ToLower(s)), now()); ok {
		return t, nil
	}
	return parseTime(s, now)
}

func relative(words []string, now time.Time) (time.Time, bool) {
	if len(words) == 1 {
		switch words[0] {
		case "now", "today":
			return now, true
		case "yesterday":
			return now.AddDate(0, 0, -1), true
		}
	}
	ago := len(words) > 0 && words[len(words)-1] == "ago"
	if ago {
		words = words[:len(words)-1]
	}
	if len(words) == 0 || len(words)%2 != 0 {
		return now, false
	}
	for ; len(words) > 0; words = words[2:] {
		n, ok := howMany(words[0])
		if !ok || n > 0 && !ago { // the future is of no use here
			return now, false
		}
		if n > 0 {
			n = -n
		}
		if now, ok = shift(now, n, strings.TrimSuffix(words[1], "s")); !ok {
			return now, false
		}
	}
	return now, true
}

func howMany(word string) (int, bool) {
	switch word {
	case "a", "an":
		return 1, true
	case "last":
		return -1, true
	}
	n, err := strconv.Atoi(word)
	return n, err == nil && n > -1_000_000 && n < 1_000_000
}

func shift(t time.Time, n int, unit string) (time.Time, bool) {
	switch unit {
	case "sec", "second":
		return t.Add(time.Duration(n) * time.Second), true
	case "min", "minute":
		return t.Add(time.Duration(n) * time.Minute), true
	case "hour":
		return t.Add(time.Duration(n) * time.Hour), true
	case "day":
		return t.AddDate(0, 0, n), true
	case "week":
		return t.AddDate(0, 0, 7*n), true
	case "fortnight":
		return t.AddDate(0, 0, 14*n), true
	case "month":
		return t.AddDate(0, n, 0), true
	case "year":
		return t.AddDate(n, 0, 0), true
	}
	return t, false
}
