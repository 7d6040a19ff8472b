package boost

import (
	"strconv"
)

// Values is a command line that was read.
type Values struct {
	parser *Parser
	given  map[string][]string // by long name, in order
}

// Has says whether the option was given; a default does not count.
func (v *Values) Has(long string) bool { return len(v.given[long]) > 0 }

// Strings is every value of the option, or its default, or nil.
func (v *Values) Strings(long string) []string {
	if v.Has(long) {
		return v.given[long]
	}
	if d := v.parser.named(long).Default; d != "" {
		return []string{d}
	}
	return nil
}

// String is the last value of the option, or its default, or "".
func (v *Values) String(long string) string {
	all := v.Strings(long)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// Bool is the value of a Switch or Bool; false if absent without a default.
func (v *Values) Bool(long string) bool {
	if !v.Has(long) && v.parser.named(long).Default == "" {
		return false
	}
	value, _ := parseBool(v.String(long))
	return value
}

// Int is the value of an Int; 0 if absent without a default.
func (v *Values) Int(long string) int {
	n, _ := strconv.Atoi(v.String(long)) // checked when it was read
	return n
}

// CheckRequired reports the first Required option that is missing as a
// *UsageError.
func (v *Values) CheckRequired() error {
	for _, opt := range v.parser.Options {
		if opt.Required && !v.Has(opt.Long) {
			return usageError("--"+opt.Long, "the option '--%s' is required but missing", opt.Long)
		}
	}
	return nil
}
