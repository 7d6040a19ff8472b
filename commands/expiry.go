package commands

import (
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
)

// maxExpiryDays is a hundred years. A longer life is a slip of the finger, and
// much longer ones have years that the wire format cannot hold.
const maxExpiryDays = 36_500

// expiryFlags say until when what a command signs is good.
func expiryFlags() []cli.Flag {
	return []cli.Flag{
		&cli.IntFlag{Name: "expires-in-days", Aliases: []string{"e", "expires-days"}, Usage: "what is signed expires in `DAYS`"},
		&cli.StringFlag{Name: "expires-at", Aliases: []string{"E"}, Usage: "what is signed expires at `TIME`, such as 2027-01-31T00:00:00Z; goes before --expires-in-days"},
	}
}

// expiryOf is what expiryFlags ask for, or defaultDays from now: in whole
// seconds and UTC, as the wire format has it, and always after now.
func expiryOf(c *cli.Context, now time.Time, defaultDays int) (time.Time, error) {
	if text := c.String("expires-at"); text != "" {
		return expiryAt(text, now)
	}
	days, err := expiryDays(c, defaultDays)
	return expiryIn(now, days), err
}

// expiryDays is --expires-in-days, for a backend that is told so many days.
func expiryDays(c *cli.Context, defaultDays int) (int, error) {
	days := defaultDays
	if c.IsSet("expires-in-days") {
		days = c.Int("expires-in-days")
	}
	if days < 1 || days > maxExpiryDays {
		return 0, fail.New(fail.Usage, "give a number of days, such as 30", "--expires-in-days %d: not from 1 to %d", days, maxExpiryDays)
	}
	return days, nil
}

func expiryIn(now time.Time, days int) time.Time {
	return now.UTC().Add(time.Duration(days) * 24 * time.Hour).Truncate(time.Second)
}

func expiryAt(text string, now time.Time) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fail.New(fail.Usage, "give it as in 2027-01-31T12:00:00Z", "--expires-at %q: not a time", text)
	}
	at = at.UTC().Truncate(time.Second)
	switch {
	case !at.After(now):
		return at, fail.New(fail.Usage, "give a time that is still to come", "--expires-at %s: it is past", text)
	case at.After(expiryIn(now, maxExpiryDays)):
		return at, fail.New(fail.Usage, "give a time within a hundred years", "--expires-at %s: too far ahead", text)
	}
	return at, nil
}
