package offline

import (
	"context"
	"errors"

	"github.com/otactl/otactl/ostree"
)

// nothing is the store that a bundle is before it is made.
type nothing struct{}

// Has implements ostree.Source.
func (nothing) Has(_ context.Context, ids []ostree.ObjectID) ([]bool, error) {
	return make([]bool, len(ids)), nil
}

// Object implements ostree.Source.
func (nothing) Object(_ context.Context, id ostree.ObjectID) (ostree.Object, error) {
	return nil, &ostree.MissingError{ID: id}
}

// Ref implements ostree.Source.
func (nothing) Ref(context.Context, string) (ostree.Checksum, error) {
	return ostree.Checksum{}, ostree.ErrRefNotFound
}

// Begin implements ostree.Store: there is nothing to write to.
func (nothing) Begin(context.Context) (ostree.Session, error) { return nil, errors.ErrUnsupported }

// SetRef implements ostree.Store: there is nothing to write to.
func (nothing) SetRef(context.Context, string, ostree.Checksum, *ostree.Checksum) error {
	return errors.ErrUnsupported
}

// Traits implements ostree.Store.
func (nothing) Traits() ostree.Traits { return ostree.Traits{Ordered: true} }
