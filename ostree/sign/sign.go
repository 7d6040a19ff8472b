package sign

import (
	"errors"
	"fmt"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree/sign/pgp"
	"github.com/otactl/otactl/ostree/variant"
)

// The engines, by the names that config and command line give them.
const (
	GPG     = "gpg"
	Ed25519 = "ed25519"
	SPKI    = "spki"
	Dummy   = "dummy"
)

// Errors that callers tell apart.
var (
	// ErrUnsigned says that there is no signature of the kind asked for.
	ErrUnsigned = errors.New("no signatures found")
	// ErrNotTrusted says that there are signatures and none of them is valid
	// by a trusted key.
	ErrNotTrusted = errors.New("no signature by a trusted key")
	// ErrMalformed says that a signature cannot be read.
	ErrMalformed = errors.New("malformed signature")
	// ErrNoKeys says that there is no key to verify with.
	ErrNoKeys = errors.New("no keys")
	// ErrEngine says that there is no engine of that name.
	ErrEngine = errors.New("signature type is not implemented")
	// ErrSigned says that the key has signed already.
	ErrSigned = errors.New("already signed with this key")
)

// Verifier checks the signatures of one engine against the keys that it was
// made with.
type Verifier interface {
	// Name is the engine's.
	Name() string
	// VerifyData looks for signatures of data in detached, an a{sv} as in
	// .commitmeta or summary.sig. The error is nil only if at least one is valid
	// by a trusted key and none is malformed; without any it is ErrUnsigned. The
	// result says of each signature what came out, also beside an error.
	VerifyData(data []byte, detached variant.Value) (Result, error)
}

// Signer makes signatures with one key.
type Signer interface {
	// Name is the engine's.
	Name() string
	// Sign is the signature of data as it goes into the list of the engine.
	Sign(data []byte) ([]byte, error)
}

// Result is what a verification found.
type Result struct {
	Engine string
	// Message is what to tell a person about the first valid signature.
	Message    string
	Signatures []Signature
}

// Valid is how many signatures are valid by trusted keys.
func (r Result) Valid() int {
	n := 0
	for _, s := range r.Signatures {
		if s.Status == Good {
			n++
		}
	}
	return n
}

// Signature is one signature and what came out about it. What GPG alone knows
// is empty for the other engines.
type Signature = pgp.Signature

// Status is what came out about one signature.
type Status = pgp.Status

// The outcomes. Only Good is success.
const (
	Bad              = pgp.Bad
	Good             = pgp.Good
	KeyMissing       = pgp.KeyMissing
	KeyRevoked       = pgp.KeyRevoked
	KeyExpired       = pgp.KeyExpired
	SignatureExpired = pgp.SignatureExpired
	Refused          = pgp.Refused
)

// Env is what the machine and the environment say about keys. The zero Env is
// that of a device: system folders, the clock that the caller must set.
type Env struct {
	// GPGHome takes the place of /usr/share/ostree/trusted.gpg.d, the folder of
	// keyrings that are trusted where a remote has none, as OSTREE_GPG_HOME does.
	GPGHome string
	// KeyDirs take the place of /etc/ostree and /usr/share/ostree, where
	// trusted.<engine>, trusted.<engine>.d and revoked.* are.
	KeyDirs []string
	// Dummy allows the engine dummy, which verifies nothing, as
	// OSTREE_DUMMY_SIGN_ENABLED does.
	Dummy bool
	// Now is the one clock reading of the operation.
	Now time.Time
	// GPGProgram is the gpg that signs with keys that only GnuPG's agent can
	// use; empty for the one in PATH.
	GPGProgram string
	// GPGFirst has that program sign also with keys that could be used without
	// it, if it is there: as libostree does, with all that follows for the home.
	GPGFirst bool
}

func (e Env) keyDirs() []string {
	if e.KeyDirs == nil {
		return []string{"/etc/ostree", "/usr/share/ostree"}
	}
	return e.KeyDirs
}

// Key is the key of detached metadata that holds an engine's signatures: an
// array of byte strings.
func Key(engine string) string {
	if engine == GPG {
		return "ostree.gpgsigs"
	}
	return "ostree.sign." + engine
}

// CheckEngine refuses the name of an engine that there is not.
func CheckEngine(name string) error {
	switch name {
	case GPG, Ed25519, SPKI, Dummy:
		return nil
	}
	return fail.New(fail.Usage, "use "+Ed25519+" or "+SPKI, "%.80q: %w", name, ErrEngine)
}

func malformed(engine string, i int, format string, args ...any) error {
	return fail.New(fail.Verification, "have it signed anew", "%s: %w %d: %s", engine, ErrMalformed, i, fmt.Sprintf(format, args...))
}
