package summary

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// Options are what goes into a summary besides the refs.
type Options struct {
	Now     time.Time // when it was made; cut to seconds
	Expires time.Time // zero for never
	// Deltas are the static deltas of the repo and the SHA-256 of their
	// superblocks, see Deltas. With core.no-deltas-in-summary in the repo's
	// config they are left out.
	Deltas map[string][32]byte
	// Metadata is somebody's own, and comes first.
	Metadata []variant.Entry
}

// Build makes the summary of a repo: its refs, those that it mirrors of other
// collections, each commit's size, time and version, and how the repo is kept.
// The same repo gives the same bytes but for the time.
func Build(ctx context.Context, repo *ostree.Repo, opt Options) ([]byte, error) {
	b := &builder{ctx: ctx, repo: repo, seen: map[ostree.Checksum]Ref{}}
	refs, err := b.ownRefs()
	if err != nil {
		return nil, err
	}
	entries := slices.Clone(opt.Metadata)
	add := func(key string, v variant.Value) { entries = append(entries, variant.Entry{Key: key, Value: v}) }
	add(KeyMode, variant.Text(modeName(repo.Mode())))
	add(KeyLastModified, variant.BigUint64(uint64(opt.Now.Unix())))
	if !opt.Expires.IsZero() {
		add(KeyExpires, variant.BigUint64(uint64(opt.Expires.Unix())))
	}
	add(KeyTombstones, variant.Bool(repo.Keyfile().Bool("core", "tombstone-commits", false)))
	if repo.Keyfile().Bool("core", "indexed-deltas", false) {
		add(KeyIndexedDeltas, variant.Bool(true))
	}
	if id := repo.CollectionID(); id != "" {
		add(KeyCollectionID, variant.Text(id))
	}
	collections, err := b.collections()
	if err != nil {
		return nil, err
	}
	if len(collections) > 0 {
		add(KeyCollectionMap, packCollections(collections))
	}
	if len(opt.Deltas) > 0 && !repo.Keyfile().Bool("core", "no-deltas-in-summary", false) {
		add(KeyStaticDeltas, packDeltas(opt.Deltas))
	}
	data, err := (&Summary{Refs: refs, Metadata: variant.Dict(entries...)}).Marshal()
	if err != nil {
		return nil, fail.As(fmt.Errorf("make summary of %s: %w", repo.Path(), err), fail.Usage, "leave out metadata of your own that has a name of OSTree's or is there twice")
	}
	return data, nil
}

func modeName(m ostree.Mode) string {
	if m == ostree.ModeArchive {
		return "archive-z2" // what every libostree reads
	}
	return string(m)
}

// builder looks each commit up once, however many refs stand at it.
type builder struct {
	ctx  context.Context
	repo *ostree.Repo
	seen map[ostree.Checksum]Ref
}

func (b *builder) ownRefs() ([]Ref, error) {
	all, err := b.repo.Refs(b.ctx)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(all, func(name string, _ ostree.Checksum) bool { return strings.Contains(name, ":") })
	return b.refs(all)
}

// collections are the refs of other collections.
func (b *builder) collections() ([]Collection, error) {
	all, err := b.repo.CollectionRefs(b.ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string]map[string]ostree.Checksum{}
	for ref, c := range all {
		if ref.Collection == b.repo.CollectionID() {
			continue
		}
		if byID[ref.Collection] == nil {
			byID[ref.Collection] = map[string]ostree.Checksum{}
		}
		byID[ref.Collection][ref.Name] = c
	}
	var list []Collection
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		refs, err := b.refs(byID[id])
		if err != nil {
			return nil, err
		}
		list = append(list, Collection{id, refs})
	}
	return list, nil
}

func (b *builder) refs(tips map[string]ostree.Checksum) ([]Ref, error) {
	list := make([]Ref, 0, len(tips))
	for _, name := range slices.Sorted(maps.Keys(tips)) {
		r, err := b.commit(tips[name])
		if err != nil {
			return nil, fmt.Errorf("ref %s: %w", name, err)
		}
		r.Name = name
		list = append(list, r)
	}
	return list, nil
}

// commit is what a summary says about a commit.
func (b *builder) commit(c ostree.Checksum) (Ref, error) {
	if r, ok := b.seen[c]; ok {
		return r, nil
	}
	data, err := ostree.LoadMetadata(b.ctx, b.repo, ostree.ObjectID{Sum: c, Type: ostree.TypeCommit})
	if err != nil {
		return Ref{}, err
	}
	commit, err := ostree.ParseCommit(data)
	if err != nil {
		return Ref{}, err
	}
	entries := []variant.Entry{{Key: KeyCommitTimestamp, Value: variant.BigUint64(uint64(commit.Time.Unix()))}}
	if v := commit.Version(); v != "" {
		entries = append(entries, variant.Entry{Key: KeyCommitVersion, Value: variant.Text(v)})
	}
	r := Ref{Size: uint64(len(data)), Commit: c, Metadata: variant.Dict(entries...)}
	b.seen[c] = r
	return r, nil
}

func packCollections(list []Collection) variant.Value {
	items := make([]variant.Value, len(list))
	for i, c := range list {
		items[i] = variant.Tuple(mapEntryType, variant.Text(c.ID), variant.Array(refType, packRefs(c.Refs)...))
	}
	return variant.Array(mapEntryType, items...)
}

func packDeltas(deltas map[string][32]byte) variant.Value {
	names := slices.Sorted(maps.Keys(deltas))
	entries := make([]variant.Entry, len(names))
	for i, name := range names {
		sum := deltas[name]
		entries[i] = variant.Entry{Key: name, Value: variant.Bytes(sum[:])}
	}
	return variant.Dict(entries...)
}
