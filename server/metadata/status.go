package metadata

import (
	"context"
	"slices"
	"strings"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// Endings are the newest files, of all roles and of production too, that expire
// soon. A file that this server signs again by itself is among them only when
// that has not worked for long.
func (a *Author) Endings(ctx context.Context) ([]tuf.Ending, error) {
	files, err := a.db.NewestFiles(ctx)
	if err != nil {
		return nil, err
	}
	waves, err := a.db.ActiveWaves(ctx)
	if err != nil {
		return nil, err
	}
	now := a.clock()
	list := []tuf.Ending{}
	for _, f := range files {
		kind, wave, _ := strings.Cut(f.Role, "/")
		over := !slices.ContainsFunc(waves, func(w store.Wave) bool { return w.Name == wave })
		if strings.HasPrefix(kind, waveSet("").kind+"-") && over {
			continue
		}
		if e, soon := tuf.EndsSoon(f.Role, f.Version, f.Expires, now); soon {
			list = append(list, e)
		}
	}
	return list, nil
}

// SignedElsewhere are those of root and targets that this server does not sign
// for alone: their files are made elsewhere and brought here.
func (a *Author) SignedElsewhere(ctx context.Context) ([]string, error) {
	b, err := a.newest(ctx, string(tuf.RoleRoot))
	if err != nil {
		return nil, err
	}
	root, err := tuf.ParseRoot(b)
	if err != nil {
		return nil, err
	}
	list := []string{}
	for _, role := range []tuf.Role{tuf.RoleRoot, tuf.RoleTargets} {
		if !a.alone(root, role) {
			list = append(list, string(role))
		}
	}
	return list, nil
}
