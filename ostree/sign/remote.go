package sign

import (
	"errors"
	"fmt"
	"slices"
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

	// key is what in the config turns it off, behind "gpg-" or "sign-"; empty
	// where nothing does.
	key string
}

// Always is the same demand of somebody whom no config talks out of it, so that
// no error proposes that.
func (p Policy) Always() Policy {
	p.key = ""
	return p
}

// unsignedHint is what to do where no signature of a kind is found.
func (p Policy) unsignedHint(kind string) string {
	if p.key == "" {
		return "have it signed"
	}
	return "have it signed, or set " + kind + "-" + p.key + "=false for the remote"
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
			return results, fail.New(fail.Verification, p.unsignedHint("gpg"),
				"GPG verification enabled, but %w", err)
		}
		if err != nil {
			return results, err
		}
	}
	if len(p.Any) == 0 {
		return results, nil
	}
	more, err := p.verifyAny(data, detached)
	return append(results, more...), err
}

// verifyAny asks the verifiers until one is content. One that finds something
// malformed ends it, whatever another would say.
func (p Policy) verifyAny(data []byte, detached variant.Value) ([]Result, error) {
	var results []Result
	var failed error
	good := false
	for _, v := range p.Any {
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
	return results, fail.New(fail.Verification, p.unsignedHint("sign"), "none of %s: %w", namesOf(p.Any), ErrUnsigned)
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
	c, err := repo.RemoteConfig(remote)
	if err != nil {
		return Policy{}, err
	}
	return policyOf(repo, c, env, "verify", c.GPGVerify, c.SignVerify)
}

// ForSummary is what a remote demands of its summary: gpg-verify-summary and
// sign-verify-summary, neither of which is on by itself.
func ForSummary(repo *ostree.Repo, remote string, env Env) (Policy, error) {
	c, err := repo.RemoteConfig(remote)
	if err != nil {
		return Policy{}, err
	}
	return policyOf(repo, c, env, "verify-summary", c.GPGVerifySummary, c.SignVerifySummary)
}

func policyOf(repo *ostree.Repo, c ostree.RemoteConfig, env Env, key string, gpg bool, engines []string) (p Policy, err error) {
	p.key = key
	if gpg {
		ring, err := remoteKeyring(repo, c, env)
		if err != nil {
			return p, err
		}
		p.GPG = NewGPG(ring, env)
	}
	if len(engines) > 0 {
		p.Any, err = verifiersOf(c, env, engines)
	}
	return p, err
}

// verifiersOf are those of the engines that sign-verify or sign-verify-summary
// names: each with keys of the remote's own, or for true all that have keys.
func verifiersOf(c ostree.RemoteConfig, env Env, engines []string) ([]Verifier, error) {
	if slices.Contains(engines, ostree.AnyEngine) {
		return allWithKeys(c, env)
	}
	var list []Verifier
	for _, engine := range engines {
		keys, err := remoteKeys(c, engine, env)
		if err != nil {
			return nil, err
		}
		if keys.Len() == 0 {
			return nil, fail.New(fail.Verification, "set verification-"+engine+"-key or verification-"+engine+"-file for the remote",
				"remote %s: there are %w of its own for %s, which it requires", c.Name, ErrNoKeys, engine)
		}
		verifier, err := keys.Verifier()
		if err != nil {
			return nil, fmt.Errorf("remote %s: %w", c.Name, err)
		}
		list = append(list, verifier)
	}
	return list, nil
}

// allWithKeys are the engines that have keys: the remote's own, else those of
// the system. None at all is an error, not a remote that demands nothing.
func allWithKeys(c ostree.RemoteConfig, env Env) ([]Verifier, error) {
	var list []Verifier
	for _, engine := range engines() {
		if engine == Dummy && !hasKeys(c, Dummy) {
			continue // it verifies nothing: only a remote that names it gets it
		}
		keys, err := remoteKeys(c, engine, env)
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
			"remote %s: sign-verify is on and there are %w that are not revoked", c.Name, ErrNoKeys)
	}
	return list, nil
}

func hasKeys(c ostree.RemoteConfig, engine string) bool {
	_, key := c.VerificationKeys[engine]
	_, file := c.VerificationFiles[engine]
	return key || file
}

// remoteKeys are the remote's own keys of an engine.
func remoteKeys(c ostree.RemoteConfig, engine string, env Env) (*Keys, error) {
	keys, err := NewKeys(engine, env)
	if err != nil {
		return nil, fmt.Errorf("remote %s: %w", c.Name, err)
	}
	if path, ok := c.VerificationFiles[engine]; ok {
		if err := keys.AddFile(path); err != nil {
			return nil, fmt.Errorf("remote %s: %w", c.Name, err)
		}
	}
	if text, ok := c.VerificationKeys[engine]; ok {
		if err := keys.Add(text); err != nil {
			return nil, fmt.Errorf("remote %s: verification-%s-key: %w", c.Name, engine, err)
		}
	}
	return keys, nil
}
