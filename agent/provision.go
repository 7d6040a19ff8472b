package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/otactl/otactl/client/gateway"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// provision takes roots that the image or the factory floor has put on the
// device into the database, unless it knows root 2 already. They are what a
// device starts to trust with; what is wrong with them must not end in trust
// on first use. first says whether the source at hand may give the device its
// first root; if not, a registered device asks its gateway for it.
func (a *Agent) provision(ctx context.Context, first bool) error {
	if err := a.leaveCI(ctx); err != nil {
		return err
	}
	versions, err := a.db.Metadata().Roots(ctx)
	if err != nil || slices.ContainsFunc(versions, func(v int) bool { return v >= 2 }) {
		return err
	}
	files, err := a.providedRoots(len(versions) == 0)
	if err != nil {
		return coded(CheckinFailure, err)
	}
	if len(files) == 0 && len(versions) == 0 && !first {
		files = a.rootOfGateway(ctx)
	}
	if len(files) == 0 {
		return nil
	}
	if len(versions) == 1 {
		known, err := a.db.Metadata().Load(ctx, tuf.RootName(versions[0]))
		if err != nil {
			return err
		}
		if string(known) != string(files[0]) {
			a.log.WarnContext(ctx, "provided roots do not begin with the one this device knows; they are passed over")
			return nil
		}
	}
	return a.storeRoots(ctx, files, a.db.Metadata().StoreRoots)
}

// leaveCI has a device of production start over with its image's production
// roots, where it holds those of CI: it took them before anybody knew which kind
// it would be, and a single key of CI would do for it as long as it goes by them.
func (a *Agent) leaveCI(ctx context.Context) error {
	if a.kind != prodDevice {
		return nil
	}
	prod, err := a.rootsOfImage("prod", limits.RootChain)
	if err != nil {
		return coded(CheckinFailure, err)
	}
	ci, err := a.rootsOfImage("ci", len(prod))
	if err != nil {
		return coded(CheckinFailure, err)
	}
	for i, file := range ci {
		stored, err := a.db.Metadata().Load(ctx, tuf.RootName(i+1))
		if errors.Is(err, tuf.ErrNotFound) || err == nil && (!bytes.Equal(stored, file) || bytes.Equal(file, prod[i])) {
			continue
		}
		if err != nil {
			return err
		}
		a.log.WarnContext(ctx, "this device of production held the roots of CI; it starts over with those of production")
		return a.storeRoots(ctx, prod, a.db.Metadata().StartOver)
	}
	return nil
}

// gatewayPatience is how long a device without a root waits for its gateway
// before it does without.
const gatewayPatience = 20 * time.Second

// rootOfGateway is the first root from the gateway that this device's
// registration has pinned; nothing where there is none or it can't be reached.
func (a *Agent) rootOfGateway(ctx context.Context) [][]byte {
	creds, err := a.db.Credentials(ctx)
	if err != nil || len(creds.CA) == 0 || !gateway.ProvesItself(a.cfg.Uptane.RepoServer) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, gatewayPatience)
	defer cancel()
	c, err := a.gateway(ctx, "otactl")
	if err != nil {
		return nil
	}
	file, err := c.Metadata().Fetch(ctx, tuf.RootName(1), limits.Root)
	if err != nil {
		a.log.WarnContext(ctx, "this device knows no root, and its gateway gives none", "err", err)
		return nil
	}
	return [][]byte{file}
}

// storeRoots takes a chain of roots whole: of one that a power cut left half
// stored, the rest would never be looked at again.
func (a *Agent) storeRoots(ctx context.Context, files [][]byte, store func(context.Context, int, [][]byte) error) error {
	trust, err := tuf.NewTrust(files[0], a.dialects...)
	for _, file := range files[1:] {
		if err == nil {
			err = trust.AddRoot(file)
		}
	}
	if err != nil {
		return coded(CheckinFailure, fail.Hint(fmt.Errorf("provided roots: %w", err),
			"correct the roots that the image provides; they are not passed over"))
	}
	return store(ctx, trust.Root().Version-len(files)+1, files)
}

// importedRoot is where a factory floor may leave a single root.
const importedRoot = "repo/root.json"

// providedRoots are the roots of the image for this kind of device, the oldest
// first: prod/ for a production device, else ci/, of which an unregistered
// device, whose kind is not known yet, may only take the first two. A single
// imported root counts only when nothing is stored.
func (a *Agent) providedRoots(nothingStored bool) ([][]byte, error) {
	dir, last := "ci", limits.RootChain
	switch a.kind {
	case prodDevice:
		dir = "prod"
	case unregistered:
		last = 2
	}
	files, err := a.rootsOfImage(dir, last)
	if len(files) > 0 || err != nil || !nothingStored {
		return files, err
	}
	file, err := fsx.ReadFile(filepath.Join(a.cfg.Import.BasePath, importedRoot), limits.Root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return [][]byte{file}, err
}

// rootsOfImage are the roots in a folder of the image from version 1 on, at most
// so many.
func (a *Agent) rootsOfImage(dir string, last int) ([][]byte, error) {
	root, err := os.OpenRoot(filepath.Join(a.cfg.Storage.UptaneMetadataPath, dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("provided roots: %w", err)
	}
	defer root.Close()
	return readRoots(root, last)
}

func readRoots(root *os.Root, last int) ([][]byte, error) {
	var files [][]byte
	for v := 1; v <= last; v++ {
		file, err := fsx.ReadFileIn(root, tuf.RootName(v), limits.Root)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("provided roots: %w", err)
		}
		files = append(files, file)
	}
	return files, nil
}
