package commands

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/tuf/inspect"
)

type tufView struct {
	Source string `json:"source"`
	inspect.Report
}

// Table shows the chain, then the roles, then what is wrong.
func (v tufView) Table(w io.Writer) {
	result := "good"
	if !v.Good {
		result = "bad"
	}
	render.Fields(w, "metadata", v.Source, "result", result, "trust from", v.Anchor, "expires", v.until(v.Expires))
	v.roots(w)
	v.roles(w)
	var rows [][]string
	for _, f := range v.Findings {
		rows = append(rows, []string{f.File, f.Rule, f.Problem, f.Remedy})
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		render.Columns(w, []string{"BAD", "RULE", "WHAT", "WHAT TO DO"}, rows)
	}
}

func (v tufView) roots(w io.Writer) {
	var rows [][]string
	for _, r := range v.Roots {
		before := "-"
		if r.Old != nil {
			before = ofThreshold(*r.Old)
		}
		notes := r.Changes
		if r.Message != "" {
			notes = append([]string{strconv.Quote(r.Message)}, notes...)
		}
		for i := range max(1, len(notes)) {
			row := []string{"", "", "", "", ""}
			if i == 0 {
				row = []string{r.File, ofThreshold(r.Own), before, v.until(r.Expires), ""}
			}
			if i < len(notes) {
				row[4] = notes[i]
			}
			rows = append(rows, row)
		}
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		render.Columns(w, []string{"ROOT", "SIGNED", "BY KEYS BEFORE", "EXPIRES", "CHANGES"}, rows)
	}
}

func (v tufView) roles(w io.Writer) {
	var rows [][]string
	roles := v.Roles
	if n := len(v.Roots); n > 0 {
		last := v.Roots[n-1]
		roles = append([]inspect.Role{{Name: "root", File: last.File, Version: last.Version, Expires: last.Expires, Signed: last.Own}}, roles...)
	}
	for _, r := range roles {
		what := []string{r.Name, r.File, strconv.Itoa(r.Version), v.until(r.Expires), ofThreshold(r.Signed)}
		for _, k := range r.Signed.Keys {
			who := "has not signed"
			if k.Signed {
				who = "signed"
			}
			rows = append(rows, append(what, k.ID, k.Type, who))
			what = []string{"", "", "", "", ""}
		}
		for _, other := range r.Signed.Others {
			rows = append(rows, append(what, other, "", "does not count"))
			what = []string{"", "", "", "", ""}
		}
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		render.Columns(w, []string{"ROLE", "FILE", "VERSION", "EXPIRES", "SIGNED", "KEY", "TYPE", ""}, rows)
	}
}

func ofThreshold(s inspect.Signed) string { return fmt.Sprintf("%d of %d", s.Valid, s.Threshold) }

// until is a time with how far away it is.
func (v tufView) until(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	left := at.Sub(v.Now)
	away := fmt.Sprintf("in %s", span(left))
	if left <= 0 {
		away = fmt.Sprintf("expired %s ago", span(-left))
	}
	return at.UTC().Format("2006-01-02 15:04 UTC") + " (" + away + ")"
}

// span is a length of time in the largest unit that says something.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d minutes", int(d.Minutes()))
}
