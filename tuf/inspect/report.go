// Package inspect looks at a whole metadata repository and says everything that
// is wrong with it, where a device says only what it met first.
//
// Every verdict is tuf's: a report is good exactly where tuf accepts the chain.
// What comes after a file that was refused is judged as far as it can be. It
// never fetches what was not asked for by name, and stores nothing.
package inspect

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// Report says what a repository holds and everything that is wrong with it.
// Its JSON names are a contract with scripts.
type Report struct {
	Good   bool      `json:"good"`
	Anchor string    `json:"anchor"` // what trust begins with, in words
	Now    time.Time `json:"now"`
	// Expires is the earliest expiry of all that is in force.
	Expires  time.Time `json:"expires,omitzero"`
	Roots    []Root    `json:"roots"` // oldest first
	Roles    []Role    `json:"roles"`
	Findings []Finding `json:"findings"`
}

// Root is one link of the root chain.
type Root struct {
	File    string    `json:"file"`
	Version int       `json:"version"`
	Expires time.Time `json:"expires"`
	// Own is who signed of the root's own keys, Old of those of the root
	// before it; nil for the first.
	Own Signed  `json:"signed"`
	Old *Signed `json:"signed_by_root_before,omitempty"`
	// Changes are what this root changed, in words.
	Changes []string  `json:"changes"`
	Message string    `json:"message,omitempty"` // its author's word
	Made    time.Time `json:"made,omitzero"`     // its author's word
}

// Role is one of the files that the newest root vouches for.
type Role struct {
	Name    string    `json:"role"`
	File    string    `json:"file"`
	Version int       `json:"version"` // 0 where the file could not be read
	Expires time.Time `json:"expires,omitzero"`
	Signed  Signed    `json:"signed"`
	Targets int       `json:"targets,omitempty"` // how many targets.json or a bundle lists
}

// Signed is whose signatures a file carries.
type Signed struct {
	Threshold int   `json:"threshold"` // distinct keys that it takes
	Valid     int   `json:"valid"`     // distinct keys that signed
	Keys      []Key `json:"keys"`      // that may sign, sorted by id
	// Others signed, and may not or did it badly.
	Others []string `json:"others,omitempty"`
}

// Key is a key that may sign.
type Key struct {
	ID     string `json:"keyid"`
	Type   string `json:"type"`
	Signed bool   `json:"signed"`
}

// Finding is a rule that is broken.
type Finding struct {
	File    string `json:"file"`
	Rule    string `json:"rule"` // stable: scripts read it
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`

	expired bool
}

// ErrBad matches the error of a report that is not good.
var ErrBad = errors.New("the metadata is not good")

// Err is nil for a good report. Otherwise it says what the first finding says
// and how many more there are; it matches ErrBad, and its class is Expired when
// nothing but expiry is wrong, else Verification.
func (r *Report) Err() error {
	if len(r.Findings) == 0 {
		return nil
	}
	class, more := fail.Expired, ""
	for _, f := range r.Findings {
		if !f.expired {
			class = fail.Verification
		}
	}
	if n := len(r.Findings) - 1; n > 0 {
		more = fmt.Sprintf(" (and %d more)", n)
	}
	first := r.Findings[0]
	return fail.New(class, first.Remedy, "%s: %s: %s%s: %w", first.File, first.Rule, first.Problem, more, ErrBad)
}

// rules names the rule behind each of tuf's refusals.
var rules = []struct {
	kind error
	name string
}{
	{tuf.ErrSignature, "signature"}, {tuf.ErrBundle, "signature"}, {tuf.ErrMalformed, "form"}, {tuf.ErrKey, "key"},
	{tuf.ErrVersion, "version"}, {tuf.ErrRollback, "rollback"}, {tuf.ErrHash, "hash"}, {tuf.ErrTooLarge, "size"},
	{tuf.ErrExpired, "expiry"}, {tuf.ErrClock, "clock"}, {tuf.ErrNoRoot, "missing"}, {tuf.ErrNotFound, "missing"},
	{tuf.ErrDamaged, "form"},
}

// finding puts a refusal into words. ok is false for an error that is no
// verdict on the repository, such as one of the network.
func finding(file string, err error) (f Finding, ok bool) {
	for _, rule := range rules {
		if !errors.Is(err, rule.kind) {
			continue
		}
		f = Finding{File: file, Rule: rule.name, Problem: err.Error(), Remedy: fail.HintOf(err), expired: errors.Is(err, tuf.ErrExpired)}
		if e, ok := errors.AsType[*tuf.Error](err); ok {
			f.Problem = e.Kind.Error()
			if e.Why != "" {
				f.Problem += ": " + e.Why
			}
		}
		switch {
		case f.expired:
			f.Remedy = renewal(file)
		case f.Remedy == "":
			f.Remedy = "put the file there again, from where it came"
		}
		return f, true
	}
	return f, false
}

// renewal says who makes a file that has expired anew.
func renewal(file string) string {
	switch {
	case file == tuf.BundleTargetsFile:
		return "renew the bundle: otactl targets offline-update NAME DST --tuf-only"
	case strings.HasSuffix(file, "root.json"):
		return "have a new root signed: otactl keys tuf rotate-offline-key --role root"
	case strings.HasSuffix(file, tuf.TargetsFile):
		return "have them signed again: the backend does it where it has the key, else see otactl targets upload"
	}
	return "the backend renews it: see that it runs, and has the key"
}
