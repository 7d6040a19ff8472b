package sign

import (
	"fmt"

	"github.com/otactl/otactl/internal/fail"
)

// dummyKey is both key and signature of the engine dummy, which libostree has
// for its tests: the signature of anything is the key itself.
type dummyKey string

func (k dummyKey) raw() []byte                   { return []byte(k) }
func (k dummyKey) fits(_, signature []byte) bool { return string(signature) == string(k) }

func (dummyKey) Name() string                    { return Dummy }
func (k dummyKey) Sign(_ []byte) ([]byte, error) { return []byte(k), nil }

func dummyInForm([]byte) error { return nil }

// checkDummy refuses the engine unless the environment allows it.
func (e Env) checkDummy() error {
	if e.Dummy {
		return nil
	}
	return fail.New(fail.Unsupported, "use "+Ed25519+" or "+SPKI,
		"dummy signature type is only for ostree testing")
}

func parseDummy(s string) (dummyKey, error) {
	if s == "" {
		return "", fmt.Errorf("an empty key")
	}
	return dummyKey(s), nil
}
