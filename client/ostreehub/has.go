package ostreehub

import (
	"context"
	"errors"
	"hash/crc32"
	"io"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// castagnoli makes the checksums of the protocol.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once by the library

// CRC is the checksum by which the protocol knows a file, of all r holds.
func CRC(r io.Reader) (uint32, error) {
	sum := crc32.New(castagnoli())
	_, err := io.Copy(sum, r)
	return sum.Sum32(), err
}

// Lacking says which of files, by their path below the repo and CRC32C, the
// server has not got as they are. It asks in batches, several at once.
func (s *Store) Lacking(ctx context.Context, files map[string]uint32) (map[string]bool, error) {
	lacking := map[string]bool{}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(checks)
	for paths := range slices.Chunk(slices.Collect(maps.Keys(files)), checkBatch) {
		g.Go(func() error {
			batch := make(map[string]uint32, len(paths))
			for _, p := range paths {
				batch[p] = files[p]
			}
			some, err := s.hub.check(ctx, batch)
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(lacking, some)
			return err
		})
	}
	return lacking, g.Wait()
}

// Has asks about what Local holds by the bytes that it holds: an object that is
// there with others is not there. What Local has not is looked for where the
// server lets itself be downloaded from; where it doesn't, nobody can tell, and
// the answer is no.
func (s *Store) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	have := make([]bool, len(ids))
	files, foreign, err := s.checksums(ctx, ids)
	if err != nil {
		return nil, err
	}
	lacking, err := s.Lacking(ctx, files)
	if err != nil {
		return nil, err
	}
	for i, id := range ids {
		path := id.ArchivePath()
		_, asked := files[path]
		have[i] = asked && !lacking[path]
	}
	return have, s.lookElsewhere(ctx, ids, foreign, have)
}

// checksums are those of the objects that Local has; foreign are the indexes
// of the others.
func (s *Store) checksums(ctx context.Context, ids []ostree.ObjectID) (files map[string]uint32, foreign []int, err error) {
	files = make(map[string]uint32, len(ids))
	crcs, known := make([]uint32, len(ids)), make([]bool, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cap(s.checking))
	for i, id := range ids {
		g.Go(func() (err error) {
			crcs[i], known[i], err = s.localCRC(ctx, id)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	for i, id := range ids {
		if known[i] {
			files[id.ArchivePath()] = crcs[i]
		} else {
			foreign = append(foreign, i)
		}
	}
	return files, foreign, nil
}

func (s *Store) localCRC(ctx context.Context, id ostree.ObjectID) (crc uint32, ok bool, err error) {
	if s.opt.Local == nil {
		return 0, false, nil
	}
	leave, err := hold(ctx, s.checking)
	if err != nil {
		return 0, false, err
	}
	defer leave()
	obj, err := s.opt.Local.Object(ctx, id)
	if err == nil {
		crc, err = archiveCRC(ctx, obj)
	}
	if _, missing := errors.AsType[*ostree.MissingError](err); missing {
		return 0, false, nil
	}
	return crc, err == nil, err
}

func archiveCRC(ctx context.Context, obj ostree.Object) (uint32, error) {
	r, n, err := obj.OpenArchive(ctx)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if n < 0 {
		return 0, notArchived(obj)
	}
	return CRC(r)
}

// notArchived: what is compressed here has other bytes than what somebody else
// compressed, and the server knows objects by their bytes.
func notArchived(obj ostree.Object) error {
	return fail.New(fail.Usage, "pull it into an archive repo first: ostree init --mode=archive, then ostree pull-local",
		"object %s: an ostreehub takes objects as an archive repo keeps them", obj.ID())
}

// lookElsewhere completes have for the objects that Local has not.
func (s *Store) lookElsewhere(ctx context.Context, ids []ostree.ObjectID, which []int, have []bool) error {
	if len(which) == 0 {
		return nil
	}
	from, err := s.downloads.open(ctx, s)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	some := make([]ostree.ObjectID, len(which))
	for i, w := range which {
		some[i] = ids[w]
	}
	found, err := from.Has(ctx, some)
	if err != nil {
		return err
	}
	for i, w := range which {
		have[w] = found[i]
	}
	return nil
}
