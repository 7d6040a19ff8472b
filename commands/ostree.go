package commands

import (
	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/plumbing"
)

// ostreeCommand is the engine by hand. Names of verbs and flags, and what they
// print, are those of the ostree program where scripts depend on them.
func ostreeCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "ostree",
		Usage: "work on OSTree repos by hand",
		Description: "Commits, checks and copies what the ostree program does, in the same repos and with the same\n" +
			"names of verbs and flags, without it.",
		Flags:       plumbing.Flags(),
		Subcommands: plumbing.Commands(rt.plumbing(programName + " ostree")),
	}
}

// plumbing is what the verbs of the engine may use; program is how they are
// called.
func (rt *runtime) plumbing(program string) *plumbing.Env {
	return &plumbing.Env{
		Program: program,
		Getenv:  rt.env, Stdin: rt.std.In, Stdout: rt.std.Out, Stderr: rt.screen, Interactive: rt.std.MayPrompt(),
		Render: rt.render, RenderList: rt.renderList, Say: rt.say, Progress: rt.progress, Log: rt.log, Now: rt.clock,
	}
}
