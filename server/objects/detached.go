package objects

import (
	"context"
	"errors"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
)

// replaceDetached takes new detached metadata of a commit that has some: a
// signature may come after the commit did. What would lose a signature that is
// there is not taken, so that of two who sign at once each can add to what the
// other one wrote. It says whether anything changed.
func (s *Store) replaceDetached(ctx context.Context, id ostree.ObjectID, data []byte) (bool, error) {
	next, err := sign.ParseDetached(data)
	if err != nil {
		return false, corrupt(&ostree.CorruptError{ID: id, Why: err.Error()})
	}
	unlock, err := s.repo.LockDetached(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	now, err := ostree.ReadDetached(ctx, s.repo, id.Sum)
	if err != nil {
		return false, err
	}
	if string(now.Data()) == string(next.Data()) || !sign.Contains(next, now) {
		return false, nil
	}
	err = s.repo.WriteDetached(ctx, id.Sum, next)
	if _, missing := errors.AsType[*ostree.MissingError](err); missing {
		return false, nil // its commit is not there yet
	}
	return err == nil, err
}
