package boost

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func tool() *Parser {
	return &Parser{
		Caption: "tool command line options",
		Options: []Option{
			{Long: "help", Short: "h", Help: "print usage"},
			{Long: "version", Short: "V", Help: "print version"},
			{Long: "config", Short: "c", Kind: String, Multi: true, Help: "file or folder"},
			{Long: "src-dir", Short: "s", Kind: String, Required: true, Help: "bundle"},
			{Long: "force", Short: "f", Kind: Bool, Implicit: true, Help: "go on\nregardless"},
			{Long: "json", Kind: Bool, Default: "0", Help: "print JSON"},
			{Long: "loglevel", Kind: Int, Default: "2", Help: "0 to 5"},
			{Long: "log-file", Kind: String},
			{Long: "command", Kind: String, Hidden: true},
			{Long: "update-name", Kind: String, Hidden: true},
		},
		Positional: []string{"command", "update-name"},
	}
}

func TestOptionsAreReadAsBoostReadsThem(t *testing.T) {
	cases := []struct {
		name string
		args string
		want map[string][]string
	}{
		{"long with a space", "--src-dir /b", map[string][]string{"src-dir": {"/b"}}},
		{"long with an equals sign", "--src-dir=/b=c", map[string][]string{"src-dir": {"/b=c"}}},
		{"short with a space", "-s /b", map[string][]string{"src-dir": {"/b"}}},
		{"short attached", "-s/b", map[string][]string{"src-dir": {"/b"}}},
		{"beginning of a name", "--src /b", map[string][]string{"src-dir": {"/b"}}},
		{"repeated where allowed", "-c a -c b", map[string][]string{"config": {"a", "b"}}},
		{"boolean with a value", "--force 0", map[string][]string{"force": {"0"}}},
		{"boolean in words", "--json Off", map[string][]string{"json": {"Off"}}},
		{"boolean alone at the end", "--force", map[string][]string{"force": {"1"}}},
		{"boolean alone before a word", "--force install", map[string][]string{"force": {"1"}, "command": {"install"}}},
		{"boolean alone before an option", "-f -s /b", map[string][]string{"force": {"1"}, "src-dir": {"/b"}}},
		{"bundled switches", "-hV", map[string][]string{"help": {"1"}, "version": {"1"}}},
		{"words around options", "update -s /b 42", map[string][]string{"command": {"update"}, "src-dir": {"/b"}, "update-name": {"42"}}},
		{"after two dashes all are words", "-- --force", map[string][]string{"command": {"--force"}}},
		{"unknown dashes may be a value", "-s --odd", map[string][]string{"src-dir": {"--odd"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			v, err := tool().Parse(strings.Fields(c.args))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, v.given); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestMistakesAreUsageErrorsThatNameTheOption(t *testing.T) {
	cases := []struct{ args, option, reason string }{
		{"--nosuch", "--nosuch", "unrecognised option '--nosuch'"},
		{"-x", "-x", "unrecognised option '-x'"},
		{"--lo 1", "--lo", "option '--lo' is ambiguous and matches '--loglevel' and '--log-file'"},
		{"--src-dir", "--src-dir", "the required argument for option '--src-dir' is missing"},
		{"--src-dir --help", "--src-dir", "the required argument for option '--src-dir' is missing"},
		{"-s -h", "-s", "the required argument for option '-s' is missing"},
		{"--json", "--json", "the required argument for option '--json' is missing"},
		{"--json maybe", "--json", "the argument ('maybe') for option '--json' is invalid"},
		{"--loglevel high", "--loglevel", "the argument ('high') for option '--loglevel' is invalid"},
		{"--help=1", "--help", "option '--help' does not take any arguments"},
		{"-s a -s b", "-s", "option '-s' cannot be specified more than once"},
		{"a b c", "", "too many positional options have been specified on the command line: 'c'"},
	}
	for _, c := range cases {
		t.Run(c.args, func(t *testing.T) {
			_, err := tool().Parse(strings.Fields(c.args))
			var usage *UsageError
			if !errors.As(err, &usage) {
				t.Fatalf("got %v, want a UsageError", err)
			}
			if usage.Option != c.option || usage.Reason != c.reason {
				t.Errorf("got %q about %q\nwant %q about %q", usage.Reason, usage.Option, c.reason, c.option)
			}
		})
	}
}

func TestDefaultsHoldWithoutCountingAsGiven(t *testing.T) {
	v, err := tool().Parse(nil)
	if err != nil {
		t.Fatal(err)
	}
	if v.Has("json") || v.Bool("json") || v.Int("loglevel") != 2 || v.String("src-dir") != "" || v.Bool("force") {
		t.Errorf("defaults are wrong: %+v", v)
	}
	if err := v.CheckRequired(); err == nil || err.Error() != "the option '--src-dir' is required but missing" {
		t.Errorf("missing required option: got %v", err)
	}
}

func TestUsageShowsEachVisibleOptionOnce(t *testing.T) {
	var b strings.Builder
	tool().Usage(&b)
	want := `tool command line options:
  -h [ --help ]             print usage
  -V [ --version ]          print version
  -c [ --config ] arg       file or folder
  -s [ --src-dir ] arg      bundle
  -f [ --force ] [=arg(=1)] go on
                            regardless
  --json arg (=0)           print JSON
  --loglevel arg (=2)       0 to 5
  --log-file arg
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// The words come from a shell, so nothing they hold may crash the parser, and
// what it accepts has to be consistent.
func FuzzParse(f *testing.F) {
	f.Add("install\x00--src-dir\x00/b\x00--force\x001")
	f.Add("-fs/b\x00--\x00-x")
	f.Add("--=\x00-\x00--lo")
	f.Fuzz(func(t *testing.T, line string) {
		p := tool()
		v, err := p.Parse(strings.Split(line, "\x00"))
		if err != nil {
			return
		}
		for _, opt := range p.Options {
			for _, value := range v.given[opt.Long] {
				if !valid(opt.Kind, value) {
					t.Errorf("--%s holds %q", opt.Long, value)
				}
			}
			if len(v.given[opt.Long]) > 1 && !opt.Multi {
				t.Errorf("--%s was taken %d times", opt.Long, len(v.given[opt.Long]))
			}
		}
	})
}
