package sign

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree/sign/pgp"
	"github.com/otactl/otactl/ostree/variant"
)

// Open opens the secret keys that a person names in one word: a file, or else
// the id of a GPG key in home (empty: the user's own). What is in a file tells
// its engine: an exported GPG key is gpg, base64 ed25519, PEM spki. A word may
// begin with the engine and a colon, which rules: gpg:ID is no file, and
// ed25519:FILE takes a PEM too. A secret instead of the name of a file is
// refused, and not repeated: others on the machine can see arguments.
func Open(ctx context.Context, word, home string, env Env) ([]Signer, error) {
	engine, name := splitEngine(word)
	if engine == GPG && !isFile(name) {
		s, err := NewGPGSigner(ctx, home, name, env)
		return []Signer{s}, err
	}
	data, err := fsx.ReadFile(name, limits.TrustedKeys)
	if err == nil {
		list, err := openFile(engine, name, data, env)
		clear(data)
		return list, err
	}
	switch {
	case looksSecret(name):
		return nil, fail.New(fail.Usage, "write it into a file that only you can read, and name that", "a signing key must not be an argument: others on this machine can read it there")
	case engine != "", !errors.Is(err, fs.ErrNotExist), strings.ContainsAny(name, `/\`), filepath.Ext(name) != "" && !strings.Contains(name, "@"):
		return nil, fail.As(fmt.Errorf("signing key: %w", err), fail.NotFound, "name a file with a secret key, or a GPG key by its id")
	}
	s, err := NewGPGSigner(ctx, home, name, env)
	return []Signer{s}, err
}

// OpenAll is Open for several words.
func OpenAll(ctx context.Context, words []string, home string, env Env) ([]Signer, error) {
	var list []Signer
	for _, w := range words {
		more, err := Open(ctx, w, home, env)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	return list, nil
}

// splitEngine takes the engine off the front of a word, if one is there.
func splitEngine(word string) (engine, name string) {
	engine, name, ok := strings.Cut(word, ":")
	if ok && (engine == GPG || engine == Ed25519 || engine == SPKI) {
		return engine, name
	}
	return "", word
}

func isFile(path string) bool {
	st, err := os.Stat(path)
	return err == nil && !st.IsDir()
}

// looksSecret says whether a word is the base64 of what has the size of a
// secret Ed25519 key, or PEM.
func looksSecret(word string) bool {
	b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(word))
	return err == nil && (len(b) == ed25519.PrivateKeySize || len(b) == ed25519.SeedSize) || strings.Contains(word, "PRIVATE KEY")
}

func openFile(engine, path string, data []byte, env Env) ([]Signer, error) {
	armored := bytes.Contains(data, []byte("-----BEGIN PGP "))
	isPEM := !armored && bytes.Contains(data, []byte("-----BEGIN "))
	switch {
	case engine == "" && (armored || len(data) > 0 && data[0]&0x80 != 0):
		engine = GPG
	case engine == "" && isPEM:
		engine = SPKI
	case engine == "":
		engine = Ed25519
	}
	var list []Signer
	var err error
	switch {
	case engine == GPG:
		list, err = gpgFile(data, env)
	case engine == Ed25519 && isPEM:
		list, err = edPEM(data)
	default:
		list, err = parseSecrets(engine, data, env)
	}
	if err == nil && len(list) == 0 {
		err = ErrNoKeys
	}
	if err != nil {
		return nil, fail.As(fmt.Errorf("%s: secret key in %s: %w", engine, path, err), fail.Usage, hintFor(engine, err))
	}
	return list, nil
}

func hintFor(engine string, err error) string {
	switch {
	case errors.Is(err, pgp.ErrProtected):
		return "import it with gpg --import and name the key by its id, so that gpg asks for the passphrase"
	case engine == GPG:
		return "give what gpg --export-secret-keys writes of one key"
	}
	return "give base64 of seed and public key, or PEM"
}

func gpgFile(data []byte, env Env) ([]Signer, error) {
	secret, key, err := pgp.SecretFile(data, env.Now)
	if err != nil {
		return nil, err
	}
	return []Signer{gpgSigner{sign: secret.Sign, keys: []*pgp.Key{key}, id: key.Fingerprint}}, nil
}

// edPEM takes PKCS #8, as openssl genpkey -algorithm ed25519 writes it.
func edPEM(data []byte) ([]Signer, error) {
	blocks, err := pemBlocks(data, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	var list []Signer
	for _, b := range blocks {
		key, err := x509.ParsePKCS8PrivateKey(b)
		ed, ok := key.(ed25519.PrivateKey)
		if err != nil || !ok {
			return nil, errors.New("the PEM holds no Ed25519 key in PKCS #8 form")
		}
		list = append(list, edSigner{ed})
	}
	return list, nil
}

// SignedBy says whether detached holds a signature of data by the signer's key
// already.
func SignedBy(detached variant.Value, data []byte, s Signer) bool {
	if g, ok := s.(gpgSigner); ok {
		return g.hasSigned(detached)
	}
	p, ok := s.(interface{ public() publicKey })
	list, err := Signatures(s.Name(), detached)
	if !ok || err != nil {
		return false
	}
	key := p.public()
	for _, b := range list {
		if key.fits(data, b) {
			return true
		}
	}
	return false
}

func (s edSigner) public() publicKey   { return edKey(s.key.Public().(ed25519.PublicKey)) }
func (s spkiSigner) public() publicKey { return spkiKey{key: s.key.Public()} }
func (k dummyKey) public() publicKey   { return k }
