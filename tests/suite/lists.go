package main

import (
	_ "embed"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed passing.txt
var passingText string

//go:embed scope.txt
var scopeText string

// lists is what is known of the scripts.
type lists struct {
	passing []string    // have to pass
	fast    []string    // of these, what make test runs
	scope   [][2]string // pattern and why it is not tried
}

func readLists() (*lists, error) {
	l := &lists{}
	for _, line := range lines(passingText) {
		name, mark, _ := strings.Cut(line, " ")
		l.passing = append(l.passing, name)
		switch strings.TrimSpace(mark) {
		case "fast":
			l.fast = append(l.fast, name)
		case "":
		default:
			return nil, fmt.Errorf("passing.txt: %q: want NAME, or NAME fast", line)
		}
	}
	for _, line := range lines(scopeText) {
		pattern, why, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("scope.txt: %q: want PATTERN REASON", line)
		}
		l.scope = append(l.scope, [2]string{pattern, strings.TrimSpace(why)})
	}
	return l, nil
}

// lines are those that are neither empty nor a comment.
func lines(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(s string) bool {
		return strings.TrimSpace(s) == "" || strings.HasPrefix(s, "#")
	})
}

// excused says why a script is not tried, "" when it is.
func (l *lists) excused(name string) string {
	for _, row := range l.scope {
		if ok, _ := path.Match(row[0], name); ok {
			return row[1]
		}
	}
	return ""
}

// regressions are the scripts that have to pass and did not, of those run.
func (l *lists) regressions(results []result) []string {
	var bad []string
	for _, r := range results {
		if r.Verdict != passed && slices.Contains(l.passing, r.Name) {
			bad = append(bad, r.Name)
		}
	}
	return bad
}

// writeTable prints one line a script and a sum.
func writeTable(w io.Writer, results []result) {
	width := 0
	count := map[verdict]int{}
	for _, r := range results {
		width = max(width, len(r.Name))
		count[r.Verdict]++
	}
	for _, r := range results {
		what := string(r.Verdict)
		if r.Verdict == passed {
			what = fmt.Sprintf("passed %d ok", r.OK)
			if r.Skipped > 0 {
				what += fmt.Sprintf(", %d skipped", r.Skipped)
			}
		}
		note := r.Note
		if r.Verdict == failed {
			note = fmt.Sprintf("after %d ok: %s", r.OK, r.Note)
		}
		fmt.Fprintf(w, "%-*s  %5.1fs  %-24s  %s\n", width, r.Name, r.Seconds, what, clip(note, 160))
	}
	fmt.Fprintf(w, "\n%d scripts: %d passed, %d failed, %d skipped, %d out of scope\n",
		len(results), count[passed], count[failed], count[skipped], count[outOfScope])
}

func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
