package agent

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

// environment is a boot loader's variables and what was done to them.
type environment struct {
	vars   map[string]string
	sets   []string
	broken bool
}

func (e *environment) run(_ context.Context, argv ...string) (string, error) {
	if strings.HasSuffix(argv[0], "printenv") {
		return e.vars[argv[len(argv)-1]], nil
	}
	if e.broken {
		return "", errors.New("no environment")
	}
	e.vars[argv[1]] = argv[2]
	e.sets = append(e.sets, argv[0]+" "+argv[1]+"="+argv[2])
	return "", nil
}

func loaderOf(mode string, vars map[string]string) (*bootloader, *environment) {
	e := &environment{vars: vars}
	b := newBootloader(mode, slog.New(slog.DiscardHandler))
	b.run = e.run
	return b, e
}

func TestBootsAreCountedFromTheDeploymentOn(t *testing.T) {
	for mode, want := range map[string][]string{
		rollbackMasked:  {"fw_setenv bootcount=0", "fw_setenv upgrade_available=1", "fw_setenv rollback=0"},
		rollbackGeneric: {"fw_setenv bootcount=0", "fw_setenv rollback=0"},
		rollbackFiovb:   {"fiovb_setenv bootcount=0", "fiovb_setenv upgrade_available=1", "fiovb_setenv rollback=0"},
		rollbackNone:    nil,
	} {
		b, e := loaderOf(mode, map[string]string{"bootcount": "2", "upgrade_available": "0", "rollback": "1"})
		if err := b.prepare(t.Context()); err != nil || !slices.Equal(e.sets, want) {
			t.Errorf("%s: %q, %v; want %q", mode, e.sets, err, want)
		}
	}
}

func TestVariablesThatAreRightAreNotWritten(t *testing.T) {
	b, e := loaderOf(rollbackMasked, map[string]string{"bootcount": "0", "upgrade_available": "0"})
	b.markGood(t.Context())
	if len(e.sets) != 0 {
		t.Errorf("written: %q", e.sets)
	}
	e.vars["upgrade_available"] = "1"
	b.markGood(t.Context())
	if !slices.Equal(e.sets, []string{"fw_setenv upgrade_available=0"}) {
		t.Errorf("written: %q", e.sets)
	}
}

func TestNothingIsDeployedWhenTheBootLoaderWouldNotGoBack(t *testing.T) {
	d := newDevice(t)
	a := d.open()
	b, e := loaderOf(rollbackMasked, map[string]string{"bootcount": "1"})
	e.broken, a.boot = true, b
	src, err := a.OpenBundle(d.bundle)
	d.must(err)
	defer src.Close()
	r, err := a.Update(t.Context(), src, UpdateRequest{})
	wantCode(t, "update", r, err, UnknownError)
	if len(d.root.Deployments(t)) != 1 {
		t.Error("it was deployed")
	}
}

func TestWaitingFirmwareStopsAnUpdateAndFollowsARun(t *testing.T) {
	d := newDevice(t)
	a := d.open()
	b, e := loaderOf(rollbackMasked, map[string]string{"bootupgrade_available": "1"})
	a.boot = b
	src, err := a.OpenBundle(d.bundle)
	d.must(err)
	defer src.Close()
	r, err := a.Update(t.Context(), src, UpdateRequest{})
	wantCode(t, "update", r, err, InstallNeedsRebootForBootFw)
	e.vars["bootupgrade_available"] = "0"
	r, err = a.Update(t.Context(), src, UpdateRequest{})
	wantCode(t, "update after the reboot", r, err, InstallNeedsReboot)
	d.reboot()
	e.vars["bootupgrade_available"] = "1"
	r, err = a.Finalize(t.Context())
	wantCode(t, "run", r, err, OkNeedsRebootForBootFw)
}
