package main

import (
	"fmt"
	"slices"
	"strings"
)

// longestCheck is how much of a check's text a row shows.
const longestCheck = 100

// table is the page: one row a check, with each way of breaking it.
func table(results []result) string {
	why := map[string]string{}
	for _, r := range reasons {
		why[r.key] = r.why
	}
	caught := 0
	for _, r := range results {
		if r.caught != "" {
			caught++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, intro, len(results), caught, len(results)-caught)
	var last result
	for i := 0; i < len(results); {
		r := results[i]
		if r.file != last.file {
			fmt.Fprintf(&b, "\n## %s\n\n| function | check | broken by | caught by |\n|---|---|---|---|\n", r.file)
		}
		n := i
		for n < len(results) && results[n].sameCheck(r) {
			n++
		}
		kinds, tests := columns(results[i:n], why)
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.fn, code(r.text), kinds, tests)
		last, i = r, n
	}
	return b.String()
}

const intro = `# Mutation

` + "`make mutation`" + ` breaks each check of the verifier in turn, runs the tests of ` + "`tuf`" + `, and writes this page. A check is
inverted, made always true or always false, one part of it is left out, a comparison is shifted by one or inverted, or
an early return is left out. It ends with 1 if a mutant survives that is not explained.

%d mutants: %d caught by a test that failed, %d explained below as making no difference. No build failure counts as caught:
all of them are in one binary.
`

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
