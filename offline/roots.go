package offline

import (
	"context"
	"errors"
	"fmt"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// walkRoots walks a chain of roots from version first to the newest that f
// has, whether they have expired or not. It is tuf.ErrNotFound where there is
// not even the first.
func walkRoots(ctx context.Context, f tuf.Fetcher, first int) (*tuf.Trust, error) {
	file, err := f.Fetch(ctx, tuf.RootName(first), limits.Root)
	if err != nil {
		return nil, fmt.Errorf("get root %d: %w", first, err)
	}
	trust, err := beginAt(first, file)
	if err != nil {
		return nil, err
	}
	for n := first + 1; n < first+limits.RootChain; n++ {
		file, err := f.Fetch(ctx, tuf.RootName(n), limits.Root)
		if errors.Is(err, tuf.ErrNotFound) {
			return trust, nil
		}
		if err != nil {
			return nil, fmt.Errorf("get root %d: %w", n, err)
		}
		if err := trust.AddRoot(file); err != nil {
			return nil, err
		}
	}
	return nil, &tuf.Error{File: tuf.RootName(first + limits.RootChain), Kind: tuf.ErrTooLarge, Why: "the chain of roots does not end"}
}

// beginAt begins with the root in the file of a version. Devices ask for the
// next root by its name, so that one under another's name ends their chain.
func beginAt(version int, file []byte) (*tuf.Trust, error) {
	trust, err := tuf.NewTrust(file)
	if err != nil {
		return nil, err
	}
	if inside := trust.Root().Version; inside != version {
		return nil, &tuf.Error{File: tuf.RootName(version), Kind: tuf.ErrVersion, Why: fmt.Sprintf("it is version %d inside", inside)}
	}
	return trust, nil
}

// chain walks the bundle's own roots from its oldest; ErrIncomplete where it
// has none.
func (b *Bundle) chain(ctx context.Context) (*tuf.Trust, error) {
	first, err := b.firstRoot()
	if err != nil {
		return nil, err
	}
	trust, err := walkRoots(ctx, b.Metadata(), first)
	return trust, missing(err)
}

// newestRoot is the last of the bundle's own chain.
func (b *Bundle) newestRoot(ctx context.Context) (*tuf.Root, error) {
	trust, err := b.chain(ctx)
	if err != nil {
		return nil, err
	}
	return trust.Root(), nil
}

// firstRoot is the lowest version of a root in the bundle: 1, or more where
// another program made it.
func (b *Bundle) firstRoot() (int, error) {
	versions, err := b.RootVersions()
	if err != nil {
		return 0, err
	}
	if len(versions) == 0 {
		return 0, fail.As(fmt.Errorf("%s: no N.root.json: %w", dirMetadata, ErrIncomplete), fail.NotFound,
			"build the bundle again with otactl targets offline-update")
	}
	return versions[0], nil
}

// Roots walks a backend's chain from root 1 to its newest, verifying each,
// whether they have expired or not.
func Roots(ctx context.Context, f tuf.Fetcher) (*tuf.Trust, error) { return walkRoots(ctx, f, 1) }
