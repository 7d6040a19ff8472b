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
	"github.com/otactl/otactl/ostree/keyfile"
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
	b := newBuilder(ctx, repo, nil)
	refs, err := ownRefs(ctx, repo)
	if err != nil {
		return nil, err
	}
	others, err := othersRefs(ctx, repo)
	if err != nil {
		return nil, err
	}
	data, err := b.build(repo.Keyfile(), repo.Mode(), refs, others, opt)
	if err != nil {
		return nil, fmt.Errorf("make summary of %s: %w", repo.Path(), err)
	}
	return data, nil
}

// BuildArchive is Build for an archive repo that is not on disk here: config is
// its config file, refs are all of its refs, and src has their commits. What
// known, which may be nil, says of a commit is taken over from it.
func BuildArchive(ctx context.Context, src ostree.Source, config *keyfile.File, refs map[string]ostree.Checksum, known *Summary, opt Options) ([]byte, error) {
	data, err := newBuilder(ctx, src, known).build(config, ostree.ModeArchive, refs, nil, opt)
	if err != nil {
		return nil, fmt.Errorf("make summary: %w", err)
	}
	return data, nil
}

// build puts the summary together. others are the refs of other collections.
func (b *builder) build(config *keyfile.File, mode ostree.Mode, own map[string]ostree.Checksum, others map[string]map[string]ostree.Checksum, opt Options) ([]byte, error) {
	refs, err := b.refs(own)
	if err != nil {
		return nil, err
	}
	entries := slices.Clone(opt.Metadata)
	add := func(key string, v variant.Value) { entries = append(entries, variant.Entry{Key: key, Value: v}) }
	add(KeyMode, variant.Text(modeName(mode)))
	add(KeyLastModified, variant.BigUint64(uint64(opt.Now.Unix())))
	if !opt.Expires.IsZero() {
		add(KeyExpires, variant.BigUint64(uint64(opt.Expires.Unix())))
	}
	add(KeyTombstones, variant.Bool(config.Bool("core", "tombstone-commits", false)))
	if config.Bool("core", "indexed-deltas", false) {
		add(KeyIndexedDeltas, variant.Bool(true))
	}
	if id, _ := config.Get("core", "collection-id"); id != "" {
		add(KeyCollectionID, variant.Text(id))
	}
	collections, err := b.collections(others)
	if err != nil {
		return nil, err
	}
	if len(collections) > 0 {
		add(KeyCollectionMap, packCollections(collections))
	}
	if len(opt.Deltas) > 0 && !config.Bool("core", "no-deltas-in-summary", false) {
		add(KeyStaticDeltas, packDeltas(opt.Deltas))
	}
	data, err := (&Summary{Refs: refs, Metadata: variant.Dict(entries...)}).Marshal()
	return data, fail.As(err, fail.Usage, "leave out metadata of your own that has a name of OSTree's or is there twice")
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
	src  ostree.Source
	seen map[ostree.Checksum]Ref
}

func newBuilder(ctx context.Context, src ostree.Source, known *Summary) *builder {
	b := &builder{ctx: ctx, src: src, seen: map[ostree.Checksum]Ref{}}
	if known != nil {
		for _, r := range known.Refs {
			b.seen[r.Commit] = r
		}
	}
	return b
}

func ownRefs(ctx context.Context, repo *ostree.Repo) (map[string]ostree.Checksum, error) {
	all, err := repo.Refs(ctx)
	maps.DeleteFunc(all, func(name string, _ ostree.Checksum) bool { return strings.Contains(name, ":") })
	return all, err
}

// othersRefs are the refs of other collections, by the collection's id.
func othersRefs(ctx context.Context, repo *ostree.Repo) (map[string]map[string]ostree.Checksum, error) {
	all, err := repo.CollectionRefs(ctx)
	if err != nil {
		return nil, err
	}
	byID := map[string]map[string]ostree.Checksum{}
	for ref, c := range all {
		if ref.Collection == repo.CollectionID() {
			continue
		}
		if byID[ref.Collection] == nil {
			byID[ref.Collection] = map[string]ostree.Checksum{}
		}
		byID[ref.Collection][ref.Name] = c
	}
	return byID, nil
}

func (b *builder) collections(byID map[string]map[string]ostree.Checksum) ([]Collection, error) {
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
	data, err := ostree.LoadMetadata(b.ctx, b.src, ostree.ObjectID{Sum: c, Type: ostree.TypeCommit})
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
