package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

const refsBelow = "refs/heads/"

// readRef is what a ref names, zero if it is not there, and the condition under
// which that is still so.
func (s *Store) readRef(ctx context.Context, name string) (ostree.Checksum, condition, error) {
	if err := checkRef(name); err != nil {
		return ostree.Checksum{}, always, err
	}
	data, etag, err := s.readFile(ctx, refsBelow+name, limits.Ref)
	if errors.Is(err, fs.ErrNotExist) {
		return ostree.Checksum{}, ifAbsent, nil
	}
	if err != nil {
		return ostree.Checksum{}, always, fmt.Errorf("ref %s: %w", name, err)
	}
	c, err := ostree.ParseChecksum(strings.TrimSpace(string(data)))
	if err != nil {
		return c, always, fail.New(fail.Verification, "delete it, or publish with another ref", "ref %s in %s: what is there is no ref: %.80q", name, s.url, data)
	}
	return c, condition(etag), nil
}

// checkRef refuses what is no ref of the repo's own.
func checkRef(name string) error {
	if strings.Contains(name, ":") {
		return fail.New(fail.Usage, "", "ref %.200q: one of a remote has no place in a bucket", name)
	}
	return ostree.CheckRef(name)
}

// Ref implements ostree.Source.
func (s *Store) Ref(ctx context.Context, name string) (ostree.Checksum, error) {
	c, _, err := s.readRef(ctx, name)
	if err == nil && c.IsZero() {
		err = fail.As(fmt.Errorf("%w: %s in %s", ostree.ErrRefNotFound, name, s.url), fail.NotFound, "")
	}
	return c, err
}

// Refs implements ostree.RefLister.
func (s *Store) Refs(ctx context.Context) (map[string]ostree.Checksum, error) {
	stand, err := s.refETags(ctx)
	if err != nil {
		return nil, err
	}
	refs := make(map[string]ostree.Checksum, len(stand))
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(s.opt.Jobs)
	for name := range stand {
		g.Go(func() error {
			c, _, err := s.readRef(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			if err == nil && !c.IsZero() { // else it was deleted meanwhile
				refs[name] = c
			}
			return err
		})
	}
	return refs, g.Wait()
}

// refETags tells whether any ref moved, without reading them. Keys that are no
// refs by their names are of something else and passed over.
func (s *Store) refETags(ctx context.Context) (map[string]string, error) {
	tags := map[string]string{}
	err := s.eachKey(ctx, refsBelow, func(e entry) {
		if name := strings.TrimPrefix(e.Key, refsBelow); checkRef(name) == nil {
			tags[name] = e.ETag
		}
	})
	return tags, err
}

// SetRef points name at c, on the condition that the ref is still what was read.
// Of two publishers at once a server that knows conditional writes lets one
// through; with another the last one wins if both read before either wrote.
func (s *Store) SetRef(ctx context.Context, name string, c ostree.Checksum, want *ostree.Checksum) error {
	if err := faults.At(s.opt.Faults, "bucket.ref"); err != nil {
		return err
	}
	if err := s.hasCommit(ctx, name, c); err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		now, when, err := s.readRef(ctx, name)
		switch {
		case err != nil:
			return err
		case now == c:
			return nil // also by a write of ours whose answer was lost
		case want != nil && now != *want:
			return refMoved(name, now)
		}
		_, err = s.putBytes(ctx, refsBelow+name, []byte(c.String()+"\n"), when)
		if !errors.Is(err, errChanged) || attempt == attempts {
			if err != nil {
				return fmt.Errorf("ref %s: %w", name, err)
			}
			return nil
		}
		if err := pause(ctx, attempt); err != nil { // some servers refuse before they give what is in the way
			return err
		}
	}
}

func refMoved(name string, now ostree.Checksum) error {
	is := now.String()
	if now.IsZero() {
		is = "not there"
	}
	return fail.As(fmt.Errorf("%w: %s is now %s", ostree.ErrRefMoved, name, is), fail.Conflict,
		"somebody else published meanwhile; run this again to publish on top of it")
}

func (s *Store) hasCommit(ctx context.Context, ref string, c ostree.Checksum) error {
	have, err := s.Has(ctx, []ostree.ObjectID{{Sum: c, Type: ostree.TypeCommit}})
	if err != nil {
		return err
	}
	if !have[0] {
		return fail.New(fail.Conflict, "send the commit first", "ref %s: commit %s is not in %s", ref, c, s.url)
	}
	return nil
}
