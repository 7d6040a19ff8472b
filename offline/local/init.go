package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
)

// rootLife is how long the first root is good. Nobody renews it by himself.
const rootLife = 5 * 365 * day

// InitOptions say what the first root is made of.
type InitOptions struct {
	Dir  string
	Keys map[tuf.Role][]*tuf.PublicKey // at least one for each role
	// Signers has the root key.
	Signers Signers
	// Production makes targets want two keys, as production devices do.
	Production bool
	Now        time.Time
}

// Init makes a TUF repository with its first root in a folder that has none.
func Init(ctx context.Context, opt InitOptions) error {
	root := tuf.NewRoot(1, opt.Now.UTC().Add(rootLife), tuf.Changelog{Message: "otactl", Timestamp: opt.Now})
	for _, role := range []tuf.Role{tuf.RoleRoot, tuf.RoleTargets, tuf.RoleSnapshot, tuf.RoleTimestamp} {
		if len(opt.Keys[role]) == 0 {
			return fail.New(fail.NotFound, fmt.Sprintf("make one with otactl keys generate FILE --role %s, and name the file with --keys", role),
				"TUF repository %s: no key for %s", opt.Dir, role)
		}
		for _, k := range opt.Keys[role] {
			root.AddKey(role, k)
		}
	}
	if opt.Production {
		keys := root.Roles[tuf.RoleTargets]
		if keys.Threshold = author.ProductionThreshold; len(keys.KeyIDs) < keys.Threshold {
			return fail.New(fail.NotFound, "make another one with otactl keys generate OTHER --role targets, and name both files with --keys",
				"TUF repository %s: %d targets key, and production wants %d", opt.Dir, len(keys.KeyIDs), keys.Threshold)
		}
		root.Roles[tuf.RoleTargets] = keys
	}
	signers, err := opt.Signers(ctx, root, tuf.RoleRoot)
	if err != nil {
		return err
	}
	file, err := tuf.Sign(root, signers...)
	if err != nil {
		return err
	}
	if len(file) > limits.Root {
		return fmt.Errorf("root: %w", tuf.ErrTooLarge)
	}
	if _, err := tuf.NewTrust(file); err != nil {
		return fail.As(err, fail.NotFound, "the private half of the root key has to be among --keys")
	}
	return write(ctx, opt.Dir, file)
}

// write puts the first root into a folder that has none.
func write(ctx context.Context, dir string, root []byte) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("TUF repository: %w", err)
	}
	unlock, err := fsx.Lock(ctx, filepath.Join(dir, lockFile))
	if err != nil {
		return err
	}
	defer unlock()
	for _, name := range []string{tuf.RootName(1), tuf.TargetsFile, numbersFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			return fail.New(fail.Conflict, "leave --init out to go on with it, or name an empty folder", "TUF repository %s: %s is there already", dir, name)
		}
	}
	return fsx.WriteFile(filepath.Join(dir, tuf.RootName(1)), root, 0o644)
}
