package author

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/otactl/otactl/tuf"
)

// maxDiff bounds what finding the shortest difference may cost: pairs of lines.
const maxDiff = 4 << 20

// Diff shows two JSON files, printed for people, line by line: "-" what only
// the first has, "+" what only the second has, " " what both have.
func Diff(before, after []byte) ([]string, error) {
	a, err := lines(before)
	if err != nil {
		return nil, err
	}
	b, err := lines(after)
	if err != nil {
		return nil, err
	}
	var head, tail []string
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		head, a, b = append(head, " "+a[0]), a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		tail = append(tail, " "+a[len(a)-1])
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	out := append(head, between(a, b)...)
	for i := len(tail) - 1; i >= 0; i-- {
		out = append(out, tail[i])
	}
	return out, nil
}

// lines is a file as Pretty prints it.
func lines(file []byte) ([]string, error) {
	if file == nil {
		return nil, nil
	}
	text, err := Pretty(file)
	if err != nil {
		return nil, err
	}
	return strings.Split(text, "\n"), nil
}

// Pretty prints a JSON file for people, in ASCII alone: other characters could
// drive a terminal.
func Pretty(file []byte) (string, error) {
	canon, err := tuf.Canonical(file)
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, canon, "", "  "); err != nil {
		return "", fmt.Errorf("not JSON: %w", err)
	}
	return out.String(), nil
}

// between is the difference of two lists along a longest common subsequence;
// lists too long for that are shown one after the other.
func between(a, b []string) []string {
	if len(a)*len(b) > maxDiff {
		return append(marked("-", a), marked("+", b)...)
	}
	common := make([][]int, len(a)+1) // length of the longest one from i and j on
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			out = append(out, " "+a[i])
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			out = append(out, "-"+a[i])
			i++
		default:
			out = append(out, "+"+b[j])
			j++
		}
	}
	return append(append(out, marked("-", a[i:])...), marked("+", b[j:])...)
}

func marked(mark string, list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, mark+s)
	}
	return out
}
