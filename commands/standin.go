package commands

import (
	"context"
	"slices"

	"github.com/urfave/cli/v2"
)

// A standIn behaves as another tool: args are what followed that tool's name,
// and usage, output and exit codes are that tool's own, also for mistakes in
// the call.
type standIn func(ctx context.Context, rt *runtime, args []string) int

// standIns are the tools this program stands in for, by the name it is called
// with (argv[0], or the first argument of otactl).
func standIns() map[string]standIn {
	return map[string]standIn{
		"aklite-offline":      akliteOffline,
		"aktualizr-lite":      aktualizrLite,
		"fiocheck":            fiocheck,
		"fiopush":             fiopush,
		"fiosync":             fiosync,
		"garage-check":        garageCheck,
		"garage-push":         garagePush,
		"ota-publish":         otaPublish,
		"lmp-device-register": lmpDeviceRegister,
	}
}

// standInCommands makes "otactl NAME …" the same as calling NAME: nothing
// behind the name is read by our own parser.
func standInCommands(rt *runtime) []*cli.Command {
	table := standIns()
	var names []string
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names)
	var out []*cli.Command
	for _, name := range names {
		out = append(out, &cli.Command{
			Name:            name,
			Usage:           "behave as " + name + ", with its own flags and exit codes",
			Category:        "Stand-ins",
			SkipFlagParsing: true,
			Action: func(c *cli.Context) error {
				return codeError(table[name](c.Context, rt, c.Args().Slice()))
			},
		})
	}
	return out
}
