package sign

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign/pgp"
	"github.com/otactl/otactl/ostree/variant"
)

// systemKeyrings is where the keyrings are that are trusted for remotes
// without one of their own.
const systemKeyrings = "/usr/share/ostree/trusted.gpg.d"

// gpgVerifier verifies with the keys of a keyring.
type gpgVerifier struct {
	ring *pgp.Keyring
	now  time.Time
}

// NewGPG makes a verifier out of a keyring. One without a key is fine: it finds
// no signature good.
func NewGPG(ring *pgp.Keyring, env Env) Verifier { return &gpgVerifier{ring, env.Now} }

func (*gpgVerifier) Name() string { return GPG }

func (v *gpgVerifier) VerifyData(data []byte, detached variant.Value) (Result, error) {
	result := Result{Engine: GPG}
	list, err := Signatures(GPG, detached)
	if err != nil {
		return result, err
	}
	result.Signatures, err = v.ring.Verify(data, list, v.now)
	if err != nil {
		return result, fail.New(fail.Verification, "have it signed anew", "%s: %w: %w", GPG, ErrMalformed, err)
	}
	var told []string
	for i := len(result.Signatures) - 1; i >= 0; i-- { // the last is the newest
		s := result.Signatures[i]
		lines := s.Lines(v.now, time.UTC)
		if s.Status == Good {
			result.Message = "GPG: " + lines[1]
		}
		told = append(told, strings.Join(lines, "; "))
	}
	if result.Valid() == 0 {
		return result, fail.New(fail.Verification, "import the key that signs here, if you trust it", "%s: %w: %s", GPG, ErrNotTrusted, strings.Join(told, "; "))
	}
	return result, nil
}

// RemoteKeyring is the keyring of what a remote's commits are verified with:
// its own <remote>.trustedkeys.gpg and what gpgkeypath in its config names;
// where it has no keyring of its own, the system's as well.
func RemoteKeyring(repo *ostree.Repo, remote string, env Env) (*pgp.Keyring, error) {
	c, err := repo.RemoteConfig(remote)
	if err != nil {
		return nil, err
	}
	return remoteKeyring(repo, c, env)
}

func remoteKeyring(repo *ostree.Repo, c ostree.RemoteConfig, env Env) (*pgp.Keyring, error) {
	ring, own, err := configuredKeyring(repo, c)
	if err != nil || own {
		return ring, err
	}
	return ring, addSystemKeyrings(ring, env)
}

// ConfiguredKeyring is what RemoteKeyring is without the system's keyrings.
func ConfiguredKeyring(repo *ostree.Repo, remote string) (*pgp.Keyring, error) {
	c, err := repo.RemoteConfig(remote)
	if err != nil {
		return nil, err
	}
	ring, _, err := configuredKeyring(repo, c)
	return ring, err
}

// configuredKeyring says too whether the remote has a keyring of its own.
func configuredKeyring(repo *ostree.Repo, c ostree.RemoteConfig) (ring *pgp.Keyring, own bool, err error) {
	ring, own, err = ownKeyring(repo, c.Name)
	if err != nil {
		return nil, own, err
	}
	paths, err := keyPaths(c.Options["gpgkeypath"])
	if err != nil {
		return nil, own, fmt.Errorf("remote %s: gpgkeypath: %w", c.Name, err)
	}
	for _, p := range paths {
		if err := addKeyPath(ring, p); err != nil {
			return nil, own, fmt.Errorf("remote %s: gpgkeypath: %w", c.Name, err)
		}
	}
	return ring, own, nil
}

// ownKeyring is the keyring of a remote alone, and whether there is one.
func ownKeyring(repo *ostree.Repo, remote string) (*pgp.Keyring, bool, error) {
	ring := &pgp.Keyring{}
	for _, p := range repo.Keyrings(remote) {
		there, err := addKeyring(ring, p)
		if there || err != nil {
			return ring, there, err
		}
	}
	return ring, false, nil
}

// AllKeyring is the keyring of all remotes of a repo and the system, for a
// commit that is there and may have come from anywhere.
func AllKeyring(repo *ostree.Repo, env Env) (*pgp.Keyring, error) {
	ring := &pgp.Keyring{}
	if err := AddKeyringFolder(ring, repo.Path()); err != nil {
		return nil, err
	}
	return ring, addSystemKeyrings(ring, env)
}

// SystemKeyring is the keyring that is trusted for remotes without one.
func SystemKeyring(env Env) (*pgp.Keyring, error) {
	ring := &pgp.Keyring{}
	return ring, addSystemKeyrings(ring, env)
}

func addSystemKeyrings(ring *pgp.Keyring, env Env) error {
	dir := env.GPGHome
	if dir == "" {
		dir = systemKeyrings
	}
	st, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !st.IsDir() {
		return nil // nobody has put keys there
	}
	return AddKeyringFolder(ring, dir)
}

// AddKeyringFolder adds the keyrings in a folder: its regular files whose name
// ends in .gpg, but not GnuPG's trust database and secret keys.
func AddKeyringFolder(ring *pgp.Keyring, dir string) error {
	list, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("keyrings in %s: %w", dir, err)
	}
	for _, d := range list {
		name := d.Name()
		if !d.Type().IsRegular() || !strings.HasSuffix(name, ".gpg") || name == "trustdb.gpg" || name == "secring.gpg" {
			continue
		}
		if _, err := addKeyring(ring, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// addKeyring adds the keyring at path, if it is there.
func addKeyring(ring *pgp.Keyring, path string) (there bool, err error) {
	data, err := fsx.ReadFile(path, limits.Keyring)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("keyring %s: %w", path, err)
	}
	if len(data) == 0 {
		return true, nil
	}
	if _, err := ring.Add(data); err != nil {
		return true, fail.New(fail.Verification, "import the keys again", "keyring %s: %w", path, err)
	}
	return true, nil
}

// keyPaths takes the value of gpgkeypath apart: paths with commas or with
// semicolons between them, and perhaps one at the end.
func keyPaths(v string) ([]string, error) {
	comma, semicolon := strings.Contains(v, ","), strings.Contains(v, ";")
	if comma && semicolon {
		return nil, fail.New(fail.Usage, "use commas only", "%.80q: key value list contains more than one separator", v)
	}
	sep := ";"
	if comma {
		sep = ","
	}
	if v = strings.TrimSuffix(v, sep); v == "" {
		return nil, nil
	}
	return strings.Split(v, sep), nil
}

// addKeyPath adds a file of keys and revocations, or of a folder every regular
// file that holds some.
func addKeyPath(ring *pgp.Keyring, path string) error {
	st, err := os.Stat(path)
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("open(%s): %w", path, pathErr.Err) // an empty path shows
	}
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return addKeyFile(ring, path)
	}
	list, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	for _, d := range list {
		if !d.Type().IsRegular() || d.Name() == "random_seed" { // GnuPG's, which may look like anything
			continue
		}
		// What is no key in a folder of keys is not asked for by name. What is
		// damaged may be the revocation of one.
		if err := addKeyFile(ring, filepath.Join(path, d.Name())); err != nil && !errors.Is(err, pgp.ErrNoKeys) {
			return err
		}
	}
	return nil
}

// addKeyFile adds a file of keys.
func addKeyFile(ring *pgp.Keyring, path string) error {
	data, err := fsx.ReadFile(path, limits.Keyring)
	if err != nil {
		return err
	}
	if _, err := ring.Add(data); err != nil {
		return fail.New(fail.Verification, "write it anew with gpg --export, or take it away from there", "%s: %w", path, err)
	}
	return nil
}
