package plumbing

import (
	"math"
	"strconv"
	"strings"
	"unicode"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
)

// A flag that may be given several times is a StringSliceFlag: values come in
// the order of the line and commas in them are left alone.

// keyValue takes KEY=VALUE apart.
func keyValue(flag, s string) (key, value string, err error) {
	key, value, ok := strings.Cut(s, "=")
	if !ok || key == "" {
		return "", "", usage("flag --%s: %q is not KEY=VALUE", flag, s)
	}
	return key, value, nil
}

// keyValues takes all values of a KEY=VALUE flag apart, in their order.
func keyValues(c *cli.Context, flag string) ([][2]string, error) {
	var out [][2]string
	for _, s := range c.StringSlice(flag) {
		key, value, err := keyValue(flag, s)
		if err != nil {
			return nil, err
		}
		out = append(out, [2]string{key, value})
	}
	return out, nil
}

// ownerFlag reads a user or group id, in octal or hexadecimal with a prefix as the
// original reads numbers; nil when the flag is not given, or -1.
func ownerFlag(c *cli.Context, name string) (*uint32, error) {
	if !c.IsSet(name) {
		return nil, nil
	}
	s := c.String(name)
	n, err := strconv.ParseInt(s, 0, 64)
	if err == nil && n == -1 {
		return nil, nil
	}
	if err != nil || n < 0 || n >= math.MaxUint32 { // the last one means nobody to the kernel
		return nil, fail.New(fail.Usage, "", "flag --%s: %q is not a numeric id", name, s)
	}
	id := uint32(n)
	return &id, nil
}

// subpathFlag reads --subpath; "" without it. What an unset variable leaves of one
// is a mistake, and not the whole tree.
func subpathFlag(c *cli.Context) (string, error) {
	p := c.String("subpath")
	if p == "" && c.IsSet("subpath") {
		return "", usage("--subpath is empty: give a PATH")
	}
	return p, nil
}

// shownName makes a name out of a repo safe for a terminal. With
// --nul-filenames-only and in JSON it comes as it is.
func shownName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, name)
}
