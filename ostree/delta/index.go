package delta

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/keyfile"
	"github.com/otactl/otactl/ostree/variant"
)

// keyDeltas holds a dict from names of deltas to digests, in an index as in a
// summary.
const keyDeltas = "ostree.static-deltas"

// Index lists the deltas that lead to one commit, each with the SHA-256 of its
// superblock.
type Index map[Name]ostree.Checksum

// ParseIndex reads an index. One that is not in normal form, or names a delta
// that leads to another commit, is refused.
func ParseIndex(to ostree.Checksum, data []byte) (Index, error) {
	x, err := parseIndex(to, data)
	if err != nil {
		err.Delta = Name{To: to}
		return nil, refuse(err)
	}
	return x, nil
}

func parseIndex(to ostree.Checksum, data []byte) (Index, *BadError) {
	if len(data) > limits.DeltaIndex {
		return nil, bad("index has %d bytes, at most %d are allowed", len(data), limits.DeltaIndex)
	}
	v, err := variant.Parse(dictType, data)
	if err != nil {
		return nil, bad("index is not in normal form: %v", err)
	}
	list, ok := v.Lookup(keyDeltas)
	if !ok {
		return Index{}, nil
	}
	x, why := ParseDigests(list)
	if why != nil {
		return nil, bad("index: %v", why)
	}
	for n := range x {
		if n.To != to {
			return nil, bad("index names %s, which leads to another commit", n)
		}
	}
	return x, nil
}

// ParseDigests reads a dict from names of deltas to the digests of their
// superblocks, as indexes and summaries hold it.
func ParseDigests(v variant.Value) (Index, error) {
	if v.Type().String() != dictType.String() {
		return nil, fmt.Errorf("list of static deltas is %v, want a{sv}", v)
	}
	x := make(Index, v.Len())
	for _, entry := range v.All() {
		n, err := ParseName(entry.At(0).Text())
		if err != nil {
			return nil, err
		}
		sum := entry.At(1).Variant()
		if sum.Type().String() != "ay" || len(sum.Bytes()) != len(ostree.Checksum{}) {
			return nil, fmt.Errorf("digest of static delta %s is %v, want 32 bytes", n, sum)
		}
		if _, twice := x[n]; twice {
			return nil, fmt.Errorf("static delta %s is listed twice", n)
		}
		x[n] = ostree.Checksum(sum.Bytes())
	}
	return x, nil
}

// Value is the dict that ParseDigests reads, sorted by name.
func (x Index) Value() variant.Value {
	var entries []variant.Entry
	for _, n := range slices.SortedFunc(maps.Keys(x), func(a, b Name) int { return cmp.Compare(a.String(), b.String()) }) {
		sum := x[n]
		entries = append(entries, variant.Entry{Key: n.String(), Value: variant.Bytes(sum[:])})
	}
	return variant.Dict(entries...)
}

// Marshal is the index file's bytes.
func (x Index) Marshal() []byte {
	return variant.Dict(variant.Entry{Key: keyDeltas, Value: x.Value()}).Data()
}

// Reindex writes the index of a commit, or with nil those of all commits that
// deltas lead to, and removes the index of a commit to which none leads. Each
// file is replaced at once. The repo's config then says that there are indexes,
// so that clients look for them. It says which commits have an index now.
func Reindex(ctx context.Context, repo *ostree.Repo, to *ostree.Checksum) ([]ostree.Checksum, error) {
	written, err := writeIndexes(ctx, repo, to)
	if err != nil || repo.Keyfile().Bool("core", "indexed-deltas", false) {
		return written, err
	}
	return written, repo.EditConfig(ctx, func(f *keyfile.File) error { return f.Set("core", "indexed-deltas", "true") })
}

func writeIndexes(ctx context.Context, repo *ostree.Repo, to *ostree.Checksum) ([]ostree.Checksum, error) {
	release, err := repo.Hold(ctx) // keeps a prune from taking deltas away meanwhile
	if err != nil {
		return nil, err
	}
	defer release()
	unlock, err := repo.LockDeltas(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	digests, err := Digests(ctx, repo)
	if err != nil {
		return nil, err
	}
	byTarget := map[ostree.Checksum]Index{}
	for n, sum := range digests {
		if to != nil && n.To != *to {
			continue
		}
		if byTarget[n.To] == nil {
			byTarget[n.To] = Index{}
		}
		byTarget[n.To][n] = sum
	}
	var written []ostree.Checksum
	for _, c := range slices.SortedFunc(maps.Keys(byTarget), compareSums) {
		if err := writeIndex(repo, c, byTarget[c]); err != nil {
			return written, fmt.Errorf("index of static deltas to %s: %w", c, err)
		}
		written = append(written, c)
	}
	return written, dropIndexes(ctx, repo, func(c ostree.Checksum) bool {
		return byTarget[c] != nil || to != nil && c != *to
	})
}

func compareSums(a, b ostree.Checksum) int { return slices.Compare(a[:], b[:]) }

func writeIndex(repo *ostree.Repo, c ostree.Checksum, x Index) error {
	path := filepath.Join(repo.Path(), filepath.FromSlash(IndexPath(c)))
	if err := os.MkdirAll(filepath.Dir(path), 0o775); err != nil {
		return err
	}
	data := x.Marshal()
	if old, err := fsx.ReadFile(path, limits.DeltaIndex); err == nil && string(old) == string(data) {
		return nil // a reader's cached copy stays good
	}
	return fsx.WriteFile(path, data, 0o644)
}

// dropIndexes removes the indexes that keep doesn't want.
func dropIndexes(ctx context.Context, repo *ostree.Repo, keep func(ostree.Checksum) bool) error {
	return eachBelow(ctx, repo, "delta-indexes", func(root *os.Root, fan, rest string) error {
		c, ok := parseIndexName(fan, rest)
		if !ok || keep(c) {
			return nil
		}
		err := root.Remove(filepath.FromSlash(IndexPath(c)))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// Indexed are the commits that have an index in the repo, sorted.
func Indexed(ctx context.Context, repo *ostree.Repo) ([]ostree.Checksum, error) {
	var list []ostree.Checksum
	err := eachBelow(ctx, repo, "delta-indexes", func(_ *os.Root, fan, rest string) error {
		if c, ok := parseIndexName(fan, rest); ok {
			list = append(list, c)
		}
		return nil
	})
	slices.SortFunc(list, compareSums)
	return list, err
}
