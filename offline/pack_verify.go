package offline

import (
	"context"
	"errors"
	"io/fs"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	ota "github.com/otactl/otactl/offline/archive"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/offline/papers"
	"github.com/otactl/otactl/tuf"
)

// HasIndex says whether the bundle is one file, which has an index.
func (b *Bundle) HasIndex() bool {
	_, ok := b.files.(*ota.File)
	return ok
}

// VerifyIndex checks that enough keys of the targets role of root signed the
// index of a bundle that is one file, before anything else in it is believed. A
// folder has no index, and nothing is wrong with that: all that is believed of a
// bundle is signed by itself.
func (b *Bundle) VerifyIndex(root *tuf.Root) error {
	file, ok := b.files.(*ota.File)
	if !ok {
		return nil
	}
	_, err := root.VerifyIndex(file.Index())
	return err
}

// indexed says whether a bundle has an index: an archive, and papers of one.
func (b *Bundle) indexed() bool {
	switch b.files.(type) {
	case *ota.File, *papers.Papers:
		return true
	}
	return false
}

// index holds what is in an archive, as far as content is asked for, against its
// signed index, and that against the statement. A folder has none: there the scan
// of the names stands in for it.
func (v *verifier) index(ctx context.Context, trust *trustCheck, content bool) {
	if !v.bundle.indexed() {
		return
	}
	data, err := medium.ReadFile(v.bundle.files, indexFile, limits.BundleIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return // papers of a folder; an archive without one is not opened
	}
	if err == nil {
		err = aboutStatement(data, trust.bundleFile)
	}
	if err != nil {
		v.found.bad(RuleIndex, indexFile, "%v", err)
		return
	}
	v.indexSignatures(data, trust)
	if file, ok := v.bundle.files.(*ota.File); ok && content {
		_ = file.Check(ctx, v.opt.Jobs, func(name string, err error) { // lookAt asks the context itself
			v.found.bad(RuleIndex, name, "%v", err)
		})
	}
}

// aboutStatement holds that a file is the index of an archive, and of the one
// with this bundle-targets.json: whoever signs one signs the other.
func aboutStatement(index, statement []byte) error {
	parsed, err := tuf.ParseBundleIndex(index)
	if err != nil {
		return err
	}
	if sum, err := tuf.SignedSum(statement); err != nil || sum != parsed.BundleTargets {
		return fail.New(fail.Verification, "", "it is about another %s", tuf.BundleTargetsFile)
	}
	return nil
}

// indexSignatures wants every signature on the index to count, and enough.
func (v *verifier) indexSignatures(index []byte, trust *trustCheck) {
	if trust.trust == nil {
		return // no root is a finding of its own
	}
	rep, err := trust.trust.Root().Signatures(tuf.RoleTargets, index)
	if err != nil {
		v.found.bad(RuleIndex, indexFile, "%v", err)
		return
	}
	for _, id := range rep.Invalid {
		v.found.bad(RuleSignature, indexFile, "the signature by key %s does not verify", short(id))
	}
	for _, id := range rep.Unknown {
		v.found.bad(RuleSignature, indexFile, "signed by key %s, which has no say in this role", short(id))
	}
	if rep.Missing() > 0 {
		v.found.bad(RuleThreshold, indexFile, "signed by %d distinct keys of the targets role, the root wants %d", len(rep.Valid), rep.Threshold)
	}
}
