package author

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// ErrRules says that a draft breaks a rule that no signature can heal.
var ErrRules = fail.New(fail.Verification, "cancel the transaction, or stage the change again", "the new root breaks a rule")

func broken(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrRules, fmt.Sprintf(format, args...))
}

// roots are the files of a draft, read.
type roots struct{ current, updated, prod *tuf.Root }

func (d *Draft) roots() (r roots, err error) {
	if r.current, err = tuf.ParseRoot(d.Current.CI); err != nil {
		return r, fmt.Errorf("root in force: %w", err)
	}
	if r.updated, err = tuf.ParseRoot(d.Updated.CI); err != nil {
		return r, fmt.Errorf("new root: %w", err)
	}
	if r.prod, err = tuf.ParseRoot(d.Updated.Prod); err != nil {
		return r, fmt.Errorf("new production root: %w", err)
	}
	return r, nil
}

// Check holds a draft to the rules that do not depend on how many have signed:
// the version is the next one, the production root is the twin of the other,
// thresholds and online keys are as they have to be, and every signature that
// is there is good.
func (d *Draft) Check() error {
	r, err := d.roots()
	if err != nil {
		return err
	}
	if r.updated.Version != r.current.Version+1 {
		return broken("it is version %d after %d", r.updated.Version, r.current.Version)
	}
	if err := d.checkTwin(r.prod); err != nil {
		return err
	}
	if err := checkThresholds(r.updated, r.prod); err != nil {
		return err
	}
	if err := d.checkKeys(r.updated); err != nil {
		return err
	}
	return d.checkSignatures(r)
}

// checkTwin holds that the production root is what Production makes of the CI
// root.
func (d *Draft) checkTwin(prod *tuf.Root) error {
	want, err := Production(d.Updated.CI, prod.Roles[tuf.RoleTargets].Threshold)
	if err != nil {
		return err
	}
	a, err := tuf.ParseEnvelope(want)
	if err != nil {
		return err
	}
	b, err := tuf.ParseEnvelope(d.Updated.Prod)
	if err != nil {
		return err
	}
	if !bytes.Equal(a.Signed, b.Signed) {
		return broken("the production root differs from the root in more than the threshold of targets")
	}
	return nil
}

func checkThresholds(ci, prod *tuf.Root) error {
	for _, role := range []tuf.Role{tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
		if n := ci.Roles[role].Threshold; n != 1 {
			return broken("%d keys have to sign %s, which the server signs with its online key alone", n, role)
		}
	}
	if n := prod.Roles[tuf.RoleTargets].Threshold; n < ProductionThreshold {
		return broken("%d keys have to sign production targets; %d is the least", n, ProductionThreshold)
	}
	return nil
}

// checkKeys holds that no role lost its online key, that snapshot and
// timestamp have that one only, and that no key stands in a role twice.
func (d *Draft) checkKeys(root *tuf.Root) error {
	for role, keys := range root.Roles {
		if distinct(root, keys.KeyIDs) != len(keys.KeyIDs) {
			return broken("%s names one key under two ids", role)
		}
		id, watched := d.Online[role]
		switch {
		case !watched:
		case !slices.Contains(keys.KeyIDs, id):
			return broken("%s lost the server's online key %s", role, id)
		case role != tuf.RoleTargets && len(keys.KeyIDs) != 1:
			return broken("%s has %d keys; the server's online key %s is the only one it may have", role, len(keys.KeyIDs), id)
		}
	}
	return nil
}

// checkSignatures refuses a signature that nobody will ever count. It is
// checked over the one form that every device computes: a root that some read
// and others do not would cut these off.
func (d *Draft) checkSignatures(r roots) error {
	for _, f := range []struct {
		name string
		file []byte
	}{{"root", d.Updated.CI}, {"production root", d.Updated.Prod}} {
		e, err := tuf.ParseEnvelope(f.file)
		if err != nil {
			return err
		}
		for _, s := range e.Signatures {
			if !r.verifies(e.Signed, s) {
				return broken("the signature on the %s by key %s is bad, or that is no root key", f.name, s.KeyID)
			}
		}
	}
	return nil
}

// verifies says whether s is a root key's, in the root in force or the new one.
func (r roots) verifies(signed []byte, s tuf.Signature) bool {
	for _, root := range []*tuf.Root{r.updated, r.current} {
		k := root.Keys[s.KeyID]
		if k != nil && slices.Contains(root.Roles[tuf.RoleRoot].KeyIDs, s.KeyID) && k.Verify(signed, s) == nil {
			return true
		}
	}
	return false
}

// Complete holds a draft to all that a device asks of the next root: Check, and
// enough signatures of the old keys and of the new ones, on both roots.
func (d *Draft) Complete() error {
	if err := d.Check(); err != nil {
		return err
	}
	for _, f := range []struct {
		name          string
		before, after []byte
	}{{"root", d.Current.CI, d.Updated.CI}, {"production root", d.Current.Prod, d.Updated.Prod}} {
		if f.before == nil {
			f.before = d.Current.CI // the production roots begin here
		}
		trust, err := tuf.NewTrust(f.before)
		if err == nil {
			err = trust.AddRoot(f.after)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

// Missing says whose signatures a root still needs: of the keys in force and
// of the new ones.
type Missing struct {
	Prod      bool
	Version   int // of the root whose keys these are
	Count     int // how many more have to sign
	Threshold int
	Keys      []string // who could, and has not
}

// Missing are the signatures that both roots still need.
func (d *Draft) Missing() ([]Missing, error) {
	r, err := d.roots()
	if err != nil {
		return nil, err
	}
	var list []Missing
	for _, root := range []*tuf.Root{r.current, r.updated} {
		for _, prod := range []bool{false, true} {
			file := d.Updated.CI
			if prod {
				file = d.Updated.Prod
			}
			rep, err := root.Signatures(tuf.RoleRoot, file)
			if err != nil {
				return nil, err
			}
			if rep.Missing() > 0 {
				keys := slices.DeleteFunc(rep.Allowed, func(id string) bool { return slices.Contains(rep.Valid, id) })
				list = append(list, Missing{prod, root.Version, rep.Missing(), rep.Threshold, keys})
			}
		}
	}
	return list, nil
}
