package commands

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
)

// A call is one command line, taken apart: which command, which flags belong
// to which level of the tree, which arguments.
//
// urfave/cli stops looking for flags at the first argument, so that
// "publish REPO --dry-run" would publish. Therefore every word is assigned
// here, against the declared tree, before anything runs; what is left for
// urfave/cli is a line without any ambiguity.
type call struct {
	levels []level  // the root, then one per command named
	args   []string // arguments of the last command
	help   bool     // --help or -h was among the flags
	about  bool     // --version was, before any command
	err    error    // the first thing that was wrong
	// incomplete: all words were understood, but some are missing or too many
	incomplete bool
	// lenient: arguments beyond those that the command takes are dropped, as the
	// original of a stand-in does.
	lenient bool
}

// A level is one command of the path with the flags given for it.
type level struct {
	cmd    *cli.Command
	values []flagValue
}

type flagValue struct {
	flag  cli.Flag
	value string
}

// parseCall takes args (without the program's name) apart. The call is usable
// for help and output format even when an error comes with it.
func parseCall(root *cli.Command, args []string, env func(string) string) (*call, error) {
	c := &call{levels: []level{{cmd: root}}}
	return c, c.parse(args, env)
}

func (c *call) parse(args []string, env func(string) string) error {
	for len(args) > 0 && !c.command().SkipFlagParsing {
		args = c.take(args)
	}
	c.args = append(c.args, args...)
	c.takeEnv(env)
	if c.err == nil && !c.help && !c.about {
		c.err = c.complete()
		c.incomplete = c.err != nil
	}
	return c.err
}

// command is the last command named.
func (c *call) command() *cli.Command { return c.levels[len(c.levels)-1].cmd }

// root is the level of the flags that every command has.
func (c *call) root() level { return c.levels[0] }

// take assigns the first word of args, and its value if it has one, and
// returns the rest.
func (c *call) take(args []string) []string {
	word, rest := args[0], args[1:]
	switch {
	case word == "--":
		c.takeArgs(rest)
		return nil
	case strings.HasPrefix(word, "--"):
		name, value, attached := strings.Cut(word[2:], "=")
		return c.takeFlag("--"+name, name, value, attached, rest)
	case len(word) > 1 && word[0] == '-':
		return c.takeShort(word, rest)
	case len(c.args) == 0 && c.descend(word):
		return rest
	}
	c.args = append(c.args, word)
	return rest
}

// takeArgs takes everything after "--". One that is also the name of a
// subcommand cannot be told apart later, so it is refused.
func (c *call) takeArgs(args []string) {
	if len(c.args) == 0 && len(args) > 0 && find(c.command(), args[0]) != nil {
		c.fail("", "argument %q is the name of a command here", args[0])
	}
	c.args = append(c.args, args...)
}

// descend enters the subcommand called name, if there is one.
func (c *call) descend(name string) bool {
	sub := find(c.command(), name)
	if sub == nil {
		return false
	}
	c.levels = append(c.levels, level{cmd: sub})
	return true
}

// takeShort takes -x, -x VALUE, -x=VALUE and bundled switches (-qn), the last
// of which may take a value (-qo VALUE).
func (c *call) takeShort(word string, rest []string) []string {
	name, value, attached := strings.Cut(word[1:], "=")
	if len(name) == 1 {
		return c.takeFlag(word[:2], name, value, attached, rest)
	}
	letters := strings.Split(name, "")
	last := len(letters) - 1
	if last < 0 {
		c.fail("", "unknown flag %s", word)
		return rest
	}
	for i, x := range letters {
		if _, f := c.lookup(x); f == nil || takesValue(f) && i < last {
			c.fail(suggestFlag(c, name), "unknown flag %s", word)
			return rest
		}
	}
	for _, x := range letters[:last] {
		c.takeFlag("-"+x, x, "", false, nil)
	}
	return c.takeFlag("-"+letters[last], letters[last], value, attached, rest)
}

func (c *call) takeFlag(shown, name, value string, attached bool, rest []string) []string {
	if name == "help" || name == "h" {
		c.help = true
		return rest
	}
	// Commands have a --version of their own, about what they make.
	if shown == "--version" && len(c.levels) == 1 {
		c.about = true
		return rest
	}
	at, f := c.lookup(name)
	if f == nil || (len(name) == 1) != (len(shown) == 2) {
		c.fail(suggestFlag(c, name), "unknown flag %s", shown)
		return rest
	}
	switch {
	case attached:
	case !takesValue(f):
		value = "true"
	case len(rest) == 0:
		c.fail("", "flag %s needs a value", shown)
		return nil
	default:
		value, rest = rest[0], rest[1:]
	}
	if err := checkValue(f, value); err != nil {
		c.fail("", "flag %s: %w", shown, err)
		return rest
	}
	at.values = append(at.values, flagValue{f, value})
	return rest
}

// lookup finds a flag by name, the innermost command's first. Flags of a command
// that is only passed on the way to one below it are about what it does itself.
func (c *call) lookup(name string) (*level, cli.Flag) {
	for i := len(c.levels) - 1; i >= 0; i-- {
		if c.passed(i) {
			continue
		}
		for _, f := range c.levels[i].cmd.Flags {
			if slices.Contains(f.Names(), name) {
				return &c.levels[i], f
			}
		}
	}
	return nil, nil
}

// takeEnv fills flags that were not given from the environment. A variable
// that is set but empty counts as unset; a list is split at commas. Flags of a
// command that is only passed on the way to one below it stay as they are when
// they are about what that command itself does.
func (c *call) takeEnv(env func(string) string) {
	for i := range c.levels {
		at := &c.levels[i]
		if c.passed(i) {
			continue
		}
		for _, f := range at.cmd.Flags {
			name := envName(f.Names()[0])
			value := env(name)
			if value == "" || at.given(f) || !readsEnv(c.words(i), f.Names()[0]) {
				continue
			}
			values := []string{value}
			if isList(f) {
				values = strings.Split(value, ",")
			}
			for _, v := range values {
				if err := checkValue(f, v); err != nil {
					c.fail("", "variable %s: %w", name, err)
				}
				at.values = append(at.values, flagValue{f, v})
			}
		}
	}
}

// passed says whether a level is that of a command that would do something
// itself, and is here only the way to one below it.
func (c *call) passed(i int) bool { return i < len(c.levels)-1 && c.levels[i].cmd.Action != nil }

// complete says what is missing or too much.
func (c *call) complete() error {
	cmd := c.command()
	if cmd.SkipFlagParsing {
		return nil
	}
	if cmd.Action == nil && len(c.args) > 0 {
		return c.usage(suggestCommand(cmd, c.args[0]), "unknown command %q", c.args[0])
	}
	if cmd.Action == nil {
		return nil
	}
	for i, l := range c.levels {
		if c.passed(i) {
			if len(l.values) > 0 {
				return c.usage("put it behind "+cmd.Name, "flag --%s: where it stands it is one of %s alone", l.values[0].flag.Names()[0], l.cmd.Name)
			}
			continue
		}
		for _, f := range l.cmd.Flags {
			if r, ok := f.(cli.RequiredFlag); ok && r.IsRequired() && !l.given(f) {
				return c.usage("", "flag --%s is missing", f.Names()[0])
			}
		}
	}
	return c.checkArgs()
}

func (c *call) checkArgs() error {
	want := parseArgsUsage(c.command().ArgsUsage)
	if missing := want.missing(len(c.args)); missing != "" {
		return c.usage("", "argument %s is missing", missing)
	}
	// Nothing is called that: it is a variable that was not set.
	blank := func(arg string) bool { return strings.TrimSpace(arg) == "" }
	if i := slices.IndexFunc(c.args, blank); i >= 0 && !c.takesBlank() {
		return c.usage("", "argument %d is blank: %q", i+1, c.args[i])
	}
	limit := want.max()
	switch {
	case limit < 0 || len(c.args) <= limit:
	case c.lenient:
		c.args = c.args[:limit]
	default:
		return c.usage("", "unexpected argument %q", c.args[limit])
	}
	return nil
}

// takesBlank: the verbs of ostree take what the original takes, such as a key of
// a config with no value.
func (c *call) takesBlank() bool {
	return c.lenient || len(c.levels) > 1 && c.levels[1].cmd.Name == "ostree"
}

// argv is the unambiguous line for urfave/cli: each command followed by its
// own flags as --name=value, then "--" and the arguments.
func (c *call) argv() []string {
	var out []string
	for _, l := range c.levels {
		out = append(out, l.cmd.Name)
		for _, v := range l.values {
			out = append(out, "--"+v.flag.Names()[0]+"="+v.value)
		}
	}
	if !c.command().SkipFlagParsing {
		out = append(out, "--")
	}
	return append(out, c.args...)
}

// path is the command's words without the program's name: "targets list".
func (c *call) path() string { return strings.Join(c.words(len(c.levels) - 1)[1:], " ") }

// words are the names that lead to a level, the program's first.
func (c *call) words(level int) []string {
	var words []string
	for _, l := range c.levels[:level+1] {
		words = append(words, l.cmd.Name)
	}
	return words
}

// readsEnv says whether a flag of a command is read from the environment
// too. Those of the ostree verbs are not: they have the names of another
// tool's flags, and a pull must not go elsewhere because OTACTL_URL is set for
// the backend. Nor is the switch --by-tag of targets prune, since the variable
// names a tag for all others.
func readsEnv(path []string, flag string) bool {
	if len(path) >= 3 && path[1] == "ostree" {
		return false
	}
	return strings.Join(path[1:], " ") != "targets prune" || flag != "by-tag"
}

// fail remembers the first usage error; the rest of the line is still read,
// so that -o json after a mistake shapes the message about it.
func (c *call) fail(hint, format string, args ...any) {
	if c.err == nil {
		c.err = c.usage(hint, format, args...)
	}
}

func (c *call) usage(hint, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	path := c.path()
	if path != "" {
		err = fmt.Errorf("%s: %w", path, err)
	}
	if hint == "" {
		hint = "see " + strings.TrimSpace(c.root().cmd.Name+" "+path) + " --help"
	}
	return fail.As(err, fail.Usage, hint)
}

// whichCommand is the answer to a group without a command.
func (c *call) whichCommand() error {
	var names []string
	for _, sub := range visible(c.command()) {
		names = append(names, sub.Name)
	}
	return c.usage("", "a command is missing: %s", strings.Join(names, ", "))
}

func (l level) given(f cli.Flag) bool {
	return slices.ContainsFunc(l.values, func(v flagValue) bool { return v.flag == f })
}

// last is the value of the flag called name, or "".
func (l level) last(name string) string {
	for _, v := range slices.Backward(l.values) {
		if v.flag.Names()[0] == name {
			return v.value
		}
	}
	return ""
}

func find(c *cli.Command, name string) *cli.Command {
	for _, sub := range c.Subcommands {
		if sub.HasName(name) {
			return sub
		}
	}
	return nil
}

func visible(c *cli.Command) []*cli.Command {
	return slices.DeleteFunc(slices.Clone(c.Subcommands), func(s *cli.Command) bool { return s.Hidden })
}
