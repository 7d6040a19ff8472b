package inspect

import (
	"fmt"
	"slices"
	"strings"

	"github.com/otactl/otactl/tuf"
)

// order is the order in which roles are told.
var order = []tuf.Role{tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp}

// changes says in words what new changed about who may sign.
func changes(old, new *tuf.Root) []string {
	list := []string{}
	for _, role := range order {
		added, gone := without(new, old, role), without(old, new, role)
		switch {
		case len(added) > 0 && len(gone) > 0:
			list = append(list, fmt.Sprintf("%s: %s replaced by %s", role, names(gone), names(added)))
		case len(added) > 0:
			list = append(list, fmt.Sprintf("%s: %s added", role, names(added)))
		case len(gone) > 0:
			list = append(list, fmt.Sprintf("%s: %s removed", role, names(gone)))
		}
		if a, b := old.Roles[role].Threshold, new.Roles[role].Threshold; a != b {
			list = append(list, fmt.Sprintf("%s: threshold %d instead of %d", role, b, a))
		}
	}
	if !old.Expires.Equal(new.Expires) {
		list = append(list, "root: expires "+new.Expires.Format("2006-01-02")+" instead of "+old.Expires.Format("2006-01-02"))
	}
	return list
}

// without are the ids of the keys that a has for role and b has not, compared
// by the keys themselves.
func without(a, b *tuf.Root, role tuf.Role) []string {
	var ids []string
	for _, id := range a.Roles[role].KeyIDs {
		same := func(other string) bool { return b.Keys[other].Equal(a.Keys[id]) }
		if !slices.ContainsFunc(b.Roles[role].KeyIDs, same) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func names(ids []string) string {
	var list []string
	for _, id := range ids {
		list = append(list, "key "+short(id))
	}
	return strings.Join(list, ", ")
}

// short is enough of a key id for a person to recognise it.
func short(id string) string { return id[:min(12, len(id))] }
