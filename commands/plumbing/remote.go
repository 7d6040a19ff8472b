package plumbing

import "github.com/urfave/cli/v2"

func remoteCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "remote",
		Usage: "where this repo pulls from",
		Subcommands: []*cli.Command{
			remoteAddCommand(e),
			remoteAddCookieCommand(e),
			remoteDeleteCommand(e),
			remoteDeleteCookieCommand(e),
			remoteGPGImportCommand(e),
			remoteGPGListCommand(e),
			remoteListCommand(e),
			remoteListCookiesCommand(e),
			remoteRefsCommand(e),
			remoteShowURLCommand(e),
			remoteSummaryCommand(e),
		},
	}
}
