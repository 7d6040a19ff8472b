package delta

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"iter"
	"slices"
	"time"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

// Usable are the deltas of names by which repo gets to a commit: those that
// start from a commit which it has with all that it reaches, the newest first,
// and last the one from scratch.
func Usable(ctx context.Context, repo *ostree.Repo, to ostree.Checksum, names iter.Seq[Name]) ([]Name, error) {
	times := map[Name]time.Time{}
	var list []Name
	for n := range names {
		if n.To != to {
			continue
		}
		if !n.Scratch() {
			whole, err := repo.IsComplete(n.From)
			if err != nil {
				return nil, err
			}
			if !whole {
				continue
			}
			c, err := ostree.LoadCommit(ctx, repo, n.From)
			if err != nil {
				return nil, err
			}
			times[n] = c.Time
		}
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b Name) int {
		if a.Scratch() != b.Scratch() {
			if a.Scratch() {
				return 1
			}
			return -1
		}
		return cmp.Or(times[b].Compare(times[a]), cmp.Compare(a.String(), b.String()))
	})
	return list, nil
}

// ParseFetched is ParseSuperblock for bytes that were fetched as the superblock
// of n. digest is what a summary or index says of it; nil if none does.
func ParseFetched(n Name, digest *ostree.Checksum, data []byte) (*Superblock, error) {
	if digest != nil {
		if got := ostree.Checksum(sha256.Sum256(data)); got != *digest {
			return nil, refuse(&BadError{Delta: n, Part: -1, Op: -1, Why: "checksum of its superblock is " + got.String() + ", want " + digest.String()})
		}
	}
	if len(data) > limits.DeltaSuperblock {
		return nil, refuse(&BadError{Delta: n, Part: -1, Op: -1, Why: "its superblock is too large"})
	}
	s, err := ParseSuperblock(data)
	if err != nil {
		if e, ok := errors.AsType[*BadError](err); ok {
			e.Delta = n
		}
		return nil, err
	}
	if s.Name != n {
		return nil, wrongName(n, s.Name)
	}
	return s, nil
}
