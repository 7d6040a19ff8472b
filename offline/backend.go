package offline

import (
	"context"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// Backend is where a bundle comes from. Nothing it hands over is believed:
// metadata is verified from the first root on, and objects by their checksum.
type Backend interface {
	// Roots brings N.root.json by name; one past the newest is
	// tuf.ErrNotFound.
	Roots() tuf.Fetcher
	// BundleMeta has metadata signed that is good until ExpiresInDays from
	// now, and a bundle-targets document that names target besides the
	// targets of req.BundleTargets.
	BundleMeta(ctx context.Context, target string, req MetaRequest) (*MetaReply, error)
	// Objects is the OSTree repo that holds the commits of the targets.
	Objects(ctx context.Context) (ostree.Source, error)
}

// MetaRequest is the body of POST …/targets/NAME/meta/.
type MetaRequest struct {
	Tag           string
	ExpiresInDays int
	Production    bool
	Wave          string
	// BundleTargets is the signed document to extend, nil for a new bundle.
	BundleTargets []byte
}

// MetaReply is what came back: four signed files as the server sent them.
type MetaReply struct {
	Timestamp, Snapshot, Targets, BundleTargets []byte
}
