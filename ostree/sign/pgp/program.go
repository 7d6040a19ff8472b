package pgp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/otactl/otactl/internal/limits"
)

// Program is the gpg that signs where only GnuPG's agent has the key, or the
// key is behind a passphrase, on a card or in a token.
type Program struct {
	Path string // empty for gpg in PATH
	Home Home   // empty for the user's own
	ID   string // of the key
}

func (p Program) path() string {
	if p.Path == "" {
		return "gpg"
	}
	return p.Path
}

// Available says whether the program is there.
func (p Program) Available() bool {
	_, err := exec.LookPath(p.path())
	return err == nil
}

// runLimit is how long gpg may take, a person who types a passphrase included.
const runLimit = 5 * time.Minute

// childLimit is how long its output is awaited when gpg itself has ended: an
// agent that it started may hold it open, and has nothing to say.
const childLimit = 2 * time.Second

// Sign has gpg make a detached binary signature of data. No shell is involved:
// the arguments are fixed but for the home and the key's id, each behind its
// flag; data goes in through standard input and no secret passes.
func (p Program) Sign(ctx context.Context, data []byte) ([]byte, error) {
	path := p.path()
	if p.ID == "" || strings.ContainsRune(p.ID, 0) {
		return nil, fmt.Errorf("%q is no id of a key", p.ID)
	}
	args := []string{"--batch", "--no-tty", "--quiet", "--no-armor", "--no-textmode", "--digest-algo=SHA512",
		"--local-user=" + p.ID, "--detach-sign", "--output=-"}
	if p.Home != "" {
		args = append([]string{"--homedir=" + string(p.Home)}, args...)
	}
	ctx, cancel := context.WithTimeout(ctx, runLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var out, errs capped
	out.most, errs.most = limits.DetachedSignature, 16<<10
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(data), &out, &errs
	cmd.WaitDelay = childLimit
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) { // that is a gpg that ended well
		if errors.Is(err, exec.ErrNotFound) {
			return nil, fmt.Errorf("the key is not in secring.gpg and there is no gpg program to ask for it: %w", err)
		}
		return nil, fmt.Errorf("%s: %w: %s", path, err, strings.Join(strings.Fields(errs.String()), " "))
	}
	packets, err := split(out.Bytes())
	if err != nil || len(packets) != 1 || packets[0].tag != tagSignature || typeOf(packets[0]) != packet.SigTypeBinary {
		return nil, errors.Join(err, fmt.Errorf("%s made %d packets, want one signature of binary data", path, len(packets)))
	}
	return packets[0].append(nil), nil
}

// capped keeps the first bytes of what is written to it.
type capped struct {
	bytes.Buffer
	most int
}

func (c *capped) Write(b []byte) (int, error) {
	c.Buffer.Write(b[:min(len(b), c.most-c.Len())])
	return len(b), nil
}
