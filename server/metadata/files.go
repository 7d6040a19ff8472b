package metadata

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"strconv"
	"strings"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// newest is a role's newest online file. Its bytes are shared by all who ask, so
// that a fleet that fetches a large file at once needs it in memory once.
func (a *Author) newest(ctx context.Context, role string) ([]byte, error) {
	v, err := a.db.NewestVersion(ctx, role)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if f, ok := a.files[role]; ok && f.Version == v {
		return f.Bytes, nil
	}
	f, err := a.db.MetadataVersion(ctx, role, v)
	if err == nil {
		a.files[role] = f
	}
	return f.Bytes, err
}

// forget drops what newest holds of roles whose files were replaced under their
// versions.
func (a *Author) forget(roles ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, role := range roles {
		delete(a.files, role)
	}
}

// forgetWaves drops what newest holds of waves: after one has ended, nobody may
// ask for some of them again.
func (a *Author) forgetWaves() {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.files, func(role string, _ store.File) bool { return strings.HasPrefix(role, waveSet("").kind+"-") })
}

var fileName = regexp.MustCompile(`^(?:([1-9][0-9]{0,8})\.root|(root|timestamp|snapshot|targets))\.json$`)

// File is a file as clients fetch it: "root.json" for the newest root,
// "3.root.json", "timestamp.json" and so on. Anything else is
// store.ErrNotFound.
func (a *Author) File(ctx context.Context, name string) ([]byte, error) {
	return a.file(ctx, name, string(tuf.RoleRoot))
}

// file is a file as clients fetch it, with the roots of a store role.
func (a *Author) file(ctx context.Context, name, rootRole string) ([]byte, error) {
	m := fileName.FindStringSubmatch(name)
	if m == nil {
		return nil, store.ErrNotFound
	}
	if m[1] == "" {
		role := m[2]
		if role == string(tuf.RoleRoot) {
			role = rootRole
		}
		return a.newest(ctx, role)
	}
	v, err := strconv.Atoi(m[1])
	if err != nil {
		return nil, errors.Join(store.ErrNotFound, err)
	}
	f, err := a.db.MetadataVersion(ctx, rootRole, v)
	return f.Bytes, err
}
