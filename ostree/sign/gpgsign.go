package sign

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree/sign/pgp"
	"github.com/otactl/otactl/ostree/variant"
)

// gpgSigner signs with an OpenPGP key.
type gpgSigner struct {
	sign func(data []byte) ([]byte, error)
	keys []*pgp.Key // what the id names, as far as it is known
	id   string
	env  Env
	home string
}

func (gpgSigner) Name() string { return GPG }

func (s gpgSigner) Sign(data []byte) ([]byte, error) { return s.sign(data) }

// NewGPGSigner finds the key that id names in a home of GnuPG; an empty home is
// the user's own. An unprotected key in secring.gpg is used here, unless the gpg
// program comes first; any other is left to that program, which knows agents,
// cards and passphrases.
func NewGPGSigner(ctx context.Context, home, id string, env Env) (Signer, error) {
	s := gpgSigner{id: id, env: env, home: home}
	program := pgp.Program{Path: env.GPGProgram, Home: pgp.Home(home), ID: id}
	if home != "" {
		h := pgp.Home(home)
		public, err := h.Public()
		if err != nil {
			return nil, fmt.Errorf("gpg: %w", err)
		}
		s.keys = public.Find(id, env.Now)
		var key *pgp.Signer
		if !env.GPGFirst || !program.Available() {
			key, err = h.Signer(id, env.Now)
		}
		if key != nil {
			s.sign = key.Sign
			return s, nil
		}
		if err != nil && !errors.Is(err, pgp.ErrNoSecret) {
			return nil, fmt.Errorf("gpg: %w", err)
		}
	}
	s.sign = func(data []byte) ([]byte, error) {
		b, err := program.Sign(ctx, data)
		if err != nil {
			return nil, fail.New(fail.Auth, "look at gpg --list-secret-keys", "sign with gpg key %s: %w", id, err)
		}
		return b, nil
	}
	return s, nil
}

// hasSigned says whether one of the signatures names a key of the signer's as
// its issuer.
func (s gpgSigner) hasSigned(detached variant.Value) bool {
	return anyGPG(detached, func(b []byte) bool { return pgp.IssuedBy(b, s.id) || signedByAny(s.keys, b) })
}

// known says whether hasSigned is so of a key in the keyrings in which
// libostree looks before it signs: the system's, and the files *.gpg in a home
// that was named. It is no question of trust, so what can't be read is none.
func (s gpgSigner) known(detached variant.Value) bool {
	ring := &pgp.Keyring{}
	_ = addSystemKeyrings(ring, s.env)
	if s.home != "" {
		_ = AddKeyringFolder(ring, s.home)
	}
	keys := ring.Find(s.id, s.env.Now)
	return anyGPG(detached, func(b []byte) bool { return signedByAny(keys, b) })
}

func anyGPG(detached variant.Value, is func(signature []byte) bool) bool {
	list, err := Signatures(GPG, detached)
	return err == nil && slices.ContainsFunc(list, is)
}

func signedByAny(keys []*pgp.Key, signature []byte) bool {
	return slices.ContainsFunc(keys, func(k *pgp.Key) bool { return k.Signed(signature) })
}
