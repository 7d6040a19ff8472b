package testkit

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// GPGHome makes an empty home for GnuPG, whose agent ends with the test.
func GPGHome(tb testing.TB) string {
	tb.Helper()
	home, err := os.MkdirTemp("", "gpg-") // a socket's path must be short
	must(tb, err)
	tb.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	return home
}

// GPG runs the real gpg on a home, without a question, and returns its standard
// output; the test ends when it fails.
func GPG(tb testing.TB, home string, stdin []byte, args ...string) []byte {
	tb.Helper()
	out, stderr, err := TryGPG(home, stdin, args...)
	if err != nil {
		tb.Fatalf("gpg %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	return out
}

// TryGPG is GPG for calls that may fail.
func TryGPG(home string, stdin []byte, args ...string) (stdout []byte, stderr string, err error) {
	var out, errs bytes.Buffer
	all := append([]string{"--homedir", home, "--batch", "--no-tty", "--pinentry-mode=loopback", "--passphrase="}, args...)
	cmd := exec.Command("gpg", all...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &out, &errs
	err = cmd.Run()
	return out.Bytes(), strings.TrimSpace(errs.String()), err
}
