package plumbing

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/sign"
)

func remoteAddCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "add",
		Usage:     "add a remote",
		ArgsUsage: "NAME [URL] [BRANCH...]",
		Description: "URL is http, https or file; metalink= or mirrorlist= before it makes it the address of a list.\n" +
			"BRANCHes are what a pull fetches that names none.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "set", Usage: "write `KEY=VALUE` to the remote's config; may be repeated"},
			&cli.BoolFlag{Name: "no-gpg-verify", Usage: "ask for no GPG signature"},
			&cli.BoolFlag{Name: "no-sign-verify", Usage: "ask for no signature of any kind"},
			&cli.StringSliceFlag{Name: "sign-verify", Usage: "verify with `ENGINE=inline:KEY` or ENGINE=file:PATH; may be repeated"},
			&cli.BoolFlag{Name: "if-not-exists", Usage: "leave a remote of that name as it is"},
			&cli.BoolFlag{Name: "force", Usage: "replace a remote of that name"},
			&cli.StringFlag{Name: "gpg-import", Usage: "trust the GPG keys in `FILE`"},
			&cli.StringFlag{Name: "custom-backend", Usage: "the content does not come from a repo but through `NAME`"},
			&cli.StringFlag{Name: "contenturl", Usage: "fetch objects from `URL`"},
			&cli.StringFlag{Name: "collection-id", Usage: "the remote's refs are those of the collection `ID`"},
			&cli.StringFlag{Name: "sysroot", Usage: "work on the repo of the sysroot at `DIR`, whatever --repo says"},
		},
		Action: e.onRepo(e.remoteAdd),
	}
}

func (e *Env) remoteAdd(c *cli.Context, repo *ostree.Repo) error {
	how := ostree.AddNewRemote
	switch {
	case c.Bool("if-not-exists") && c.Bool("force"):
		return usage("--if-not-exists and --force exclude each other")
	case c.Bool("no-sign-verify") && c.IsSet("sign-verify"):
		return usage("Cannot specify both --sign-verify and --no-sign-verify")
	case c.Bool("if-not-exists"):
		how = ostree.AddMissingRemote
	case c.Bool("force"):
		how = ostree.ReplaceRemote
	}
	options, err := remoteOptions(c)
	if err != nil {
		return err
	}
	name, url := c.Args().Get(0), c.Args().Get(1)
	if url == "" && c.String("custom-backend") == "" {
		return usage("argument URL is missing")
	}
	path := c.String("gpg-import")
	if path == "" {
		return repo.AddRemote(c.Context, name, url, how, options...)
	}
	ring, err := sign.ReadKeyring(c.Context, path) // before the remote is there without its keys
	if err != nil {
		return err
	}
	if err := sign.CheckRevocations(ring); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := repo.AddRemote(c.Context, name, url, how, options...); err != nil {
		return err
	}
	return e.importKeys(c.Context, repo, name, ring)
}

// remoteOptions are the keys that the flags stand for. As with the original the
// flags about signatures decide over --set.
func remoteOptions(c *cli.Context) ([]ostree.RemoteOption, error) {
	var out []ostree.RemoteOption
	add := func(key, value string) {
		if value != "" {
			out = append(out, ostree.RemoteOption{Key: key, Value: value})
		}
	}
	if args := c.Args().Slice(); len(args) > 2 {
		add("branches", strings.Join(args[2:], ";")+";")
	}
	add("contenturl", c.String("contenturl"))
	add("custom-backend", c.String("custom-backend"))
	set, err := keyValues(c, "set")
	if err != nil {
		return nil, err
	}
	for _, kv := range set {
		out = append(out, ostree.RemoteOption{Key: kv[0], Value: kv[1]})
	}
	if c.Bool("no-gpg-verify") || c.Bool("no-sign-verify") {
		add("gpg-verify", "false")
	}
	if c.Bool("no-sign-verify") {
		add("sign-verify", "false")
	}
	engines, err := signVerify(c.StringSlice("sign-verify"), add)
	if err != nil {
		return nil, err
	}
	if len(engines) > 0 {
		add("sign-verify", strings.Join(engines, ";")+";")
	}
	add("collection-id", c.String("collection-id"))
	return out, nil
}

// signVerify writes the keys of --sign-verify and names the engines.
func signVerify(flags []string, add func(key, value string)) ([]string, error) {
	var engines []string
	for _, s := range flags {
		engine, ref, ok := strings.Cut(s, "=")
		if !ok || engine == "" {
			return nil, usage("flag --sign-verify: %q is not ENGINE=inline:KEY or ENGINE=file:PATH", s)
		}
		if err := sign.CheckEngine(engine); err != nil {
			return nil, err
		}
		kind, value, ok := strings.Cut(ref, ":")
		switch {
		case ok && kind == "inline" && value != "":
			if err := checkPublicKey(engine, value); err != nil {
				return nil, err
			}
			add("verification-"+engine+"-key", value)
		case ok && kind == "file" && value != "":
			add("verification-"+engine+"-file", value)
		default:
			return nil, usage("flag --sign-verify: %q is neither inline:KEY nor file:PATH", ref)
		}
		engines = append(engines, engine)
	}
	return engines, nil
}

// checkPublicKey refuses a key that would only fail when something is pulled.
func checkPublicKey(engine, text string) error {
	keys, err := sign.NewKeys(engine, sign.Env{Dummy: true})
	if err != nil {
		return err
	}
	return keys.Add(text)
}
