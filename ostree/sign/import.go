package sign

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign/pgp"
)

// ImportGPG adds keys to the keyring of a remote, and to those that are there
// what is new about them: expiry, user ids, revocations, which may come alone.
// With ids only those keys, each of which must be in it. It says how many keys
// are new. Of two imports at once none is lost, and none leaves a keyring for a
// remote that is deleted meanwhile.
func ImportGPG(ctx context.Context, repo *ostree.Repo, remote string, keys *pgp.Keyring, env Env, ids ...string) (added int, err error) {
	unlock, err := repo.LockConfig(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	c, err := repo.RemoteConfig(remote)
	if err != nil {
		return 0, err
	}
	if len(ids) > 0 {
		if keys, err = keys.Only(env.Now, ids...); err != nil {
			return 0, fail.New(fail.NotFound, "look at what is in it with gpg --show-keys", "import keys for remote %s: %w", remote, err)
		}
	}
	return mergeInto(repo.Keyring(c.Name), remote, keys)
}

// mergeInto adds keys to the keyring at path; the caller holds LockConfig.
func mergeInto(path, remote string, keys *pgp.Keyring) (added int, err error) {
	ring := &pgp.Keyring{}
	if _, err := addKeyring(ring, path); err != nil {
		return 0, err
	}
	added = ring.Merge(keys)
	if err := CheckRevocations(ring); err != nil {
		return 0, fmt.Errorf("import keys for remote %s: %w", remote, err)
	}
	out := ring.Bytes()
	if len(out) > limits.Keyring {
		return 0, &fsx.TooLargeError{Name: path, Max: limits.Keyring}
	}
	return added, fsx.WriteFile(path, out, 0o644)
}

// CheckRevocations fails for a revocation without its key, which no keyring on
// disk can hold: it would be lost, and its key trusted when it comes.
func CheckRevocations(ring *pgp.Keyring) error {
	if ids := ring.Strays(); len(ids) > 0 {
		return fail.New(fail.NotFound, "import that key too, or leave its revocation out", "revocation of key %s: the key is not there", ids[0])
	}
	return nil
}

// ReadKeyring reads a file of public keys, binary or in ASCII armor; ctx is for
// a pipe, see fsx.ReadGiven.
func ReadKeyring(ctx context.Context, path string) (*pgp.Keyring, error) {
	data, err := fsx.ReadGiven(ctx, path, limits.Keyring)
	if err != nil {
		return nil, fmt.Errorf("keyring: %w", err)
	}
	ring, err := ParseKeyring(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ring, nil
}

// ParseKeyring reads public keys, binary or in ASCII armor.
func ParseKeyring(data []byte) (*pgp.Keyring, error) {
	ring := &pgp.Keyring{}
	if len(data) > limits.Keyring {
		return nil, &fsx.TooLargeError{Name: "keyring", Max: limits.Keyring}
	}
	if _, err := ring.Add(data); err != nil {
		return nil, fail.New(fail.Verification, "give public keys as gpg --export makes them", "keyring: %w", err)
	}
	return ring, nil
}

// HomeKeyring is the public keyring of a home of GnuPG, and with it what else
// is in that folder as a keyring.
func HomeKeyring(home string) (*pgp.Keyring, error) {
	ring, err := pgp.Home(home).Public()
	if err != nil {
		return nil, err
	}
	if err := AddKeyringFolder(ring, home); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return ring, nil
}
