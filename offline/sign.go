package offline

import (
	"context"
	"errors"
	"fmt"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

// SignReport says what Sign did.
type SignReport struct {
	Dir       string   `json:"bundle"`
	KeyID     string   `json:"keyid"`     // the key that signed now
	Targets   []string `json:"targets"`   // what was signed
	Signed    int      `json:"signed"`    // distinct keys with a valid signature
	Threshold int      `json:"threshold"` // distinct keys that the root wants
	Missing   int      `json:"missing"`
}

// Sign adds a signature to the bundle's bundle-targets.json, by the signer that
// pick has for the targets role of the bundle's newest root. The chain of roots
// and the signatures that are there have to verify; whether there are enough,
// and the content, is for Verify. A second signature by the same key is refused.
func Sign(ctx context.Context, b *Bundle, pick func(root *tuf.Root) (tuf.Signer, error)) (*SignReport, error) {
	rep, err := sign(ctx, b, pick)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", b.dir, err)
	}
	return rep, nil
}

func sign(ctx context.Context, b *Bundle, pick func(root *tuf.Root) (tuf.Signer, error)) (*SignReport, error) {
	files, ok := b.files.(medium.Changer)
	if !ok {
		return nil, fail.New(fail.Unsupported, "sign the folder that it was made from", "a bundle on this medium cannot be changed")
	}
	lock, err := files.Lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	root, err := b.newestRoot(ctx)
	if err != nil {
		return nil, err
	}
	file, err := b.BundleTargets(ctx)
	if err != nil {
		return nil, missing(err)
	}
	bundle, err := tuf.ParseBundleTargets(file)
	if err != nil {
		return nil, err
	}
	if _, err := checkSignatures(root, file); err != nil {
		return nil, err
	}
	signer, err := pick(root)
	if err != nil {
		return nil, err
	}
	signed, err := tuf.AddSignature(file, signer)
	if err != nil {
		return nil, err
	}
	sigs, err := checkSignatures(root, signed)
	if err != nil {
		return nil, err
	}
	if err := files.Replace(medium.File{Name: metadataPath(tuf.BundleTargetsFile), Data: signed}); err != nil {
		return nil, noSpace(err)
	}
	return &SignReport{Dir: b.dir, KeyID: signer.Public().ID, Targets: bundle.Targets,
		Signed: len(sigs.Valid), Threshold: sigs.Threshold, Missing: sigs.Missing()}, nil
}

// checkSignatures refuses a document with a signature that does not count: a
// device would refuse it whole, however many good ones are added.
func checkSignatures(root *tuf.Root, file []byte) (*tuf.SignatureReport, error) {
	sigs, err := root.Signatures(tuf.RoleTargets, file)
	if err != nil {
		return nil, err
	}
	for _, id := range append(sigs.Invalid, sigs.Unknown...) {
		return nil, &tuf.Error{File: tuf.BundleTargetsFile, Kind: tuf.ErrSignature, Why: "the signature by key " + short(id) + " does not count"}
	}
	return sigs, nil
}

// missing turns "no such metadata file" into what it means for a bundle.
func missing(err error) error {
	if !errors.Is(err, tuf.ErrNotFound) {
		return err
	}
	return fail.As(fmt.Errorf("%w: %w", ErrIncomplete, err), fail.NotFound,
		"run otactl targets offline-update again with this folder to complete it")
}
