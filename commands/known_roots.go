package commands

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// A backend that was taken over could serve a chain of roots of its own making,
// in which the keys of its next root look as if they had been there all along,
// and have that signed. So the newest root of each factory is remembered by
// whoever signs, and the chain has to go through it.

// knownRoot is the file that remembers a factory's newest root; "" where there
// is no home to keep it in.
func (rt *runtime) knownRoot(api *factory.Client) string {
	if first(rt.env("XDG_CONFIG_HOME"), rt.env("HOME"), rt.env("USERPROFILE")) == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(api.URL() + "\n" + api.Factory()))
	return filepath.Join(filepath.Dir(rt.configFile()), "roots", hex.EncodeToString(sum[:8])+".root.json")
}

// checkKnown holds that a verified chain, which begins with root 1, goes through
// the root that was seen last, and remembers its newest one.
func (rt *runtime) checkKnown(api *factory.Client, files [][]byte) error {
	path := rt.knownRoot(api)
	if path == "" {
		return nil
	}
	known, err := fsx.ReadFile(path, limits.Root)
	if err != nil && !os.IsNotExist(err) {
		return fmt.Errorf("the root seen last: %w", err)
	}
	newest := files[len(files)-1]
	if err == nil {
		if err := goesThrough(files, known, path); err != nil || bytes.Equal(known, newest) {
			return err
		}
	}
	if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
		err = fsx.WriteFile(path, newest, 0o600)
	}
	if err != nil {
		rt.log.Warn("the factory's root can't be remembered", "error", err)
	}
	return nil
}

// signingRoot is the root that trust begins with where something is signed:
// root, unless that is nil, or else the newest one of a chain that goes through
// the root that was seen last.
func (rt *runtime) signingRoot(ctx context.Context, api *factory.Client, root []byte) ([]byte, error) {
	if root != nil {
		return root, nil
	}
	files, err := rootChain(ctx, api, false)
	if err != nil {
		return nil, err
	}
	if err := rt.checkKnown(api, files); err != nil {
		return nil, err
	}
	return files[len(files)-1], nil
}

func goesThrough(files [][]byte, known []byte, path string) error {
	root, err := tuf.ParseRoot(known)
	if err != nil {
		return fmt.Errorf("the root seen last, %s: %w", path, err)
	}
	hint := "don't sign anything, and ask who runs the backend; only if the factory was made anew, delete " + path
	if root.Version > len(files) {
		return fail.New(fail.Verification, hint, "the backend's roots end with %d, and root %d was seen here before", len(files), root.Version)
	}
	was, err := author.Clean(known)
	if err != nil {
		return fmt.Errorf("the root seen last, %s: %w", path, err)
	}
	is, err := author.Clean(files[root.Version-1])
	if err != nil {
		return err
	}
	if !bytes.Equal(was, is) {
		return fail.New(fail.Verification, hint, "the backend's root %d is another one than was seen here before", root.Version)
	}
	return nil
}
