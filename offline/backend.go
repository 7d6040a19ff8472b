package offline

import (
	"context"
	"encoding/json"
	"time"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// Backend is where a bundle comes from. Nothing it hands over is believed:
// metadata is verified from the first root on, and objects by their checksum.
type Backend interface {
	// Roots brings N.root.json by name; one past the newest is
	// tuf.ErrNotFound.
	Roots() tuf.Fetcher
	// BundleMeta has metadata signed for a bundle that carries target. The
	// request is marshalled to JSON; the reply has the members timestamp,
	// snapshot, targets and bundle-targets, each a signed document.
	BundleMeta(ctx context.Context, target string, req MetaRequest) (map[string]json.RawMessage, error)
	// Objects is the OSTree repo that holds the commits of the targets.
	Objects(ctx context.Context) (ostree.Source, error)
}

// MetaRequest is the body of POST …/targets/NAME/meta/.
type MetaRequest struct {
	Tag           string `json:"tag"`
	ExpiresInDays int    `json:"expires-in-days"`
	// ExpiresAt goes before ExpiresInDays, for backends that know it.
	ExpiresAt  time.Time `json:"expires-at,omitzero"`
	Production bool      `json:"production"`
	Wave       string    `json:"wave"`
	// BundleTargets is the signed document to extend; absent for a new bundle.
	BundleTargets json.RawMessage `json:"bundle-targets,omitempty"`
}

// The members of the reply to a MetaRequest.
const (
	replyTimestamp = "timestamp"
	replySnapshot  = "snapshot"
	replyTargets   = "targets"
	replyBundle    = "bundle-targets"
)
