package pgp

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

// ErrProtected says that a secret key is behind a passphrase.
var ErrProtected = errors.New("the secret key is protected by a passphrase")

// SecretFile reads what gpg --export-secret-keys writes, binary or in ASCII
// armor: one unprotected key that may sign at a time. It gives the secret key,
// and what is known of the public half. One behind a passphrase is
// ErrProtected, a file without a secret key that may sign ErrNoSecret.
func SecretFile(data []byte, now time.Time) (*Signer, *Key, error) {
	packets, err := readPackets(data)
	if err != nil {
		return nil, nil, err
	}
	ring, err := publicHalves(packets)
	if err != nil {
		return nil, nil, err
	}
	keys := ring.Keys(now)
	if len(keys) > 1 {
		return nil, nil, fmt.Errorf("%d keys in one file, want one: export it alone", len(keys))
	}
	secrets := unprotected(packets)
	for _, k := range keys {
		for _, sub := range k.mayMake(now) {
			if secret := secrets[sub.Fingerprint]; secret != nil {
				return &Signer{secret, now}, k, nil
			}
		}
	}
	for _, r := range packets {
		if secret := r.secret(); secret != nil && secret.Encrypted && !secret.Dummy() {
			return nil, nil, ErrProtected
		}
	}
	return nil, nil, ErrNoSecret
}

// publicHalves is a keyring of the secret keys among packets, with the user ids
// and signatures that go with them.
func publicHalves(packets []raw) (*Keyring, error) {
	public := map[byte]byte{tagSecretKey: tagPublicKey, tagSecretSubkey: tagPublicSubkey}
	list := make([]raw, 0, len(packets))
	for _, r := range packets {
		tag, isSecret := public[r.tag]
		if !isSecret {
			list = append(list, r)
			continue
		}
		secret := r.secret()
		if secret == nil {
			return nil, fmt.Errorf("%w: a secret key that can't be read", ErrMalformed)
		}
		var buf bytes.Buffer
		if err := secret.PublicKey.Serialize(&buf); err != nil {
			return nil, err
		}
		half, err := split(buf.Bytes())
		if err != nil || len(half) != 1 {
			return nil, fmt.Errorf("%w: a secret key without its public half", ErrMalformed)
		}
		list = append(list, raw{tag, half[0].body})
	}
	ring := &Keyring{}
	all, loose := blocks(list)
	for _, b := range all {
		ring.add(b)
	}
	ring.revoke(loose)
	return ring, nil
}
