package commands

import (
	"context"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/agent"
	"github.com/otactl/otactl/commands/render"
)

// agentCommand updates the device it runs on. Its exit codes are those of
// aktualizr-lite, since the scripts on devices know them.
func agentCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "agent",
		Usage: "update the device this runs on",
		Description: "Checks in with the device gateway or an offline bundle, brings in what is missing, deploys\n" +
			"it, and after the reboot confirms it. Ends with the exit codes of aktualizr-lite\n" +
			"(otactl help exit-codes).",
		Subcommands: []*cli.Command{
			rt.agentList("check", "update the metadata and list the targets for this device", (*agent.Agent).Check),
			rt.agentList("list", "list the targets by the metadata that is stored", (*agent.Agent).List),
			rt.agentInstall("update", "check in, bring in and deploy the newest target, or the one named", (*agent.Agent).Update),
			rt.agentInstall("pull", "bring in a target by the metadata that is stored", (*agent.Agent).Pull),
			rt.agentInstall("install", "deploy what was pulled; with --src-dir all that update does", nil),
			rt.agentRun(),
			rt.agentStatus(),
		},
	}
}

func deviceConfigFlag() cli.Flag {
	return &cli.StringSliceFlag{
		Name: "device-config", Aliases: []string{"c", "config"},
		Usage: "read the configuration in `PATH`, a file or folder, instead of the usual places; may be repeated",
	}
}

func srcDirFlag() cli.Flag {
	return &cli.StringFlag{Name: "src-dir", Aliases: []string{"s"}, Usage: "take updates from the offline bundle in `DIR`, not from the gateway"}
}

// deviceConfig is where the configuration of the device lies.
func (rt *runtime) deviceConfig(c *cli.Context) []string {
	if paths := c.StringSlice("device-config"); len(paths) > 0 {
		return paths
	}
	if dir := rt.env(envDeviceConfig); dir != "" {
		return []string{dir}
	}
	return nil
}

type lister func(*agent.Agent, context.Context, agent.Source) (agent.Listing, error)

func (rt *runtime) agentList(name, usage string, list lister) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage,
		Flags: []cli.Flag{srcDirFlag(), deviceConfigFlag()},
		Action: func(c *cli.Context) error {
			dir := c.String("src-dir")
			from := &dir
			if name == "list" && dir == "" {
				from = nil // stored metadata needs no gateway
			}
			return rt.agentDo(c, from, func(a *agent.Agent, src agent.Source) (render.View, agent.Code, error) {
				l, err := list(a, c.Context, src)
				return viewListing(l), l.Code, err
			})
		},
	}
}

type installer func(*agent.Agent, context.Context, agent.Source, agent.UpdateRequest) (agent.Result, error)

// agentInstall makes update, pull and install. A nil installer is install:
// from a bundle it does what aklite-offline install does.
func (rt *runtime) agentInstall(name, usage string, install installer) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage,
		Flags: []cli.Flag{
			srcDirFlag(), deviceConfigFlag(),
			&cli.StringFlag{Name: "target", Aliases: []string{"t"}, Usage: "the target of that `NAME` or version (default: the newest)"},
			&cli.BoolFlag{Name: "force", Aliases: []string{"f"}, Usage: "go back to an older target as well"},
		},
		Action: func(c *cli.Context) error {
			dir, do := c.String("src-dir"), install
			from := &dir
			req := agent.UpdateRequest{Name: c.String("target"), Deferred: dir != "", Downgrade: agent.DowngradeRefuse}
			if c.Bool("force") {
				req.Downgrade = agent.DowngradeAllow
			}
			switch {
			case do == nil && dir != "":
				do = (*agent.Agent).Update
			case do == nil:
				do, from = (*agent.Agent).Install, nil
			}
			return rt.agentDo(c, from, func(a *agent.Agent, src agent.Source) (render.View, agent.Code, error) {
				r, err := do(a, c.Context, src, req)
				return viewOutcome(r), r.Code, err
			})
		},
	}
}

func (rt *runtime) agentRun() *cli.Command {
	return &cli.Command{
		Name: "run", Aliases: []string{"finalize"}, Usage: "after the reboot, confirm what was installed",
		Flags: []cli.Flag{deviceConfigFlag()},
		Action: func(c *cli.Context) error {
			return rt.agentDo(c, nil, func(a *agent.Agent, _ agent.Source) (render.View, agent.Code, error) {
				r, err := a.Finalize(c.Context)
				return viewOutcome(r), r.Code, err
			})
		},
	}
}

// agentDo opens the device, and the source that from names unless it is nil,
// shows what do returns and ends with its code.
func (rt *runtime) agentDo(c *cli.Context, from *string, do func(*agent.Agent, agent.Source) (render.View, agent.Code, error)) error {
	code := agent.UnknownError
	err := rt.withDevice(c.Context, rt.deviceConfig(c), from, func(a *agent.Agent, src agent.Source) error {
		view, got, err := do(a, src)
		if err != nil {
			return err
		}
		code = got
		return rt.render(view)
	})
	return rt.endAgent(c.Context, code, err)
}

func (rt *runtime) agentStatus() *cli.Command {
	return &cli.Command{
		Name: "status", Usage: "show what runs and what waits for a reboot",
		Flags: []cli.Flag{deviceConfigFlag()},
		Action: func(c *cli.Context) error {
			a, err := rt.openDevice(c.Context, rt.deviceConfig(c), true)
			if err != nil {
				return rt.endAgent(c.Context, agent.UnknownError, err)
			}
			defer a.Close()
			s, err := a.Status(c.Context)
			if err == nil {
				err = rt.render(viewStatus(s))
			}
			return rt.endAgent(c.Context, agent.Ok, err)
		},
	}
}
