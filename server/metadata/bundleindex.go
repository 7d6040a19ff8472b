package metadata

import (
	"context"
	"encoding/json"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// BundleIndex signs the index of a bundle that is one file, as far as this
// server can: where the targets keys are elsewhere the index has to be signed
// there. It signs nothing that is not the index of a bundle. What the index is
// about it has not seen: that is vouched for by metadata of its own, and the
// index only says that the one who packed it may publish.
func (a *Author) BundleIndex(ctx context.Context, signed json.RawMessage) ([]byte, error) {
	file, err := tuf.Sign(signed)
	if err != nil {
		return nil, refuse("index: %v", err)
	}
	index, err := tuf.ParseBundleIndex(file)
	if err != nil {
		return nil, refuse("index: %v", err)
	}
	err = a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		cur, err := tx.Current(string(tuf.RoleRoot))
		if err != nil {
			return err
		}
		root, err := tuf.ParseRoot(cur.Bytes)
		if err != nil {
			return err
		}
		if _, elsewhere := a.keys.find(root, tuf.RoleTargets); elsewhere == nil {
			file, err = a.sign(tx, tuf.RoleTargets, index, limits.BundleIndex)
		}
		return err
	})
	return file, err
}
