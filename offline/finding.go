package offline

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/otactl/otactl/internal/fail"
)

// Rule names what a finding breaks. The names are stable: scripts read them.
type Rule string

// The rules of a bundle.
const (
	RuleFormat    Rule = "format"     // the bundle is of a form that this program knows
	RuleIndex     Rule = "index"      // the signed index of an archive lists what is in it
	RuleComplete  Rule = "complete"   // every part of a bundle is there
	RuleRootChain Rule = "root-chain" // each root is signed by the one before and by itself
	RuleSignature Rule = "signature"  // signatures are by keys of the role, and verify
	RuleThreshold Rule = "threshold"  // enough distinct keys signed
	RuleMetadata  Rule = "metadata"   // metadata files are well formed and fit each other
	RuleExpiry    Rule = "expiry"     // nothing has expired
	RuleClock     Rule = "clock"      // the clock is not before what it judges
	RuleTargets   Rule = "targets"    // the bundle names targets that the metadata vouches for
	RuleFor       Rule = "for"        // the bundle is for the tag, hardware id and type asked for
	RuleRepo      Rule = "repo"       // ostree_repo is an archive repo, without parents or partial commits
	RuleObject    Rule = "object"     // every object of a commit is there and is what its name says
	RuleDelta     Rule = "delta"      // static deltas are what they say, and lead to a target
	RuleApps      Rule = "apps"       // the apps of the targets are there, down to the last blob
	RuleFiles     Rule = "files"      // there is nothing else in the folder
)

// Finding is one thing that is wrong in a bundle, or worth knowing.
type Finding struct {
	Rule    Rule   `json:"rule"`
	Path    string `json:"path"`    // below the bundle, with forward slashes
	Problem string `json:"problem"` // what is wrong with it
	Remedy  string `json:"remedy"`  // what to do about it
	// Warning is set when the bundle is good nevertheless.
	Warning bool `json:"warning,omitempty"`

	class fail.Class
}

// String is the finding in one line.
func (f Finding) String() string { return fmt.Sprintf("%s: %s", f.Path, f.Problem) }

// rules lists the rules in the order in which a device meets them.
var rules = []Rule{RuleFormat, RuleIndex, RuleComplete, RuleRootChain, RuleSignature, RuleThreshold, RuleMetadata, RuleClock, RuleExpiry,
	RuleTargets, RuleFor, RuleRepo, RuleObject, RuleDelta, RuleApps, RuleFiles}

// compare orders findings: what makes the bundle bad first, then what could not
// be looked at, then warnings; and by the step at which a device would meet it.
func (f Finding) compare(g Finding) int {
	severity := func(f Finding) int {
		switch {
		case f.Warning:
			return 2
		case f.class == fail.NoSpace:
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(severity(f), severity(g)),
		cmp.Compare(slices.Index(rules, f.Rule), slices.Index(rules, g.Rule)),
		cmp.Compare(f.Path, g.Path),
		cmp.Compare(f.Problem, g.Problem))
}

// maxFindings and maxWarnings are how many are kept; a wrecked stick can have
// one for each of its objects. They are counted apart, so that no number of
// warnings hides a fault.
const (
	maxFindings = 1000
	maxWarnings = 100
)

// findings collects what is wrong. It is safe for concurrent use.
type findings struct {
	mu       sync.Mutex
	list     []Finding
	bads     int // in list, those that make the bundle bad
	more     int // bad ones beyond maxFindings
	warnings int // all of them, kept or not
}

func (fs *findings) add(f Finding) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	switch {
	case f.Warning && fs.warnings >= maxWarnings:
		fs.warnings++
		return
	case f.Warning:
		fs.warnings++
	case fs.bads >= maxFindings:
		fs.more++
		return
	default:
		fs.bads++
	}
	fs.list = append(fs.list, f)
}

// bad records a finding that makes the bundle bad, with the remedy that its
// rule has.
func (fs *findings) bad(rule Rule, path, format string, args ...any) {
	fs.badFor(rule, path, remedyFor(rule), format, args...)
}

// badFor is bad with a remedy of its own.
func (fs *findings) badFor(rule Rule, path, remedy, format string, args ...any) {
	fs.add(Finding{Rule: rule, Path: path, Problem: fmt.Sprintf(format, args...), Remedy: remedy, class: classOf(rule)})
}

// unread records what could not be looked at, and why: the bundle may be good.
func (fs *findings) unread(rule Rule, path string, why error) {
	fs.add(Finding{Rule: rule, Path: path, Problem: "not verified: " + why.Error(), Remedy: fail.HintOf(why), class: fail.ClassOf(why)})
}

// warn records a finding that leaves the bundle good.
func (fs *findings) warn(rule Rule, path, remedy, format string, args ...any) {
	fs.add(Finding{Rule: rule, Path: path, Problem: fmt.Sprintf(format, args...), Remedy: remedy, Warning: true})
}

func classOf(rule Rule) fail.Class {
	switch rule {
	case RuleExpiry:
		return fail.Expired
	case RuleFormat:
		return fail.Unsupported
	}
	return fail.Verification
}

// ErrBad matches the error of a report with at least one finding that is not a
// warning.
var ErrBad = errors.New("the bundle is not good")

// weights order the classes of findings by what they say of a bundle. One of a
// form that this program does not know comes last: then no other means much.
var weights = []fail.Class{fail.NoSpace, fail.Expired, fail.Verification, fail.Unsupported}

// Err is nil when the bundle is good. Otherwise it says what the first bad
// finding says and how many more there are; it matches ErrBad. Its class is that
// of the finding that weighs most: NoSpace when nothing is wrong, but something
// could not be looked at, Expired when nothing but expiry is wrong.
func (r *VerifyReport) Err() error {
	var first *Finding
	bad, weight := 0, 0
	for i, f := range r.Findings {
		if f.Warning {
			continue
		}
		if bad++; first == nil {
			first = &r.Findings[i]
		}
		weight = max(weight, slices.Index(weights, f.class))
	}
	bad += r.More
	if first == nil {
		return nil
	}
	more := ""
	if bad > 1 {
		more = fmt.Sprintf(" (and %d more)", bad-1)
	}
	return fail.New(weights[weight], first.Remedy, "verify %s: %s%s: %w", r.Dir, first, more, ErrBad)
}

// Clean says that nothing is bad under rules; false also where findings were too
// many for the report, which whoever fills a stick with strange files sees to.
func (r *VerifyReport) Clean(rules ...Rule) bool { return r.More == 0 && r.FirstBad(rules...) == nil }

// FirstBad is the first finding that makes the bundle bad under one of rules;
// nil when there is none.
func (r *VerifyReport) FirstBad(rules ...Rule) *Finding {
	for i, f := range r.Findings {
		if !f.Warning && slices.Contains(rules, f.Rule) {
			return &r.Findings[i]
		}
	}
	return nil
}

// The remedies that many findings share.
const (
	remedyRebuild = "build the bundle again into an empty folder"
	remedyResume  = "run the offline-update command again with the same folder: it keeps what is good"
	remedyRemove  = "remove what does not belong to the bundle"
	remedyPrune   = "make room: otactl targets offline-update prune BUNDLE"
	remedyForeign = "it is of another factory, forged, or signed by retired keys: build it again, or give the root that it goes by with --root"
	remedyNone    = "nothing has to be done"
)

// remedyFor says what to do about a broken rule.
func remedyFor(rule Rule) string {
	switch rule {
	case RuleFormat:
		return "take a newer otactl, or build the bundle with this one"
	case RuleIndex:
		return "copy the archive again from where it came from, or build it again"
	case RuleExpiry:
		return "renew it: otactl targets offline-update NAME DST --tag T --tuf-only"
	case RuleThreshold:
		return "add a signature: otactl targets offline-update sign BUNDLE --keys FILE"
	case RuleClock:
		return "set the clock of this machine, or give the time with --now"
	case RuleComplete, RuleObject, RuleDelta, RuleApps:
		return remedyResume
	case RuleFor:
		return "build a bundle for this device, or correct what was asked for"
	case RuleFiles:
		return remedyRemove
	}
	return remedyRebuild
}
