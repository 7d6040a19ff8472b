package commands

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/outline"
)

// outlineOf describes the tree below c as data; path is what leads to it.
func outlineOf(c *cli.Command, path ...string) *outline.Command {
	path = append(append([]string{}, path...), c.Name)
	out := &outline.Command{
		Path: path, Summary: c.Usage, Description: c.Description,
		Runs: c.Action != nil, Foreign: c.SkipFlagParsing,
	}
	for _, a := range parseArgsUsage(c.ArgsUsage) {
		out.Args = append(out.Args, outline.Arg{Name: a.name, Optional: a.optional, Many: a.many})
	}
	for _, f := range c.Flags {
		if v, ok := f.(cli.VisibleFlag); !ok || v.IsVisible() {
			flag := outlineFlag(f)
			if readsEnv(path, flag.Name) {
				flag.Env = envName(flag.Name)
			}
			out.Flags = append(out.Flags, flag)
		}
	}
	for _, sub := range visible(c) {
		out.Subs = append(out.Subs, outlineOf(sub, path...))
	}
	return out
}

func outlineFlag(f cli.Flag) outline.Flag {
	placeholder, text := flagUsage(f)
	out := outline.Flag{
		Name: f.Names()[0], Value: placeholder, Summary: text,
		Choices: choices(f), Default: defaultText(f),
	}
	for _, alias := range f.Names()[1:] {
		if len(alias) == 1 && out.Short == "" {
			out.Short = alias
		} else if len(alias) > 1 {
			out.Aliases = append(out.Aliases, alias)
		}
	}
	return out
}

// defaultText is a flag's default as shown to people, "" for none.
func defaultText(f cli.Flag) string {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok || !takesValue(f) {
		return ""
	}
	text := strings.Trim(d.GetDefaultText(), `"`)
	if text == "0" || text == "0s" {
		return ""
	}
	return text
}
