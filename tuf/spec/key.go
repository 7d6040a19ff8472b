package spec

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/otactl/otactl/tuf"
)

// readKeys leaves out keys of a type that go-tuf does not know, and refuses
// those that it would misuse.
func readKeys(from map[string]*metadata.Key) (map[string]*tuf.PublicKey, error) {
	keys := make(map[string]*tuf.PublicKey, len(from))
	for id, k := range from {
		if k == nil {
			return nil, tuf.Refuse(tuf.ErrMalformed, "key %q is null", id)
		}
		if !known(k.Type) {
			continue
		}
		public, err := readKey(id, k)
		if err != nil {
			return nil, tuf.Refuse(tuf.ErrMalformed, "key %q: %v", id, err)
		}
		keys[id] = public
	}
	return keys, nil
}

func known(kind string) bool {
	switch kind {
	case metadata.KeyTypeEd25519, metadata.KeyTypeRSASSA_PSS_SHA256, metadata.KeyTypeECDSA_SHA2_P256, metadata.KeyTypeECDSA_SHA2_P256_COMPAT:
		return true
	}
	return false
}

// readKey holds the scheme against the key: go-tuf goes by the type alone. It
// makes an ED25519 key of any number of bytes, too, which ForeignKey refuses.
func readKey(id string, k *metadata.Key) (*tuf.PublicKey, error) {
	key, err := k.ToPublicKey()
	if err != nil {
		return nil, tuf.Refuse(tuf.ErrKey, "%v", err)
	}
	public, err := tuf.ForeignKey(id, key)
	if err != nil {
		return nil, err
	}
	if want := schemeOf(public); k.Scheme != want {
		return nil, tuf.Refuse(tuf.ErrKey, "scheme %q, and a key that signs with %q", k.Scheme, want)
	}
	return public, nil
}

// schemeOf is the one scheme that a key signs with.
func schemeOf(k *tuf.PublicKey) string {
	switch key := k.Crypto().(type) {
	case ed25519.PublicKey:
		return metadata.KeySchemeEd25519
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P384() {
			return metadata.KeySchemeECDSA_SHA2_P384
		}
		return metadata.KeySchemeECDSA_SHA2_P256
	}
	return metadata.KeySchemeRSASSA_PSS_SHA256
}

// writeKeys gives keys back to go-tuf.
func writeKeys(keys map[string]*tuf.PublicKey) (map[string]*metadata.Key, error) {
	to := make(map[string]*metadata.Key, len(keys))
	for id, k := range keys {
		key, err := metadata.KeyFromPublicKey(k.Crypto())
		if err != nil {
			return nil, err
		}
		key.Scheme = schemeOf(k)
		to[id] = key
	}
	return to, nil
}

// delegatorOf is targets that delegate one role and nothing else.
func delegatorOf(d *tuf.Delegation) (*metadata.Metadata[metadata.TargetsType], error) {
	keys, err := writeKeys(d.Keys)
	if err != nil {
		return nil, err
	}
	md := metadata.Targets()
	md.Signed.Delegations = &metadata.Delegations{
		Keys:  keys,
		Roles: []metadata.DelegatedRole{{Name: d.Name, KeyIDs: d.KeyIDs, Threshold: d.Threshold}},
	}
	return md, nil
}
