package sign

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree/variant"
)

// publicKey is a trusted key of an engine whose keys are just keys: no names,
// no expiry, nobody who vouches for them.
type publicKey interface {
	// raw is the key as it is in a key file, and what two keys are compared by.
	raw() []byte
	// fits says whether signature is one of data by this key.
	fits(data, signature []byte) bool
}

// rawVerifier verifies with keys that are just keys.
type rawVerifier struct {
	engine  string
	keys    []publicKey // trusted and not revoked
	inForm  func(signature []byte) error
	success string // format of the message, with the key in hex
}

// newRaw makes a verifier out of the keys that are not revoked; that a revoked
// one was trusted is said when nothing is left.
func newRaw(engine string, inForm func([]byte) error, trusted, revoked []publicKey) (*rawVerifier, error) {
	v := &rawVerifier{engine: engine, inForm: inForm, success: engine + ": Signature verified successfully with key '%x'"}
	if engine == Dummy {
		v.success = "dummy: Signature verified"
	}
	struck := 0
	for _, k := range trusted {
		switch {
		case slices.ContainsFunc(revoked, func(r publicKey) bool { return bytes.Equal(r.raw(), k.raw()) }):
			struck++
		case !slices.ContainsFunc(v.keys, func(o publicKey) bool { return bytes.Equal(o.raw(), k.raw()) }):
			v.keys = append(v.keys, k)
		}
	}
	if len(v.keys) == 0 && struck > 0 {
		return nil, fail.New(fail.Verification, "configure a key that is not revoked", "%s: %w: all %d trusted ones are revoked", engine, ErrNoKeys, struck)
	}
	if len(v.keys) == 0 {
		return nil, fail.New(fail.Verification, "configure verification-"+engine+"-key or put keys into /etc/ostree/trusted."+engine+".d", "%s: %w to verify with", engine, ErrNoKeys)
	}
	return v, nil
}

func (v *rawVerifier) Name() string { return v.engine }

func (v *rawVerifier) VerifyData(data []byte, detached variant.Value) (Result, error) {
	list, err := Signatures(v.engine, detached)
	result := Result{Engine: v.engine}
	if err != nil {
		return result, err
	}
	for i, s := range list { // all of them, before one counts
		if err := v.inForm(s); err != nil {
			return result, malformed(v.engine, i, "%v", err)
		}
	}
	for _, s := range list {
		result.Signatures = append(result.Signatures, v.judge(data, s))
	}
	for _, s := range result.Signatures {
		if s.Status == Good {
			result.Message = v.successText(s.Key)
			return result, nil
		}
	}
	return result, fail.New(fail.Verification, "have it signed with a key that is trusted here", "%s: %w%w", v.engine, v.tried(len(list)), quiet{ErrNotTrusted})
}

func (v *rawVerifier) judge(data, signature []byte) Signature {
	for _, k := range v.keys {
		if k.fits(data, signature) {
			return Signature{Status: Good, Key: fmt.Sprintf("%x", k.raw())}
		}
	}
	return Signature{Status: Bad}
}

func (v *rawVerifier) successText(key string) string {
	if strings.Contains(v.success, "%") {
		return strings.Replace(v.success, "%x", key, 1)
	}
	return v.success
}

// tried says which keys did not fit, or if there are many, how many.
func (v *rawVerifier) tried(signatures int) error {
	if v.engine == Dummy {
		return fmt.Errorf("incorrect signatures found: %d", signatures)
	}
	n := signatures * len(v.keys)
	if n > 3 {
		return fmt.Errorf("signature couldn't be verified; tried %d keys", n)
	}
	var keys []string
	for range signatures {
		for _, k := range v.keys {
			keys = append(keys, fmt.Sprintf("key '%x'", k.raw()))
		}
	}
	return fmt.Errorf("signature couldn't be verified with: %s", strings.Join(keys, "; "))
}

// quiet is an error to be told apart by, without a text of its own.
type quiet struct{ error }

func (quiet) Error() string   { return "" }
func (q quiet) Unwrap() error { return q.error }
