package sign

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// Keys are public keys of one engine other than GPG, on their way to a
// Verifier.
type Keys struct {
	engine  string
	env     Env
	trusted []publicKey
	revoked []publicKey
}

// NewKeys starts an empty set.
func NewKeys(engine string, env Env) (*Keys, error) {
	if err := CheckEngine(engine); err != nil {
		return nil, err
	}
	if engine == GPG {
		return nil, fail.New(fail.Usage, "use gpg-sign", "%s: keys of this kind are in keyrings", engine)
	}
	if engine == Dummy {
		if err := env.checkDummy(); err != nil {
			return nil, err
		}
	}
	return &Keys{engine: engine, env: env}, nil
}

// Add trusts a key in the form in which config and command line have it: for
// ed25519 and spki base64, for dummy the text itself.
func (k *Keys) Add(text string) error {
	key, err := parsePublic(k.engine, text)
	if err != nil {
		return fail.New(fail.Usage, "give the base64 of a public key", "%s: public key %.80q: %w", k.engine, text, err)
	}
	k.trusted = append(k.trusted, key)
	return nil
}

// AddFile trusts the keys of a file: for ed25519 one base64 per line, for spki
// PEM. A line that is no key is an error, and so is a file without any.
func (k *Keys) AddFile(path string) error {
	return k.addFile(path, fsx.ReadFile)
}

// AddGiven is AddFile for a file that somebody gave; it may be a pipe, for
// which it waits until ctx ends.
func (k *Keys) AddGiven(ctx context.Context, path string) error {
	return k.addFile(path, func(path string, max int64) ([]byte, error) { return fsx.ReadGiven(ctx, path, max) })
}

// A reading is how the content of a file comes.
type reading func(path string, max int64) ([]byte, error)

func (k *Keys) addFile(path string, read reading) error {
	list, err := readKeys(k.engine, path, read)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fail.New(fail.Usage, "put public keys into it", "%s: %w in %s", k.engine, ErrNoKeys, path)
	}
	k.trusted = append(k.trusted, list...)
	return nil
}

// AddSystem trusts what the system's folders say: trusted.<engine> and the
// files in trusted.<engine>.d.
func (k *Keys) AddSystem() error {
	list, err := k.inDirs("trusted")
	k.trusted = append(k.trusted, list...)
	return err
}

// Len is how many keys are trusted so far, revoked or not.
func (k *Keys) Len() int { return len(k.trusted) }

// Verifier makes a verifier out of the keys. Those that the system's folders
// say are revoked don't count, wherever they were trusted.
func (k *Keys) Verifier() (Verifier, error) {
	revoked, err := k.inDirs("revoked")
	if err != nil {
		return nil, err
	}
	return newRaw(k.engine, inFormOf(k.engine), k.trusted, append(revoked, k.revoked...))
}

// inDirs reads <what>.<engine> and <what>.<engine>.d/* in the system's folders.
func (k *Keys) inDirs(what string) ([]publicKey, error) {
	if k.engine == Dummy {
		return nil, nil
	}
	var all []publicKey
	for _, dir := range k.env.keyDirs() {
		base := filepath.Join(dir, what+"."+k.engine)
		names, err := keyFiles(base)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			list, err := readKeys(k.engine, name, fsx.ReadFile)
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
	}
	return all, nil
}

// keyFiles are base itself and what is in base.d, as far as they are there. A
// link to nowhere is there: what it is for may be a revocation.
func keyFiles(base string) ([]string, error) {
	var names []string
	switch _, err := os.Lstat(base); {
	case err == nil:
		names = append(names, base)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	if _, err := os.Lstat(base + ".d"); errors.Is(err, fs.ErrNotExist) {
		return names, nil
	}
	list, err := os.ReadDir(base + ".d")
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		names = append(names, filepath.Join(base+".d", d.Name()))
	}
	return names, nil
}

func inFormOf(engine string) func([]byte) error {
	switch engine {
	case Ed25519:
		return edInForm
	case SPKI:
		return spkiInForm
	}
	return dummyInForm
}

// parsePublic reads a key as config and command line have it.
func parsePublic(engine, text string) (publicKey, error) {
	if engine == Dummy {
		return parseDummy(text)
	}
	b, err := decode64(text)
	if err != nil {
		return nil, err
	}
	if engine == SPKI {
		return parseSPKI(b)
	}
	return parseEdKey(b)
}

func readKeys(engine, path string, read reading) ([]publicKey, error) {
	data, err := read(path, limits.TrustedKeys)
	if err != nil {
		return nil, fmt.Errorf("%s: keys in %s: %w", engine, path, err)
	}
	list, err := parseKeys(engine, data)
	if err != nil {
		return nil, fail.As(fmt.Errorf("%s: keys in %s: %w", engine, path, err), fail.Verification, cmp.Or(fail.HintOf(err), "correct the line, or take it out of the file"))
	}
	return list, nil
}

// parseKeys reads the content of a file of public keys.
func parseKeys(engine string, data []byte) ([]publicKey, error) {
	var list []publicKey
	if engine == SPKI {
		blocks, err := pemBlocks(data, "PUBLIC KEY")
		if err != nil {
			return nil, err
		}
		for i, b := range blocks {
			key, err := parseSPKI(b)
			if err != nil {
				return nil, fmt.Errorf("key %d: %w", i+1, err)
			}
			list = append(list, key)
		}
		if len(list) == 0 && strings.TrimSpace(string(data)) != "" {
			return nil, errors.New("no PEM block in it")
		}
		return list, nil
	}
	err := keyLines(data, func(text string) error {
		key, err := parsePublic(engine, text)
		list = append(list, key)
		return err
	})
	return list, err
}

// keyLines calls fn with each line that holds something.
func keyLines(data []byte, fn func(string) error) error {
	nr := 0
	for line := range strings.SplitSeq(string(data), "\n") {
		nr++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if len(line) > limits.KeyLine {
			return fmt.Errorf("line %d: longer than %d bytes", nr, limits.KeyLine)
		}
		if err := fn(line); err != nil {
			return fmt.Errorf("line %d: %w", nr, err)
		}
	}
	return nil
}

// NewSigner takes a secret key in the form in which the command line has it:
// for ed25519 and spki base64, for dummy the text itself.
func NewSigner(engine, text string, env Env) (Signer, error) {
	if err := CheckEngine(engine); err != nil {
		return nil, err
	}
	if engine == Dummy {
		if err := env.checkDummy(); err != nil {
			return nil, err
		}
		return parseDummy(text)
	}
	b, err := decode64(text)
	if err != nil {
		// The text is a secret: it stays out of the message.
		return nil, fail.New(fail.Usage, "give the base64 of a secret key", "%s: secret key: %w", engine, quietBase64(err))
	}
	return secretOf(engine, b)
}

// quietBase64 says that it was base64 that was wrong and nothing of the input.
func quietBase64(error) error { return errors.New("not base64") }

func secretOf(engine string, b []byte) (Signer, error) {
	switch engine {
	case Ed25519:
		return parseEdSecret(b)
	case SPKI:
		return parseSPKISecret(b)
	}
	return nil, fail.New(fail.Usage, "use gpg-sign", "%s: keys of this kind are in keyrings", engine)
}

// SignersFrom reads a file of secret keys: for ed25519 one base64 per line, for
// spki PEM. It may be a pipe, for which it waits until ctx ends.
func SignersFrom(ctx context.Context, engine, path string, env Env) ([]Signer, error) {
	data, err := fsx.ReadGiven(ctx, path, limits.TrustedKeys)
	if err != nil {
		return nil, fmt.Errorf("%s: secret keys in %s: %w", engine, path, err)
	}
	list, err := parseSecrets(engine, data, env)
	if err != nil {
		return nil, fail.As(fmt.Errorf("%s: secret keys in %s: %w", engine, path, err), fail.Usage, "")
	}
	if len(list) == 0 {
		return nil, fail.New(fail.Usage, "put secret keys into it", "%s: %w in %s", engine, ErrNoKeys, path)
	}
	return list, nil
}

func parseSecrets(engine string, data []byte, env Env) ([]Signer, error) {
	var list []Signer
	if engine == SPKI {
		blocks, err := pemBlocks(data, "PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY")
		if err != nil {
			return nil, err
		}
		for _, b := range blocks {
			s, err := parseSPKISecret(b)
			if err != nil {
				return nil, err
			}
			list = append(list, s)
		}
		return list, nil
	}
	err := keyLines(data, func(text string) error {
		s, err := NewSigner(engine, text, env)
		list = append(list, s)
		return err
	})
	return list, err
}

// engines are those that sign-verify=true asks.
func engines() []string { return slices.Clone([]string{Ed25519, SPKI, Dummy}) }
