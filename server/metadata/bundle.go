package metadata

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// The types of bundles.
const (
	bundleCI   = "ci"
	bundleProd = "prod" // of production targets, or of a wave
)

// BundleRequest asks for the metadata of an offline bundle.
type BundleRequest struct {
	Target string // name of a target that carries Tag
	Tag    string // "" for a wave, which has a tag of its own
	// Production asks for the production targets of the tag, Wave for those of
	// an active wave; else they are CI's.
	Production bool
	Wave       string
	By         string          // who asks
	Days       int             // how long the bundle shall be good
	At         time.Time       // when not zero, until when, and Days says nothing
	Extend     json.RawMessage // the bundle-targets.json to add Target to; nil starts a new one
}

// Bundle is the metadata of an offline bundle, each a signed file.
type Bundle struct {
	Timestamp json.RawMessage `json:"timestamp"`
	Snapshot  json.RawMessage `json:"snapshot"`
	Targets   json.RawMessage `json:"targets"`
	Bundle    json.RawMessage `json:"bundle-targets"`
}

// RequestError says why a bundle cannot be made as it was asked for.
type RequestError struct {
	NotFound bool // the target is not there, or not under the tag
	Why      string
}

func (e *RequestError) Error() string { return e.Why }

func refuse(format string, args ...any) error {
	return &RequestError{Why: fmt.Sprintf(format, args...)}
}

// MaxDays bounds BundleRequest.Days; root and targets end long before it.
const MaxDays = 36_500

// Bundle signs a timestamp of its own for a bundle and the list of its
// targets; snapshot and targets are the online ones. A new online timestamp
// follows at once, so that the next version a device sees online is above the
// bundle's. A production bundle wants signatures of people as well, which are
// added to its list where it lies.
func (a *Author) Bundle(ctx context.Context, req BundleRequest) (*Bundle, error) {
	now := a.clock()
	exp, err := req.expiry(now)
	if err != nil {
		return nil, err
	}
	var out *Bundle
	err = a.db.UpdateMetadata(ctx, func(tx *store.MetadataTx) error {
		cur, err := a.setOfBundle(tx, req, now)
		if err != nil {
			return err
		}
		if err := cur.outlive(exp); err != nil {
			return err
		}
		names, err := cur.names(req)
		if err != nil {
			return err
		}
		out, err = a.signBundle(tx, cur, names, exp, now)
		return err
	})
	return out, err
}

// expiry is in whole seconds, after now and within MaxDays.
func (r BundleRequest) expiry(now time.Time) (time.Time, error) {
	if r.At.IsZero() {
		if r.Days < 1 || r.Days > MaxDays {
			return r.At, refuse("expires-in-days is %d and must be from 1 to %d", r.Days, MaxDays)
		}
		return expiry(now, time.Duration(r.Days)*day), nil
	}
	at := r.At.UTC().Truncate(time.Second)
	if !at.After(now) || at.After(expiry(now, MaxDays*day)) {
		return at, refuse("expires-at is %s and must be ahead, by at most %d days", at.Format(time.RFC3339), MaxDays)
	}
	return at, nil
}

// current is the set of files that a bundle is made of, as they are online.
type current struct {
	kind string // type of the bundle
	tag  string
	// Of CI there is one set for all tags.
	rootFile, targetsFile, snapshotFile store.File
	root                                *tuf.Root
	targets                             *tuf.Targets
}

// setOfBundle is the set that a bundle is asked of.
func (a *Author) setOfBundle(tx *store.MetadataTx, req BundleRequest, now time.Time) (*current, error) {
	switch {
	case req.Wave != "":
		return a.waveOfBundle(tx, req, now)
	case req.Production:
		c, err := readCurrent(tx, bundleProd, req.Tag, prodRootRole, prodSet(req.Tag).role)
		if errors.Is(err, store.ErrNotFound) {
			return nil, &RequestError{NotFound: true, Why: "No production Targets were found for the specified tag"}
		}
		return c, err
	}
	return readCurrent(tx, bundleCI, req.Tag, string(tuf.RoleRoot), func(r tuf.Role) string { return string(r) })
}

func readCurrent(tx *store.MetadataTx, kind, tag, rootRole string, role func(tuf.Role) string) (*current, error) {
	c := current{kind: kind, tag: tag}
	var errs [5]error
	c.rootFile, errs[0] = tx.Current(rootRole)
	c.targetsFile, errs[1] = tx.Current(role(tuf.RoleTargets))
	c.snapshotFile, errs[2] = tx.Current(role(tuf.RoleSnapshot))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	c.root, errs[3] = tuf.ParseRoot(c.rootFile.Bytes)
	c.targets, errs[4] = tuf.ParseTargets(c.targetsFile.Bytes)
	return &c, errors.Join(errs[:]...)
}

// outlive holds that what the bundle carries besides its timestamp is good to
// its end.
func (c *current) outlive(exp time.Time) error {
	for _, f := range []struct {
		name string
		end  time.Time
	}{{"Root", c.root.Expires}, {"Targets", c.targets.Expires}, {"Snapshot", c.snapshotFile.Expires}} {
		if f.end.Before(exp) {
			return refuse("%s metadata expire (%s) before the specified expiration time (%s)",
				f.name, f.end.Format(time.RFC3339), exp.Format(time.RFC3339))
		}
	}
	return nil
}

// names are the targets of the bundle: those of the list to extend, and the
// one asked for. Each has to be a target of the tag now.
func (c *current) names(req BundleRequest) ([]string, error) {
	var names []string
	if req.Extend != nil {
		old, err := c.verified(req.Extend)
		if err != nil {
			return nil, err
		}
		if old.Type != c.kind || old.Tag != c.tag {
			return nil, refuse("the bundle is of type %q and tag %q; type %q and tag %q cannot be added to it",
				old.Type, old.Tag, c.kind, c.tag)
		}
		names = old.Targets
	}
	if !slices.Contains(names, req.Target) {
		names = append(names, req.Target)
	}
	for _, n := range names {
		if err := c.tagged(n, c.tag); err != nil {
			return nil, err
		}
	}
	return names, nil
}

// verified reads a list that targets keys have signed, and nobody else. It may
// have expired, or wait for more signatures: what is asked for is a new one.
func (c *current) verified(file []byte) (*tuf.BundleTargets, error) {
	if len(file) > limits.BundleTargets {
		return nil, refuse("bundle-targets is longer than %d bytes", limits.BundleTargets)
	}
	sigs, err := c.root.Signatures(tuf.RoleTargets, file)
	if err != nil {
		return nil, refuse("bundle-targets: %v", err)
	}
	if len(sigs.Valid) == 0 || len(sigs.Invalid)+len(sigs.Unknown) > 0 {
		return nil, refuse("bundle-targets is not signed by the targets keys of root %d alone; build the bundle anew", c.root.Version)
	}
	b, err := tuf.ParseBundleTargets(file)
	if err != nil {
		return nil, refuse("bundle-targets: %v", err)
	}
	return b, nil
}

func (c *current) tagged(name, tag string) error {
	t, ok := c.targets.Targets[name]
	if !ok {
		return &RequestError{NotFound: true, Why: fmt.Sprintf("target %s is not there", name)}
	}
	f, err := t.Fields()
	if err != nil {
		return err
	}
	if !slices.Contains(f.Tags, tag) {
		return &RequestError{NotFound: true, Why: fmt.Sprintf("target %s does not carry the tag %q", name, tag)}
	}
	return nil
}

func (a *Author) signBundle(tx *store.MetadataTx, cur *current, names []string, exp, now time.Time) (*Bundle, error) {
	timestamp, err := a.bundleTimestamp(tx, cur, exp)
	if err != nil {
		return nil, err
	}
	v, err := tx.NextVersion(bundleRole)
	if err != nil {
		return nil, err
	}
	list, err := a.signList(tx, cur.root, &tuf.BundleTargets{
		Version: v, Expires: exp, Type: cur.kind, Tag: cur.tag, Targets: names})
	if err != nil {
		return nil, err
	}
	if err := tx.Put(store.File{Role: bundleRole, Version: v, Expires: exp, Bytes: list}); err != nil {
		return nil, err
	}
	if cur.kind == bundleProd {
		err = a.signTag(tx, cur.tag, now)
	} else {
		err = a.newTimestamp(tx, cur.snapshotFile.Bytes, now)
	}
	if err != nil {
		return nil, err
	}
	return &Bundle{Timestamp: timestamp, Snapshot: cur.snapshotFile.Bytes,
		Targets: cur.targetsFile.Bytes, Bundle: list}, nil
}

// bundleTimestamp signs a timestamp that is in the bundle alone, under a number
// that no other of its kind has.
func (a *Author) bundleTimestamp(tx *store.MetadataTx, cur *current, exp time.Time) ([]byte, error) {
	if cur.kind == bundleCI {
		return a.signTimestamp(tx, cur.snapshotFile.Bytes, exp, false)
	}
	v, err := tx.NextVersion(prodTimestampCounter)
	if err != nil {
		return nil, err
	}
	t, err := tuf.NewTimestamp(v, exp, cur.snapshotFile.Bytes)
	if err != nil {
		return nil, err
	}
	file, err := a.sign(tx, tuf.RoleTimestamp, t, limits.Timestamp)
	if err != nil {
		return nil, err
	}
	return file, tx.Put(store.File{Role: bundleTimestamps(cur.tag), Version: v, Expires: exp, Bytes: file})
}

// bundleTimestamps stores the timestamps of a tag's production bundles.
func bundleTimestamps(tag string) string { return "prod-bundle-timestamp/" + tag }

// signList signs the list of a bundle's targets, as far as this server can: where
// the targets keys are elsewhere the bundle has to be signed there.
func (a *Author) signList(tx *store.MetadataTx, root *tuf.Root, list *tuf.BundleTargets) ([]byte, error) {
	if _, err := a.keys.find(root, tuf.RoleTargets); err != nil {
		return tuf.Sign(list)
	}
	return a.sign(tx, tuf.RoleTargets, list, limits.BundleTargets)
}

// bundleRole counts and stores the signed lists of bundle targets.
const bundleRole = "bundle-targets"
