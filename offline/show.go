package offline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/papers"
	"github.com/otactl/otactl/tuf"
)

// Summary is what a bundle says about itself, for people to look at. Verified
// is false as long as nobody has run Verify: only signatures of
// bundle-targets.json were checked here, by the bundle's own roots.
type Summary struct {
	Dir     string    `json:"bundle"`
	Type    string    `json:"type"`
	Tag     string    `json:"tag"`
	Expires time.Time `json:"expires"` // the earliest of Roles
	Expired bool      `json:"expired"`
	// Newer says that the bundle has a form which this program doesn't know, so
	// that it may hold more than is shown.
	Newer string `json:"newer_form,omitempty"`
	// Papers says that it is the metadata alone: nothing is known of the content.
	Papers bool `json:"papers,omitempty"`

	Roles   []RoleSummary   `json:"roles"`
	Targets []TargetSummary `json:"targets"`
	Apps    []string        `json:"apps"` // URIs of the apps in the bundle
	// Bytes is what the objects, deltas and blobs of all targets take; what they
	// share counts once, and Shared is what that saves.
	Bytes  int64 `json:"bytes"`
	Shared int64 `json:"shared_bytes"`

	Keys       []string           `json:"keys"` // ids of the keys that may sign
	Threshold  int                `json:"threshold"`
	Signatures []SignatureSummary `json:"signatures"`
	Missing    int                `json:"missing_signatures"`
	// Index is there for a bundle that is one file.
	Index *IndexSummary `json:"index,omitempty"`
}

// RoleSummary is one metadata file.
type RoleSummary struct {
	File    string    `json:"file"`
	Version int       `json:"version"`
	Expires time.Time `json:"expires"`
}

// TargetSummary is one target that the bundle names.
type TargetSummary struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	HardwareIDs []string `json:"hardware_ids"`
	Commit      string   `json:"commit"`
	Bytes       int64    `json:"bytes"`   // of its closure in ostree_repo, as stored
	Present     bool     `json:"present"` // the whole closure is there
	// Deltas lead to it from other versions; where the closure is not there the
	// bundle is good for devices that run one of these.
	Deltas []DeltaSummary `json:"deltas"`
	Apps   []AppSummary   `json:"apps"` // those that an offline update carries, by name
}

// DeltaSummary is a static delta to a target.
type DeltaSummary struct {
	From    string `json:"from"`    // the commit, "" for one from nothing
	Version string `json:"version"` // of a target with that commit, "" if none is known
	Bytes   int64  `json:"bytes"`
	Err     string `json:"error,omitempty"` // why it is of no use
}

// AppSummary is one app of a target.
type AppSummary struct {
	Name    string `json:"name"`
	URI     string `json:"uri"`
	Bytes   int64  `json:"bytes"`   // of its blobs
	Present bool   `json:"present"` // the app and all of its blobs are there
}

// SignatureSummary is one signature on bundle-targets.json.
type SignatureSummary struct {
	KeyID string `json:"keyid"`
	Valid bool   `json:"valid"`
	Why   string `json:"why,omitempty"` // it is not
}

// Show reads a bundle. It fails with ErrIncomplete where there is no metadata,
// and shows what it can where something is wrong: Verify says what.
func Show(ctx context.Context, b *Bundle, now time.Time) (*Summary, error) {
	s := &Summary{Dir: b.dir, Targets: []TargetSummary{}, Signatures: []SignatureSummary{}, Keys: []string{}}
	root, err := b.newestRoot(ctx)
	if err != nil {
		return nil, fmt.Errorf("show %s: %w", b.dir, err)
	}
	s.role(tuf.RootName(root.Version), root.Version, root.Expires)
	steps := []func(context.Context, *Bundle, *tuf.Root) error{s.online, s.bundle, s.targets, s.index}
	for _, step := range steps {
		if err := step(ctx, b, root); err != nil {
			return nil, fmt.Errorf("show %s: %w", b.dir, missing(err))
		}
	}
	if s.Apps, err = b.AppURIs(ctx); err != nil {
		return nil, fmt.Errorf("show %s: %w", b.dir, err)
	}
	s.Expired = !s.Expires.After(now)
	_, s.Papers = b.files.(*papers.Papers)
	if err := refuseNewer(b.files); err != nil {
		s.Newer = err.Error()
	}
	return s, nil
}

func (s *Summary) role(file string, version int, expires time.Time) {
	s.Roles = append(s.Roles, RoleSummary{File: file, Version: version, Expires: expires})
	if s.Expires.IsZero() || expires.Before(s.Expires) {
		s.Expires = expires
	}
}

// online is the two roles that a server signs on demand.
func (s *Summary) online(ctx context.Context, b *Bundle, _ *tuf.Root) error {
	file, err := b.Metadata().Fetch(ctx, tuf.TimestampFile, limits.Timestamp)
	if err != nil {
		return err
	}
	timestamp, err := tuf.ParseTimestamp(file)
	if err != nil {
		return err
	}
	s.role(tuf.TimestampFile, timestamp.Version, timestamp.Expires)
	if file, err = b.Metadata().Fetch(ctx, tuf.SnapshotFile, limits.Snapshot); err != nil {
		return err
	}
	snapshot, err := tuf.ParseSnapshot(file)
	if err != nil {
		return err
	}
	s.role(tuf.SnapshotFile, snapshot.Version, snapshot.Expires)
	return nil
}

// bundle is bundle-targets.json and who signed it.
func (s *Summary) bundle(ctx context.Context, b *Bundle, root *tuf.Root) error {
	file, err := b.BundleTargets(ctx)
	if err != nil {
		return err
	}
	bundle, err := tuf.ParseBundleTargets(file)
	if err != nil {
		return err
	}
	s.Type, s.Tag = bundle.Type, bundle.Tag
	s.role(tuf.BundleTargetsFile, bundle.Version, bundle.Expires)
	for _, name := range bundle.Targets {
		s.Targets = append(s.Targets, TargetSummary{Name: name})
	}
	sigs, err := root.Signatures(tuf.RoleTargets, file)
	if err != nil {
		return err
	}
	s.Keys, s.Threshold, s.Missing = append(s.Keys, sigs.Allowed...), sigs.Threshold, sigs.Missing()
	slices.Sort(s.Keys)
	s.signatures(sigs.Valid, "")
	s.signatures(sigs.Invalid, "does not verify, or is the same key again")
	s.signatures(sigs.Unknown, "the key may not sign targets")
	return nil
}

func (s *Summary) signatures(ids []string, why string) {
	for _, id := range ids {
		s.Signatures = append(s.Signatures, SignatureSummary{KeyID: id, Valid: why == "", Why: why})
	}
}

// targets fills in what targets.json and the repo know about the targets.
func (s *Summary) targets(ctx context.Context, b *Bundle, _ *tuf.Root) error {
	file, err := b.Metadata().Fetch(ctx, tuf.TargetsFile, limits.Targets)
	if err != nil {
		return err
	}
	all, err := tuf.ParseTargets(file)
	if err != nil {
		return err
	}
	s.role(tuf.TargetsFile, all.Version, all.Expires)
	look, err := newLook(ctx, b, all)
	if err != nil {
		return err
	}
	for i := range s.Targets {
		target, ok := all.Targets[s.Targets[i].Name]
		if !ok {
			continue
		}
		if err := look.at(ctx, &s.Targets[i], target); err != nil {
			return err
		}
	}
	s.Bytes, s.Shared = look.bytes, look.shared
	return nil
}
