package main

import (
	"regexp"
	"strconv"
	"strings"
)

// A result is what became of one script.
type result struct {
	Name    string
	Verdict verdict
	OK      int // points passed
	Skipped int // points that say of themselves that they were skipped
	Note    string
	Seconds float64
}

type verdict string

const (
	passed     verdict = "passed"
	failed     verdict = "failed"
	skipped    verdict = "skipped"
	outOfScope verdict = "out of scope"
)

var (
	plan     = regexp.MustCompile(`^1\.\.(\d+)(?:\s*#\s*(?i:skip)\S*\s*(.*))?`)
	point    = regexp.MustCompile(`^(not )?ok\b(.*)`)
	skipMark = regexp.MustCompile(`(?i)#\s*skip`)
)

// judge reads what a script printed, by the rules of the Test Anything
// Protocol: it has to end with 0, have no point that is "not ok", and as many
// points as it planned. A script without any point that is ok was skipped. all
// is out and what went to standard error.
func judge(out, all string, exit int, timedOut bool) result {
	var r result
	planned, points, notOK := -1, 0, ""
	for _, line := range strings.Split(out, "\n") {
		if m := plan.FindStringSubmatch(line); m != nil {
			planned, _ = strconv.Atoi(m[1])
			if m[2] != "" {
				r.Note = m[2]
			}
		}
		m := point.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		points++
		switch {
		case m[1] != "":
			notOK = line
		case skipMark.MatchString(m[2]):
			r.Skipped++
		default:
			r.OK++
		}
	}
	switch {
	case timedOut:
		r.Verdict, r.Note = failed, "took too long; "+lastLines(all)
	case exit != 0:
		r.Verdict, r.Note = failed, lastLines(all)
	case notOK != "":
		r.Verdict, r.Note = failed, notOK
	case planned > 0 && points != planned:
		r.Verdict, r.Note = failed, "planned "+strconv.Itoa(planned)+" points, came to "+strconv.Itoa(points)
	case r.OK == 0:
		r.Verdict = skipped
	default:
		r.Verdict, r.Note = passed, ""
	}
	return r
}

// lastLines are the last two lines of a script that say something: its own
// clean-up comes after them.
func lastLines(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var last []string
	for i := len(lines) - 1; i >= 0 && len(last) < 2; i-- {
		line := strings.TrimSpace(lines[i])
		if line == "" || strings.HasPrefix(line, "OK closing") || strings.HasPrefix(line, "gpg-connect-agent:") || strings.HasPrefix(line, "+ ") {
			continue
		}
		last = append([]string{line}, last...)
	}
	return strings.Join(last, " | ")
}
