package commands

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"
)

// Flags say what they take in the back-quoted word of their Usage, as
// urfave/cli shows it: `DIR` and `FILE` are completed as such, `a|b|c` is a
// choice and anything else is refused: "how to print: `a|b|c`".

func takesValue(f cli.Flag) bool {
	d, ok := f.(cli.DocGenerationFlag)
	return ok && d.TakesValue()
}

func isList(f cli.Flag) bool {
	s, ok := f.(cli.DocGenerationSliceFlag)
	return ok && s.IsSliceFlag()
}

// flagUsage is a flag's placeholder ("" for a switch) and its description.
func flagUsage(f cli.Flag) (placeholder, text string) {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return "", ""
	}
	text = d.GetUsage()
	before, rest, found := strings.Cut(text, "`")
	if inner, after, closed := strings.Cut(rest, "`"); found && closed {
		placeholder, text = inner, before+inner+after
		if strings.Contains(inner, "|") { // choices need not be said twice
			text = strings.TrimSuffix(before, ": ") + after
		}
	}
	if takesValue(f) && placeholder == "" {
		placeholder = "VALUE"
	}
	return placeholder, text
}

// choices is the closed set of values of a flag, or nil.
func choices(f cli.Flag) []string {
	placeholder, _ := flagUsage(f)
	if !strings.Contains(placeholder, "|") {
		return nil
	}
	return strings.Split(placeholder, "|")
}

// checkValue says whether a flag can hold value, without touching the flag.
func checkValue(f cli.Flag, value string) error {
	if set := choices(f); set != nil && !slices.Contains(set, value) {
		return fmt.Errorf("%q is not one of %s", value, strings.Join(set, ", "))
	}
	scratch := flag.NewFlagSet("", flag.ContinueOnError)
	scratch.SetOutput(io.Discard)
	if err := f.Apply(scratch); err != nil {
		return err
	}
	if err := scratch.Set(f.Names()[0], value); err != nil {
		return fmt.Errorf("%q is not %s", value, kind(f))
	}
	return nil
}

// kind names what a flag takes, for messages.
func kind(f cli.Flag) string {
	switch f.(type) {
	case *cli.BoolFlag:
		return "true or false"
	case *cli.IntFlag, *cli.Int64Flag, *cli.UintFlag, *cli.Uint64Flag:
		return "a number"
	case *cli.DurationFlag:
		return "a duration such as 90s or 24h"
	}
	return "a value for it"
}

// An argsSpec is what a command's ArgsUsage promises: "NAME DST" wants two,
// "[NAME]" takes one or none, "FILE..." one or more, "[FILE...]" any number.
// Help and check read the same words and so cannot disagree.
type argsSpec []argSpec

type argSpec struct {
	name           string
	optional, many bool
}

func parseArgsUsage(usage string) argsSpec {
	var spec argsSpec
	for _, word := range strings.Fields(usage) {
		a := argSpec{optional: strings.HasPrefix(word, "["), many: strings.Contains(word, "...")}
		a.name = strings.Trim(word, "[].")
		spec = append(spec, a)
	}
	return spec
}

// missing names the first required argument that n arguments don't reach.
func (s argsSpec) missing(n int) string {
	for i, a := range s {
		if i >= n && !a.optional {
			return a.name
		}
	}
	return ""
}

// max is how many arguments there may be, -1 for any number.
func (s argsSpec) max() int {
	if len(s) > 0 && s[len(s)-1].many {
		return -1
	}
	return len(s)
}

// switchedOn reads the value of a switch as the flag package does.
func switchedOn(value string) bool {
	on, err := strconv.ParseBool(value)
	return err == nil && on
}
