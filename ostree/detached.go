package ostree

import (
	"context"
	"errors"
	"fmt"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/variant"
)

// ReadDetached is the detached metadata of commit c, where its signatures are:
// a dict a{sv}, empty if there is none. No checksum covers it.
func ReadDetached(ctx context.Context, src Source, c Checksum) (variant.Value, error) {
	id := ObjectID{c, TypeCommitMeta}
	data, err := load(ctx, src, id)
	if _, missing := errors.AsType[*MissingError](err); missing {
		return variant.Dict(), nil
	}
	if err != nil {
		return variant.Value{}, err
	}
	v, err := variant.Parse(dictType, data)
	if err != nil {
		return variant.Value{}, &CorruptError{ID: id, Why: err.Error()}
	}
	return v, nil
}

// WriteDetached replaces the detached metadata of commit c, which must be
// there. An empty dict leaves an empty file, as libostree does: a mirror then
// sees that signatures were taken away.
func (r *Repo) WriteDetached(ctx context.Context, c Checksum, v variant.Value) error {
	if !v.IsValid() || v.Type().String() != "a{sv}" {
		return fmt.Errorf("detached metadata of commit %s: not a value of type a{sv}", c)
	}
	if len(v.Data()) > limits.DetachedMetadata {
		return &fsx.TooLargeError{Name: "detached metadata of commit " + c.String(), Max: limits.DetachedMetadata}
	}
	if err := r.acquire(ctx); err != nil { // a prune would leave it without its commit
		return fmt.Errorf("detached metadata of commit %s: %w", c, err)
	}
	defer r.release()
	there, err := r.hasOrParent(ObjectID{c, TypeCommit})
	if err == nil && !there {
		err = &MissingError{ID: ObjectID{c, TypeCommit}, Where: r.path}
	}
	if err != nil {
		return err
	}
	return r.replaceMetadata(ObjectID{c, TypeCommitMeta}, v.Data())
}
