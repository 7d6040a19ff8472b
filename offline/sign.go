package offline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/offline/papers"
	"github.com/otactl/otactl/tuf"
)

// SignOptions say by what a bundle is judged before anybody signs it.
type SignOptions struct {
	// Verify has the clock, the trusted roots and what the bundle has to be for.
	Verify VerifyOptions
	// NoVerify leaves the content unread. The metadata is verified all the same.
	NoVerify bool
	// Approve is told what is about to be signed; its error ends the signing.
	Approve func(Statement) error
	// Signer has the key for the targets role of the bundle's newest root.
	Signer func(root *tuf.Root) (tuf.Signer, error)
}

// SignReport says what Sign or Import did.
type SignReport struct {
	Dir       string   `json:"bundle"`
	KeyIDs    []string `json:"keyids"`    // the keys whose signatures came in now
	Targets   []string `json:"targets"`   // what was signed
	Signed    int      `json:"signed"`    // distinct keys with a valid signature
	Threshold int      `json:"threshold"` // distinct keys that the root wants
	Missing   int      `json:"missing"`
	// Of Sign: what the bundle was judged by, and that it was nothing but itself.
	Anchor      string `json:"anchor,omitempty"`
	SelfVouched bool   `json:"self_vouched,omitempty"`
}

// Sign adds a signature to what people sign of a bundle: bundle-targets.json,
// and the index where it is an archive. It believes nothing that the bundle says
// of itself: the bundle is verified first, and Approve is told what the verified
// metadata has. What is signed are the bytes that were verified, whatever lies in
// the bundle by then. A second signature by the same key is refused.
func Sign(ctx context.Context, b *Bundle, opt SignOptions) (*SignReport, error) {
	rep, err := change(b, func(files medium.Changer) (*SignReport, error) {
		stated, err := state(ctx, b, opt)
		if err != nil {
			return nil, err
		}
		if opt.Approve != nil {
			if err := opt.Approve(stated.Statement); err != nil {
				return nil, err
			}
		}
		signed, err := b.addSignature(files, stated, opt.Signer)
		if err == nil {
			signed.Anchor, signed.SelfVouched = stated.Anchor, stated.SelfVouched
		}
		return signed, err
	})
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", b.dir, err)
	}
	return rep, nil
}

// change locks a bundle while its documents are changed.
func change(b *Bundle, do func(medium.Changer) (*SignReport, error)) (*SignReport, error) {
	files, ok := b.files.(medium.Changer)
	if !ok {
		return nil, fail.New(fail.Unsupported, "sign the folder that it was made from", "a bundle on this medium cannot be changed")
	}
	lock, err := files.Lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	return do(files)
}

func (b *Bundle) addSignature(files medium.Changer, s *stated, pick func(*tuf.Root) (tuf.Signer, error)) (*SignReport, error) {
	signer, err := pick(s.root)
	if err != nil {
		return nil, err
	}
	var changed []medium.File
	var signedAlready error
	for _, doc := range s.documents {
		if _, err := checkSignatures(s.root, doc); err != nil {
			return nil, err
		}
		signed, err := tuf.AddSignature(doc.Data, signer)
		if errors.Is(err, tuf.ErrDuplicate) {
			signedAlready = err
			continue
		}
		if err != nil {
			return nil, err
		}
		changed = append(changed, medium.File{Name: doc.Name, Data: signed})
	}
	if len(changed) == 0 {
		return nil, signedAlready
	}
	return b.put(s.root, files, changed, []string{signer.Public().ID})
}

// documents are the files of the bundle that people sign, the statement first.
func (b *Bundle) documents() ([]medium.File, error) {
	statement := metadataPath(tuf.BundleTargetsFile)
	data, err := medium.ReadFile(b.files, statement, limits.BundleTargets)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing(tuf.ErrNotFound)
	}
	list := []medium.File{{Name: statement, Data: data}}
	if err != nil || !b.indexed() {
		return list, err
	}
	data, err = medium.ReadFile(b.files, indexFile, limits.BundleIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil // papers of a folder
	}
	return append(list, medium.File{Name: indexFile, Data: data}), err
}

// The signed list of what is in an archive. Any tar unpacks both into the
// folder that it makes.
const (
	indexFile    = "index.json"
	indexMembers = "index.members"
)

// put replaces documents once it is seen that every signature on them counts.
func (b *Bundle) put(root *tuf.Root, files medium.Changer, changed []medium.File, keys []string) (*SignReport, error) {
	for _, doc := range changed {
		if _, err := checkSignatures(root, doc); err != nil {
			return nil, err
		}
	}
	if err := files.Replace(changed...); err != nil {
		return nil, aboutMedium(err)
	}
	return b.signedReport(root, keys)
}

// signedReport counts the signatures that are there now; of two documents, those
// of the one that has fewer.
func (b *Bundle) signedReport(root *tuf.Root, keys []string) (*SignReport, error) {
	documents, err := b.documents()
	if err != nil {
		return nil, err
	}
	bundle, err := tuf.ParseBundleTargets(documents[0].Data)
	if err != nil {
		return nil, err
	}
	rep := &SignReport{Dir: b.dir, KeyIDs: keys, Targets: bundle.Targets, Signed: -1}
	for _, doc := range documents {
		sigs, err := checkSignatures(root, doc)
		if err != nil {
			return nil, err
		}
		if rep.Signed < 0 || len(sigs.Valid) < rep.Signed {
			rep.Signed, rep.Threshold, rep.Missing = len(sigs.Valid), sigs.Threshold, sigs.Missing()
		}
	}
	return rep, nil
}

// Export writes the metadata of the bundle, without its content, to path, for
// somebody to sign elsewhere.
func (b *Bundle) Export(path string) error { return papers.Export(b.files, path) }

// Import takes over the signatures of papers that were exported from this
// bundle and signed elsewhere. What was signed has to be what the bundle has,
// and each signature has to count.
func Import(ctx context.Context, b, signed *Bundle) (*SignReport, error) {
	rep, err := change(b, func(files medium.Changer) (*SignReport, error) { return b.takeSignatures(ctx, files, signed) })
	if err != nil {
		return nil, fmt.Errorf("import signatures into %s: %w", b.dir, err)
	}
	return rep, nil
}

func (b *Bundle) takeSignatures(ctx context.Context, files medium.Changer, signed *Bundle) (*SignReport, error) {
	root, err := b.newestRoot(ctx)
	if err != nil {
		return nil, err
	}
	ours, err := b.documents()
	if err != nil {
		return nil, err
	}
	theirs, err := signed.documents()
	if err != nil {
		return nil, err
	}
	var changed []medium.File
	keys := []string{}
	for _, doc := range ours {
		i := slices.IndexFunc(theirs, func(f medium.File) bool { return f.Name == doc.Name })
		if i < 0 || !sameSigned(doc.Data, theirs[i].Data) {
			return nil, fail.New(fail.Conflict, "export this bundle again and have that signed",
				"%s: what was signed in %s is not what this bundle has", doc.Name, signed.dir)
		}
		merged, added, err := mergeSignatures(root, doc.Data, theirs[i].Data)
		if err != nil {
			return nil, err
		}
		if len(added) > 0 {
			changed = append(changed, medium.File{Name: doc.Name, Data: merged})
		}
		for _, id := range added {
			if !slices.Contains(keys, id) {
				keys = append(keys, id)
			}
		}
	}
	if len(changed) == 0 {
		return nil, fail.New(fail.Conflict, "have it signed first: otactl targets offline-update sign "+signed.dir+" --keys FILE",
			"%s has no signature that this bundle lacks", signed.dir)
	}
	return b.put(root, files, changed, keys)
}

// mergeSignatures adds those signatures of another copy of a document that count
// and are not there yet.
func mergeSignatures(root *tuf.Root, doc, other []byte) (merged []byte, added []string, err error) {
	have, err := root.Signatures(tuf.RoleTargets, doc)
	if err != nil {
		return nil, nil, err
	}
	e, err := tuf.ParseEnvelope(doc)
	if err != nil {
		return nil, nil, err
	}
	more, err := tuf.ParseEnvelope(other)
	if err != nil {
		return nil, nil, err
	}
	for _, sig := range more.Signatures {
		if slices.Contains(have.Valid, sig.KeyID) {
			continue
		}
		e.Signatures = append(e.Signatures, sig)
		added = append(added, sig.KeyID)
	}
	merged, err = e.File()
	return merged, added, err
}

// checkSignatures refuses a document with a signature that does not count: a
// device would refuse it whole, however many good ones are added.
func checkSignatures(root *tuf.Root, doc medium.File) (*tuf.SignatureReport, error) {
	sigs, err := root.Signatures(tuf.RoleTargets, doc.Data)
	if err != nil {
		return nil, err
	}
	for _, id := range append(sigs.Invalid, sigs.Unknown...) {
		return nil, &tuf.Error{File: doc.Name, Kind: tuf.ErrSignature, Why: "the signature by key " + short(id) + " does not count"}
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
