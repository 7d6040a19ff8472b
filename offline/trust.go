package offline

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// trustCheck verifies tuf/ and goes on after a fault as far as there is sense
// in it, so that one look at the stick shows all that is wrong.
type trustCheck struct {
	read  func(name string, max int64) ([]byte, error)
	found *findings
	now   time.Time

	trust  *tuf.Trust
	anchor string
	bundle *tuf.BundleTargets // nil where not even parsable

	bundleFile []byte // what bundle was read from
}

func (c *trustCheck) file(name string, max int64) []byte {
	data, err := c.read(name, max)
	switch {
	case errors.Is(err, tuf.ErrNotFound):
		c.found.bad(RuleComplete, metadataPath(name), "missing")
	case err != nil:
		c.refused(RuleMetadata, name, err)
	default:
		c.checkForm(name, data)
	}
	return data
}

// checkForm warns when a file is not stored in canonical form: devices hash
// the canonical form, but other readers hash the bytes.
func (c *trustCheck) checkForm(name string, data []byte) {
	canonical, err := tuf.Canonical(data)
	if err == nil && !bytes.Equal(canonical, data) {
		c.found.warn(RuleMetadata, metadataPath(name), remedyNone, "not stored in canonical form")
	}
}

// roots walks the chain of root files from what is trusted. versions are those
// in the bundle, ascending.
func (c *trustCheck) roots(versions []int, anchors [][]byte) {
	if len(versions) > limits.RootChain {
		c.found.bad(RuleRootChain, dirMetadata, "%d roots; no device walks more than %d", len(versions), limits.RootChain)
		versions = versions[:limits.RootChain]
	}
	files := c.rootFiles(versions)
	own := c.walkOwn(versions, files)
	if len(anchors) == 0 {
		c.trust = own
		if own != nil {
			c.anchor = fmt.Sprintf("the bundle's own %s (trusted because no root was given)", tuf.RootName(versions[0]))
		}
		return
	}
	c.trust = c.walkFrom(anchors, versions, files)
}

func (c *trustCheck) rootFiles(versions []int) map[int][]byte {
	files := map[int][]byte{}
	for i, v := range versions {
		if i > 0 && v != versions[i-1]+1 {
			c.found.bad(RuleRootChain, metadataPath(tuf.RootName(versions[i-1]+1)), "missing: the chain of roots has a gap")
		}
		if data := c.file(tuf.RootName(v), limits.Root); data != nil {
			files[v] = data
		}
	}
	return files
}

// walkOwn checks the bundle's own chain from its first root on; a device
// without a root starts there.
func (c *trustCheck) walkOwn(versions []int, files map[int][]byte) *tuf.Trust {
	if len(versions) == 0 || files[versions[0]] == nil {
		return nil
	}
	first := versions[0]
	trust, err := beginAt(first, files[first])
	if err != nil {
		c.refused(RuleRootChain, tuf.RootName(first), err)
		return nil
	}
	c.rootSignatures(tuf.RootName(first), files[first], trust.Root())
	for _, v := range versions[1:] {
		if files[v] == nil || !c.addRoot(trust, v, files[v]) {
			break
		}
	}
	return trust
}

func (c *trustCheck) addRoot(trust *tuf.Trust, version int, file []byte) bool {
	before := trust.Root()
	if err := trust.AddRoot(file); err != nil {
		c.refused(RuleRootChain, tuf.RootName(version), err)
		return false
	}
	c.rootSignatures(tuf.RootName(version), file, before, trust.Root())
	return true
}

// rootSignatures wants every signature on a root to be by a root key of one of
// signers and to verify, also those beyond the threshold.
func (c *trustCheck) rootSignatures(name string, file []byte, signers ...*tuf.Root) {
	c.methods(name, file)
	known, unknown := map[string]bool{}, map[string]bool{}
	for _, root := range signers {
		rep, err := root.Signatures(tuf.RoleRoot, file)
		if err != nil {
			c.refused(RuleSignature, name, err)
			return
		}
		for _, id := range slices.Concat(rep.Valid, rep.Invalid) {
			known[id] = true
		}
		for _, id := range rep.Unknown {
			unknown[id] = true
		}
		c.invalid(name, rep.Invalid)
	}
	for id := range unknown {
		if !known[id] {
			c.foreign(name, id)
		}
	}
}

func (c *trustCheck) invalid(name string, ids []string) {
	for _, id := range ids {
		c.found.bad(RuleSignature, metadataPath(name), "the signature by key %s does not verify", short(id))
	}
}

func (c *trustCheck) foreign(name, id string) {
	c.found.badFor(RuleSignature, metadataPath(name), remedyForeign, "signed by key %s, which has no say in this role", short(id))
}

// walkFrom walks from given roots through those in the bundle, and wants the
// bundle to agree where both have a version.
func (c *trustCheck) walkFrom(anchors [][]byte, versions []int, files map[int][]byte) *tuf.Trust {
	trust, err := tuf.NewTrust(anchors[0])
	for _, file := range anchors[1:] {
		if err == nil {
			err = trust.AddRoot(file)
		}
	}
	if err != nil {
		c.found.badFor(RuleRootChain, "--root", "give root.json files that you trust, the oldest first", "%v", err)
		return nil
	}
	newest := trust.Root().Version
	c.anchor = fmt.Sprintf("the given root, version %d", newest)
	c.sameRoots(trust, files)
	if len(versions) > 0 && versions[0] > newest+1 {
		c.found.bad(RuleRootChain, metadataPath(tuf.RootName(newest+1)),
			"missing: the bundle begins with root %d, the given one is version %d", versions[0], newest)
		return trust
	}
	for _, v := range versions {
		if v > newest && (files[v] == nil || trust.AddRoot(files[v]) != nil) {
			if files[v] != nil {
				c.found.badFor(RuleRootChain, metadataPath(tuf.RootName(v)), remedyForeign, "does not follow from the given root")
			}
			break
		}
	}
	return trust
}

// sameRoots compares the given roots with those of the same version in the
// bundle by what is signed in them.
func (c *trustCheck) sameRoots(trust *tuf.Trust, files map[int][]byte) {
	for _, given := range trust.RootFiles() {
		root, err := tuf.ParseRoot(given)
		if err != nil || files[root.Version] == nil {
			continue
		}
		if !sameSigned(given, files[root.Version]) {
			c.found.badFor(RuleRootChain, metadataPath(tuf.RootName(root.Version)), remedyForeign, "is another root than the given one of that version")
		}
	}
}

func sameSigned(a, b []byte) bool {
	signedA, errA := signedForm(a)
	signedB, errB := signedForm(b)
	return errA == nil && errB == nil && bytes.Equal(signedA, signedB)
}

func signedForm(file []byte) ([]byte, error) {
	env, err := tuf.ParseEnvelope(file)
	if err != nil {
		return nil, err
	}
	return tuf.Canonical(env.Signed)
}

// roles checks the expiry of the root, and timestamp, snapshot and targets
// against it and against each other.
func (c *trustCheck) roles() {
	timestamp := c.file(tuf.TimestampFile, limits.Timestamp)
	snapshot := c.file(tuf.SnapshotFile, limits.Snapshot)
	targets := c.file(tuf.TargetsFile, limits.Targets)
	if c.trust == nil {
		return
	}
	rootName := tuf.RootName(c.trust.Root().Version)
	if err := c.trust.CheckRoot(c.now); err != nil {
		c.refused(RuleRootChain, rootName, err)
	}
	_ = c.accept(tuf.TimestampFile, tuf.RoleTimestamp, timestamp, c.trust.SetTimestamp) &&
		c.accept(tuf.SnapshotFile, tuf.RoleSnapshot, snapshot, c.trust.SetSnapshot) &&
		c.accept(tuf.TargetsFile, tuf.RoleTargets, targets, c.trust.SetTargets)
}

// accept sets a role. One that has merely expired is set nevertheless, as of
// the second before, so that what hangs on it is checked as well.
func (c *trustCheck) accept(name string, role tuf.Role, file []byte, set func([]byte, time.Time) error) bool {
	if file == nil {
		return false
	}
	counted := c.roleSignatures(name, role, file)
	err := set(file, c.now)
	if errors.Is(err, tuf.ErrExpired) || errors.Is(err, tuf.ErrClock) {
		c.refused(RuleMetadata, name, err)
		err = set(file, expiryOf(file).Add(-time.Second))
	}
	if err != nil && (counted || !errors.Is(err, tuf.ErrSignature)) {
		c.refused(RuleMetadata, name, err)
	}
	return err == nil
}

// methods are the spellings of signature methods. Devices go by the type of
// the key, so that another one is a sign of damage and no more.
var methods = []string{"ed25519", "rsassa-pss-sha256", "rsassa-pss"}

func (c *trustCheck) methods(name string, file []byte) {
	env, err := tuf.ParseEnvelope(file)
	if err != nil {
		return // whoever reads the file says so
	}
	for _, sig := range env.Signatures {
		if !slices.Contains(methods, sig.Method) {
			c.found.bad(RuleSignature, metadataPath(name), "the signature by key %s has the method %.40q", short(sig.KeyID), sig.Method)
		}
	}
}

// roleSignatures wants every signature on a file to count, and says whether
// each does.
func (c *trustCheck) roleSignatures(name string, role tuf.Role, file []byte) bool {
	rep, err := c.trust.Root().Signatures(role, file)
	if err != nil {
		return true // the caller meets the same fault
	}
	c.methods(name, file)
	c.invalid(name, rep.Invalid)
	for _, id := range rep.Unknown {
		c.foreign(name, id)
	}
	return len(rep.Invalid)+len(rep.Unknown) == 0
}

// expiryOf is the expires of any role file, or the zero time.
func expiryOf(file []byte) time.Time {
	if b, err := tuf.ParseBundleTargets(file); err == nil {
		return b.Expires
	}
	if t, err := tuf.ParseTargets(file); err == nil {
		return t.Expires
	}
	if s, err := tuf.ParseSnapshot(file); err == nil {
		return s.Expires
	}
	if t, err := tuf.ParseTimestamp(file); err == nil {
		return t.Expires
	}
	return time.Time{}
}

// bundleTargets checks the bundle's own document.
func (c *trustCheck) bundleTargets() {
	file := c.file(tuf.BundleTargetsFile, limits.BundleTargets)
	if file == nil {
		return
	}
	var err error
	if c.bundle, err = tuf.ParseBundleTargets(file); err != nil {
		c.refused(RuleMetadata, tuf.BundleTargetsFile, err)
		return
	}
	c.bundleFile = file
	if c.trust == nil {
		return
	}
	counted := c.roleSignatures(tuf.BundleTargetsFile, tuf.RoleTargets, file)
	if rep, err := c.trust.Root().Signatures(tuf.RoleTargets, file); err == nil && rep.Missing() > 0 {
		counted = false
		c.found.bad(RuleThreshold, metadataPath(tuf.BundleTargetsFile),
			"signed by %d distinct keys of the targets role, the root wants %d", len(rep.Valid), rep.Threshold)
	}
	if !counted {
		c.bundleExpiry()
		return
	}
	_, err = c.trust.VerifyBundle(file, c.now)
	if err != nil {
		c.refused(RuleMetadata, tuf.BundleTargetsFile, err)
	}
}

// bundleExpiry judges a document whose signatures are not in order.
func (c *trustCheck) bundleExpiry() {
	if !c.now.Before(c.bundle.Expires) {
		c.found.bad(RuleExpiry, metadataPath(tuf.BundleTargetsFile), "expired at %s", c.bundle.Expires.Format(time.RFC3339))
	}
}

// refused records why the trust engine refused a file, under the rule that its
// error stands for, else under rule.
func (c *trustCheck) refused(rule Rule, name string, err error) {
	switch {
	case errors.Is(err, tuf.ErrExpired):
		rule = RuleExpiry
	case errors.Is(err, tuf.ErrClock):
		rule = RuleClock
	case errors.Is(err, tuf.ErrSignature) && rule != RuleRootChain:
		rule = RuleSignature
	}
	c.found.bad(rule, metadataPath(name), "%s", withoutFile(err))
}

// withoutFile is err without the file name that the finding has already.
func withoutFile(err error) string {
	e, ok := errors.AsType[*tuf.Error](err)
	if !ok {
		return err.Error()
	}
	if e.Why == "" {
		return e.Kind.Error()
	}
	return fmt.Sprintf("%v: %s", e.Kind, e.Why)
}

func metadataPath(name string) string { return path.Join(dirMetadata, name) }

// short is enough of a key id or checksum for a person.
func short(id string) string {
	if len(id) > 12 {
		return id[:12] + "…"
	}
	return id
}
