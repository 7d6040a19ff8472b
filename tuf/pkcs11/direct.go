//go:build pkcs11 && cgo

package pkcs11

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"strings"

	p11 "github.com/miekg/pkcs11"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// preferred is how this build speaks to tokens.
func preferred() driver { return direct{} }

// direct loads the token's library into this process.
type direct struct{}

// CKK_EC_EDWARDS and CKM_EDDSA of PKCS#11 3.0, which the binding lacks.
const (
	ckkEdwards = 0x40
	ckmEdDSA   = 0x1057
)

func (d direct) tokens(ctx context.Context, module string) ([]token, error) {
	var list []token
	err := d.with(ctx, module, func(lib *p11.Ctx) error {
		slots, err := lib.GetSlotList(true)
		if err != nil {
			return rv("C_GetSlotList", err)
		}
		for _, slot := range slots {
			info, err := lib.GetTokenInfo(slot)
			if err != nil {
				return rv("C_GetTokenInfo", err)
			}
			if info.Flags&p11.CKF_TOKEN_INITIALIZED != 0 {
				list = append(list, token{slot, info.Label, info.ManufacturerID, info.Model, info.SerialNumber})
			}
		}
		return nil
	})
	return list, err
}

// with loads the library for the time of do.
func (direct) with(ctx context.Context, module string, do func(*p11.Ctx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	lib := p11.New(module)
	if lib == nil {
		return noModule(fmt.Errorf("%s cannot be loaded", module))
	}
	defer lib.Destroy()
	if err := lib.Initialize(); err != nil {
		return rv("C_Initialize", err)
	}
	return errors.Join(do(lib), lib.Finalize())
}

// session is with for somebody who has logged in.
func (d direct) session(ctx context.Context, l login, do func(*p11.Ctx, p11.SessionHandle) error) error {
	return d.with(ctx, l.module, func(lib *p11.Ctx) error {
		s, err := lib.OpenSession(l.slot, p11.CKF_SERIAL_SESSION)
		if err != nil {
			return rv("C_OpenSession", err)
		}
		defer lib.CloseSession(s)
		if err := lib.Login(s, p11.CKU_USER, l.pin); err != nil {
			return rv("C_Login", err)
		}
		defer lib.Logout(s)
		return do(lib, s)
	})
}

// rv is an error of the binding in our words.
func rv(call string, err error) error {
	text := err.Error() // "pkcs11: 0xA0: CKR_PIN_INCORRECT"
	return ckr(text[strings.LastIndex(text, " ")+1:], call)
}

func (d direct) privateKeys(ctx context.Context, l login) ([]object, error) {
	var list []object
	err := d.session(ctx, l, func(lib *p11.Ctx, s p11.SessionHandle) error {
		handles, err := search(lib, s, p11.NewAttribute(p11.CKA_CLASS, p11.CKO_PRIVATE_KEY))
		if err != nil {
			return err
		}
		for _, h := range handles {
			a, err := lib.GetAttributeValue(s, h, []*p11.Attribute{
				p11.NewAttribute(p11.CKA_LABEL, nil), p11.NewAttribute(p11.CKA_ID, nil), p11.NewAttribute(p11.CKA_KEY_TYPE, nil),
			})
			if err != nil {
				return rv("C_GetAttributeValue", err)
			}
			if kind := kindOfType(a[2].Value); kind != "" {
				list = append(list, object{label: string(a[0].Value), id: string(a[1].Value), kind: kind})
			}
		}
		return nil
	})
	return list, err
}

// maxObjects is how many objects of a token are looked at.
const maxObjects = 1000

func search(lib *p11.Ctx, s p11.SessionHandle, want ...*p11.Attribute) ([]p11.ObjectHandle, error) {
	if err := lib.FindObjectsInit(s, want); err != nil {
		return nil, rv("C_FindObjectsInit", err)
	}
	found, _, err := lib.FindObjects(s, maxObjects)
	if err != nil {
		return nil, rv("C_FindObjects", err)
	}
	return found, rvOrNil("C_FindObjectsFinal", lib.FindObjectsFinal(s))
}

func rvOrNil(call string, err error) error {
	if err == nil {
		return nil
	}
	return rv(call, err)
}

// kindOfType reads a CKA_KEY_TYPE, an unsigned long of the machine.
func kindOfType(value []byte) tuf.KeyType {
	kind := uint64(p11.CKK_VENDOR_DEFINED)
	switch len(value) {
	case 4:
		kind = uint64(binary.NativeEndian.Uint32(value))
	case 8:
		kind = binary.NativeEndian.Uint64(value)
	}
	switch kind {
	case p11.CKK_RSA:
		return tuf.RSA
	case ckkEdwards:
		return tuf.ED25519
	}
	return ""
}

// one is the only object of a class with the id of o.
func one(lib *p11.Ctx, s p11.SessionHandle, class uint, o object) (p11.ObjectHandle, error) {
	found, err := search(lib, s, p11.NewAttribute(p11.CKA_CLASS, class), p11.NewAttribute(p11.CKA_ID, []byte(o.id)))
	if err != nil {
		return 0, err
	}
	if len(found) == 0 {
		return 0, fail.New(fail.NotFound, "put the public half beside the private one, under the same id", "object not found")
	}
	return found[0], nil
}

func (d direct) publicKey(ctx context.Context, l login, o object) (key crypto.PublicKey, err error) {
	err = d.session(ctx, l, func(lib *p11.Ctx, s p11.SessionHandle) error {
		h, err := one(lib, s, p11.CKO_PUBLIC_KEY, o)
		if err != nil {
			return err
		}
		wanted := []*p11.Attribute{p11.NewAttribute(p11.CKA_MODULUS, nil), p11.NewAttribute(p11.CKA_PUBLIC_EXPONENT, nil)}
		if o.kind == tuf.ED25519 {
			wanted = []*p11.Attribute{p11.NewAttribute(p11.CKA_EC_POINT, nil)}
		}
		a, err := lib.GetAttributeValue(s, h, wanted)
		if err != nil {
			return rv("C_GetAttributeValue", err)
		}
		if o.kind == tuf.ED25519 {
			key, err = edPoint(a[0].Value)
			return err
		}
		e := new(big.Int).SetBytes(a[1].Value)
		if !e.IsInt64() || e.Int64() > 1<<31-1 || e.Int64() < 3 {
			return &tuf.Error{Kind: tuf.ErrKey, Why: "the public exponent of an RSA key is out of range"}
		}
		key = &rsa.PublicKey{N: new(big.Int).SetBytes(a[0].Value), E: int(e.Int64())}
		return nil
	})
	return key, err
}

// edPoint reads a CKA_EC_POINT: an octet string that holds the point, or, from
// some tokens, the bare point.
func edPoint(value []byte) (ed25519.PublicKey, error) {
	var point []byte
	if rest, err := asn1.Unmarshal(value, &point); err != nil || len(rest) > 0 {
		point = value
	}
	if len(point) != ed25519.PublicKeySize {
		return nil, &tuf.Error{Kind: tuf.ErrKey, Why: fmt.Sprintf("an ED25519 public key of %d bytes", len(point))}
	}
	return ed25519.PublicKey(point), nil
}

func (d direct) sign(ctx context.Context, l login, o object, msg []byte) (sig []byte, err error) {
	mechanism := p11.NewMechanism(ckmEdDSA, nil)
	if o.kind == tuf.RSA {
		mechanism = p11.NewMechanism(p11.CKM_RSA_PKCS_PSS, p11.NewPSSParams(p11.CKM_SHA256, p11.CKG_MGF1_SHA256, 32))
	}
	err = d.session(ctx, l, func(lib *p11.Ctx, s p11.SessionHandle) error {
		h, err := one(lib, s, p11.CKO_PRIVATE_KEY, o)
		if err != nil {
			return err
		}
		if err := lib.SignInit(s, []*p11.Mechanism{mechanism}, h); err != nil {
			return rv("C_SignInit", err)
		}
		if asksAgain(lib, s, h) {
			if err := lib.Login(s, p11.CKU_CONTEXT_SPECIFIC, l.pin); err != nil {
				return rv("C_Login", err)
			}
		}
		if sig, err = lib.Sign(s, msg); err != nil {
			return rv("C_Sign", err)
		}
		return nil
	})
	return sig, err
}

// asksAgain says whether a key wants the PIN for each signature.
func asksAgain(lib *p11.Ctx, s p11.SessionHandle, h p11.ObjectHandle) bool {
	a, err := lib.GetAttributeValue(s, h, []*p11.Attribute{p11.NewAttribute(p11.CKA_ALWAYS_AUTHENTICATE, nil)})
	return err == nil && len(a) == 1 && len(a[0].Value) == 1 && a[0].Value[0] != 0
}
