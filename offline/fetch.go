package offline

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// bundleMeta is verified metadata for a bundle.
type bundleMeta struct {
	trust   *tuf.Trust
	bundle  *tuf.BundleTargets
	missing int        // signatures that the bundle still needs
	signed  []roleFile // the four role files, bundle-targets.json last
}

// files are all files of tuf/ in the order in which they are written.
func (m *bundleMeta) files() []roleFile {
	var files []roleFile
	for i, root := range m.trust.RootFiles() {
		files = append(files, roleFile{tuf.RootName(i + 1), root})
	}
	return append(files, m.signed...)
}

// expires is the earliest expiry of all roles and of the bundle.
func (m *bundleMeta) expires() time.Time {
	at := m.trust.Expires()
	if m.bundle.Expires.Before(at) {
		return m.bundle.Expires
	}
	return at
}

// target is what the verified targets.json says about name.
func (m *bundleMeta) target(name string) (tuf.Target, tuf.Custom, error) {
	target, ok := m.trust.Targets().Targets[name]
	if !ok {
		return target, tuf.Custom{}, fail.New(fail.NotFound, "otactl targets list shows what there is", "target %s: not in the signed targets", name)
	}
	custom, err := target.Fields()
	if err != nil {
		return target, custom, fail.As(fmt.Errorf("target %s: %w", name, err), fail.Verification, "publish the target again")
	}
	return target, custom, nil
}

// fetchMeta gets and verifies everything that goes into tuf/.
func (b *builder) fetchMeta(ctx context.Context) error {
	trust, err := b.fetchRoots(ctx)
	if err != nil {
		return err
	}
	if err := trust.CheckRoot(b.opt.Now); err != nil {
		return err
	}
	req := MetaRequest{Tag: b.opt.Tag, ExpiresInDays: b.opt.ExpiresInDays, ExpiresAt: b.opt.ExpiresAt,
		Production: b.opt.Production, Wave: b.opt.Wave, BundleTargets: b.old.file}
	if !req.ExpiresAt.IsZero() {
		left := req.ExpiresAt.Sub(b.opt.Now) - time.Minute // its clock may be ahead
		req.ExpiresInDays = max(1, int(left/(24*time.Hour)))
	}
	reply, err := b.backend.BundleMeta(ctx, b.opt.Target, req)
	switch httpx.Code(err) {
	case http.StatusNotFound:
		err = fail.Hint(err, "otactl targets list shows which targets there are, and their tags")
	case http.StatusBadRequest:
		hint := "check the names; the backend says what it does not take"
		if strings.Contains(err.Error(), "expir") {
			hint = "ask for less time with --expires-in-days or --expires-at, or have the backend's own metadata renewed first"
		}
		err = fail.As(err, fail.Usage, hint)
	}
	if err != nil {
		return fmt.Errorf("have the metadata signed: %w", err)
	}
	b.meta = &bundleMeta{trust: trust}
	if err := b.acceptReply(reply); err != nil {
		return err
	}
	return b.notOlder(ctx)
}

// notOlder refuses metadata older than what is in the bundle already: devices
// that have seen that would refuse this. What the present root does not vouch
// for says nothing; that is how a factory begins anew with other keys.
func (b *builder) notOlder(ctx context.Context) error {
	if b.folder == nil {
		return nil
	}
	there, trust := (&Bundle{files: b.folder}).Metadata(), b.meta.trust
	refuse := func(name string, is, was int) error {
		err := &tuf.Error{File: name, Kind: tuf.ErrRollback, Why: fmt.Sprintf("version %d from the backend, and the bundle that is there has %d", is, was)}
		return fail.As(err, fail.Verification, "ask whether the backend was set back; an empty folder takes what it has now")
	}
	if file, err := there.Fetch(ctx, tuf.TargetsFile, limits.Targets); err == nil && trust.Root().Verify(tuf.RoleTargets, file) == nil {
		if old, err := tuf.ParseTargets(file); err == nil && old.Version > trust.Targets().Version {
			return refuse(tuf.TargetsFile, trust.Targets().Version, old.Version)
		}
	}
	if file, err := there.Fetch(ctx, tuf.SnapshotFile, limits.Snapshot); err == nil && trust.Root().Verify(tuf.RoleSnapshot, file) == nil {
		if old, err := tuf.ParseSnapshot(file); err == nil && old.Version > trust.Snapshot().Version {
			return refuse(tuf.SnapshotFile, trust.Snapshot().Version, old.Version)
		}
	}
	return nil
}

// fetchRoots walks the backend's roots from 1 to the newest. They have to go on
// from what is trusted: the roots given, and those in the bundle already.
func (b *builder) fetchRoots(ctx context.Context) (*tuf.Trust, error) {
	trust, err := walkRoots(ctx, b.backend.Roots(), 1)
	if err != nil {
		return nil, err
	}
	return trust, b.sameTrust(trust.RootFiles())
}

// sameTrust compares the chain of the backend with every root that was trusted
// before, version by version. A root that was given may be CI's where production's
// is wanted: the two have the same version and are signed by the same keys.
func (b *builder) sameTrust(chain [][]byte) error {
	for i, known := range slices.Concat(b.opt.Roots, b.old.roots) {
		root, err := tuf.ParseRoot(known)
		if err != nil {
			return err
		}
		twin := i < len(b.opt.Roots) && b.opt.kind() == typeProd && root.Version <= len(chain) &&
			root.Verify(tuf.RoleRoot, chain[root.Version-1]) == nil
		if twin {
			continue
		}
		if root.Version > len(chain) || !sameSigned(known, chain[root.Version-1]) {
			return fail.New(fail.Verification, "it is the bundle, or the root, of another factory, or somebody answers in the backend's place",
				"the backend's roots do not contain the root %d that is trusted", root.Version)
		}
	}
	return nil
}

// acceptReply verifies the four documents of the reply, which have to fit the
// root and each other, and makes them canonical files.
func (b *builder) acceptReply(reply map[string]json.RawMessage) error {
	m, now := b.meta, b.opt.Now
	for _, doc := range []struct {
		member, file string
		set          func([]byte, time.Time) error
	}{
		{replyTimestamp, tuf.TimestampFile, m.trust.SetTimestamp},
		{replySnapshot, tuf.SnapshotFile, m.trust.SetSnapshot},
		{replyTargets, tuf.TargetsFile, m.trust.SetTargets},
		{replyBundle, tuf.BundleTargetsFile, b.acceptBundle},
	} {
		raw, ok := reply[doc.member]
		if !ok {
			return fail.New(fail.Verification, "check that the backend can make offline bundles", "the backend's reply has no %s", doc.member)
		}
		file, err := tuf.Canonical(raw)
		if err == nil {
			err = doc.set(file, now)
		}
		if err != nil {
			return fmt.Errorf("%s from the backend: %w", doc.file, err)
		}
		m.signed = append(m.signed, roleFile{doc.file, file})
	}
	return m.judged(now)
}

// judged holds the metadata to what Verify wants of it, which is more than it
// takes to be believed: each signature has to count, those beyond the threshold
// too. Signatures that are missing people add.
func (m *bundleMeta) judged(now time.Time) error {
	files, versions := map[string][]byte{}, []int{}
	for _, f := range m.files() {
		files[f.name] = f.data
		if v, ok := rootVersion(f.name); ok {
			versions = append(versions, v)
		}
	}
	var found findings
	c := &trustCheck{found: &found, now: now, read: func(name string, _ int64) ([]byte, error) { return files[name], nil }}
	c.roots(versions, nil)
	c.roles()
	c.bundleTargets()
	for _, f := range found.list {
		if !f.Warning && f.Rule != RuleThreshold {
			return fail.As(fmt.Errorf("%s from the backend: %s", path.Base(f.Path), f.Problem), f.class,
				"have the backend's metadata signed anew, by the keys of its newest root alone: verify calls a bundle with it bad")
		}
	}
	return nil
}

// acceptBundle checks bundle-targets: what is signed must be what was asked
// for. Signatures may be too few, for people may have to add theirs; one that
// does not count may not be there, for devices refuse such a document whole.
func (b *builder) acceptBundle(file []byte, now time.Time) error {
	bundle, err := tuf.ParseBundleTargets(file)
	if err != nil {
		return err
	}
	rep, err := b.meta.trust.Root().Signatures(tuf.RoleTargets, file)
	if err != nil {
		return err
	}
	if bad := slices.Concat(rep.Invalid, rep.Unknown); len(bad) > 0 {
		return &tuf.Error{File: tuf.BundleTargetsFile, Kind: tuf.ErrSignature, Why: "the signature by key " + short(bad[0]) + " does not count"}
	}
	b.meta.bundle, b.meta.missing = bundle, rep.Missing()
	if b.meta.missing == 0 {
		if _, err := b.meta.trust.VerifyBundle(file, now); err != nil {
			return err
		}
	}
	if at := b.opt.ExpiresAt; !at.IsZero() && bundle.Expires.After(at) {
		return &tuf.Error{File: tuf.BundleTargetsFile, Kind: tuf.ErrBundle, Why: "it expires at " + bundle.Expires.Format(time.RFC3339) + ", later than asked for: the backend knows whole days only"}
	}
	if !bundle.Expires.After(now) {
		return &tuf.Error{File: tuf.BundleTargetsFile, Kind: tuf.ErrExpired, Why: "at " + bundle.Expires.Format(time.RFC3339)}
	}
	return b.asAsked(bundle)
}

// asAsked compares type, tag and names with the request. The tag of a wave is
// the reply's to tell; it has to be that of the bundle that is there, and one of
// the target's.
func (b *builder) asAsked(bundle *tuf.BundleTargets) error {
	want := map[string]bool{b.opt.Target: true}
	if b.old.bundle != nil {
		for _, name := range b.old.bundle.Targets {
			want[name] = true
		}
	}
	refuse := func(format string, args ...any) error {
		return &tuf.Error{File: tuf.BundleTargetsFile, Kind: tuf.ErrBundle, Why: fmt.Sprintf(format, args...)}
	}
	if b.opt.Tag == "" {
		b.opt.Tag = bundle.Tag
		if b.old.bundle != nil {
			b.opt.Tag = b.old.bundle.Tag
		}
	}
	switch kind := b.opt.kind(); {
	case bundle.Type != kind:
		return refuse("it is of type %q, asked for %q", bundle.Type, kind)
	case bundle.Tag != b.opt.Tag:
		return refuse("it is for the tag %q, asked for %q", bundle.Tag, b.opt.Tag)
	case len(bundle.Targets) != len(want):
		return refuse("it names %d targets, asked for %d", len(bundle.Targets), len(want))
	}
	for _, name := range bundle.Targets {
		if !want[name] {
			return refuse("it names the target %.200q, which was not asked for, or twice", name)
		}
		delete(want, name)
	}
	return nil
}

// The types of a bundle.
const (
	typeCI   = "ci"
	typeProd = "prod" // production targets, those of a wave included
)

// otherCommits are the commits of the targets that the bundle names besides
// the one being built.
func (b *builder) otherCommits() (map[string]ostree.Checksum, error) {
	others := map[string]ostree.Checksum{}
	for _, name := range b.meta.bundle.Targets {
		if name == b.opt.Target {
			continue
		}
		target, _, err := b.meta.target(name)
		if err != nil {
			return nil, err
		}
		commit, err := ostree.ParseChecksum(target.Commit())
		if err != nil {
			return nil, fmt.Errorf("target %s: %w", name, err)
		}
		others[name] = commit
	}
	return others, nil
}
