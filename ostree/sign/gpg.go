package sign

import (
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
)

// newRemoteGPG makes a verifier out of the keyrings of a remote.
func newRemoteGPG(_ *ostree.Repo, remote string, _ Env) (Verifier, error) {
	return nil, fail.New(fail.Unsupported, "set gpg-verify=false for the remote", "remote %s: GPG is not there yet", remote)
}
