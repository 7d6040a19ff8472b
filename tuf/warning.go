package tuf

import (
	"fmt"
	"strings"
	"time"
)

// How long before its expiry it is worth a word that a file ends: what takes
// people is said early, what a server renews by itself only when it should have
// been renewed long ago.
const (
	peopleAhead    = 30 * 24 * time.Hour // root, targets
	snapshotAhead  = 7 * 24 * time.Hour
	timestampAhead = 24 * time.Hour
)

// WarnAhead is how long before its expiry a file of a role is warned about. The
// role may be that of production metadata: "prod-root", "prod-targets/main",
// "wave-targets/NAME".
func WarnAhead(role string) time.Duration {
	base, _, _ := strings.Cut(role, "/")
	_, of, found := strings.Cut(base, "-")
	if found {
		base = of
	}
	switch Role(base) {
	case RoleTimestamp:
		return timestampAhead
	case RoleSnapshot:
		return snapshotAhead
	}
	return peopleAhead
}

// Warning is a file that expires soon, or has.
type Warning struct {
	Role    string    `json:"role"` // "targets", "prod-targets/main"
	Version int       `json:"version"`
	Expires time.Time `json:"expires"`
	Expired bool      `json:"expired,omitempty"`
	// Text says it in one line.
	Text string `json:"message"`
}

// EndsSoon says whether a file is worth a warning at now.
func EndsSoon(role string, version int, expires, now time.Time) (Warning, bool) {
	e := Warning{Role: role, Version: version, Expires: expires.UTC()}
	left := expires.Sub(now)
	if left >= WarnAhead(role) {
		return e, false
	}
	at := stamp(expires)
	switch {
	case left <= 0:
		e.Expired = true
		e.Text = fmt.Sprintf("%s version %d expired at %s", role, version, at)
	case left < 48*time.Hour:
		e.Text = fmt.Sprintf("%s version %d expires within %d hours, at %s", role, version, int(left.Hours())+1, at)
	default:
		e.Text = fmt.Sprintf("%s version %d expires in %d days, at %s", role, version, int(left.Hours()/24), at)
	}
	return e, true
}

// Warnings are the files of t that expire soon at now, the root first.
func (t *Trust) Warnings(now time.Time) []Warning {
	list := []Warning{}
	add := func(role Role, version int, expires time.Time) {
		if e, soon := EndsSoon(string(role), version, expires, now); soon {
			list = append(list, e)
		}
	}
	add(RoleRoot, t.root.Version, t.root.Expires)
	if t.targets != nil {
		add(RoleTargets, t.targets.Version, t.targets.Expires)
	}
	if t.snapshot != nil {
		add(RoleSnapshot, t.snapshot.Version, t.snapshot.Expires)
	}
	if t.timestamp != nil {
		add(RoleTimestamp, t.timestamp.Version, t.timestamp.Expires)
	}
	return list
}
