package pkcs11

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// tool runs OpenSC's pkcs11-tool. The PIN goes to it in its environment, which
// only its owner can read; data goes through its standard streams.
type tool struct{ program string }

// pinVariable is where pkcs11-tool is told to find the PIN.
const pinVariable = "OTACTL_PKCS11_PIN"

// oneShot is how many bytes pkcs11-tool signs in one piece.
const oneShot = 1024

func (t tool) tokens(ctx context.Context, module string) ([]token, error) {
	out, err := t.run(ctx, nil, login{module: module}, "--list-token-slots")
	if err != nil {
		return nil, err
	}
	return parseTokens(string(out)), nil
}

// parseTokens reads what --list-token-slots prints. An indented line belongs to
// the last "Slot N (0xID): …" before it. A slot whose token has no label holds
// one that nobody has set up.
func parseTokens(out string) []token {
	var list []token
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if m := slotLine.FindStringSubmatch(line); m != nil {
			id, err := strconv.ParseUint(m[1], 16, 64)
			if err == nil {
				list = append(list, token{slot: uint(id)})
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || len(list) == 0 {
			continue
		}
		last := &list[len(list)-1]
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(name) {
		case "token label":
			last.label = value
		case "token manufacturer":
			last.manufacturer = value
		case "token model":
			last.model = value
		case "serial num":
			last.serial = value
		}
	}
	return slices.DeleteFunc(list, func(t token) bool { return t.label == "" })
}

var slotLine = regexp.MustCompile(`^Slot \d+ \(0x([0-9a-fA-F]{1,16})\): `)

func (t tool) privateKeys(ctx context.Context, l login) ([]object, error) {
	out, err := t.run(ctx, nil, l, "--list-objects", "--type", "privkey")
	if err != nil {
		return nil, err
	}
	return parseObjects(string(out)), nil
}

// parseObjects reads what --list-objects prints of private keys.
func parseObjects(out string) []object {
	var list []object
	known := false
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if kind, ok := strings.CutPrefix(line, "Private Key Object; "); ok {
			o := object{kind: kindOf(kind)}
			if known = o.kind != ""; known {
				list = append(list, o)
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !known || !strings.HasPrefix(line, " ") {
			continue
		}
		last := &list[len(list)-1]
		switch strings.TrimSpace(name) {
		case "label":
			last.label = strings.TrimSpace(value)
		case "ID":
			if id, err := hex.DecodeString(strings.TrimSpace(value)); err == nil {
				last.id = string(id)
			}
		}
	}
	return list
}

func kindOf(text string) tuf.KeyType {
	switch word, _, _ := strings.Cut(text, " "); word {
	case "RSA":
		return tuf.RSA
	case "EC_EDWARDS":
		return tuf.ED25519
	}
	return ""
}

func (t tool) publicKey(ctx context.Context, l login, o object) (crypto.PublicKey, error) {
	out, err := t.run(ctx, nil, l, "--read-object", "--type", "pubkey", "--id", hex.EncodeToString([]byte(o.id)))
	if err != nil {
		return nil, err
	}
	der := out
	if block, _ := pem.Decode(out); block != nil { // so it prints ED25519 keys
		der = block.Bytes
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, &tuf.Error{Kind: tuf.ErrKey, Why: "the public half in the token cannot be read: " + err.Error()}
	}
	return key, nil
}

func (t tool) sign(ctx context.Context, l login, o object, msg []byte) ([]byte, error) {
	args := []string{"--sign", "--id", hex.EncodeToString([]byte(o.id)), "--mechanism"}
	if o.kind == tuf.RSA {
		args = append(args, "RSA-PKCS-PSS", "--hash-algorithm", "SHA256", "--mgf", "MGF1-SHA256", "--salt-len", "32")
	} else {
		args = append(args, "EDDSA")
	}
	sig, err := t.run(ctx, msg, l, args...)
	if err != nil && o.kind == tuf.ED25519 && len(msg) > oneShot && strings.Contains(err.Error(), "C_Sign") {
		return nil, fmt.Errorf("%w: %w", ErrInParts, err)
	}
	return sig, err
}

// run starts the tool with input as its standard input and returns what it
// prints. Without a PIN in l it logs in to nothing.
func (t tool) run(ctx context.Context, input []byte, l login, args ...string) ([]byte, error) {
	args = append([]string{"--module", l.module}, args...)
	if l.pin != "" {
		args = append(args, "--slot", strconv.FormatUint(uint64(l.slot), 10), "--login", "--pin", "env:"+pinVariable)
	}
	cmd := exec.CommandContext(ctx, t.program, args...)
	var out, errs capped
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &errs
	cmd.Env, cmd.WaitDelay = environment(cmd.Environ(), l.pin), time.Second
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return nil, fail.As(err, fail.Unsupported, "install OpenSC (Debian: apt install opensc), or use an otactl built with cgo and -tags pkcs11")
	case err != nil:
		return nil, said(errs.kept.String(), err)
	case out.over || errs.over:
		return nil, &fsx.TooLargeError{Name: t.program + ": its answer", Max: limits.TokenOutput}
	}
	return out.kept.Bytes(), nil
}

// environment is the caller's, in which libraries find their configuration,
// without our own secrets but the one the tool needs.
func environment(all []string, pin string) []string {
	var env []string
	for _, v := range all {
		if !strings.HasPrefix(v, "OTACTL_") && !strings.HasPrefix(v, "LC_ALL=") {
			env = append(env, v)
		}
	}
	env = append(env, "LC_ALL=C")
	if pin != "" {
		env = append(env, pinVariable+"="+pin)
	}
	return env
}

// said makes an error of what the tool printed: the function of PKCS#11 that
// failed, or else its last line.
func said(text string, err error) error {
	if m := failedCall.FindStringSubmatch(text); m != nil {
		return ckr(m[2], "pkcs11-tool: "+m[1])
	}
	why := ""
	if m := problemLine.FindStringSubmatch(text); m != nil {
		why = m[1]
	}
	err = fmt.Errorf("pkcs11-tool: %w: %s", err, why)
	if strings.Contains(why, "load pkcs11 module") {
		return noModule(err)
	}
	return err
}

var (
	failedCall  = regexp.MustCompile(`PKCS11 function (\w{1,40}) failed: rv = (\w{1,60})`)
	problemLine = regexp.MustCompile(`(?m)^error: (.{1,200})`)
)

// capped keeps what is printed up to a limit, and forgets the rest.
type capped struct {
	kept bytes.Buffer // not embedded: its ReadFrom knows no limit
	over bool
}

// Write implements io.Writer; it never fails, so that the tool can end.
func (c *capped) Write(p []byte) (int, error) {
	if c.kept.Len()+len(p) > limits.TokenOutput {
		c.over = true
		return len(p), nil
	}
	return c.kept.Write(p)
}
