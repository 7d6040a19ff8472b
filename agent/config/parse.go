package config

import (
	"fmt"
	"strings"
)

// parse adds the sections and keys of one fragment to into. The syntax is that
// of an INI file with TOML manners: [section], key = value, # and ; comments,
// quotes around a value optional. A later value of a key replaces an earlier
// one.
func parse(data []byte, into map[string]map[string]string) error {
	section := ""
	text := strings.TrimPrefix(string(data), "\ufeff")
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			name, rest, ok := strings.Cut(line[1:], "]")
			if !ok || !blankOrComment(rest) {
				return fmt.Errorf("line %d: %.60q is not a section", n+1, line)
			}
			section = strings.TrimSpace(name)
			continue
		}
		key, raw, ok := strings.Cut(line, "=")
		if !ok {
			return fmt.Errorf("line %d: %.60q is neither a section nor key = value", n+1, line)
		}
		value, err := unquote(strings.TrimSpace(raw))
		if err != nil {
			return fmt.Errorf("line %d: %w", n+1, err)
		}
		if into[section] == nil {
			into[section] = map[string]string{}
		}
		into[section][unquoteKey(strings.TrimSpace(key))] = value
	}
	return nil
}

func blankOrComment(s string) bool {
	s = strings.TrimSpace(s)
	return s == "" || s[0] == '#' || s[0] == ';'
}

func unquoteKey(k string) string { return strings.Trim(k, `"'`) }

// unquote takes the quotes off a value. After a closing quote only a comment
// may follow; an unquoted value ends at " #" or " ;".
func unquote(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	switch v[0] {
	case '\'':
		body, rest, ok := strings.Cut(v[1:], "'")
		if !ok || !blankOrComment(rest) {
			return "", fmt.Errorf("value %.60q: quotes do not match", v)
		}
		return body, nil
	case '"':
		return unquoteDouble(v)
	}
	for _, mark := range []string{" #", "\t#", " ;", "\t;"} {
		v, _, _ = strings.Cut(v, mark)
	}
	return strings.TrimSpace(v), nil
}

func unquoteDouble(v string) (string, error) {
	var b strings.Builder
	for i := 1; i < len(v); i++ {
		switch c := v[i]; {
		case c == '"':
			if !blankOrComment(v[i+1:]) {
				return "", fmt.Errorf("value %.60q: something follows the closing quote", v)
			}
			return b.String(), nil
		case c == '\\' && i+1 < len(v) && (v[i+1] == '"' || v[i+1] == '\\'):
			i++
			b.WriteByte(v[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", fmt.Errorf("value %.60q: quotes do not match", v)
}
