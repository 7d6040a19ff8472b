package commands

import (
	"flag"
	"testing"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
)

// expiry is what expiryOf makes of a line of flags.
func expiry(t *testing.T, now time.Time, args ...string) (time.Time, error) {
	t.Helper()
	set := flag.NewFlagSet("", flag.ContinueOnError)
	for _, f := range expiryFlags() {
		if err := f.Apply(set); err != nil {
			t.Fatal(err)
		}
	}
	if err := set.Parse(args); err != nil {
		t.Fatal(err)
	}
	return expiryOf(cli.NewContext(cli.NewApp(), set, nil), now, 365)
}

func TestExpiryIsInWholeSecondsAheadOfNow(t *testing.T) {
	now := time.Date(2027, 1, 31, 12, 0, 0, 999, time.FixedZone("", 3600))
	for want, args := range map[string][]string{
		"2028-01-31T11:00:00Z": nil,
		"2027-02-02T11:00:00Z": {"--expires-in-days", "2"},
		"2027-01-31T11:00:01Z": {"--expires-at", "2027-01-31T11:00:01.7Z"},
		"2029-06-01T02:00:00Z": {"--expires-at", "2029-06-01T03:00:00+01:00", "--expires-in-days", "5"},
	} {
		at, err := expiry(t, now, args...)
		if err != nil || at.Format(time.RFC3339Nano) != want {
			t.Errorf("%v: %s, %v, want %s", args, at.Format(time.RFC3339Nano), err, want)
		}
	}
}

func TestExpiryThatCannotBeMeantIsRefused(t *testing.T) {
	now := time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)
	for _, args := range [][]string{
		{"--expires-in-days", "0"}, {"--expires-in-days", "-3"}, {"--expires-in-days", "36501"},
		{"--expires-at", "2027-01-31T12:00:00Z"}, {"--expires-at", "2027-01-31T12:00:00.9Z"}, {"--expires-at", "2026-01-01T00:00:00Z"},
		{"--expires-at", "2127-03-01T00:00:00Z"}, {"--expires-at", "tomorrow"}, {"--expires-at", "2027-13-01T00:00:00Z"},
		{"--expires-at", "9999999999-01-01T00:00:00Z"},
	} {
		if at, err := expiry(t, now, args...); fail.ClassOf(err) != fail.Usage {
			t.Errorf("%v: %s, %v", args, at, err)
		}
	}
}
