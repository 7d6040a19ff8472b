package commands

import (
	"context"
	"fmt"
	"os"

	"github.com/google/uuid"

	"github.com/otactl/otactl/agent"
	"github.com/otactl/otactl/agent/config"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/spec"
)

// dialects are what the program reads besides ota-tuf.
func dialects() []tuf.Dialect { return []tuf.Dialect{spec.Dialect{}} }

// openDevice opens the device that the configuration in paths describes; no
// paths means the usual places.
func (rt *runtime) openDevice(ctx context.Context, paths []string, readOnly bool) (*agent.Agent, error) {
	cfg, err := config.Load(paths...)
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil && cfg.Provision.HardwareID == "" {
		return nil, fail.New(fail.Usage, "set [provision] primary_ecu_hardware_id", "this device has no hardware id and no host name: %w", err)
	}
	return agent.Open(ctx, agent.Options{
		Config: cfg, ReadOnly: readOnly, Clock: rt.clock, HostName: host, NewID: uuid.NewString,
		Log: rt.log, Progress: rt.progress(), Dialects: dialects(),
	})
}

// updateSource is the bundle in dir, or without one the device's gateway.
func updateSource(ctx context.Context, a *agent.Agent, dir string) (agent.Source, error) {
	if dir != "" {
		return a.OpenBundle(dir)
	}
	return a.OpenGateway(ctx, userAgent())
}

// withDevice opens the device and, when dir is not nil, the source that it
// names, and closes both after fn.
func (rt *runtime) withDevice(ctx context.Context, paths []string, dir *string, fn func(*agent.Agent, agent.Source) error) error {
	a, err := rt.openDevice(ctx, paths, false)
	if err != nil {
		return err
	}
	defer a.Close()
	if dir == nil {
		return fn(a, nil)
	}
	src, err := updateSource(ctx, a, *dir)
	if err != nil {
		return err
	}
	defer src.Close()
	return fn(a, src)
}

// sayFailure writes the one line that a stand-in called tool ends with.
func (rt *runtime) sayFailure(tool string, err error) {
	line := tool + ": " + oneLine(err.Error())
	if hint := fail.HintOf(err); hint != "" {
		line += " (hint: " + oneLine(hint) + ")"
	}
	fmt.Fprintln(rt.screen, line)
}
