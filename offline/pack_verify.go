package offline

import (
	"context"

	"github.com/otactl/otactl/internal/limits"
	ota "github.com/otactl/otactl/offline/archive"
	"github.com/otactl/otactl/tuf"
)

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

// index holds what is in an archive against its signed index. A folder has
// none: there the scan of the names stands in for it.
func (v *verifier) index(ctx context.Context, trust *trustCheck) {
	file, ok := v.bundle.files.(*ota.File)
	if !ok {
		return
	}
	v.indexSignatures(file.Index(), trust)
	_ = file.Check(ctx, v.opt.Jobs, func(name string, err error) { // Verify asks the context itself
		v.found.bad(RuleIndex, name, "%v", err)
	})
}

// indexSignatures wants every signature on the index to count, and enough.
func (v *verifier) indexSignatures(index []byte, trust *trustCheck) {
	if len(index) > limits.BundleIndex || trust.trust == nil {
		return // refused when it was opened; no root is a finding of its own
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
