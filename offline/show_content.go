package offline

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/otactl/otactl/offline/apps"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// look looks at what a bundle has of its targets, each thing once: a hostile
// list may name one commit a hundred thousand times.
type look struct {
	bundle   *Bundle
	repo     *archive // nil where there is none
	store    apps.Store
	uris     []string // of the apps that are there, sorted
	deltas   []Delta
	versions map[string]string // of targets, by commit

	commits map[string]TargetSummary // looked at already
	apps    map[string]AppSummary
	sizes   map[any]int64 // of objects and blobs, counted already
	bytes   int64
	shared  int64
}

func newLook(ctx context.Context, b *Bundle, all *tuf.Targets) (*look, error) {
	l := &look{bundle: b, store: apps.NewStore(b.files, dirApps), versions: map[string]string{},
		commits: map[string]TargetSummary{}, apps: map[string]AppSummary{}, sizes: map[any]int64{}}
	for _, target := range all.Targets {
		if custom, err := target.Fields(); err == nil {
			l.versions[target.Commit()] = custom.Version
		}
	}
	var err error
	if l.repo, err = openArchive(ctx, b.files, dirRepo); err != nil {
		if !errors.Is(err, ostree.ErrNotARepo) {
			return nil, err
		}
		l.repo = nil
	}
	if l.uris, err = b.AppURIs(ctx); err != nil {
		return nil, err
	}
	if l.deltas, err = b.Deltas(ctx); err != nil {
		return nil, err
	}
	for _, d := range l.deltas {
		l.bytes += d.Bytes
	}
	return l, nil
}

// at fills in what there is to say of a target.
func (l *look) at(ctx context.Context, t *TargetSummary, target tuf.Target) error {
	t.Commit, t.Deltas, t.Apps = target.Commit(), []DeltaSummary{}, []AppSummary{}
	custom, err := target.Fields()
	if err == nil {
		t.Version, t.HardwareIDs = custom.Version, custom.HardwareIDs
	}
	wanted := requiredApps(custom)
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		app, err := l.app(ctx, name, wanted[name].URI, apps.Architecture(custom.Arch))
		if err != nil {
			return err
		}
		t.Apps = append(t.Apps, app)
	}
	if seen, ok := l.commits[t.Commit]; ok {
		t.Bytes, t.Present, t.Deltas = seen.Bytes, seen.Present, seen.Deltas
		l.shared += seen.Bytes
		return nil
	}
	if err := l.closure(ctx, t); err != nil {
		return err
	}
	for _, d := range l.deltas {
		if d.To.String() == t.Commit {
			t.Deltas = append(t.Deltas, l.delta(d))
		}
	}
	l.commits[t.Commit] = *t
	return nil
}

// closure adds up the closure of the target's commit. One with holes is no
// error: Present stays false.
func (l *look) closure(ctx context.Context, t *TargetSummary) error {
	commit, err := ostree.ParseChecksum(t.Commit)
	if err != nil || l.repo == nil {
		return nil
	}
	err = ostree.Closure(ctx, l.repo, commit, func(id ostree.ObjectID) error {
		size, err := l.repo.stat(id)
		if err == nil {
			t.Bytes += l.count(id, size)
		}
		return err
	})
	t.Present = err == nil
	return ctx.Err()
}

// count adds the size of a thing to the whole, unless it was counted already.
func (l *look) count(thing any, size int64) int64 {
	if _, counted := l.sizes[thing]; counted {
		l.shared += size
		return size
	}
	l.sizes[thing] = size
	l.bytes += size
	return size
}

func (l *look) delta(d Delta) DeltaSummary {
	s := DeltaSummary{Bytes: d.Bytes}
	if !d.Scratch() {
		s.From = d.From.String()
		s.Version = l.versions[s.From]
	}
	if d.Err != nil {
		s.Err = d.Err.Error()
	}
	return s
}

// app looks for an app and its blobs. One that is not whole is no error.
func (l *look) app(ctx context.Context, name, uri, arch string) (AppSummary, error) {
	if seen, ok := l.apps[uri]; ok {
		l.shared += seen.Bytes
		seen.Name = name
		return seen, nil
	}
	s := AppSummary{Name: name, URI: uri}
	if _, there := slices.BinarySearch(l.uris, uri); there {
		closure, err := apps.Closure(ctx, l.store, uri, arch)
		if ctx.Err() != nil {
			return s, ctx.Err()
		}
		if s.Present = err == nil; s.Present {
			for _, b := range closure.Blobs {
				s.Bytes += l.count(b.Digest, b.Size)
			}
		}
	}
	l.apps[uri] = s
	return s, nil
}
