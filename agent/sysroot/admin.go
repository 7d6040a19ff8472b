package sysroot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/otactl/otactl/internal/fail"
)

// admin runs `ostree admin VERB --sysroot=DIR ARG…`.
func (s *Sysroot) admin(ctx context.Context, verb string, args ...string) error {
	argv := append([]string{"admin", verb, "--sysroot=" + s.o.Path}, args...)
	cmd := exec.CommandContext(ctx, s.o.Ostree, argv...)
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &capped{&out}, &capped{&diag}
	err := cmd.Run()
	s.o.Log.DebugContext(ctx, "ran ostree", "argv", argv, "out", out.String(), "err", diag.String())
	if err == nil {
		return nil
	}
	if errors.Is(err, exec.ErrNotFound) {
		return fail.As(fmt.Errorf("ostree admin %s: %w", verb, err), fail.Unsupported, "install the ostree program")
	}
	if ctx.Err() != nil {
		return fmt.Errorf("ostree admin %s: %w", verb, context.Cause(ctx))
	}
	why := lastLine(diag.String())
	class := fail.Unknown
	if strings.Contains(why, "No space left on device") {
		class = fail.NoSpace
	}
	return fail.As(fmt.Errorf("ostree admin %s: %s (%w)", verb, why, err), class, "")
}

// lastLine is the last line of what a program said; ostree ends with the error.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimPrefix(strings.TrimSpace(lines[len(lines)-1]), "error: ")
}

// maxOutput caps what is kept of a program's output, in bytes.
const maxOutput = 64 << 10

// capped keeps the first maxOutput bytes and swallows the rest.
type capped struct{ to *bytes.Buffer }

func (c *capped) Write(p []byte) (int, error) {
	if room := maxOutput - c.to.Len(); room > 0 {
		c.to.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}
