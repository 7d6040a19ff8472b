package commands

import (
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// eachFlag visits every flag of the real tree with the command it is of.
func eachFlag(t *testing.T, visit func(path string, f cli.Flag)) {
	t.Helper()
	rt, _, _ := testRuntime(nil)
	var walk func(c *cli.Command, path string)
	walk = func(c *cli.Command, path string) {
		path = strings.TrimSpace(path + " " + c.Name)
		for _, f := range c.Flags {
			visit(path, f)
		}
		for _, sub := range c.Subcommands {
			walk(sub, path)
		}
	}
	walk(rootCommand(rt), "")
}

// What is declared must be what our own parser reads; see docs/adr/0001-flags-anywhere.md.
func TestFlagsAreDeclaredForOurParser(t *testing.T) {
	eachFlag(t, func(path string, f cli.Flag) {
		name := f.Names()[0]
		d, ok := f.(cli.DocGenerationFlag)
		if !ok {
			t.Errorf("%s --%s: %T cannot describe itself", path, name, f)
			return
		}
		if v, ok := f.(cli.VisibleFlag); len(name) == 1 && (!ok || v.IsVisible()) {
			t.Errorf("%s -%s has no long name", path, name)
		}
		if len(d.GetEnvVars()) > 0 {
			t.Errorf("%s --%s reads the environment by itself", path, name)
		}
		placeholder, text := flagUsage(f)
		if text == "" || strings.HasSuffix(text, ".") || strings.ToUpper(text[:1]) == text[:1] && placeholder == "" {
			t.Errorf("%s --%s: %q: want one phrase, lower case, no full stop", path, name, text)
		}
		if takesValue(f) && placeholder == "VALUE" {
			t.Errorf("%s --%s: its usage does not name what it takes in back quotes", path, name)
		}
	})
}

func TestNoFlagHidesAGlobalOne(t *testing.T) {
	global := map[string]bool{"help": true, "h": true}
	for _, f := range globalFlags() {
		for _, name := range f.Names() {
			global[name] = true
		}
	}
	eachFlag(t, func(path string, f cli.Flag) {
		// The verbs of ostree keep the flags of the original (summary -v,
		// export -o); the innermost flag wins.
		if path == programName || strings.HasPrefix(path, programName+" ostree ") {
			return
		}
		for _, name := range f.Names() {
			if global[name] {
				t.Errorf("%s: flag %s is one that every command has", path, name)
			}
		}
	})
}

// A variable must mean the same kind of thing wherever it is read.
func TestAVariableHasOneKindOfValue(t *testing.T) {
	kinds := map[string]string{}
	eachFlag(t, func(path string, f cli.Flag) {
		if !readsEnv(strings.Fields(path), f.Names()[0]) {
			return
		}
		name, kind := f.Names()[0], kind(f)
		if before, ok := kinds[name]; ok && before != kind {
			t.Errorf("%s --%s takes %s, elsewhere %s", path, name, kind, before)
		}
		kinds[name] = kind
	})
}

func TestCommandsDescribeThemselves(t *testing.T) {
	rt, _, _ := testRuntime(nil)
	root := rootCommand(rt)
	eachCommand(root, func(c *cli.Command) {
		if c.Usage == "" || strings.HasSuffix(c.Usage, ".") {
			t.Errorf("%s: usage %q: want one phrase without full stop", c.Name, c.Usage)
		}
		if c.Action == nil && len(c.Subcommands) == 0 {
			t.Errorf("%s does nothing", c.Name)
		}
		spec := parseArgsUsage(c.ArgsUsage)
		for i, a := range spec {
			if a.name == "" || strings.ToUpper(a.name) != a.name {
				t.Errorf("%s: argument %q: want NAME, [NAME], NAME... or [NAME...]", c.Name, c.ArgsUsage)
			}
			if a.many && i < len(spec)-1 || !a.optional && i > 0 && spec[i-1].optional {
				t.Errorf("%s: arguments %q cannot be told apart", c.Name, c.ArgsUsage)
			}
		}
	})
}
