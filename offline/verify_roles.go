package offline

import (
	"fmt"
	"time"

	"github.com/otactl/otactl/tuf"
)

// expires is the earliest expiry of all roles and of the bundle.
func (c *trustCheck) expires() time.Time {
	var at time.Time
	if c.trust != nil {
		at = c.trust.Expires()
	}
	if c.bundle != nil && (at.IsZero() || c.bundle.Expires.Before(at)) {
		at = c.bundle.Expires
	}
	return at
}

// report lists the metadata that could be read as far as it hangs together,
// each with the time that it has left.
func (c *trustCheck) report() []VerifiedRole {
	roles := []VerifiedRole{}
	add := func(file string, version int, expires time.Time) {
		left := expires.Sub(c.now)
		roles = append(roles, VerifiedRole{file, version, expires, timeLeft(left), int64(left / time.Second)})
	}
	if c.trust != nil {
		root := c.trust.Root()
		add(tuf.RootName(root.Version), root.Version, root.Expires)
		if t := c.trust.Timestamp(); t != nil {
			add(tuf.TimestampFile, t.Version, t.Expires)
		}
		if s := c.trust.Snapshot(); s != nil {
			add(tuf.SnapshotFile, s.Version, s.Expires)
		}
		if t := c.trust.Targets(); t != nil {
			add(tuf.TargetsFile, t.Version, t.Expires)
		}
	}
	if c.bundle != nil {
		add(tuf.BundleTargetsFile, c.bundle.Version, c.bundle.Expires)
	}
	return roles
}

// timeLeft is a span as people say it, rounded down.
func timeLeft(d time.Duration) string {
	if d <= 0 {
		return "expired " + span(-d) + " ago"
	}
	return span(d) + " left"
}

func span(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := d / u.unit; n == 1 {
			return "1 " + u.name
		} else if n > 1 {
			return fmt.Sprintf("%d %ss", n, u.name)
		}
	}
	return "less than a minute"
}
