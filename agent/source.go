package agent

import (
	"context"

	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// Source is where updates come from. Nothing it hands over is verified.
type Source interface {
	// Metadata brings the TUF files.
	Metadata() tuf.Fetcher
	// Statement is the signed list of the targets that this source is meant to
	// install (bundle-targets.json), or nil when it makes no such statement.
	Statement(ctx context.Context) ([]byte, error)
	// Offers says whether the content of a target can be had here: its commit
	// and the apps with these URIs.
	Offers(ctx context.Context, commit ostree.Checksum, appURIs []string) (bool, error)
	// Deltas are the static deltas that bring the device to a commit from one that
	// it has, the best first. None of them is verified.
	Deltas(ctx context.Context, commit ostree.Checksum) ([]offline.Delta, error)
	// Objects is the OSTree repo. It may lack a commit that a delta leads to.
	Objects(ctx context.Context) (ostree.Source, error)
	// Rules are those in which sources differ.
	Rules() Rules
	// Close releases what the source holds.
	Close() error
}

// Rules say how far a source is to be believed and what its failures mean.
type Rules struct {
	// FirstUse lets a device that knows no root take its first one from here.
	FirstUse bool
	// StoredAfter says whether metadata that the device has stored may be used
	// after an update of it has failed with err.
	StoredAfter func(err error) bool
	// Jobs is how many objects may be under way at once.
	Jobs int
	// TellStored makes a check that had to use stored metadata say so.
	TellStored bool
	// Missing is the code for a metadata file that is not there, and Fetch for
	// one that could not be fetched.
	Missing, Fetch Code
}
