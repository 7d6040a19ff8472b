// Package render writes a command's result as a table for people or as JSON
// or YAML for programs.
//
// It owns the formats; what is in a result belongs to the command. It never
// writes half a result: a view is formatted whole, then written at once. The one
// exception is a List, which may be too long to hold.
package render

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Format is one of the values of --output.
type Format string

// The formats.
const (
	Table Format = "table"
	JSON  Format = "json"
	YAML  Format = "yaml"
)

// View is a result. Its JSON tags are a contract with scripts, names are only
// ever added; its Table is for eyes and may change.
type View interface {
	Table(w io.Writer)
}

// Write formats view and writes it to w. YAML has the names and the order of
// the JSON.
func Write(w io.Writer, format Format, view View) error {
	var buf bytes.Buffer
	var err error
	switch format {
	case JSON:
		err = writeJSON(&buf, view)
	case YAML:
		err = writeYAML(&buf, view)
	case Table, "":
		view.Table(&buf)
	default:
		err = fmt.Errorf("no such format %q", format)
	}
	if err == nil {
		_, err = w.Write(buf.Bytes())
	}
	if err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// List is a result that is one long list of items. An error ends it.
type List struct {
	Key   string // its name in JSON and YAML
	Items iter.Seq2[View, error]
}

// WriteList is Write for a list. Its table and its JSON are written while items
// come, so that none of them is held, and an error may come after the first of
// it. JSON is then cut off, so that no program takes it for whole; YAML would
// not look cut off, and is written whole.
func WriteList(w io.Writer, format Format, list List) error {
	if format == YAML {
		whole, err := list.collect()
		if err != nil {
			return err
		}
		return Write(w, format, whole)
	}
	out := bufio.NewWriterSize(w, 64<<10)
	var err error
	switch format {
	case JSON:
		err = list.json(out)
	case Table, "":
		if err = list.table(out); err != nil {
			return errors.Join(err, out.Flush())
		}
	default:
		err = fmt.Errorf("write result: no such format %q", format)
	}
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write result: %w", err)
	}
	return nil
}

// json writes the same as writeJSON of what is collected.
func (l List) json(out *bufio.Writer) error {
	fmt.Fprintf(out, "{\n  %q: [", l.Key)
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.SetIndent("    ", "  ")
	before, end := "\n    ", "]\n}\n"
	for item, err := range l.Items {
		if err != nil {
			return err
		}
		buf.Reset()
		if err := enc.Encode(item); err != nil {
			return fmt.Errorf("write result: %w", err)
		}
		out.WriteString(before)
		if _, err := out.Write(bytes.TrimSuffix(buf.Bytes(), []byte("\n"))); err != nil { // nobody reads any more
			return fmt.Errorf("write result: %w", err)
		}
		before, end = ",\n    ", "\n  ]\n}\n"
	}
	_, err := out.WriteString(end)
	return err
}

func (l List) table(out *bufio.Writer) error {
	for item, err := range l.Items {
		if err != nil {
			return err
		}
		item.Table(out)
		if _, err := out.Write(nil); err != nil { // nobody reads any more
			return fmt.Errorf("write result: %w", err)
		}
	}
	return nil
}

// collected is a list as an object with one member.
type collected map[string][]View

func (l List) collect() (collected, error) {
	items := []View{}
	for item, err := range l.Items {
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return collected{l.Key: items}, nil
}

// Table writes all items.
func (c collected) Table(w io.Writer) {
	for _, items := range c {
		for _, item := range items {
			item.Table(w)
		}
	}
}

func writeJSON(w io.Writer, view any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(view)
}

// writeYAML goes through JSON, which is YAML too, so that one set of tags
// serves both and keys keep their order.
func writeYAML(w io.Writer, view any) error {
	var buf bytes.Buffer
	if err := writeJSON(&buf, view); err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(buf.Bytes(), &doc); err != nil {
		return err
	}
	blockStyle(&doc)
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return err
	}
	return enc.Close()
}

// blockStyle drops the braces that JSON brought along, and the quotes of
// strings that no YAML reader, old or new, takes for anything else.
func blockStyle(n *yaml.Node) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" || plain(n.Value) {
		n.Style = 0
	}
	for _, child := range n.Content {
		blockStyle(child)
	}
}

// plain says whether a string needs no quotes: a word that starts like one
// and is none of YAML 1.1's names for true, false and null.
func plain(s string) bool {
	switch strings.ToLower(s) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return false
	}
	return plainWord.MatchString(s)
}

var plainWord = regexp.MustCompile(`^[A-Za-z/]([A-Za-z0-9 ./_@+-]*[A-Za-z0-9./_@+-])?$`)

// Columns writes rows under a header, each column as wide as its widest cell.
// Cells may come from outside: control characters in them are shown as "?".
func Columns(w io.Writer, header []string, rows [][]string) {
	all := append([][]string{header}, rows...)
	widths := make([]int, len(header))
	for _, row := range all {
		for i, cell := range row {
			if i < len(widths) {
				widths[i] = max(widths[i], utf8.RuneCountInString(cell))
			}
		}
	}
	for _, row := range all {
		writeRow(w, row, widths)
	}
}

// Fields writes name and value pairs, one a line, the values aligned. Pairs
// with an empty value are left out.
func Fields(w io.Writer, pairs ...string) {
	width := 0
	for i := 0; i+1 < len(pairs); i += 2 {
		width = max(width, utf8.RuneCountInString(pairs[i]))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			writeRow(w, []string{pairs[i] + ":", pairs[i+1]}, []int{width + 1, 0})
		}
	}
}

func writeRow(w io.Writer, cells []string, widths []int) {
	var b strings.Builder
	for i, cell := range cells {
		cell = printable(cell)
		b.WriteString(cell)
		if i < len(cells)-1 && i < len(widths) {
			b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)+2))
		}
	}
	fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
}

// printable replaces what could drive a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, s)
}

// OneLine makes text from outside safe to show: line breaks become "; ",
// other control characters, with which a server could drive a terminal, go.
func OneLine(s string) string {
	lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' })
	clean := func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}
	return strings.Map(clean, strings.Join(lines, "; "))
}
