package tuf_test

import (
	"testing"
	"time"

	"github.com/otactl/otactl/tuf"
)

func TestWarningsComeEarlierWherePeopleHaveToSign(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	for _, c := range []struct {
		role string
		left time.Duration
		text string // "": no warning
	}{
		{"root", 30 * day, ""},
		{"root", 30*day - time.Second, "root version 3 expires in 29 days, at 2027-01-30T23:59:59Z"},
		{"prod-root", 5 * day, "prod-root version 3 expires in 5 days, at 2027-01-06T00:00:00Z"},
		{"targets", 29 * day, "targets version 3 expires in 29 days, at 2027-01-30T00:00:00Z"},
		{"prod-targets/main", 29 * day, "prod-targets/main version 3 expires in 29 days, at 2027-01-30T00:00:00Z"},
		{"wave-targets/root-x", 29 * day, "wave-targets/root-x version 3 expires in 29 days, at 2027-01-30T00:00:00Z"},
		{"snapshot", 7 * day, ""},
		{"prod-snapshot/a-b", 6 * day, "prod-snapshot/a-b version 3 expires in 6 days, at 2027-01-07T00:00:00Z"},
		{"timestamp", day, ""},
		{"timestamp", 90 * time.Minute, "timestamp version 3 expires within 2 hours, at 2027-01-01T01:30:00Z"},
		{"prod-timestamp/timestamp", 2 * day, ""},
		{"timestamp", 0, "timestamp version 3 expired at 2027-01-01T00:00:00Z"},
		{"targets", -day, "targets version 3 expired at 2026-12-31T00:00:00Z"},
	} {
		w, soon := tuf.EndsSoon(c.role, 3, now.Add(c.left), now)
		if soon != (c.text != "") || w.Text != c.text || w.Expired != (c.left <= 0) {
			t.Errorf("%s with %s left: %t %+v", c.role, c.left, soon, w)
		}
	}
}
