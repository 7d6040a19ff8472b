package metadata

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

var roles = []tuf.Role{tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp}

const maxKey = 64 << 10 // bytes

// keyring holds the keys that are on this server. A role may have several:
// which one is good for it, a root says. It is safe for concurrent use.
type keyring struct {
	dir string

	mu   sync.Mutex
	keys map[tuf.Role][]keyOnDisk
}

// keyOnDisk is a key and the file that it is in.
type keyOnDisk struct {
	file string // name inside the keyring's folder
	key  *tuf.PrivateKey
}

// find is the key that root lets sign for a role; one that is kept elsewhere
// is an error.
func (k *keyring) find(root *tuf.Root, role tuf.Role) (*tuf.PrivateKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, on := range k.keys[role] {
		if _, err := root.WithRootID(role, on.key); err == nil {
			return on.key, nil
		}
	}
	return nil, k.elsewhere(role)
}

// signer is find, signing under the id that root gives the key.
func (k *keyring) signer(root *tuf.Root, role tuf.Role) (tuf.Signer, error) {
	key, err := k.find(root, role)
	if err != nil {
		return nil, err
	}
	return root.WithRootID(role, key)
}

// first is the key with which the first root begins.
func (k *keyring) first(role tuf.Role) (tuf.Signer, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if keys := k.keys[role]; len(keys) > 0 {
		return keys[0].key, nil
	}
	return nil, k.elsewhere(role)
}

// stage makes a key that no root names yet, and is on the disk when it returns.
func (k *keyring) stage(role tuf.Role, kind tuf.KeyType) (*tuf.PublicKey, error) {
	key, err := tuf.GenerateKey(kind)
	if err != nil {
		return nil, err
	}
	on := keyOnDisk{file: string(role) + "-" + key.Public().ID + ".key", key: key}
	if err := writeKey(filepath.Join(k.dir, on.file), key); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[role] = append(k.keys[role], on)
	return key.Public(), nil
}

// remove deletes keys from the folder for good.
func (k *keyring) remove(role tuf.Role, unwanted func(*tuf.PublicKey) bool) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var kept []keyOnDisk
	var errs []error
	for _, on := range k.keys[role] {
		if !unwanted(on.key.Public()) {
			kept = append(kept, on)
			continue
		}
		if err := os.Remove(filepath.Join(k.dir, on.file)); err != nil && !os.IsNotExist(err) {
			errs = append(errs, fmt.Errorf("metadata key of %s: %w", role, err))
			kept = append(kept, on) // to be tried again
		}
	}
	gone := len(kept) < len(k.keys[role])
	k.keys[role] = kept
	if gone {
		errs = append(errs, fsx.SyncDir(k.dir))
	}
	return errors.Join(errs...)
}

func (k *keyring) elsewhere(role tuf.Role) error {
	return fail.New(fail.NotFound, "put the key file back to sign on this server",
		"the key of the %s role is not on this server", role)
}

// signer is the key that the root in force lets sign for a role. Asking the
// database each time makes keys change hands in the very moment in which a new
// root comes into force, and not a moment sooner should that fail.
func (a *Author) signer(tx *store.MetadataTx, role tuf.Role) (tuf.Signer, error) {
	f, err := tx.Current(string(tuf.RoleRoot))
	if errors.Is(err, store.ErrNotFound) {
		return a.keys.first(role)
	}
	if err != nil {
		return nil, err
	}
	root, err := tuf.ParseRoot(f.Bytes)
	if err != nil {
		return nil, err
	}
	return a.keys.signer(root, role)
}

// keyFile matches ROLE.key and ROLE-ID.key.
var keyFile = regexp.MustCompile(`^(root|targets|snapshot|timestamp)(?:-[0-9a-f]{64})?\.key$`)

// openKeys reads the key files of dir. On the first start it makes ROLE.key
// for roles that have none.
func openKeys(dir string, first bool) (*keyring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("metadata keys: %w", err)
	}
	list, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("metadata keys: %w", err)
	}
	ring := &keyring{dir: dir, keys: map[tuf.Role][]keyOnDisk{}}
	for _, entry := range list {
		m := keyFile.FindStringSubmatch(entry.Name())
		if m == nil {
			continue
		}
		k, err := readKey(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("metadata key %s: %w", filepath.Join(dir, entry.Name()), err)
		}
		ring.keys[tuf.Role(m[1])] = append(ring.keys[tuf.Role(m[1])], keyOnDisk{entry.Name(), k})
	}
	for _, role := range roles {
		if !first || len(ring.keys[role]) > 0 {
			continue
		}
		file := string(role) + ".key"
		k, err := tuf.GenerateKey(tuf.ED25519)
		if err == nil {
			err = writeKey(filepath.Join(dir, file), k)
		}
		if err != nil {
			return nil, fmt.Errorf("metadata key of %s: %w", role, err)
		}
		ring.keys[role] = []keyOnDisk{{file, k}}
	}
	return ring, nil
}

func readKey(path string) (*tuf.PrivateKey, error) {
	b, err := fsx.ReadFile(path, maxKey)
	if err != nil {
		return nil, err
	}
	return tuf.ParsePrivateKey(b)
}

func writeKey(path string, k *tuf.PrivateKey) error {
	b, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return fsx.WriteFile(path, b, 0o600)
}
