// Package boost reads command lines the way tools built on
// boost::program_options do, for the modes in which this program stands in
// for one of them.
//
// It knows that grammar and nothing of any tool: long names may be shortened
// while they stay unambiguous, a boolean may want a value (--force 1), an
// option given twice is an error unless it says otherwise. It never prints,
// exits or reads the environment; which exit code a mistake has is the
// tool's business.
package boost

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Kind is what an option takes.
type Kind int

// The kinds.
const (
	Switch Kind = iota // no value: --help
	String             // any text
	Bool               // a value that means true or false: --force 1
	Int                // a decimal number, maybe with a sign
)

// Option declares one option.
type Option struct {
	Long  string
	Short string // one letter, or "" for none
	Kind  Kind
	// Default is the value when the option is absent; "" for none. It does
	// not make Values.Has true.
	Default string
	// Implicit lets the value of a Bool be left out: --force alone is
	// --force 1. A following word is taken as the value only if it reads as
	// a boolean.
	Implicit bool
	// Multi allows the option more than once.
	Multi bool
	// Required makes its absence an error of Values.CheckRequired.
	Required bool
	// Hidden keeps it out of the usage text.
	Hidden bool
	Help   string
}

// Parser is a tool's command line.
type Parser struct {
	Caption string // the line above the options in the usage text
	Options []Option
	// Positional names the options that bare words fill, one each, in order.
	// A Multi option at the end takes all that remain.
	Positional []string
}

// UsageError says what is wrong with a command line.
type UsageError struct {
	Option string // as typed, without value; "" if it is about a bare word
	Reason string
}

func (e *UsageError) Error() string { return e.Reason }

func usageError(option, format string, args ...any) error {
	return &UsageError{Option: option, Reason: fmt.Sprintf(format, args...)}
}

// Parse reads args, which don't contain the program's name. The error is a
// *UsageError. Required options are not checked yet, so that --help works
// without them; see Values.CheckRequired.
func (p *Parser) Parse(args []string) (*Values, error) {
	r := &reader{parser: p, rest: args, values: &Values{parser: p, given: map[string][]string{}}}
	for len(r.rest) > 0 {
		if err := r.next(); err != nil {
			return nil, err
		}
	}
	return r.values, nil
}

// reader walks over one command line.
type reader struct {
	parser *Parser
	rest   []string
	values *Values
	words  int // bare words so far
}

func (r *reader) next() error {
	word := r.rest[0]
	r.rest = r.rest[1:]
	switch {
	case word == "--":
		return r.bareAll()
	case strings.HasPrefix(word, "--"):
		name, value, attached := strings.Cut(word[2:], "=")
		opt, err := r.parser.byLong(name)
		if err != nil {
			return err
		}
		return r.option(opt, "--"+name, value, attached)
	case len(word) > 1 && word[0] == '-':
		return r.short(word)
	}
	return r.bare(word)
}

// short reads -x, -xVALUE, -x VALUE and bundles of switches, -xyz.
func (r *reader) short(word string) error {
	for tail := word[1:]; tail != ""; {
		name := tail[:1]
		tail = tail[1:]
		opt := r.parser.byShort(name)
		if opt == nil {
			return usageError(word, "unrecognised option '%s'", word)
		}
		if opt.Kind == Switch {
			if err := r.option(opt, "-"+name, "", false); err != nil {
				return err
			}
			continue
		}
		return r.option(opt, "-"+name, strings.TrimPrefix(tail, "="), tail != "")
	}
	return nil
}

// option stores opt, taking its value from the next word if it is not
// attached.
func (r *reader) option(opt *Option, shown, value string, attached bool) error {
	switch {
	case opt.Kind == Switch && attached:
		return usageError(shown, "option '%s' does not take any arguments", shown)
	case opt.Kind == Switch:
		value = "1"
	case attached:
	case opt.Implicit:
		value = r.boolOrTrue()
	case len(r.rest) == 0 || r.parser.known(r.rest[0]):
		return usageError(shown, "the required argument for option '%s' is missing", shown)
	default:
		value, r.rest = r.rest[0], r.rest[1:]
	}
	return r.store(opt, shown, value)
}

// boolOrTrue takes the next word if it is a boolean.
func (r *reader) boolOrTrue() string {
	if len(r.rest) > 0 && r.rest[0] != "" {
		if _, ok := parseBool(r.rest[0]); ok {
			value := r.rest[0]
			r.rest = r.rest[1:]
			return value
		}
	}
	return "1"
}

func (r *reader) store(opt *Option, shown, value string) error {
	if !valid(opt.Kind, value) {
		return usageError(shown, "the argument ('%s') for option '%s' is invalid", value, shown)
	}
	if len(r.values.given[opt.Long]) > 0 && !opt.Multi {
		return usageError(shown, "option '%s' cannot be specified more than once", shown)
	}
	r.values.given[opt.Long] = append(r.values.given[opt.Long], value)
	return nil
}

// bare assigns a word without dashes to the next positional option.
func (r *reader) bare(word string) error {
	names := r.parser.Positional
	if r.words >= len(names) {
		last := len(names) - 1
		if last < 0 || !r.parser.named(names[last]).Multi {
			return usageError("", "too many positional options have been specified on the command line: '%s'", word)
		}
		r.words = last
	}
	opt := r.parser.named(names[r.words])
	r.words++
	return r.store(opt, "--"+opt.Long, word)
}

func (r *reader) bareAll() error {
	for _, word := range r.rest {
		if err := r.bare(word); err != nil {
			return err
		}
	}
	r.rest = nil
	return nil
}

// byLong finds an option by its name or an unambiguous beginning of it.
func (p *Parser) byLong(name string) (*Option, error) {
	var found []*Option
	for i := range p.Options {
		opt := &p.Options[i]
		if opt.Long == name {
			return opt, nil
		}
		if name != "" && strings.HasPrefix(opt.Long, name) {
			found = append(found, opt)
		}
	}
	switch len(found) {
	case 0:
		return nil, usageError("--"+name, "unrecognised option '--%s'", name)
	case 1:
		return found[0], nil
	}
	var names []string
	for _, opt := range found {
		names = append(names, "'--"+opt.Long+"'")
	}
	return nil, usageError("--"+name, "option '--%s' is ambiguous and matches %s", name, strings.Join(names, " and "))
}

func (p *Parser) byShort(name string) *Option {
	i := slices.IndexFunc(p.Options, func(o Option) bool { return o.Short == name })
	if i < 0 {
		return nil
	}
	return &p.Options[i]
}

// named finds an option by its full name; the declarations are ours, so a
// miss is answered with an option that takes any text.
func (p *Parser) named(long string) *Option {
	i := slices.IndexFunc(p.Options, func(o Option) bool { return o.Long == long })
	if i < 0 {
		return &Option{Long: long, Kind: String, Multi: true}
	}
	return &p.Options[i]
}

// known says whether a word is one of the options: then it is not the value
// of the one before it.
func (p *Parser) known(word string) bool {
	if name, ok := strings.CutPrefix(word, "--"); ok {
		name, _, _ = strings.Cut(name, "=")
		_, err := p.byLong(name)
		return err == nil
	}
	return len(word) > 1 && word[0] == '-' && p.byShort(word[1:2]) != nil
}

func valid(kind Kind, value string) bool {
	switch kind {
	case Bool:
		_, ok := parseBool(value)
		return ok
	case Int:
		_, err := strconv.Atoi(value)
		return err == nil
	}
	return true
}

// parseBool reads the words that boost takes for a boolean, in any case; an
// empty value means true.
func parseBool(s string) (value, ok bool) {
	switch strings.ToLower(s) {
	case "", "1", "true", "yes", "on":
		return true, true
	case "0", "false", "no", "off":
		return false, true
	}
	return false, false
}

// Usage writes the options in two columns, as those tools print them.
func (p *Parser) Usage(w io.Writer) {
	if p.Caption != "" {
		fmt.Fprintf(w, "%s:\n", p.Caption)
	}
	width := 0
	for _, opt := range p.Options {
		if !opt.Hidden {
			width = max(width, len(opt.left()))
		}
	}
	for _, opt := range p.Options {
		if !opt.Hidden {
			indented := strings.ReplaceAll(opt.Help, "\n", "\n"+strings.Repeat(" ", width+1))
			line := fmt.Sprintf("%-*s %s", width, opt.left(), indented)
			fmt.Fprintln(w, strings.TrimRight(line, " "))
		}
	}
}

// left is an option's own column: "  -s [ --src-dir ] arg".
func (o *Option) left() string {
	text := "  --" + o.Long
	if o.Short != "" {
		text = "  -" + o.Short + " [ --" + o.Long + " ]"
	}
	switch {
	case o.Kind == Switch:
		return text
	case o.Implicit:
		text += " [=arg(=1)]"
	default:
		text += " arg"
	}
	if o.Default != "" {
		text += " (=" + o.Default + ")"
	}
	return text
}
