package commands

import (
	"fmt"
	"io"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
)

func devicesCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:        "devices",
		Usage:       "who is registered, and who may be",
		Subcommands: []*cli.Command{devicesListCommand(rt), devicesApproveCommand(rt), devicesDeleteCommand(rt)},
	}
}

func devicesListCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the registered devices",
		Flags: accountFlags(),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			list, err := api.Devices(c.Context)
			if err != nil {
				return err
			}
			return rt.render(devicesView{Devices: list})
		},
	}
}

type devicesView struct {
	Devices []factory.Device `json:"devices"`
}

// Table lists what an operator looks for first.
func (v devicesView) Table(w io.Writer) {
	if len(v.Devices) == 0 {
		fmt.Fprintln(w, "no devices yet; otactl register on a device makes one")
		return
	}
	rows := make([][]string, 0, len(v.Devices))
	for _, d := range v.Devices {
		seen := d.LastSeen
		if seen == "" {
			seen = "never"
		}
		rows = append(rows, []string{d.Name, d.UUID, d.HardwareID, d.Tag, d.Target, seen})
	}
	render.Columns(w, []string{"NAME", "UUID", "HARDWARE", "TAG", "TARGET", "LAST SEEN"}, rows)
}

func devicesApproveCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "approve",
		Usage:     "let a device register that shows this code",
		ArgsUsage: "CODE",
		Description: "Compare the code with the device's screen first: whoever made the device ask for it gets a\n" +
			"certificate. Upper and lower case and the dash don't matter.",
		Flags: accountFlags(),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			if c.Args().First() == "" {
				return fail.New(fail.Usage, "give the code that the device shows", "devices approve: CODE is empty")
			}
			a, err := api.ApproveDevice(c.Context, c.Args().First())
			if err != nil {
				return err
			}
			return rt.render(approvalView{a})
		},
	}
}

type approvalView struct{ factory.Approval }

// Table says whom the code was of.
func (v approvalView) Table(w io.Writer) {
	fmt.Fprintf(w, "approved: device %s, which asked at %s\n", oneLine(v.UUID), oneLine(v.RequestedAt))
}

func devicesDeleteCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "delete",
		Usage:     "end a device's registration",
		ArgsUsage: "NAME",
		Description: "NAME is a device's name or UUID. Its certificate is refused from then on, and its UUID stays\n" +
			"refused; the name is free for another device. A device that lost its key, or never got the\n" +
			"answer to its registration, registers anew after this.",
		Flags: accountFlags(),
		Action: func(c *cli.Context) error {
			api, err := rt.factory(c)
			if err != nil {
				return err
			}
			if err := api.DeleteDevice(c.Context, c.Args().First()); err != nil {
				return err
			}
			return rt.render(deletionView{Deleted: c.Args().First()})
		},
	}
}

type deletionView struct {
	Deleted string `json:"deleted"` // as it was named
}

// Table says that it is gone.
func (v deletionView) Table(w io.Writer) {
	fmt.Fprintf(w, "deleted: device %s; its certificate is refused from now on\n", v.Deleted)
}
