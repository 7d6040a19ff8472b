package pgp

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// Home is a folder of GnuPG: public keys in pubring.gpg or pubring.kbx, secret
// ones in secring.gpg or, since GnuPG 2.1, with an agent.
type Home string

// Public are the public keys in it; a home without any is an empty keyring.
func (h Home) Public() (*Keyring, error) {
	ring := &Keyring{}
	for _, f := range []struct {
		name string
		keys func([]byte) ([]byte, error)
	}{{"pubring.gpg", as}, {"pubring.kbx", keybox}} {
		data, err := fsx.ReadFile(filepath.Join(string(h), f.name), limits.Keyring)
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(data) == 0 {
			continue
		}
		if err != nil {
			return nil, err
		}
		if data, err = f.keys(data); err == nil && len(data) > 0 {
			_, err = ring.Add(data)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(string(h), f.name), err)
		}
	}
	return ring, nil
}

func as(data []byte) ([]byte, error) { return data, nil }

// keybox takes the OpenPGP keys out of a keybox: blobs, each with its length,
// a type, and for a key where in the blob the packets are.
func keybox(data []byte) ([]byte, error) {
	const openPGP = 2
	var out []byte
	for len(data) > 0 {
		if len(data) < 5 {
			return nil, fmt.Errorf("%w: keybox ends in the middle", ErrMalformed)
		}
		n := binary.BigEndian.Uint32(data)
		if n < 5 || uint64(n) > uint64(len(data)) {
			return nil, fmt.Errorf("%w: keybox blob of %d bytes", ErrMalformed, n)
		}
		blob := data[:n]
		data = data[n:]
		if blob[4] != openPGP {
			continue
		}
		if len(blob) < 16 {
			return nil, fmt.Errorf("%w: keybox blob is too short", ErrMalformed)
		}
		at, size := uint64(binary.BigEndian.Uint32(blob[8:])), uint64(binary.BigEndian.Uint32(blob[12:]))
		if at+size > uint64(len(blob)) {
			return nil, fmt.Errorf("%w: keybox blob without its key", ErrMalformed)
		}
		out = append(out, blob[at:at+size]...)
	}
	return out, nil
}

// ErrNoSecret says that a home has no secret key for a key, in a form in which
// it can be used here: the agent of GnuPG may have one.
var ErrNoSecret = errors.New("no secret key that can be read")

// Signer is a secret key that signs.
type Signer struct {
	secret *packet.PrivateKey
	now    time.Time
}

// Signer finds in secring.gpg an unprotected secret key for the key that id
// names: the newest subkey that may sign, else the primary key, as GnuPG does.
func (h Home) Signer(id string, now time.Time) (*Signer, error) {
	public, err := h.Public()
	if err != nil {
		return nil, err
	}
	list := public.Find(id, now)
	if len(list) > 1 {
		return nil, fmt.Errorf("gpg key id %s is ambiguous (homedir: %s): give the fingerprint", id, string(h))
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: no gpg key found with id %s (homedir: %s)", ErrNoSecret, id, string(h))
	}
	secrets, err := h.secrets()
	if err != nil {
		return nil, err
	}
	for _, sub := range list[0].mayMake(now) {
		if secret := secrets[sub.Fingerprint]; secret != nil {
			return &Signer{secret, now}, nil
		}
	}
	return nil, fmt.Errorf("%w: %s (homedir: %s)", ErrNoSecret, id, string(h))
}

// mayMake are the keys of k that may make a signature now, the one to be
// preferred first.
func (k *Key) mayMake(now time.Time) []Subkey {
	if k.Revoked || k.ExpiredAt(now) {
		return nil
	}
	list := slices.Clone(k.Subkeys)
	slices.SortStableFunc(list, func(a, b Subkey) int { return b.Created.Compare(a.Created) })
	list = append(list, k.Subkey)
	return slices.DeleteFunc(list, func(s Subkey) bool { return s.Revoked || s.ExpiredAt(now) || s.refuse != "" })
}

// secrets are the unprotected secret keys of secring.gpg, by fingerprint.
func (h Home) secrets() (map[string]*packet.PrivateKey, error) {
	path := filepath.Join(string(h), "secring.gpg")
	data, err := fsx.ReadFile(path, limits.Keyring)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	packets, err := split(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return unprotected(packets), nil
}

// unprotected are the secret keys among packets that can be used as they are,
// by fingerprint.
func unprotected(packets []raw) map[string]*packet.PrivateKey {
	found := map[string]*packet.PrivateKey{}
	for _, r := range packets {
		if secret := r.secret(); secret != nil && !secret.Encrypted && !secret.Dummy() {
			found[fmt.Sprintf("%X", secret.Fingerprint)] = secret
		}
	}
	return found
}

// secret is the secret key that a packet holds, nil if it holds none that can
// be read.
func (r raw) secret() *packet.PrivateKey {
	if r.tag != tagSecretKey && r.tag != tagSecretSubkey {
		return nil
	}
	p, err := r.parse()
	if secret, ok := p.(*packet.PrivateKey); ok && err == nil {
		return secret
	}
	return nil
}

// Sign makes a detached binary signature of data, a single packet. The hash is
// SHA-512, which goes with a key of every kind.
func (s *Signer) Sign(data []byte) ([]byte, error) {
	var out []byte
	err := guard(func() error {
		id := s.secret.KeyId
		sig := &packet.Signature{
			Version:           s.secret.Version,
			SigType:           packet.SigTypeBinary,
			PubKeyAlgo:        s.secret.PubKeyAlgo,
			Hash:              crypto.SHA512,
			CreationTime:      s.now,
			IssuerKeyId:       &id,
			IssuerFingerprint: s.secret.Fingerprint,
		}
		h, err := sig.PrepareSign(nil)
		if err != nil {
			return err
		}
		if _, err := h.Write(data); err != nil {
			return err
		}
		if err := sig.Sign(h, s.secret, nil); err != nil {
			return err
		}
		var buf bytes.Buffer
		if err := sig.Serialize(&buf); err != nil {
			return err
		}
		packets, err := split(buf.Bytes())
		if err != nil || len(packets) != 1 {
			return errors.Join(err, errors.New("signing made no packet"))
		}
		out = packets[0].append(nil)
		return nil
	})
	return out, err
}
