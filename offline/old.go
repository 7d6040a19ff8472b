package offline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

// oldBundle is what was in the folder before a build.
type oldBundle struct {
	roots   [][]byte // its chain of root files, oldest first
	file    []byte   // bundle-targets.json, nil where there is none
	bundle  *tuf.BundleTargets
	hasRepo bool
	hasApps bool
}

// readOld reads what is in the folder. Its own chain of roots vouches for its
// bundle-targets.json, expired or not: a document to extend comes from verified
// data.
func readOld(ctx context.Context, files medium.Files) (*oldBundle, error) {
	old := &oldBundle{hasRepo: isFolder(files, dirRepo), hasApps: isFolder(files, dirApps)}
	there := &Bundle{files: files}
	trust, err := there.chain(ctx)
	switch {
	case err == nil:
		old.roots = trust.RootFiles()
	case !errors.Is(err, ErrIncomplete):
		return nil, spoiledOld(err)
	}
	old.file, err = there.BundleTargets(ctx)
	if errors.Is(err, tuf.ErrNotFound) {
		return old, nil
	}
	if err != nil {
		return nil, err
	}
	if old.bundle, err = verifyOld(trust, old.file); err != nil {
		return nil, spoiledOld(err)
	}
	return old, nil
}

// spoiledOld: nothing is built upon metadata that does not verify, and it is
// not thrown away unasked.
func spoiledOld(err error) error {
	return fail.As(fmt.Errorf("the bundle that is there: %w", err), fail.Verification,
		"take an empty folder, or remove its tuf/ folder to have it made anew")
}

func isFolder(files medium.Files, name string) bool {
	st, err := files.Stat(name)
	return err == nil && st.IsDir()
}

// verifyOld checks every signature on the old document but not whether there
// are enough, or whether it has expired: it is only the list to start from.
func verifyOld(trust *tuf.Trust, file []byte) (*tuf.BundleTargets, error) {
	bundle, err := tuf.ParseBundleTargets(file)
	if err != nil {
		return nil, err
	}
	if trust == nil {
		return nil, fmt.Errorf("%s: there is no root to verify it by", tuf.BundleTargetsFile)
	}
	rep, err := trust.Root().Signatures(tuf.RoleTargets, file)
	if err != nil {
		return nil, err
	}
	if len(rep.Valid) == 0 || len(rep.Invalid)+len(rep.Unknown) > 0 {
		return nil, fmt.Errorf("%s: not signed by the targets keys of its root", tuf.BundleTargetsFile)
	}
	return bundle, nil
}

// allows says whether a build with opt may write into the folder.
func (o *oldBundle) allows(opt BuildOptions) error {
	if o.bundle == nil {
		return nil // empty, or what an interrupted run left
	}
	if kind := opt.kind(); o.bundle.Type != kind {
		return fail.New(fail.Conflict, "take another folder", "it is a bundle of type %q, and would become one of type %q", o.bundle.Type, kind)
	}
	if opt.Tag != "" && o.bundle.Tag != opt.Tag {
		return fail.New(fail.Conflict, "a bundle is for one tag: take another folder",
			"it is a bundle for the tag %q, not %q", o.bundle.Tag, opt.Tag)
	}
	others := slices.DeleteFunc(slices.Clone(o.bundle.Targets), func(n string) bool { return n == opt.Target })
	renewed := opt.TUFOnly && slices.Contains(o.bundle.Targets, opt.Target)
	if len(others) > 0 && !opt.AllowMultiple && !renewed {
		return fail.New(fail.Conflict, "add to it with --allow-multiple-targets, or take another folder",
			"it is a bundle with other targets (%s)", joinSome(others))
	}
	return nil
}

// joinSome joins names for a message, and counts the rest when they are many.
func joinSome(names []string) string {
	const some = 3
	if len(names) <= some {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:some], ", "), len(names)-some)
}
