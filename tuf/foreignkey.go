package tuf

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/pem"
)

// ECDSA is a type of key that ota-tuf does not have.
const ECDSA KeyType = "ECDSA"

// ForeignKey is a key as another dialect has it: an ECDSA key on P-256 or
// P-384, or whatever NewPublicKey takes, under the id that a root gives it.
func ForeignKey(id string, key crypto.PublicKey) (*PublicKey, error) {
	ec, ok := key.(*ecdsa.PublicKey)
	if !ok {
		k, err := NewPublicKey(key)
		if err == nil {
			k.ID = id
		}
		return k, err
	}
	if ec.Curve != elliptic.P256() && ec.Curve != elliptic.P384() {
		return nil, refuse(ErrKey, "an ECDSA key on the curve %s", ec.Curve.Params().Name)
	}
	der, err := x509.MarshalPKIXPublicKey(ec)
	if err != nil {
		return nil, refuse(ErrKey, "%v", err)
	}
	return &PublicKey{
		ID: id, Type: ECDSA, key: ec, spki: string(der),
		text: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	}, nil
}

// Crypto is the key as the packages of crypto know it. It must not be changed.
func (k *PublicKey) Crypto() crypto.PublicKey { return k.key }
