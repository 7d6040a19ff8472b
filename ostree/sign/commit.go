package sign

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign/pgp"
	"github.com/otactl/otactl/ostree/variant"
)

// CommitData are the bytes that a signature of a commit covers: those of the
// commit object, verified against its name.
func CommitData(ctx context.Context, src ostree.Source, c ostree.Checksum) ([]byte, error) {
	return ostree.LoadMetadata(ctx, src, ostree.ObjectID{Sum: c, Type: ostree.TypeCommit})
}

// Commit signs commit c and adds the signature to its detached metadata. With a
// GPG key that is known here, and has signed it already, the error is ErrSigned.
func Commit(ctx context.Context, repo *ostree.Repo, c ostree.Checksum, s Signer) error {
	return edit(ctx, repo, c, func(data []byte, detached variant.Value) (variant.Value, error) {
		if g, ok := s.(gpgSigner); ok && g.known(detached) {
			return detached, fail.New(fail.Conflict, "", "gpg key %s: %w", g.id, ErrSigned)
		}
		return AddTo(detached, data, s)
	})
}

// EnsureCommit has those of signers sign commit c that have not signed it yet,
// and says how many that were.
func EnsureCommit(ctx context.Context, repo *ostree.Repo, c ostree.Checksum, signers []Signer) (added int, err error) {
	data, err := CommitData(ctx, repo, c)
	if err != nil {
		return 0, err
	}
	for _, s := range signers {
		detached, err := ostree.ReadDetached(ctx, repo, c)
		if err != nil {
			return added, err
		}
		if SignedBy(detached, data, s) {
			continue
		}
		err = edit(ctx, repo, c, func(data []byte, detached variant.Value) (variant.Value, error) {
			if SignedBy(detached, data, s) { // by another process, meanwhile
				return detached, ErrSigned
			}
			return AddTo(detached, data, s)
		})
		switch {
		case err == nil:
			added++
		case !errors.Is(err, ErrSigned):
			return added, err
		}
	}
	return added, nil
}

// AddTo is detached with a signature of data added.
func AddTo(detached variant.Value, data []byte, s Signer) (variant.Value, error) {
	b, err := s.Sign(data)
	if err != nil {
		return detached, err
	}
	return Append(s.Name(), detached, b)
}

// errUnchanged is that of a change which has nothing to change.
var errUnchanged = errors.New("nothing changed")

// edit replaces the detached metadata of commit c, unless nothing changed.
func edit(ctx context.Context, repo *ostree.Repo, c ostree.Checksum, change func(data []byte, detached variant.Value) (variant.Value, error)) error {
	unlock, err := repo.LockDetached(ctx)
	if err != nil {
		return fmt.Errorf("commit %s: %w", c, err)
	}
	defer unlock()
	data, err := CommitData(ctx, repo, c)
	if err != nil {
		return err
	}
	detached, err := ostree.ReadDetached(ctx, repo, c)
	if err != nil {
		return err
	}
	switch detached, err = change(data, detached); {
	case errors.Is(err, errUnchanged):
		return nil
	case err != nil:
		return fmt.Errorf("commit %s: %w", c, err)
	}
	return repo.WriteDetached(ctx, c, detached)
}

// DeleteGPG takes the GPG signatures off commit c that were made by the keys
// which ids name, and says how many. The ids are looked up in ring; one that it
// doesn't know is held against the issuers that signatures name.
func DeleteGPG(ctx context.Context, repo *ostree.Repo, c ostree.Checksum, ring *pgp.Keyring, env Env, ids ...string) (deleted int, err error) {
	var keys []*pgp.Key
	for _, id := range ids {
		keys = append(keys, ring.Find(id, env.Now)...)
	}
	return remove(ctx, repo, c, GPG, func(_, signature []byte) bool {
		return slices.ContainsFunc(keys, func(k *pgp.Key) bool { return k.Signed(signature) }) ||
			slices.ContainsFunc(ids, func(id string) bool { return pgp.IssuedBy(signature, id) })
	})
}

// Delete takes the signatures of an engine off commit c that are valid by one
// of the public keys, and says how many.
func Delete(ctx context.Context, repo *ostree.Repo, c ostree.Checksum, keys *Keys) (deleted int, err error) {
	return remove(ctx, repo, c, keys.engine, func(data, signature []byte) bool {
		return slices.ContainsFunc(keys.trusted, func(k publicKey) bool { return k.fits(data, signature) })
	})
}

// remove takes off the signatures of which is says so.
func remove(ctx context.Context, repo *ostree.Repo, c ostree.Checksum, engine string, is func(data, signature []byte) bool) (deleted int, err error) {
	err = edit(ctx, repo, c, func(data []byte, detached variant.Value) (variant.Value, error) {
		list, err := Signatures(engine, detached)
		if errors.Is(err, ErrUnsigned) {
			return detached, errUnchanged
		}
		if err != nil {
			return detached, err
		}
		kept := slices.DeleteFunc(slices.Clone(list), func(s []byte) bool { return is(data, s) })
		if deleted = len(list) - len(kept); deleted == 0 {
			return detached, errUnchanged
		}
		return replace(engine, detached, kept), nil
	})
	return deleted, err
}

// VerifyCommit holds a commit that is in src against a verifier.
func VerifyCommit(ctx context.Context, src ostree.Source, c ostree.Checksum, v Verifier) (Result, error) {
	data, err := CommitData(ctx, src, c)
	if err != nil {
		return Result{}, err
	}
	detached, err := ostree.ReadDetached(ctx, src, c)
	if err != nil {
		return Result{}, err
	}
	r, err := v.VerifyData(data, detached)
	if err != nil {
		return r, fmt.Errorf("commit %s: %w", c, err)
	}
	return r, nil
}
