package register

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/otactl/otactl/internal/fail"
)

// ErrNoUnit says that this machine has no such service to start.
var ErrNoUnit = errors.New("there is no such service here")

// StartDaemon starts a systemd unit, and only one that is installed: on a
// machine without systemd, or without the unit, it is ErrNoUnit.
func StartDaemon(ctx context.Context, unit string) error {
	systemctl, err := exec.LookPath("systemctl")
	if err != nil {
		return fmt.Errorf("start %s: %w: systemctl is not installed", unit, ErrNoUnit)
	}
	if out, err := exec.CommandContext(ctx, systemctl, "cat", "--", unit).CombinedOutput(); err != nil {
		return fmt.Errorf("start %s: %w (%s)", unit, ErrNoUnit, firstLine(out))
	}
	if out, err := exec.CommandContext(ctx, systemctl, "start", "--", unit).CombinedOutput(); err != nil {
		return fail.Hint(fmt.Errorf("start %s: %w: %s", unit, err, firstLine(out)), "see journalctl -u "+unit)
	}
	return nil
}

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line[:min(len(line), 200)]
}
