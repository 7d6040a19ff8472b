package commands

import (
	"fmt"

	"github.com/urfave/cli/v2"
)

// suggestFlag is a hint that names the known flag nearest to name, or "".
func suggestFlag(c *call, name string) string {
	var known []string
	for _, l := range c.levels {
		for _, f := range l.cmd.Flags {
			known = append(known, f.Names()[0])
		}
	}
	if best := nearest(name, known); best != "" {
		return fmt.Sprintf("did you mean --%s?", best)
	}
	return ""
}

// suggestCommand is a hint that names the subcommand nearest to name, or "".
func suggestCommand(c *cli.Command, name string) string {
	var known []string
	for _, sub := range visible(c) {
		known = append(known, sub.Name)
	}
	if best := nearest(name, known); best != "" {
		return fmt.Sprintf("did you mean %s?", best)
	}
	return ""
}

// nearest is the candidate with the fewest typing mistakes against word: at
// most two, and fewer than half of the word.
func nearest(word string, candidates []string) string {
	best, bound := "", min(3, (len(word)+1)/2)
	for _, c := range candidates {
		if d := distance(word, c); d < bound {
			best, bound = c, d
		}
	}
	return best
}

// distance counts insertions, deletions and replacements between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
