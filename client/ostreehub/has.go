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

// crcOf is the checksum by which the protocol knows a file, of all r holds.
func crcOf(r io.Reader) (uint32, error) {
	sum := crc32.New(castagnoli())
	_, err := io.Copy(sum, r)
	return sum.Sum32(), err
}

// lacking says which of files, by their path below the repo and CRC32C, the
// server has not got as they are. It asks in batches, several at once.
func (s *Store) lacking(ctx context.Context, files map[string]uint32) (map[string]bool, error) {
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
// the answer is no. While some are asked about, others are read.
func (s *Store) Has(ctx context.Context, ids []ostree.ObjectID) ([]bool, error) {
	have := make([]bool, len(ids))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(checks + cap(s.checking))
	for at := 0; at < len(ids); at += checkBatch {
		end := min(at+checkBatch, len(ids))
		g.Go(func() error { return s.hasFew(ctx, ids[at:end], have[at:end]) })
	}
	return have, g.Wait()
}

// hasFew is Has for as many as one question takes.
func (s *Store) hasFew(ctx context.Context, ids []ostree.ObjectID, have []bool) error {
	files, foreign, err := s.checksums(ctx, ids)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		lacking, err := s.hub.check(ctx, files)
		if err != nil {
			return err
		}
		for i, id := range ids {
			path := id.ArchivePath()
			_, asked := files[path]
			have[i] = asked && !lacking[path]
		}
	}
	return s.lookElsewhere(ctx, ids, foreign, have)
}

// checksums are those of the objects that Local has; foreign are the indexes
// of the others.
func (s *Store) checksums(ctx context.Context, ids []ostree.ObjectID) (files map[string]uint32, foreign []int, err error) {
	if s.opt.Local == nil {
		for i := range ids {
			foreign = append(foreign, i)
		}
		return map[string]uint32{}, foreign, nil
	}
	leave, err := hold(ctx, s.checking)
	if err != nil {
		return nil, nil, err
	}
	defer leave()
	files = make(map[string]uint32, len(ids))
	for i, id := range ids {
		crc, ok, err := s.localCRC(ctx, id)
		switch {
		case err != nil:
			return nil, nil, err
		case ok:
			files[id.ArchivePath()] = crc
		default:
			foreign = append(foreign, i)
		}
	}
	return files, foreign, nil
}

func (s *Store) localCRC(ctx context.Context, id ostree.ObjectID) (crc uint32, ok bool, err error) {
	if s.opt.Local == nil {
		return 0, false, nil
	}
	obj, err := s.opt.Local.Object(ctx, id)
	if err == nil {
		crc, err = s.archiveCRC(ctx, obj)
	}
	if _, missing := errors.AsType[*ostree.MissingError](err); missing {
		return 0, false, nil
	}
	return crc, err == nil, err
}

func (s *Store) archiveCRC(ctx context.Context, obj ostree.Object) (uint32, error) {
	r, n, err := obj.OpenArchive(ctx)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	if n < 0 {
		return 0, notArchived(obj)
	}
	piece, _ := s.pieces.Get().(*[]byte)
	defer s.pieces.Put(piece)
	sum := crc32.New(castagnoli())
	// Only Read of r is shown, or it would bring a buffer of its own for each.
	_, err = io.CopyBuffer(sum, struct{ io.Reader }{r}, *piece)
	return sum.Sum32(), err
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
