package metadata

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// prodRootRole stores the production twin of each root, under its version.
const prodRootRole = "prod-root"

// ProdRoot is a root as production devices fetch it: "root.json" for the
// newest one, or "3.root.json". Anything else is store.ErrNotFound.
func (a *Author) ProdRoot(ctx context.Context, name string) ([]byte, error) {
	if !strings.HasSuffix(name, "root.json") {
		return nil, store.ErrNotFound
	}
	b, err := a.file(ctx, name, prodRootRole)
	if !errors.Is(err, store.ErrNotFound) {
		return b, err
	}
	// Where production roots begin later, the chain begins with those of CI.
	if _, err := a.db.NewestVersion(ctx, prodRootRole); err != nil {
		return nil, err
	}
	return a.File(ctx, name)
}

// putProdRoot signs and stores the production twin of a root with this
// server's root key.
func (a *Author) putProdRoot(tx *store.MetadataTx, root []byte, v int, exp time.Time) error {
	file, err := author.Production(root, author.ProductionThreshold)
	if err != nil {
		return err
	}
	k, err := a.signer(tx, tuf.RoleRoot)
	if err != nil {
		return err
	}
	if file, err = tuf.AddSignature(file, k); err != nil {
		return fmt.Errorf("sign the production root: %w", err)
	}
	return tx.Put(store.File{Role: prodRootRole, Version: v, Online: true, Expires: exp, Bytes: file})
}

// addProdRoots gives every root its production twin in a database that was
// made before there were any. Without the root key that is left to the first
// root that is signed elsewhere.
func (a *Author) addProdRoots(ctx context.Context) error {
	return a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		if _, err := tx.Current(prodRootRole); !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if _, err := a.signer(tx, tuf.RoleRoot); err != nil {
			a.log.Warn("there are no production roots, and the root key is not on this server")
			return nil
		}
		newest, err := tx.Current(string(tuf.RoleRoot))
		if err != nil {
			return err
		}
		for v := 1; v <= newest.Version; v++ {
			f, err := tx.Version(string(tuf.RoleRoot), v)
			if err != nil {
				return err
			}
			if err := a.putProdRoot(tx, f.Bytes, v, f.Expires); err != nil {
				return err
			}
		}
		return nil
	})
}
