package sign

import (
	"errors"
	"fmt"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

// Policy is what a remote's config demands of a commit or a summary. The zero
// Policy demands nothing.
type Policy struct {
	// GPG must find a valid signature, if it is there.
	GPG Verifier
	// Any are verifiers of which one must find a valid signature, if there are
	// any.
	Any []Verifier
}

// Demands says whether there is anything to verify.
func (p Policy) Demands() bool { return p.GPG != nil || len(p.Any) > 0 }

// Verify holds data and its detached metadata against the policy: GPG and one
// of the others must find a valid signature, as far as they are demanded. The
// results say of each signature what came out, also beside an error.
func (p Policy) Verify(data []byte, detached variant.Value) ([]Result, error) {
	var results []Result
	if p.GPG != nil {
		r, err := p.GPG.VerifyData(data, detached)
		results = append(results, r)
		if errors.Is(err, ErrUnsigned) {
			return results, fail.New(fail.Verification, "have it signed, or set gpg-verify=false for the remote",
				"GPG verification enabled, but %w", err)
		}
		if err != nil {
			return results, err
		}
	}
	if len(p.Any) == 0 {
		return results, nil
	}
	more, err := verifyAny(p.Any, data, detached)
	return append(results, more...), err
}

// verifyAny asks the verifiers until one is content. One that finds something
// malformed ends it, whatever another would say.
func verifyAny(list []Verifier, data []byte, detached variant.Value) ([]Result, error) {
	var results []Result
	var failed error
	good := false
	for _, v := range list {
		r, err := v.VerifyData(data, detached)
		switch {
		case errors.Is(err, ErrMalformed):
			return append(results, r), err
		case errors.Is(err, ErrUnsigned):
			continue
		case err == nil:
			good = true
		case failed == nil:
			failed = err
		}
		results = append(results, r)
	}
	if good {
		return results, nil
	}
	if failed != nil {
		return results, failed
	}
	return results, fail.New(fail.Verification, "have it signed, or set sign-verify=false for the remote", "none of %s: %w", namesOf(list), ErrUnsigned)
}

func namesOf(list []Verifier) string {
	names := make([]string, len(list))
	for i, v := range list {
		names[i] = v.Name()
	}
	return strings.Join(names, ", ")
}

// ForCommits is what a remote demands of the commits that come from it:
// gpg-verify, which is on unless the config says otherwise, and sign-verify.
func ForCommits(repo *ostree.Repo, remote string, env Env) (Policy, error) {
	return policyOf(repo, remote, env, "", true)
}

// ForSummary is what a remote demands of its summary: gpg-verify-summary and
// sign-verify-summary, neither of which is on by itself.
func ForSummary(repo *ostree.Repo, remote string, env Env) (Policy, error) {
	return policyOf(repo, remote, env, "-summary", false)
}

func policyOf(repo *ostree.Repo, remote string, env Env, suffix string, gpgDefault bool) (Policy, error) {
	r := remoteConfig{repo, remote}
	var p Policy
	gpg, err := r.bool("gpg-verify"+suffix, gpgDefault)
	if err != nil {
		return p, err
	}
	if gpg {
		if p.GPG, err = newRemoteGPG(repo, remote, env); err != nil {
			return p, err
		}
	}
	p.Any, err = r.verifiers("sign-verify"+suffix, env)
	return p, err
}

// remoteConfig reads the config of one remote.
type remoteConfig struct {
	repo *ostree.Repo
	name string
}

func (r remoteConfig) get(key string) (string, bool) {
	v, ok := r.repo.Config(`remote "`+r.name+`"`, key)
	return strings.TrimSpace(v), ok
}

func (r remoteConfig) bool(key string, without bool) (bool, error) {
	v, ok := r.get(key)
	if !ok {
		return without, nil
	}
	on, is := truth(v)
	if !is {
		return false, fail.New(fail.Usage, "write true or false", "remote %s: %s is %.80q, which is neither true nor false", r.name, key, v)
	}
	return on, nil
}

// truth reads a boolean as GLib's key files have it.
func truth(s string) (on, is bool) {
	switch s {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// verifiers are those that sign-verify or sign-verify-summary names: with true
// all engines that have keys; with a list those, each with keys of the remote's
// own.
func (r remoteConfig) verifiers(key string, env Env) ([]Verifier, error) {
	v, ok := r.get(key)
	if !ok || v == "" {
		return nil, nil
	}
	if on, is := truth(v); is {
		if !on {
			return nil, nil
		}
		return r.allWithKeys(env)
	}
	var list []Verifier
	for engine := range strings.SplitSeq(strings.TrimSuffix(v, ";"), ";") {
		if err := CheckEngine(engine); err != nil || engine == GPG {
			return nil, errors.Join(err, gpgIsNoEngine(engine, key))
		}
		keys, err := r.keys(engine, env)
		if err != nil {
			return nil, err
		}
		if keys.Len() == 0 {
			return nil, fail.New(fail.Verification, "set verification-"+engine+"-key or verification-"+engine+"-file for the remote",
				"remote %s: %w of the remote's own for %s, which %s names", r.name, ErrNoKeys, engine, key)
		}
		verifier, err := keys.Verifier()
		if err != nil {
			return nil, fmt.Errorf("remote %s: %w", r.name, err)
		}
		list = append(list, verifier)
	}
	return list, nil
}

func gpgIsNoEngine(engine, key string) error {
	if engine != GPG {
		return nil
	}
	return fail.New(fail.Usage, "set gpg-verify=true instead", "%s: %w: %s", key, ErrEngine, GPG)
}

// allWithKeys are the engines that have keys: the remote's own, else those of
// the system. None at all is an error, not a remote that demands nothing.
func (r remoteConfig) allWithKeys(env Env) ([]Verifier, error) {
	var list []Verifier
	for _, engine := range engines() {
		if engine == Dummy && !r.hasKeys(Dummy) {
			continue // it verifies nothing: only a remote that names it gets it
		}
		keys, err := r.keys(engine, env)
		if err != nil {
			return nil, err
		}
		if keys.Len() == 0 {
			if err := keys.AddSystem(); err != nil {
				return nil, err
			}
		}
		verifier, err := keys.Verifier()
		if errors.Is(err, ErrNoKeys) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, verifier)
	}
	if len(list) == 0 {
		return nil, fail.New(fail.Verification, "set verification-ed25519-key for the remote, or put keys into /etc/ostree/trusted.ed25519.d",
			"remote %s: sign-verify is on and there are %w that are not revoked", r.name, ErrNoKeys)
	}
	return list, nil
}

func (r remoteConfig) hasKeys(engine string) bool {
	_, key := r.get("verification-" + engine + "-key")
	_, file := r.get("verification-" + engine + "-file")
	return key || file
}

// keys are the remote's own keys of an engine.
func (r remoteConfig) keys(engine string, env Env) (*Keys, error) {
	keys, err := NewKeys(engine, env)
	if err != nil {
		return nil, err
	}
	if path, ok := r.get("verification-" + engine + "-file"); ok {
		if err := keys.AddFile(path); err != nil {
			return nil, fmt.Errorf("remote %s: %w", r.name, err)
		}
	}
	if text, ok := r.get("verification-" + engine + "-key"); ok {
		if err := keys.Add(text); err != nil {
			return nil, fmt.Errorf("remote %s: verification-%s-key: %w", r.name, engine, err)
		}
	}
	return keys, nil
}
