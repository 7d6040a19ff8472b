package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/keystore"
	"github.com/otactl/otactl/tuf/pkcs11"
)

// keyring is what was opened to sign with, so that a person is asked for each
// passphrase and PIN once.
type keyring struct {
	passphraseFile string // --passphrase-file
	files          map[string]*keystore.File
	tokens         map[string]*pkcs11.Key
}

// keyFlags are --keys and what belongs to it, for commands that sign.
func keyFlags(rt *runtime, required bool) []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "keys", Aliases: []string{"k"}, Required: required,
			Usage: "sign with the key in `FILE` (an archive or a plain key) or in a token (a pkcs11: URI); repeat it for more"},
		passphraseFlag(rt),
	}
}

func passphraseFlag(rt *runtime) cli.Flag {
	return &cli.StringFlag{Name: "passphrase-file", Destination: &rt.keys.passphraseFile,
		Usage: "take the passphrase of key archives from the first line of `FILE` (default: OTACTL_KEYS_PASSPHRASE, or asked for)"}
}

// openSigners are the keys behind refs, each of which has to be one key that
// root lets sign for role. A ref is a file or a pkcs11: URI.
func openSigners(ctx context.Context, rt *runtime, refs []string, root *tuf.Root, role tuf.Role) ([]tuf.Signer, error) {
	if len(refs) == 0 {
		return nil, fail.New(fail.Usage, "name your key archive with --keys FILE", "no key to sign %s with", role)
	}
	var list []tuf.Signer
	for _, ref := range refs {
		s, err := rt.signer(ctx, ref, root, role)
		if err != nil {
			return nil, err
		}
		same := func(o tuf.Signer) bool { return o.Public().Equal(s.Public()) }
		if slices.ContainsFunc(list, same) {
			return nil, fail.New(fail.Conflict, "name each key once", "keys %s: key %.12s of %s was named already", keyName(ref), s.Public().ID, role)
		}
		list = append(list, s)
	}
	return list, nil
}

func (rt *runtime) signer(ctx context.Context, ref string, root *tuf.Root, role tuf.Role) (tuf.Signer, error) {
	if !isToken(ref) {
		f, err := rt.keyFile(ctx, ref)
		if err != nil {
			return nil, err
		}
		return f.Signer(root, role)
	}
	k, err := rt.tokenKey(ctx, ref)
	if err != nil {
		return nil, err
	}
	s, err := root.WithRootID(role, k)
	if err != nil {
		others := root.RolesOf(k.Public())
		if len(others) == 0 {
			others = []string{"no role"}
		}
		return nil, fail.New(fail.NotFound, fmt.Sprintf("give a key that root %d lists for %s", root.Version, role),
			"%s: it may not sign %s by root %d: key %.12s is of %s", k, role, root.Version, k.Public().ID, strings.Join(others, " and "))
	}
	return s, nil
}

func isToken(ref string) bool { return strings.HasPrefix(ref, pkcs11.Scheme) }

// keyFile opens a file of keys, once.
func (rt *runtime) keyFile(ctx context.Context, path string) (*keystore.File, error) {
	if isToken(path) {
		return nil, fail.New(fail.Usage, "give an archive; a key is made in a token with the token's own tools, and added or deleted with keys tuf add-offline-key and delete-offline-key",
			"%s: a key in a token, where an archive is wanted", keyName(path))
	}
	if f := rt.keys.files[path]; f != nil {
		return f, nil
	}
	f, err := keystore.Open(path, func(file string) (string, error) {
		return rt.keySecret(ctx, passphraseSecret(file, rt.keys.passphraseFile))
	})
	if err != nil {
		return nil, err
	}
	if f.Exposed {
		rt.log.Warn("others than you may read these keys", "file", path, "remedy", "chmod 600, and a passphrase: otactl keys passphrase")
	}
	rt.remember(f)
	return f, nil
}

func (rt *runtime) remember(f *keystore.File) {
	if rt.keys.files == nil {
		rt.keys.files = map[string]*keystore.File{}
	}
	rt.keys.files[f.Path] = f
}

// tokenKey opens a key in a token, once.
func (rt *runtime) tokenKey(ctx context.Context, ref string) (*pkcs11.Key, error) {
	if k := rt.keys.tokens[ref]; k != nil {
		return k, nil
	}
	u, err := pkcs11.ParseURI(ref)
	if err != nil {
		return nil, err
	}
	k, err := pkcs11.Open(ctx, u, func(token string) (string, error) {
		return rt.keySecret(ctx, pinSecret(token, u.PINSource))
	})
	if err != nil {
		return nil, err
	}
	if rt.keys.tokens == nil {
		rt.keys.tokens = map[string]*pkcs11.Key{}
	}
	rt.keys.tokens[ref] = k
	return k, nil
}

// keyName is a ref as it may be shown: a URI without what stands after its
// path, which may be a PIN.
func keyName(ref string) string {
	if isToken(ref) {
		ref, _, _ = strings.Cut(ref, "?")
	}
	return ref
}
