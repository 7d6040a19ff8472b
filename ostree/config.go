package ostree

import (
	"fmt"
	"strings"
)

// keyfile is a repo's config: group, key, value, by the rules of GLib's key
// files as far as OSTree uses them.
type keyfile map[string]map[string]string

// parseKeyfile reads a config. Of a key that is there twice the last counts,
// as in GLib.
func parseKeyfile(data []byte) (keyfile, error) {
	k := keyfile{}
	var group map[string]string
	nr := 0
	for line := range strings.SplitSeq(string(data), "\n") {
		nr++
		line = strings.TrimLeft(strings.TrimSuffix(line, "\r"), " \t")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			name, ok := strings.CutSuffix(strings.TrimRight(line[1:], " \t"), "]")
			if !ok || name == "" || strings.ContainsAny(name, "[]") {
				return nil, fmt.Errorf("line %d: %.80q is no group", nr, line)
			}
			if k[name] == nil {
				k[name] = map[string]string{}
			}
			group = k[name]
		default:
			key, value, ok := strings.Cut(line, "=")
			key = strings.TrimRight(key, " \t")
			if !ok || key == "" || group == nil {
				return nil, fmt.Errorf("line %d: %.80q is no key of a group", nr, line)
			}
			group[key] = unescape(strings.TrimLeft(value, " \t"))
		}
	}
	return k, nil
}

// unescape resolves the escapes of a value; an unknown one stays as it is.
func unescape(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\s`, " ", `\n`, "\n", `\t`, "\t", `\r`, "\r").Replace(s)
}

func (k keyfile) get(group, key string) (string, bool) {
	v, ok := k[group][key]
	return v, ok
}

// bool is a boolean key, or what it is without one.
func (k keyfile) bool(group, key string, without bool) bool {
	switch v, _ := k.get(group, key); strings.TrimSpace(v) {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	return without
}
