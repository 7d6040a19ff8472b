package metadata

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// Warnings are about the newest files, of all roles and of production too, that
// expire soon, and about targets that the root no longer vouches for. A file
// that this server signs again by itself is among them only when that has not
// worked for long.
func (a *Author) Warnings(ctx context.Context) ([]tuf.Warning, error) {
	files, err := a.db.NewestFiles(ctx)
	if err != nil {
		return nil, err
	}
	waves, err := a.db.ActiveWaves(ctx)
	if err != nil {
		return nil, err
	}
	now := a.clock()
	list := []tuf.Warning{}
	for _, f := range files {
		kind, wave, _ := strings.Cut(f.Role, "/")
		over := !slices.ContainsFunc(waves, func(w store.Wave) bool { return w.Name == wave })
		if strings.HasPrefix(kind, waveSet("").kind+"-") && over {
			continue
		}
		if e, soon := tuf.EndsSoon(f.Role, f.Version, f.Expires, now); soon {
			list = append(list, e)
		}
		if f.Role == string(tuf.RoleTargets) {
			w, err := a.vouched(ctx, f)
			if err != nil {
				return nil, err
			}
			list = append(list, w...)
		}
	}
	return list, nil
}

// verdict is what a root says of a targets.json, which costs too much to be
// found out each time that somebody asks.
type verdict struct {
	root, targets int // versions
	bad           bool
}

// vouched warns of a targets.json that the newest root does not vouch for, since
// its keys were replaced: devices refuse it until it is signed anew.
func (a *Author) vouched(ctx context.Context, f store.RoleFile) ([]tuf.Warning, error) {
	raw, err := a.newest(ctx, string(tuf.RoleRoot))
	if err != nil {
		return nil, err
	}
	root, err := tuf.ParseRoot(raw)
	if err != nil {
		return nil, err
	}
	file, err := a.newest(ctx, f.Role)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	v := a.verdict
	a.mu.Unlock()
	if v.root != root.Version || v.targets != f.Version {
		v = verdict{root.Version, f.Version, root.Verify(tuf.RoleTargets, file) != nil}
		a.mu.Lock()
		a.verdict = v
		a.mu.Unlock()
	}
	if !v.bad {
		return nil, nil
	}
	return []tuf.Warning{{Role: f.Role, Version: f.Version, Expires: f.Expires,
		Text: fmt.Sprintf("targets version %d is not signed by enough keys of root %d: sign it where the keys are and bring it here", f.Version, root.Version)}}, nil
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
