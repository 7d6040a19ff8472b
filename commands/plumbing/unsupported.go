package plumbing

import (
	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
)

// unsupported are the verbs of the original that are not here: each is an
// error that says so and what to do, and none is handed to another ostree.
func unsupported(e *Env) []*cli.Command {
	verbs := []struct{ name, why, hint string }{
		{"admin", "works on the deployments of the booted system, which otactl does not touch by hand", "update a device with otactl agent, or run the ostree of the system itself"},
		{"trivial-httpd", "is not supported", "serve one repo with " + e.Program + " serve"},
	}
	var out []*cli.Command
	for _, v := range verbs {
		out = append(out, &cli.Command{
			Name: v.name, Usage: "not supported", Hidden: true, SkipFlagParsing: true,
			Action: func(*cli.Context) error {
				return fail.New(fail.Unsupported, v.hint, "%s %s %s", e.Program, v.name, v.why)
			},
		})
	}
	return out
}
