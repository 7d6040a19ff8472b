package offline

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/papers"
)

// Statement is what a person who signs a bundle puts the name to, as the
// verified metadata has it: the list in bundle-targets.json has names only.
type Statement struct {
	Dir     string         `json:"bundle"`
	Anchor  string         `json:"anchor"` // what the trust begins with, in words
	Type    string         `json:"type"`
	Tag     string         `json:"tag"`
	Version int            `json:"version"`
	Expires time.Time      `json:"expires"` // the earliest of all roles
	Targets []StatedTarget `json:"targets"`
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

// state verifies b as far as opt wants it and says what there is to sign. What
// is wrong with the bundle is an error, missing signatures aside: they are what
// signing is for.
func state(ctx context.Context, b *Bundle, opt SignOptions) (*Statement, error) {
	if _, err := b.newestRoot(ctx); err != nil {
		return nil, err
	}
	if _, err := b.documents(); err != nil {
		return nil, err
	}
	_, onPaper := b.files.(*papers.Papers)
	content := !opt.NoVerify && !onPaper
	v := &verifier{bundle: b, opt: opt.Verify, report: VerifyReport{Dir: b.dir}}
	var err error
	if v.inv, err = scan(ctx, b, &v.found); err != nil {
		return nil, err
	}
	slices.Sort(v.inv.roots)
	trust := v.metadata(ctx)
	targets := v.targets(trust)
	rep := &VerifyReport{Dir: b.dir, Findings: v.found.list, More: v.found.more}
	if content {
		if rep, err = Verify(ctx, b, opt.Verify); err != nil {
			return nil, err
		}
	}
	if err := rep.fitToSign(); err != nil {
		return nil, err
	}
	s := &Statement{Dir: b.dir, Anchor: trust.anchor, Type: trust.bundle.Type, Tag: trust.bundle.Tag,
		Version: trust.bundle.Version, Expires: trust.expires(), Content: content}
	for _, t := range targets {
		s.Targets = append(s.Targets, t.stated())
	}
	return s, nil
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
	if err := rest.Err(); err != nil {
		return fail.Hint(err, "don't sign it: have it built again, or find out who changed it")
	}
	return nil
}
