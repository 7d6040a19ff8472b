package commands

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/term"
)

// ran is what a command of the test tree saw.
type ran struct {
	Command string
	DryRun  bool
	Tags    []string
	Jobs    int
	Output  string
	Args    []string
}

// toyTree is a tree with each thing the parser has to tell apart: a group, a
// command that is also a group, lists, numbers, required flags, arguments.
func toyTree(log *[]ran) *cli.Command {
	action := func(name string) cli.ActionFunc {
		return func(c *cli.Context) error {
			*log = append(*log, ran{name, c.Bool("dry-run"), c.StringSlice("tag"), c.Int("jobs"), c.String("output"), c.Args().Slice()})
			return nil
		}
	}
	flags := func() []cli.Flag {
		return []cli.Flag{
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"n", "dryrun"}, Usage: "try"},
			&cli.StringSliceFlag{Name: "tag", Aliases: []string{"t"}, Usage: "`TAG`"},
			&cli.IntFlag{Name: "jobs", Aliases: []string{"j"}, Value: 4, Usage: "`N`"},
		}
	}
	return &cli.Command{
		Name: "otactl", Flags: globalFlags(),
		Subcommands: []*cli.Command{
			{Name: "publish", ArgsUsage: "REPO", Flags: flags(), Action: action("publish")},
			{Name: "many", ArgsUsage: "NAME [FILE...]", Flags: flags(), Action: action("many")},
			{Name: "need", Flags: []cli.Flag{&cli.StringFlag{Name: "tag", Required: true, Usage: "`TAG`"}}, Action: action("need")},
			{Name: "foreign", SkipFlagParsing: true, Action: action("foreign")},
			{Name: "ostree", Subcommands: []*cli.Command{{Name: "set", ArgsUsage: "VALUE", Action: action("set")}}},
			{Name: "targets", Subcommands: []*cli.Command{
				{Name: "list", Aliases: []string{"ls"}, Flags: flags(), Action: action("list")},
				{
					Name: "bundle", ArgsUsage: "NAME DST", Flags: flags(), Action: action("bundle"),
					Subcommands: []*cli.Command{{Name: "verify", ArgsUsage: "DIR", Flags: flags(), Action: action("verify")}},
				},
			}},
		},
	}
}

// runToy runs a line against the toy tree as runTree does.
func runToy(t *testing.T, env map[string]string, args ...string) ([]ran, error) {
	t.Helper()
	var log []ran
	root := toyTree(&log)
	getenv := func(name string) string { return env[name] }
	call, err := parseCall(root, args, getenv)
	if err != nil {
		return log, err
	}
	rt := newRuntime(getenv, term.Streams{In: strings.NewReader(""), Out: new(bytes.Buffer), Err: new(bytes.Buffer)}, clock.System)
	if call.help || call.command().Action == nil {
		return log, nil
	}
	err = newApp(rt, root).RunContext(t.Context(), call.argv())
	return log, err
}

func TestFlagsMayStandAnywhere(t *testing.T) {
	want := ran{Command: "bundle", DryRun: true, Tags: []string{"a,b", "c"}, Jobs: 7, Output: "json", Args: []string{"NAME", "DST"}}
	lines := []string{
		"-o json targets bundle --dry-run --tag a,b -t c -j 7 NAME DST",
		"targets bundle NAME DST --dry-run --tag a,b -t c -j 7 -o json",
		"targets -o json bundle NAME --tag=a,b -n -t=c DST --jobs=7",
		"targets bundle -j=7 NAME -n=true --tag a,b --tag c --output=json -- DST",
		"targets bundle --dryrun -j 7 -t a,b -t c -o json -- NAME DST",
	}
	for _, line := range lines {
		got, err := runToy(t, nil, strings.Fields(line)...)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if diff := cmp.Diff([]ran{want}, got); diff != "" {
			t.Errorf("%s:\n%s", line, diff)
		}
	}
}

func TestArgumentsArriveAsTyped(t *testing.T) {
	cases := []struct {
		line []string
		want ran
	}{
		{[]string{"many", "help"}, ran{Command: "many", Jobs: 4, Args: []string{"help"}}},
		{[]string{"many", "x", "list", "-"}, ran{Command: "many", Jobs: 4, Args: []string{"x", "list", "-"}}},
		{[]string{"many", "--", "-x", "--dry-run"}, ran{Command: "many", Jobs: 4, Args: []string{"-x", "--dry-run"}}},
		{[]string{"many", "x", "two words"}, ran{Command: "many", Jobs: 4, Args: []string{"x", "two words"}}},
		{[]string{"ostree", "set", ""}, ran{Command: "set", Args: []string{""}}},
		{[]string{"many", "tag"}, ran{Command: "many", Jobs: 4, Args: []string{"tag"}}},
		{[]string{"foreign", "--nosuch", "--", "-h"}, ran{Command: "foreign", Args: []string{"--nosuch", "--", "-h"}}},
		{[]string{"targets", "ls"}, ran{Command: "list", Jobs: 4, Args: []string{}}},
		{[]string{"targets", "bundle", "verify", "D", "-n"}, ran{Command: "verify", DryRun: true, Jobs: 4, Args: []string{"D"}}},
		{[]string{"many", "-nj", "7", "x"}, ran{Command: "many", DryRun: true, Jobs: 7, Args: []string{"x"}}},
		{[]string{"many", "-nj=-1", "x"}, ran{Command: "many", DryRun: true, Jobs: -1, Args: []string{"x"}}},
		{[]string{"many", "--jobs", "-1", "x"}, ran{Command: "many", Jobs: -1, Args: []string{"x"}}},
		{[]string{"publish", "R", "--dry-run=0"}, ran{Command: "publish", Jobs: 4, Args: []string{"R"}}},
		{[]string{"publish", "R", "--dry-run=false"}, ran{Command: "publish", Jobs: 4, Args: []string{"R"}}},
	}
	for _, c := range cases {
		got, err := runToy(t, nil, c.line...)
		if err != nil {
			t.Errorf("%q: %v", c.line, err)
			continue
		}
		if diff := cmp.Diff([]ran{c.want}, got); diff != "" {
			t.Errorf("%q:\n%s", c.line, diff)
		}
	}
}

func TestAMistakeAnywhereStopsTheCall(t *testing.T) {
	cases := []struct{ line, message, hint string }{
		{"publish R --dry-rum", "publish: unknown flag --dry-rum", "did you mean --dry-run?"},
		{"publish R -dry-run", "publish: unknown flag -dry-run", "did you mean --dry-run?"},
		{"publish R --n", "publish: unknown flag --n", "see otactl publish --help"},
		{"--nosuch publish R", "unknown flag --nosuch", "see otactl --help"},
		{"--dry-run publish R", "unknown flag --dry-run", "see otactl --help"},
		{"publish R -x", "publish: unknown flag -x", "see otactl publish --help"},
		{"publish R -nx", "publish: unknown flag -nx", "see otactl publish --help"},
		{"publish R -jn", "publish: unknown flag -jn", "see otactl publish --help"},
		{"publish R -=", "publish: unknown flag -=", "see otactl publish --help"},
		{"publish R --jobs", "publish: flag --jobs needs a value", "see otactl publish --help"},
		{"publish R --jobs four", `publish: flag --jobs: "four" is not a number`, "see otactl publish --help"},
		{"publish R --dry-run=perhaps", `publish: flag --dry-run: "perhaps" is not true or false`, "see otactl publish --help"},
		{"publish R -o xml", `publish: flag -o: "xml" is not one of table, json, yaml`, "see otactl publish --help"},
		{"publish", "publish: argument REPO is missing", "see otactl publish --help"},
		{"publish R S", `publish: unexpected argument "S"`, "see otactl publish --help"},
		{"need", "need: flag --tag is missing", "see otactl need --help"},
		{"pubish R", `unknown command "pubish"`, "did you mean publish?"},
		{"targets lost", `targets: unknown command "lost"`, "did you mean list?"},
		{"targets bundle -- verify D", `targets bundle: argument "verify" is the name of a command here`, "see otactl targets bundle --help"},
		{"targets bundle NAME", "targets bundle: argument DST is missing", "see otactl targets bundle --help"},
	}
	for _, c := range cases {
		got, err := runToy(t, nil, strings.Fields(c.line)...)
		if len(got) > 0 {
			t.Errorf("%s: ran %v", c.line, got)
		}
		if err == nil || err.Error() != c.message || fail.HintOf(err) != c.hint || fail.ClassOf(err) != fail.Usage {
			t.Errorf("%s:\n got %v (%s)\nwant %s (%s)", c.line, err, fail.HintOf(err), c.message, c.hint)
		}
	}
}

func TestABlankArgumentIsAMistake(t *testing.T) {
	for _, blank := range []string{"", " ", "\t\n"} {
		got, err := runToy(t, nil, "publish", blank)
		if len(got) > 0 || fail.ClassOf(err) != fail.Usage || !strings.Contains(err.Error(), "argument 1 is blank") {
			t.Errorf("%q: %v, %v", blank, got, err)
		}
	}
}

func TestTheEnvironmentFillsWhatWasNotGiven(t *testing.T) {
	env := map[string]string{"OTACTL_TAG": "a,b", "OTACTL_JOBS": "9", "OTACTL_OUTPUT": "", "OTACTL_DRY_RUN": "true"}
	got, err := runToy(t, env, "publish", "R", "-j", "3")
	if err != nil {
		t.Fatal(err)
	}
	want := []ran{{Command: "publish", DryRun: true, Tags: []string{"a", "b"}, Jobs: 3, Args: []string{"R"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	env["OTACTL_JOBS"] = "many"
	if got, err := runToy(t, env, "publish", "R"); err == nil || len(got) > 0 {
		t.Errorf("a bad variable was taken: ran %v, error %v", got, err)
	}
	if _, err := runToy(t, map[string]string{"OTACTL_TAG": "x"}, "need"); err != nil {
		t.Errorf("a required flag from the environment: %v", err)
	}
}

// Whatever is typed, either the line is refused or the words that are not
// flags arrive in their order.
func FuzzCallIsNeverAmbiguous(f *testing.F) {
	for _, line := range []string{"publish\x00R\x00--dry-run", "many\x00--\x00-x", "-o\x00json\x00targets\x00ls", "many\x00-nt\x00x", "--=\x00-=\x00=-"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got, err := runToy(t, nil, strings.Split(line, "\x00")...)
		if err == nil && len(got) > 1 {
			t.Errorf("%q ran %d commands", line, len(got))
		}
		if err != nil && len(got) > 0 {
			t.Errorf("%q ran in spite of %v", line, err)
		}
	})
}
