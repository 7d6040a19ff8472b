package commands

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/keystore"
)

// newArchiveFlags are for commands that may make an archive.
func newArchiveFlags(rt *runtime) []cli.Flag {
	return []cli.Flag{
		passphraseFlag(rt),
		&cli.BoolFlag{Name: "no-passphrase", Usage: "make a new archive without a passphrase: for build machines, and for fioctl, which reads no other"},
	}
}

// archive is the key archive at path: the one that is there, or else a new one,
// which is on disk once it is staged and committed. A new one is encrypted
// unless plain.
func (rt *runtime) archive(ctx context.Context, path string, plain bool) (*keystore.File, error) {
	if isToken(path) {
		return rt.keyFile(ctx, path) // which says why not
	}
	if _, err := os.Lstat(path); err == nil || !errors.Is(err, fs.ErrNotExist) || rt.keys.files[path] != nil {
		return rt.keyFile(ctx, path)
	}
	passphrase := ""
	if plain && rt.keys.passphraseFile != "" {
		return nil, fail.New(fail.Usage, "leave one of them out", "--no-passphrase and --passphrase-file: both were given")
	}
	if !plain {
		var err error
		if passphrase, err = rt.newPassphrase(ctx, passphraseSecret(path, rt.keys.passphraseFile)); err != nil {
			return nil, err
		}
	}
	f := keystore.New(path, passphrase)
	rt.remember(f)
	return f, nil
}

// addKey makes a key for role and stages the archive with it: Commit when what
// depends on the key has been done, Drop when nothing came of it.
func addKey(f *keystore.File, role tuf.Role, kind tuf.KeyType) (*tuf.PrivateKey, *keystore.Staged, error) {
	k, err := tuf.GenerateKey(kind)
	if err != nil {
		return nil, nil, err
	}
	if err := f.Add(role, k); err != nil {
		return nil, nil, err
	}
	staged, err := f.Stage()
	return k, staged, err
}

// noActiveKey refuses an archive that holds a key which root lets sign for role
// already: with two of them nobody could tell whose signature it is.
func noActiveKey(f *keystore.File, root *tuf.Root, role tuf.Role) error {
	for _, s := range f.Signers(root, role) {
		return fail.New(fail.Conflict, "give another archive; each person keeps one active key of a role",
			"keys %s: key %.12s in it signs %s by root %d already", f.Path, s.Public().ID, role, root.Version)
	}
	return nil
}
