package offline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/tuf"
)

// VerifyOptions say what a bundle is held against.
type VerifyOptions struct {
	// Now is the one clock reading that all expiries are judged by.
	Now time.Time
	// Roots are root files that are trusted, oldest first. With none, the
	// oldest root in the bundle is taken, and the report says so.
	Roots [][]byte
	// Tag, HardwareID and Type ("ci" or "prod") are what the device has; an
	// empty one is not asked for.
	Tag, HardwareID, Type string
	// Base, if set, is a repo to whose commits static deltas are applied, in a
	// folder of Scratch, to see what they make.
	Base *ostree.Repo
	// Scratch is where deltas are unpacked, if they are too large for memory.
	// Where it has no Room some space is left free there.
	Scratch delta.Scratch
	// Jobs is how many objects are read at once; 0 is a sensible number.
	Jobs     int
	Progress progress.Sink
	Log      *slog.Logger
}

// VerifyReport says what is in a bundle and everything that is wrong with it.
type VerifyReport struct {
	Dir      string           `json:"bundle"`
	Good     bool             `json:"good"`
	Anchor   string           `json:"anchor"` // what the trust begins with, in words
	Type     string           `json:"type"`
	Tag      string           `json:"tag"`
	Expires  time.Time        `json:"expires,omitzero"` // the earliest of all roles
	Roles    []VerifiedRole   `json:"roles"`
	Targets  []VerifiedTarget `json:"targets"`
	Objects  int              `json:"objects"`    // read and hashed, each once, however many targets share it
	Bytes    int64            `json:"bytes"`      // of those, uncompressed
	Blobs    int              `json:"blobs"`      // of apps, read and hashed, each once
	AppBytes int64            `json:"blob_bytes"` // of those
	Deltas   []VerifiedDelta  `json:"deltas,omitempty"`
	Findings []Finding        `json:"findings"`
	More     int              `json:"more,omitempty"` // bad findings beyond the first thousand
}

// VerifiedRole is a metadata file and how long it is still good.
type VerifiedRole struct {
	File    string    `json:"file"`
	Version int       `json:"version"`
	Expires time.Time `json:"expires"`
	Left    string    `json:"left"`         // in words
	Seconds int64     `json:"seconds_left"` // negative when it has expired
}

// VerifiedTarget is a target of a bundle and what it is bound to.
type VerifiedTarget struct {
	Name   string   `json:"name"`
	Commit string   `json:"commit"`
	Apps   []string `json:"apps"` // URIs of those in the bundle
	// DeltaOnly says that it comes as static deltas without objects.
	DeltaOnly bool `json:"delta_only,omitempty"`
}

// verifier holds one run of Verify together.
type verifier struct {
	bundle *Bundle
	opt    VerifyOptions
	turns  chan struct{} // as many as may read at once
	found  findings
	inv    inventory
	leads  deltaLeads
	seen   *recorder // of the objects that targets need; nil where there is no repo
	report VerifyReport
}

// Verify checks everything in b. The error is only about not being able to
// look (a cancelled context, a folder that cannot be walked); what is wrong
// with the bundle is in the report, and VerifyReport.Err sums it up.
func Verify(ctx context.Context, b *Bundle, opt VerifyOptions) (*VerifyReport, error) {
	l, err := lookAt(ctx, b, opt, true)
	if err != nil {
		return nil, err
	}
	return l.report, nil
}

// outcome is what one look at a bundle found, and what the report was drawn from.
type outcome struct {
	report  *VerifyReport
	trust   *trustCheck
	targets []boundTarget
}

// lookAt verifies b, without its content where that is not asked for.
func lookAt(ctx context.Context, b *Bundle, opt VerifyOptions, content bool) (*outcome, error) {
	v, err := newVerifier(ctx, b, opt)
	if err != nil {
		return nil, err
	}
	v.format()
	trust := v.metadata(ctx)
	targets := v.targets(trust)
	if content {
		err = v.read(ctx, targets)
	}
	if err != nil {
		return nil, err
	}
	v.index(ctx, trust, content)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &outcome{v.finish(trust), trust, targets}, nil
}

// newVerifier takes the inventory of b.
func newVerifier(ctx context.Context, b *Bundle, opt VerifyOptions) (*verifier, error) {
	if opt.Jobs <= 0 {
		opt.Jobs = runtime.GOMAXPROCS(0)
	}
	if opt.Scratch.Room == nil {
		opt.Scratch = scratchIn(opt.Scratch.Dir)
	}
	v := &verifier{bundle: b, opt: opt, turns: make(chan struct{}, opt.Jobs), report: newReport(b.dir)}
	inv, err := scan(ctx, b, &v.found)
	if err != nil {
		return nil, err
	}
	v.inv = inv
	slices.Sort(v.inv.roots)
	return v, nil
}

// newReport is about a bundle in which nothing was seen yet.
func newReport(dir string) VerifyReport {
	return VerifyReport{Dir: dir, Roles: []VerifiedRole{}, Targets: []VerifiedTarget{}, Findings: []Finding{}}
}

// Unopened is the report about a bundle for which Open failed with err, because
// of what the file at path has in it. It is nil for any other failure: then there
// was nothing to look at.
func Unopened(path string, err error) *VerifyReport {
	e, ok := errors.AsType[*openError](err)
	if !ok {
		return nil
	}
	rule, class := e.rule, fail.ClassOf(err)
	switch {
	case class == fail.Unsupported:
		rule = RuleFormat
	case mediumFailed(err):
		rule = RuleFiles
	case class != fail.Verification:
		return nil
	}
	var found findings
	found.badFor(rule, filepath.Base(path), cmp.Or(fail.HintOf(err), remedyFor(e.rule)), "%v", e.err)
	rep := newReport(path)
	rep.Findings = found.list
	return &rep
}

// read verifies the content of targets.
func (v *verifier) read(ctx context.Context, targets []boundTarget) error {
	work, reading := errgroup.WithContext(ctx)
	work.Go(func() error { return v.content(reading, targets) })
	work.Go(func() error { return v.apps(reading, targets) })
	if err := work.Wait(); err != nil {
		return err
	}
	if err := v.deltas(ctx, targets); err != nil {
		return fmt.Errorf("verify %s: %w", v.bundle.dir, err)
	}
	v.unreferenced()
	return nil
}

// format looks at the mark that says which form the bundle has.
func (v *verifier) format() {
	switch err := checkFormat(v.bundle.files); {
	case fail.ClassOf(err) == fail.Unsupported:
		v.found.bad(RuleFormat, fileFormat, "%v", err)
	case err != nil:
		v.found.warn(RuleFormat, fileFormat, remedyNone, "%v; nothing is signed in it, and no device reads it", err)
	}
}

func (v *verifier) finish(trust *trustCheck) *VerifyReport {
	r := &v.report
	r.Anchor = trust.anchor
	if trust.bundle != nil {
		r.Type, r.Tag = trust.bundle.Type, trust.bundle.Tag
	}
	r.Expires, r.Roles = trust.expires(), trust.report()
	r.Findings, r.More = append([]Finding{}, v.found.list...), v.found.more
	// An order that does not depend on which object was read first.
	slices.SortFunc(r.Findings, Finding.compare)
	r.Good = r.Err() == nil
	return r
}

// metadata verifies tuf/.
func (v *verifier) metadata(ctx context.Context) *trustCheck {
	meta := v.bundle.Metadata()
	c := &trustCheck{found: &v.found, now: v.opt.Now, read: func(name string, max int64) ([]byte, error) {
		return meta.Fetch(ctx, name, max)
	}}
	if len(v.inv.roots) == 0 && len(v.opt.Roots) == 0 {
		v.found.bad(RuleRootChain, dirMetadata, "no root in the bundle, and none was given")
	}
	c.roots(v.inv.roots, v.opt.Roots)
	c.roles()
	c.bundleTargets()
	v.expected(c.bundle)
	if c.bundle != nil {
		v.knownForm(c.bundle, c.bundleFile)
	}
	return c
}

// expected compares the bundle's type and tag with what was asked for.
func (v *verifier) expected(b *tuf.BundleTargets) {
	if b == nil {
		return
	}
	where := metadataPath(tuf.BundleTargetsFile)
	if v.opt.Type != "" && v.opt.Type != b.Type {
		v.found.bad(RuleFor, where, "it is of type %q, not %q", b.Type, v.opt.Type)
	}
	if v.opt.Tag != "" && v.opt.Tag != b.Tag {
		v.found.bad(RuleFor, where, "it is for the tag %q, not %q", b.Tag, v.opt.Tag)
	}
}

// boundTarget is a target that the bundle names, as targets.json describes it.
type boundTarget struct {
	name   string
	target tuf.Target
	custom tuf.Custom
}

// targets binds the names in the bundle to what targets.json says about them.
// When that file could not be verified it is used as it is, so that the content
// is looked at all the same; the finding about it stands.
func (v *verifier) targets(c *trustCheck) []boundTarget {
	all := v.knownTargets(c)
	if all == nil || c.bundle == nil {
		return nil
	}
	where := metadataPath(tuf.BundleTargetsFile)
	if len(c.bundle.Targets) == 0 {
		v.found.bad(RuleTargets, where, "it names no target")
	}
	var bound []boundTarget
	fits := v.opt.HardwareID == "" && v.opt.Tag == ""
	for _, name := range c.bundle.Targets {
		target, ok := all.Targets[name]
		if !ok {
			v.found.bad(RuleTargets, where, "it names %.200q, which targets.json does not have", name)
			continue
		}
		custom, err := target.Fields()
		if err != nil {
			v.found.bad(RuleTargets, metadataPath(tuf.TargetsFile), "target %s: %v", name, err)
			continue
		}
		if custom.TargetFormat != formatOSTree {
			v.found.bad(RuleTargets, metadataPath(tuf.TargetsFile), "target %s: its format is %.40q; devices install %s only", name, custom.TargetFormat, formatOSTree)
			continue
		}
		fits = fits || v.suits(custom)
		v.passedOver(name, custom, c.bundle.Tag)
		bound = append(bound, boundTarget{name: name, target: target, custom: custom})
		v.report.Targets = append(v.report.Targets, VerifiedTarget{Name: name, Commit: target.Commit()})
	}
	if !fits {
		v.found.bad(RuleFor, where, "none of its targets is for %s; one for several kinds of hardware suits none", v.opt.device())
	}
	return bound
}

// passedOver warns of a target that devices take no notice of, though the bundle
// names it. Where somebody asks for a device's own tag and hardware, suits
// judges.
func (v *verifier) passedOver(name string, c tuf.Custom, tag string) {
	const remedy = "publish it again for these devices, and build the bundle again"
	where := metadataPath(tuf.TargetsFile)
	if len(c.HardwareIDs) != 1 {
		v.found.warn(RuleFor, where, remedy, "target %s: it is for %d kinds of hardware; devices pass over all but those for one", name, len(c.HardwareIDs))
	}
	if !slices.Contains(c.Tags, tag) {
		v.found.warn(RuleFor, where, remedy, "target %s: it does not carry the bundle's tag %.40q; devices that follow no other pass over it", name, tag)
	}
}

// formatOSTree is the only format of a target that devices install.
const formatOSTree = "OSTREE"

// suits says whether the device asked about would take a target: a device
// passes over one for several kinds of hardware, and one without its tag.
func (v *verifier) suits(c tuf.Custom) bool {
	if id := v.opt.HardwareID; id != "" && !slices.Equal(c.HardwareIDs, []string{id}) {
		return false
	}
	return v.opt.Tag == "" || slices.Contains(c.Tags, v.opt.Tag)
}

// device is what was asked for, in words.
func (o VerifyOptions) device() string {
	var words []string
	if o.HardwareID != "" {
		words = append(words, fmt.Sprintf("hardware id %q", o.HardwareID))
	}
	if o.Tag != "" {
		words = append(words, fmt.Sprintf("tag %q", o.Tag))
	}
	return strings.Join(words, " and ")
}

func (v *verifier) knownTargets(c *trustCheck) *tuf.Targets {
	if c.trust != nil && c.trust.Targets() != nil {
		return c.trust.Targets()
	}
	file, err := c.read(tuf.TargetsFile, limits.Targets)
	if err != nil {
		return nil
	}
	targets, err := tuf.ParseTargets(file)
	if err != nil {
		return nil
	}
	return targets
}
