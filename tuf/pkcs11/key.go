// Package pkcs11 signs with keys that lie in a token and never leave it: a smart
// card, a USB key, a hardware security module.
//
// A token is spoken to in one of two ways with the same outcome. The static
// build runs OpenSC's pkcs11-tool; a build with cgo and the tag pkcs11 loads the
// token's library itself.
//
// The room trusts neither token nor tool: which key it is says the public half,
// and no signature is returned that this half does not verify. It runs no more
// than the library that was named. A PIN is never in an argument, a message or
// a log, and one that was refused is not tried again: tokens lock themselves.
package pkcs11

import (
	"context"
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// What tokens are refused for, beside what the tool or the library says.
var (
	// ErrPIN says that the token refused the PIN.
	ErrPIN = fail.New(fail.Auth, "give the right PIN; after a few wrong ones a token locks itself", "the token refuses the PIN")
	// ErrLocked says that the token takes no PIN any more.
	ErrLocked = fail.New(fail.Auth, "unlock it with its PUK or as its security officer", "the token has locked its PIN")
	// ErrInParts says that a message is too long to be signed in one piece this
	// way, and the token takes none in parts.
	ErrInParts = fail.New(fail.Unsupported, "use an otactl built with cgo and -tags pkcs11, or an RSA key",
		"this token signs with ED25519 in one piece only, and pkcs11-tool hands over at most 1024 bytes in one piece")
)

// AskPIN gives the PIN of the token with the label named.
type AskPIN func(token string) (string, error)

// A token is what a library says of one that is plugged in.
type token struct {
	slot                               uint
	label, manufacturer, model, serial string
}

// An object is a private key as a token lists it.
type object struct {
	label string
	id    string // bytes
	kind  tuf.KeyType
}

// A driver is a way to speak to tokens. Each call is a session of its own.
type driver interface {
	// tokens lists what is plugged in.
	tokens(ctx context.Context, module string) ([]token, error)
	// privateKeys lists the keys that can sign, of the types that are known.
	privateKeys(ctx context.Context, l login) ([]object, error)
	// publicKey is the other half of o.
	publicKey(ctx context.Context, l login, o object) (crypto.PublicKey, error)
	// sign signs msg with ED25519, or the SHA-256 digest msg with RSA-PSS.
	sign(ctx context.Context, l login, o object, msg []byte) ([]byte, error)
}

// login is a token and the right to use it.
type login struct {
	module string
	slot   uint
	pin    string
}

// Key is a key in a token. It is a tuf.Signer; each signature is a session of
// its own with the token, so there is nothing to close.
type Key struct {
	ctx    context.Context
	driver driver
	login  login
	object object
	public *tuf.PublicKey
	name   string
}

// Open finds the one key that u names, and its public half. ctx rules all that
// is done with the key afterwards. ask is called once, and not at all where the
// URI names a file with the PIN.
//
// A token or key that is not there is class NotFound, more than one of them a
// Conflict, a wrong PIN ErrPIN, a key that cannot sign metadata tuf.ErrKey.
func Open(ctx context.Context, u *URI, ask AskPIN) (*Key, error) {
	return open(ctx, preferred(), u, ask)
}

func open(ctx context.Context, d driver, u *URI, ask AskPIN) (*Key, error) {
	k, err := find(ctx, d, u, ask)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", u, err)
	}
	return k, nil
}

func find(ctx context.Context, d driver, u *URI, ask AskPIN) (*Key, error) {
	t, err := findToken(ctx, d, u)
	if err != nil {
		return nil, err
	}
	pin, err := ask(t.label)
	if err != nil {
		return nil, err
	}
	k := &Key{ctx: ctx, driver: d, login: login{module: u.Module, slot: t.slot, pin: pin}, name: u.String()}
	if k.object, err = findObject(ctx, d, u, k.login); err != nil {
		return nil, err
	}
	public, err := d.publicKey(ctx, k.login, k.object)
	if err != nil {
		return nil, err
	}
	k.public, err = tuf.NewPublicKey(public)
	return k, err
}

func findToken(ctx context.Context, d driver, u *URI) (token, error) {
	all, err := d.tokens(ctx, u.Module)
	if err != nil {
		return token{}, err
	}
	fits := func(want, is string) bool { return want == "" || want == is }
	var found []token
	var labels []string
	for _, t := range all {
		labels = append(labels, fmt.Sprintf("%q", t.label))
		if fits(u.Token, t.label) && fits(u.Manufacturer, t.manufacturer) && fits(u.Model, t.model) && fits(u.Serial, t.serial) {
			found = append(found, t)
		}
	}
	switch {
	case len(all) == 0:
		return token{}, fail.New(fail.NotFound, "plug it in, or name the library that knows it as module-path", "no token is there")
	case len(found) == 0:
		return token{}, fail.New(fail.NotFound, "name one that is there", "no such token; there are %s", strings.Join(labels, ", "))
	case len(found) > 1:
		return token{}, fail.New(fail.Conflict, "say which with token= or serial=", "%d tokens fit", len(found))
	}
	return found[0], nil
}

func findObject(ctx context.Context, d driver, u *URI, l login) (object, error) {
	all, err := d.privateKeys(ctx, l)
	if err != nil {
		return object{}, err
	}
	var found []object
	var labels []string
	for _, o := range all {
		labels = append(labels, fmt.Sprintf("%q (id %x)", o.label, o.id))
		if (u.Object == "" || u.Object == o.label) && (u.ID == "" || u.ID == o.id) {
			found = append(found, o)
		}
	}
	switch {
	case len(all) == 0:
		return object{}, fail.New(fail.NotFound, "make one, as docs/keys.md shows", "no ED25519 or RSA key is in the token")
	case len(found) == 0:
		return object{}, fail.New(fail.NotFound, "name one that is there", "no such key in the token; there are %s", strings.Join(labels, ", "))
	case len(found) > 1:
		return object{}, fail.New(fail.Conflict, "say which with id=", "%d keys in the token fit", len(found))
	}
	same := func(o object) bool { return o.id == found[0].id }
	if found[0].id == "" || slices.ContainsFunc(slices.DeleteFunc(all, func(o object) bool { return o == found[0] }), same) {
		return object{}, fail.New(fail.Conflict, "give each key of the token an id of its own", "the key has no id that is its own")
	}
	return found[0], nil
}

// Public is the key that verifies.
func (k *Key) Public() *tuf.PublicKey { return k.public }

// Method is "ed25519" or "rsassa-pss-sha256".
func (k *Key) Method() string {
	if k.public.Type == tuf.RSA {
		return tuf.MethodRSA
	}
	return tuf.MethodED25519
}

// Sign has the token sign msg, and verifies what comes back.
func (k *Key) Sign(msg []byte) ([]byte, error) {
	sig, err := k.sign(msg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k.name, err)
	}
	return sig, nil
}

func (k *Key) sign(msg []byte) ([]byte, error) {
	toSign := msg
	if k.public.Type == tuf.RSA {
		sum := sha256.Sum256(msg)
		toSign = sum[:]
	}
	sig, err := k.driver.sign(k.ctx, k.login, k.object, toSign)
	if err != nil {
		return nil, err
	}
	check := tuf.Signature{KeyID: k.public.ID, Method: k.Method(), Sig: base64.StdEncoding.EncodeToString(sig)}
	if err := k.public.Verify(msg, check); err != nil {
		return nil, fmt.Errorf("what the token made is no signature by its public key: %w", err)
	}
	return sig, nil
}

// String names the key and leaves out the PIN.
func (k *Key) String() string { return k.name }

// GoString is String, so that %#v leaves out the PIN too.
func (k *Key) GoString() string { return k.name }

// LogValue keeps encoders away from the PIN.
func (k *Key) LogValue() slog.Value { return slog.StringValue(k.name) }

// ckr turns what a PKCS#11 function returned into an error; name is as in the
// standard, such as "CKR_PIN_INCORRECT".
func ckr(name, what string) error {
	switch name {
	case "CKR_PIN_INCORRECT", "CKR_PIN_INVALID", "CKR_PIN_LEN_RANGE":
		return ErrPIN
	case "CKR_PIN_LOCKED":
		return ErrLocked
	case "CKR_TOKEN_NOT_PRESENT", "CKR_DEVICE_REMOVED", "CKR_TOKEN_NOT_RECOGNIZED", "CKR_SLOT_ID_INVALID":
		return fail.New(fail.NotFound, "plug it in and try again", "%s: the token is gone (%s)", what, name)
	case "CKR_MECHANISM_INVALID", "CKR_MECHANISM_PARAM_INVALID", "CKR_FUNCTION_NOT_SUPPORTED", "CKR_KEY_TYPE_INCONSISTENT", "CKR_KEY_FUNCTION_NOT_PERMITTED":
		return fail.New(fail.Unsupported, "use a key that signs with ED25519, or with RSA-PSS and SHA-256", "%s: the token cannot do it (%s)", what, name)
	}
	return fmt.Errorf("%s: the token answers %s", what, name)
}

// noModule is what a library that cannot be loaded comes to.
func noModule(err error) error {
	return fail.As(err, fail.NotFound, "give module-path as the whole path of the library that your token's maker ships, or OpenSC's opensc-pkcs11.so")
}
