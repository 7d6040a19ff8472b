package author

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// Pair is a root and its production twin, each as a file.
type Pair struct {
	CI   []byte
	Prod []byte // nil in a factory that has none yet
}

// Draft is the root that shall follow the one in force. The methods that
// change it drop every signature, since those were made over something else.
type Draft struct {
	Current Pair // in force
	Updated Pair // shall follow; one version higher
	// Online are the ids of the keys that the server itself signs with once
	// Updated is in force. A role that is missing here is not watched over.
	Online map[tuf.Role]string
}

// Owner says whose a key is, for x-key-owners.
type Owner struct {
	PolisID   string // user id at the backend
	CreatedAt time.Time
}

// The fields of a root that say who changed it and whose its keys are.
const (
	changelogField = "x-changelog"
	ownersField    = "x-key-owners"
)

func stamp(at time.Time) string { return at.UTC().Truncate(time.Second).Format(time.RFC3339) }

// Begin drafts the successor of a root: one version higher, with change for
// its changelog, and else the same. Keys that no role uses fall away.
func Begin(current Pair, change tuf.Changelog, online map[tuf.Role]string) (*Draft, error) {
	t, root, err := parse(current.CI)
	if err != nil {
		return nil, err
	}
	t["version"] = root.Version + 1
	t[changelogField] = map[string]any{
		"polis-id": change.PolisID, "message": change.Message, "timestamp": stamp(change.Timestamp)}
	d := &Draft{Current: current, Online: online}
	threshold, err := d.prodThreshold()
	if err != nil {
		return nil, err
	}
	return d, d.put(t, threshold)
}

// prodThreshold is how many keys sign production targets.
func (d *Draft) prodThreshold() (int, error) {
	file := d.Updated.Prod
	if file == nil {
		file = d.Current.Prod
	}
	if file == nil {
		return ProductionThreshold, nil
	}
	root, err := tuf.ParseRoot(file)
	if err != nil {
		return 0, err
	}
	return max(ProductionThreshold, root.Roles[tuf.RoleTargets].Threshold), nil
}

// put makes both files anew of t.
func (d *Draft) put(t tree, prodThreshold int) error {
	t.dropUnusedKeys()
	ci, err := t.file()
	if err != nil {
		return err
	}
	prod, err := Production(ci, prodThreshold)
	if err != nil {
		return err
	}
	d.Updated = Pair{CI: ci, Prod: prod}
	return nil
}

// dropUnusedKeys forgets keys that no role names, and their owners. Roles that
// we do not know count too.
func (t tree) dropUnusedKeys() {
	used := map[string]bool{}
	for _, role := range t.object("roles") {
		of, _ := role.(map[string]any)
		ids, _ := of["keyids"].([]any)
		for _, id := range ids {
			if s, ok := id.(string); ok {
				used[s] = true
			}
		}
	}
	keys := t.object("keys")
	owners, _ := t[ownersField].(map[string]any)
	for id := range keys {
		if !used[id] {
			delete(keys, id)
			delete(owners, id)
		}
	}
}

// edit changes the root; the production twin follows.
func (d *Draft) edit(change func(t tree, root *tuf.Root) error) error {
	t, root, err := parse(d.Updated.CI)
	if err != nil {
		return err
	}
	if err := change(t, root); err != nil {
		return err
	}
	threshold, err := d.prodThreshold()
	if err != nil {
		return err
	}
	return d.put(t, threshold)
}

// setKeyIDs says which keys a role has.
func (t tree) setKeyIDs(role tuf.Role, ids []string) {
	list := make([]any, 0, len(ids))
	for _, id := range ids {
		list = append(list, id)
	}
	t.role(role)["keyids"] = list
}

// replaceKey puts k in the place of the key old of a role.
func (t tree) replaceKey(root *tuf.Root, role tuf.Role, old string, k *tuf.PublicKey) {
	ids := slices.Clone(root.Roles[role].KeyIDs)
	for i, id := range ids {
		if id == old {
			ids[i] = k.ID
		}
	}
	t.object("keys")[k.ID] = k
	t.setKeyIDs(role, ids)
}

func (t tree) own(k *tuf.PublicKey, by Owner) {
	t.object(ownersField)[k.ID] = map[string]any{"polis-id": by.PolisID, "created-at": stamp(by.CreatedAt)}
}

// AddKey lets another key, kept offline, sign for root or targets.
func (d *Draft) AddKey(role tuf.Role, k *tuf.PublicKey, by Owner) error {
	return d.edit(func(t tree, root *tuf.Root) error {
		if err := addable(root, role, k); err != nil {
			return err
		}
		t.object("keys")[k.ID] = k
		t.setKeyIDs(role, append(slices.Clone(root.Roles[role].KeyIDs), k.ID))
		t.own(k, by)
		return nil
	})
}

// addable refuses a key that role has already.
func addable(root *tuf.Root, role tuf.Role, k *tuf.PublicKey) error {
	if err := offline(role); err != nil {
		return err
	}
	for _, id := range root.Roles[role].KeyIDs {
		if root.Keys[id].Equal(k) {
			return fail.New(fail.Conflict, "give a new key", "root %d: key %s signs %s already", root.Version, id, role)
		}
	}
	if other, ok := root.Keys[k.ID]; ok && !other.Equal(k) {
		return fail.New(fail.Conflict, "give another key", "root %d: another key has the id %s", root.Version, k.ID)
	}
	return nil
}

// offline says that keys of a role may be kept away from the server.
func offline(role tuf.Role) error {
	if role == tuf.RoleRoot || role == tuf.RoleTargets {
		return nil
	}
	return fail.New(fail.Usage, "give root or targets", "role %s: its keys are online keys only", role)
}

// DeleteKey takes a key from root or targets. The online key stays, and so do
// as many keys as the threshold asks for.
func (d *Draft) DeleteKey(role tuf.Role, id string) error {
	return d.edit(func(t tree, root *tuf.Root) error {
		if err := d.deletable(root, role, id); err != nil {
			return err
		}
		left := without(root.Roles[role].KeyIDs, id)
		if need := root.Roles[role].Threshold; distinct(root, left) < need {
			return fail.New(fail.Conflict, "add another key first, or lower the threshold",
				"key %s: without it %s has fewer keys than the %d that have to sign", id, role, need)
		}
		t.setKeyIDs(role, left)
		return nil
	})
}

func without(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(s string) bool { return s == id })
}

// distinct counts keys; one under two ids counts once.
func distinct(root *tuf.Root, ids []string) int {
	var seen []*tuf.PublicKey
	for _, id := range ids {
		k := root.Keys[id]
		if k != nil && !slices.ContainsFunc(seen, k.Equal) {
			seen = append(seen, k)
		}
	}
	return len(seen)
}

// deletable holds that a key is there and kept offline.
func (d *Draft) deletable(root *tuf.Root, role tuf.Role, id string) error {
	if err := offline(role); err != nil {
		return err
	}
	if !slices.Contains(root.Roles[role].KeyIDs, id) {
		return fail.New(fail.NotFound, "otactl keys tuf review --raw shows the keys of each role",
			"root %d: %s has no key %s", root.Version, role, id)
	}
	if d.Online[role] == id {
		return fail.New(fail.Conflict, "use otactl keys tuf rotate-online-key", "key %s is the server's online key of %s", id, role)
	}
	return nil
}

// RotateKey puts k in the place of an offline key. A new root key makes the
// root good for one more year, and the old one has to sign it too.
func (d *Draft) RotateKey(role tuf.Role, old string, k *tuf.PublicKey, by Owner) error {
	return d.edit(func(t tree, root *tuf.Root) error {
		if err := d.deletable(root, role, old); err != nil {
			return err
		}
		if err := addable(root, role, k); err != nil {
			return err
		}
		t.replaceKey(root, role, old, k)
		t.own(k, by)
		if role == tuf.RoleRoot {
			t["expires"] = stamp(by.CreatedAt.AddDate(1, 0, 0))
		}
		return nil
	})
}

// RotateOnlineKey puts k, whose private half the server holds, in the place of
// the online key of a role.
func (d *Draft) RotateOnlineKey(role tuf.Role, k *tuf.PublicKey) error {
	old, ok := d.Online[role]
	if !ok {
		return fail.New(fail.Usage, "give targets, snapshot or timestamp", "role %s has no online key", role)
	}
	err := d.edit(func(t tree, root *tuf.Root) error {
		if !slices.Contains(root.Roles[role].KeyIDs, old) {
			return broken("%s lost the server's online key %s", role, old)
		}
		t.replaceKey(root, role, old, k)
		return nil
	})
	if err == nil {
		d.Online[role] = k.ID
	}
	return err
}

// Extend makes the root good until a later time.
func (d *Draft) Extend(until time.Time) error {
	return d.edit(func(t tree, _ *tuf.Root) error {
		t["expires"] = stamp(until)
		return nil
	})
}

// KeepsChangelog holds that file says the same of who changes the root, and
// why, as the draft does.
func (d *Draft) KeepsChangelog(file []byte) error {
	mine, _, err := parse(d.Updated.CI)
	if err != nil {
		return err
	}
	theirs, _, err := parse(file)
	if err != nil {
		return err
	}
	if !same(mine[changelogField], theirs[changelogField]) {
		return broken("%s is not the one with which the transaction was opened", changelogField)
	}
	return nil
}

// SetThreshold says how many keys have to sign. That of targets is for
// production; CI targets are signed by the online key alone.
func (d *Draft) SetThreshold(role tuf.Role, n int) error {
	if err := offline(role); err != nil {
		return err
	}
	least := 1
	if role == tuf.RoleTargets {
		least = ProductionThreshold
	}
	if n < least {
		return fail.New(fail.Usage, "give a higher number", "threshold %d: that of %s is at least %d", n, role, least)
	}
	t, root, err := parse(d.Updated.CI)
	if err != nil {
		return err
	}
	if keys := distinct(root, root.Roles[role].KeyIDs); n > keys {
		return fail.New(fail.Usage, "add keys first (otactl keys tuf add-offline-key)",
			"threshold %d: %s has %d keys in root %d", n, role, keys, root.Version)
	}
	if role == tuf.RoleTargets {
		return d.put(t, n)
	}
	threshold, err := d.prodThreshold()
	if err != nil {
		return err
	}
	t.role(role)["threshold"] = n
	return d.put(t, threshold)
}

// Sign adds the signature of s to both roots. A root that s signed already
// stays as it is. What breaks a rule is not signed.
func (d *Draft) Sign(s tuf.Signer) error {
	if err := d.Check(); err != nil {
		return err
	}
	signer, err := d.asRootKey(s)
	if err != nil {
		return err
	}
	ci, err := signOnce(d.Updated.CI, signer)
	if err != nil {
		return err
	}
	prod, err := signOnce(d.Updated.Prod, signer)
	if err != nil {
		return fmt.Errorf("production root: %w", err)
	}
	d.Updated = Pair{CI: ci, Prod: prod}
	return nil
}

func signOnce(file []byte, s tuf.Signer) ([]byte, error) {
	signed, err := tuf.AddSignature(file, s)
	if errors.Is(err, tuf.ErrDuplicate) {
		return file, nil
	}
	return signed, err
}

// asRootKey is s under the id by which the new root knows it, or the old one.
func (d *Draft) asRootKey(s tuf.Signer) (tuf.Signer, error) {
	for _, file := range [][]byte{d.Updated.CI, d.Current.CI} {
		root, err := tuf.ParseRoot(file)
		if err != nil {
			return nil, err
		}
		if known, err := root.WithRootID(tuf.RoleRoot, s); err == nil {
			return known, nil
		}
	}
	return nil, fail.New(fail.Verification, "give a key that signs root, in the root in force or in the new one",
		"key %s is no root key", s.Public().ID)
}
