package author

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/tuf"
)

// Note is one thing to know about a draft: a change, an error or a warning.
// It goes over the wire as it stands.
type Note struct {
	Kind    string            `json:"kind"`    // for programs: "add-key"
	Message string            `json:"message"` // for people, one line
	Args    map[string]string `json:"args"`    // what the message is about
}

// Issues are what stands in the way of a draft, and what should be known.
type Issues struct {
	Errors   []Note `json:"errors"`
	Warnings []Note `json:"warnings"`
}

func note(kind, message string, args ...string) Note {
	n := Note{Kind: kind, Message: message, Args: map[string]string{}}
	for i := 0; i+1 < len(args); i += 2 {
		n.Args[args[i]] = args[i+1]
	}
	return n
}

// order is how the roles are told.
var order = []tuf.Role{tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp}

// Amendments say in a person's words what a draft changes.
func (d *Draft) Amendments() ([]Note, error) {
	before, old, err := parse(d.Current.CI)
	if err != nil {
		return nil, err
	}
	after, updated, err := parse(d.Updated.CI)
	if err != nil {
		return nil, err
	}
	var list []Note
	for _, role := range order {
		list = append(list, keyChanges(role, old, updated, d.Online[role])...)
		if a, b := old.Roles[role].Threshold, updated.Roles[role].Threshold; a != b {
			list = append(list, thresholdChange(string(role), a, b))
		}
	}
	prod, err := d.prodChanges()
	if err != nil {
		return nil, err
	}
	list = append(list, prod...)
	if !old.Expires.Equal(updated.Expires) {
		a, b := stamp(old.Expires), stamp(updated.Expires)
		list = append(list, note("set-expiry", "the root expires at "+b+" instead of "+a, "old", a, "new", b))
	}
	return append(list, otherChanges(before, after)...), nil
}

// keyChanges are the keys that a role gets and loses.
func keyChanges(role tuf.Role, old, updated *tuf.Root, online string) []Note {
	lost := minus(old, updated, role)
	var list []Note
	for _, id := range minus(updated, old, role) {
		k := updated.Keys[id]
		where := "offline"
		if id == online {
			where = "online"
		}
		list = append(list, note("add-key", fmt.Sprintf("%s gets the %s %s key %s", role, where, k.Type, id),
			"role", string(role), "key-id", id, "key-type", string(k.Type), "key-kind", where))
	}
	for _, id := range lost {
		list = append(list, note("delete-key", fmt.Sprintf("%s loses the key %s", role, id), "role", string(role), "key-id", id))
	}
	return list
}

// minus are the ids of a's keys of a role that b does not have, as keys.
func minus(a, b *tuf.Root, role tuf.Role) []string {
	var ids []string
	for _, id := range a.Roles[role].KeyIDs {
		k := a.Keys[id]
		has := func(other string) bool { return other == id && b.Keys[other].Equal(k) }
		if !slices.ContainsFunc(b.Roles[role].KeyIDs, has) {
			ids = append(ids, id)
		}
	}
	return ids
}

func thresholdChange(role string, a, b int) Note {
	return note("set-threshold", fmt.Sprintf("%d keys instead of %d have to sign %s", b, a, role),
		"role", role, "old", strconv.Itoa(a), "new", strconv.Itoa(b))
}

func (d *Draft) prodChanges() ([]Note, error) {
	updated, err := tuf.ParseRoot(d.Updated.Prod)
	if err != nil {
		return nil, err
	}
	b := updated.Roles[tuf.RoleTargets].Threshold
	if d.Current.Prod == nil {
		return []Note{note("add-production", fmt.Sprintf("the factory gets a production root: %d keys have to sign production targets", b),
			"threshold", strconv.Itoa(b))}, nil
	}
	old, err := tuf.ParseRoot(d.Current.Prod)
	if err != nil {
		return nil, err
	}
	if a := old.Roles[tuf.RoleTargets].Threshold; a != b {
		return []Note{thresholdChange("production targets", a, b)}, nil
	}
	return nil, nil
}

// otherChanges names the fields that differ and that nobody else tells of.
func otherChanges(before, after tree) []Note {
	told := []string{"keys", "roles", "version", "expires", changelogField, ownersField}
	names := map[string]bool{}
	for name := range before {
		names[name] = true
	}
	for name := range after {
		names[name] = true
	}
	var list []Note
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !slices.Contains(told, name) && !same(before[name], after[name]) {
			list = append(list, note("set-field", "the field "+strconv.QuoteToASCII(name)+" is another one", "field", name))
		}
	}
	return list
}

func same(a, b any) bool {
	x, errx := json.Marshal(a)
	y, erry := json.Marshal(b)
	return errx == nil && erry == nil && bytes.Equal(x, y)
}

// soon is how long before its end a root is worth a warning.
const soon = 60 * 24 * time.Hour

// Issues say what keeps a draft from being applied at now, and what to know
// before it is.
func (d *Draft) Issues(now time.Time) (Issues, error) {
	var list Issues
	if err := d.Check(); err != nil {
		list.Errors = append(list.Errors, note("rules", err.Error()))
		return list, nil
	}
	missing, err := d.Missing()
	if err != nil {
		return list, err
	}
	for _, m := range missing {
		list.Errors = append(list.Errors, m.note())
	}
	if len(list.Errors) == 0 {
		if err := d.Complete(); err != nil {
			list.Errors = append(list.Errors, note("chain", err.Error()))
		}
	}
	ci, err := tuf.ParseRoot(d.Updated.CI)
	if err != nil {
		return list, err
	}
	if !ci.Expires.After(now) {
		list.Errors = append(list.Errors, note("expired",
			"the new root has expired on "+stamp(ci.Expires)+"; rotate the root key", "expires", stamp(ci.Expires)))
	}
	list.Warnings, err = Warnings(d.Updated, now)
	return list, err
}

func (m Missing) note() Note {
	kind := "root"
	if m.Prod {
		kind = "production root"
	}
	return note("signatures", fmt.Sprintf("the %s is signed by %d of the %d keys that root %d asks for; could sign: %s",
		kind, m.Threshold-m.Count, m.Threshold, m.Version, strings.Join(m.Keys, ", ")),
		"root", kind, "version", strconv.Itoa(m.Version), "missing", strconv.Itoa(m.Count))
}

// Warnings are what is allowed in roots and should be known.
func Warnings(p Pair, now time.Time) ([]Note, error) {
	ci, err := tuf.ParseRoot(p.CI)
	if err != nil {
		return nil, err
	}
	var list []Note
	if left := ci.Expires.Sub(now); left < soon {
		list = append(list, note("expires-soon", fmt.Sprintf("root %d expires on %s; rotate the root key to extend it",
			ci.Version, stamp(ci.Expires)), "expires", stamp(ci.Expires)))
	}
	for _, id := range ci.Roles[tuf.RoleTargets].KeyIDs {
		for _, other := range ci.Roles[tuf.RoleRoot].KeyIDs {
			if ci.Keys[id].Equal(ci.Keys[other]) {
				list = append(list, note("shared-key", "one key signs both root and targets: "+id, "key-id", id))
			}
		}
	}
	if p.Prod == nil {
		return list, nil
	}
	prod, err := tuf.ParseRoot(p.Prod)
	if err != nil {
		return nil, err
	}
	of := prod.Roles[tuf.RoleTargets]
	if n := distinct(prod, of.KeyIDs); n < of.Threshold {
		list = append(list, note("few-targets-keys", fmt.Sprintf("production targets want %d signatures and targets has %d keys, so that "+
			"nobody can sign any: add an offline targets key", of.Threshold, n),
			"threshold", strconv.Itoa(of.Threshold), "keys", strconv.Itoa(n)))
	}
	return list, nil
}
