package offline

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/offline/papers"
	"github.com/otactl/otactl/tuf"
)

// Statement is what a person who signs a bundle puts the name to, as the
// verified metadata has it: the list in bundle-targets.json has names only.
type Statement struct {
	Dir    string `json:"bundle"`
	Anchor string `json:"anchor"` // what the trust begins with, in words
	// SelfVouched says that no root was given: all of it is what the bundle says
	// of itself, and a forged one says what it likes.
	SelfVouched bool           `json:"self_vouched"`
	Type        string         `json:"type"`
	Tag         string         `json:"tag"`
	Version     int            `json:"version"`
	Expires     time.Time      `json:"expires"` // the earliest of all roles
	Targets     []StatedTarget `json:"targets"`
	// Content says whether every object and blob was read and found to be what
	// the targets name.
	Content bool `json:"content_verified"`
}

// StatedTarget is a target of a Statement.
type StatedTarget struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	HardwareIDs []string `json:"hardware_ids"`
	Commit      string   `json:"commit"`
	Apps        []string `json:"apps"` // URIs with their digests, sorted
}

// stated is a Statement together with what it was read from: those bytes are
// signed, and no others that have come into their place since.
type stated struct {
	Statement
	root      *tuf.Root
	documents []medium.File
}

// state verifies b as far as opt wants it and says what there is to sign. What
// is wrong with the bundle is an error, missing signatures aside: they are what
// signing is for.
func state(ctx context.Context, b *Bundle, opt SignOptions) (*stated, error) {
	if _, err := b.newestRoot(ctx); err != nil {
		return nil, err
	}
	documents, err := b.documents()
	if err != nil {
		return nil, err
	}
	_, onPaper := b.files.(*papers.Papers)
	content := !opt.NoVerify && !onPaper
	l, err := lookAt(ctx, b, opt.Verify, content)
	if err != nil {
		return nil, err
	}
	if err := l.report.fitToSign(); err != nil {
		return nil, err
	}
	if !bytes.Equal(documents[0].Data, l.trust.bundleFile) {
		return nil, changedMeanwhile(documents[0].Name)
	}
	for _, doc := range documents[1:] {
		if err := aboutStatement(doc.Data, l.trust.bundleFile); err != nil {
			return nil, changedMeanwhile(doc.Name)
		}
	}
	s := &stated{root: l.trust.trust.Root(), documents: documents}
	s.Statement = Statement{Dir: b.dir, Anchor: l.trust.anchor, SelfVouched: len(opt.Verify.Roots) == 0, Type: l.trust.bundle.Type, Tag: l.trust.bundle.Tag,
		Version: l.trust.bundle.Version, Expires: l.trust.expires(), Content: content}
	for _, t := range l.targets {
		s.Targets = append(s.Targets, t.stated())
	}
	return s, nil
}

func changedMeanwhile(name string) error {
	return fail.New(fail.Conflict, "find out who writes to it, and try again", "%s changed while the bundle was verified", name)
}

func (t boundTarget) stated() StatedTarget {
	s := StatedTarget{Name: t.name, Version: t.custom.Version, HardwareIDs: t.custom.HardwareIDs, Commit: t.target.Commit(), Apps: []string{}}
	apps := requiredApps(t.custom)
	for _, name := range slices.Sorted(maps.Keys(apps)) {
		s.Apps = append(s.Apps, apps[name].URI)
	}
	return s
}

// fitToSign is Err without what a signature would mend.
func (r *VerifyReport) fitToSign() error {
	rest := *r
	rest.Findings = slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Rule == RuleThreshold })
	slices.SortFunc(rest.Findings, Finding.compare)
	err := rest.Err()
	if err == nil || fail.ClassOf(err) == fail.Unsupported { // which has a remedy of its own
		return err
	}
	return fail.Hint(err, "don't sign it: have it built again, or find out who changed it")
}
