package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// longestCheck is how much of a check's text a row shows.
const longestCheck = 100

// sections are the parts of the page, by file: one row a check, with each way
// of breaking it.
func sections(results []result) map[string]string {
	why := map[string]string{}
	for _, r := range reasons {
		why[r.key] = r.why
	}
	byFile := map[string][]result{}
	for _, r := range results {
		byFile[r.file] = append(byFile[r.file], r)
	}
	out := map[string]string{}
	for file, of := range byFile {
		caught := 0
		var rows strings.Builder
		for i := 0; i < len(of); {
			n := i
			for n < len(of) && of[n].sameCheck(of[i]) {
				if of[n].caught != "" {
					caught++
				}
				n++
			}
			kinds, tests := columns(of[i:n], why)
			fmt.Fprintf(&rows, "| %s | %s | %s | %s |\n", of[i].fn, code(of[i].text), kinds, tests)
			i = n
		}
		out[file] = fmt.Sprintf("%s%s\n\n%d mutants: %d caught by a test that failed, %d make no difference.\n\n"+
			"| function | check | broken by | caught by |\n|---|---|---|---|\n%s", heading, file, len(of), caught, len(of)-caught, rows.String())
	}
	return out
}

const heading = "## "

const intro = `# Mutation

` + "`make mutation`" + ` breaks each check of the verifier in turn, runs the tests of ` + "`tuf`" + `, and writes this page. A check is
inverted, made always true or always false, one part of it is left out, a comparison is shifted by one or inverted, or
an early return is left out. It ends with 1 if a mutant survives that is not explained. No build failure counts as
caught: all mutants are in one binary ([decision 23](adr/0023-mutation.md)).
`

// writePage puts fresh sections into the page, and leaves the others.
func writePage(name string, fresh map[string]string) error {
	old, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	kept := map[string]string{}
	for _, section := range strings.Split(string(old), "\n"+heading)[1:] {
		file, _, _ := strings.Cut(section, "\n")
		kept[file] = heading + strings.TrimRight(section, "\n") + "\n"
	}
	maps.Copy(kept, fresh)
	text := intro
	for _, file := range verifier {
		if kept[file] != "" {
			text += "\n" + kept[file]
		}
	}
	return os.WriteFile(name, []byte(text), 0o644)
}

func (r result) sameCheck(o result) bool {
	return r.file == o.file && r.fn == o.fn && r.line == o.line && r.text == o.text
}

// columns lists the ways of breaking a check, and the tests that each fails; a
// test that catches all of them is named once.
func columns(of []result, why map[string]string) (kinds, tests string) {
	var all, by []string
	for _, r := range of {
		all = append(all, r.kind)
		switch {
		case r.caught == "" && why[r.key()] != "":
			by = append(by, "none: "+why[r.key()])
		case r.caught == "":
			by = append(by, "**survived**")
		case r.hung:
			by = append(by, r.caught+" (does not end)")
		default:
			by = append(by, r.caught)
		}
	}
	if len(slices.Compact(slices.Clone(by))) == 1 {
		by = by[:1]
	}
	return strings.Join(all, "; "), strings.Join(by, "; ")
}

func code(text string) string {
	if len(text) > longestCheck {
		text = text[:longestCheck] + "…"
	}
	return "`" + strings.ReplaceAll(text, "|", `\|`) + "`"
}
