package ostree

import (
	"context"
	"errors"
)

// maxUnverified is how many bytes of metadata that is not small a copy holds at
// once before it is seen to be what its name says: whoever answers for a server
// can make it as long as metadata may be. The longest fits.
const maxUnverified = 192 << 20

// load reads and verifies a metadata object.
func (s *scheduler) load(ctx context.Context, from Source, id ObjectID) ([]byte, error) {
	obj, err := from.Object(ctx, id)
	if err != nil {
		return nil, err
	}
	ahead, whole, err := readAhead(ctx, obj)
	if err != nil {
		return nil, err
	}
	if whole {
		return ahead.prefix, placed(obj, checkMetadata(id, ahead.prefix))
	}
	release, err := s.reserve(ctx, ahead)
	if err != nil {
		return nil, errors.Join(err, ahead.drop())
	}
	defer release()
	return readMetadata(ctx, ahead)
}

// reserve waits until there may be as much memory for an object as it takes to
// verify it; files take none. All of it is taken at once: of two that wait for
// the rest of theirs none would go on.
func (s *scheduler) reserve(ctx context.Context, obj *readObject) (release func(), err error) {
	if obj.ID().Type == TypeFile {
		return func() {}, nil
	}
	n := obj.size
	if n <= 0 {
		n = 3 * MostBytes(obj.ID().Type) // a buffer that grows is copied into one of twice its size
	}
	n = min(n, maxUnverified)
	if err := s.unverified.Acquire(ctx, n); err != nil {
		return nil, context.Cause(ctx)
	}
	return func() { s.unverified.Release(n) }, nil
}
