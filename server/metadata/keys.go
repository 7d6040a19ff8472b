package metadata

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/tuf"
)

var roles = []tuf.Role{tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp}

const maxKey = 64 << 10 // bytes

// keyring holds the keys that are on this server.
type keyring map[tuf.Role]*tuf.PrivateKey

// signer is the key of a role; one that is kept elsewhere is an error.
func (k keyring) signer(role tuf.Role) (*tuf.PrivateKey, error) {
	if key := k[role]; key != nil {
		return key, nil
	}
	return nil, fail.New(fail.NotFound, "put the key file back to sign on this server",
		"the key of the %s role is not on this server", role)
}

// openKeys reads DIR/ROLE.key, one per role. On the first start it makes those
// that are missing.
func openKeys(dir string, first bool) (keyring, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("metadata keys: %w", err)
	}
	ring := keyring{}
	for _, role := range roles {
		path := filepath.Join(dir, string(role)+".key")
		k, err := readKey(path)
		if os.IsNotExist(err) && first {
			k, err = makeKey(path)
		}
		if err != nil && !os.IsNotExist(err) {
			return nil, fmt.Errorf("metadata key %s: %w", path, err)
		}
		if k != nil {
			ring[role] = k
		}
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

func makeKey(path string) (*tuf.PrivateKey, error) {
	k, err := tuf.GenerateKey(tuf.ED25519)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(k)
	if err != nil {
		return nil, err
	}
	return k, fsx.WriteFile(path, b, 0o600)
}
