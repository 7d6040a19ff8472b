package agent

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/otactl/otactl/internal/fsx"
)

// The values of [bootloader] rollback_mode.
const (
	rollbackNone    = "none"
	rollbackGeneric = "uboot_generic"
	rollbackMasked  = "uboot_masked"
	rollbackFiovb   = "fiovb"
	rollbackFioefi  = "fioefi"
)

// bootloader keeps the variables by which a boot loader counts failed boots
// and goes back to the deployment before. It decides nothing itself: the limit
// and the fallback are the boot loader's.
type bootloader struct {
	mode string
	log  *slog.Logger
	// run is how tests take the place of the tools.
	run func(ctx context.Context, argv ...string) (string, error)
}

func newBootloader(mode string, log *slog.Logger) *bootloader {
	return &bootloader{mode: mode, log: log, run: runTool}
}

func runTool(ctx context.Context, argv ...string) (string, error) {
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).Output()
	return strings.TrimSpace(string(out)), err
}

// tools are the programs that read and write a variable; empty without a boot
// loader to talk to.
func (b *bootloader) tools() (get []string, set string) {
	switch b.mode {
	case rollbackGeneric, rollbackMasked:
		return []string{"fw_printenv", "-n"}, "fw_setenv"
	case rollbackFiovb:
		return []string{"fiovb_printenv"}, "fiovb_setenv"
	case rollbackFioefi:
		return []string{"fioefi_printenv"}, "fioefi_setenv"
	}
	return nil, ""
}

// confirms says whether the boot loader knows upgrade_available and the
// variables of its own firmware.
func (b *bootloader) confirms() bool {
	return b.mode != rollbackGeneric && b.mode != rollbackNone && b.mode != ""
}

func (b *bootloader) get(ctx context.Context, name string) string {
	get, _ := b.tools()
	if get == nil {
		return ""
	}
	v, err := b.run(ctx, append(get, name)...)
	if err != nil {
		b.log.DebugContext(ctx, "boot loader variable can't be read", "name", name, "err", err)
	}
	return v
}

// put writes a variable unless it has the value already: the environment often
// lies in flash.
func (b *bootloader) put(ctx context.Context, name, value string) error {
	_, set := b.tools()
	if set == "" || b.get(ctx, name) == value {
		return nil
	}
	_, err := b.run(ctx, set, name, value)
	return err
}

func (b *bootloader) try(ctx context.Context, name, value string) {
	if err := b.put(ctx, name, value); err != nil {
		b.log.WarnContext(ctx, "boot loader variable can't be set", "name", name, "value", value, "err", err)
	}
}

// markGood tells the boot loader that this boot went well.
func (b *bootloader) markGood(ctx context.Context) {
	b.try(ctx, "bootcount", "0")
	if b.confirms() {
		b.try(ctx, "upgrade_available", "0")
	}
}

// prepare makes the boot loader count the boots of the deployment to come. An
// error means that it would not fall back, so nothing must be deployed.
func (b *bootloader) prepare(ctx context.Context) error {
	if err := b.put(ctx, "bootcount", "0"); err != nil {
		return coded(UnknownError, err)
	}
	if b.confirms() {
		if err := b.put(ctx, "upgrade_available", "1"); err != nil {
			return coded(UnknownError, err)
		}
	}
	return coded(UnknownError, b.put(ctx, "rollback", "0"))
}

// updateWaits says whether a boot firmware update waits for a reboot.
func (b *bootloader) updateWaits(ctx context.Context) bool {
	return b.confirms() && b.get(ctx, "bootupgrade_available") == "1"
}

// firmwareFile holds bootfirmware_version=V in a deployment.
const firmwareFile = "usr/lib/firmware/version.txt"

// noteFirmware tells the boot loader that the deployment of commit brings
// another boot firmware.
func (b *bootloader) noteFirmware(ctx context.Context, root deployments, commit string) {
	if !b.confirms() {
		return
	}
	st, err := root.Read()
	if err != nil || st.Pending == nil || st.Pending.Commit != commit {
		return
	}
	version := firmwareVersion(filepath.Join(root.Path(), st.Pending.Dir()))
	if version != "" && version != b.get(ctx, "bootfirmware_version") {
		b.try(ctx, "bootupgrade_available", "1")
	}
}

func firmwareVersion(deployment string) string {
	root, err := os.OpenRoot(deployment)
	if err != nil {
		return ""
	}
	defer root.Close()
	data, err := fsx.ReadFileIn(root, firmwareFile, 4<<10)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(data)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), "bootfirmware_version="); ok {
			return v
		}
	}
	return ""
}
