package devices

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// sections is a sota.toml: section, key, value. Every value is a string.
type sections map[string]map[string]string

// order is how the sections that every sota.toml has are written; others
// follow by name.
var order = []string{"tls", "provision", "uptane", "pacman", "storage", "import"}

const (
	maxKeys  = 256  // in all overrides
	maxValue = 4096 // bytes
)

var tomlKey = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// sota is the device's configuration: what points it to this gateway, with the
// request's overrides merged in.
func (q *request) sota(gateway string) (sections, error) {
	s := q.defaults(gateway)
	return s, s.merge(q.Overrides)
}

func (q *request) defaults(gateway string) sections {
	return sections{
		"tls":       {"server": gateway, "ca_source": "file", "pkey_source": "file", "cert_source": "file"},
		"provision": {"server": gateway, "primary_ecu_hardware_id": q.HardwareID},
		"uptane":    {"repo_server": gateway + "/repo", "key_source": "file"},
		"pacman": {"type": "ostree", "ostree_server": gateway + "/ostree",
			"packages_file": "/usr/package.manifest"},
		"storage": {"type": "sqlite", "path": q.SotaDir + "/"},
		"import": {"tls_cacert_path": q.SotaDir + "/root.crt", "tls_pkey_path": q.SotaDir + "/pkey.pem",
			"tls_clientcert_path": q.SotaDir + "/client.pem"},
	}
}

// merge sets the overrides; an empty one unsets its key.
func (s sections) merge(overrides map[string]map[string]string) error {
	n := 0
	for section, keys := range overrides {
		for key, value := range keys {
			if n++; n > maxKeys {
				return fmt.Errorf("overrides: more than %d keys", maxKeys)
			}
			if !tomlKey.MatchString(section) || !tomlKey.MatchString(key) {
				return fmt.Errorf("overrides: %.80q.%.80q is not a plain section and key", section, key)
			}
			if err := s.set(section, key, value); err != nil {
				return fmt.Errorf("overrides: %s.%s: %w", section, key, err)
			}
		}
	}
	return nil
}

func (s sections) set(section, key, value string) error {
	if value == "" {
		delete(s[section], key)
		return nil
	}
	text, err := plain(value)
	if err != nil {
		return err
	}
	if s[section] == nil {
		s[section] = map[string]string{}
	}
	s[section][key] = text
	return nil
}

// plain is the value of an override. Clients send a TOML string, quotes and
// all; some send the bare text. Devices read the file with a simpler parser
// than TOML's, so what would need an escape is refused.
func plain(value string) (string, error) {
	if len(value) > maxValue {
		return "", fmt.Errorf("longer than %d bytes", maxValue)
	}
	if value[0] == '"' || value[0] == '\'' {
		var doc struct {
			V string `toml:"v"`
		}
		dec := toml.NewDecoder(strings.NewReader("v = " + value)).DisallowUnknownFields()
		if err := dec.Decode(&doc); err != nil {
			return "", fmt.Errorf("not one TOML string")
		}
		value = doc.V
	}
	for _, r := range value {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return "", fmt.Errorf("only printable ASCII without quotes and backslashes can be a value")
		}
	}
	return value, nil
}

// String writes the sections in order and their keys by name.
func (s sections) String() string {
	names := slices.Clone(order)
	for _, name := range slices.Sorted(maps.Keys(s)) {
		if !slices.Contains(order, name) {
			names = append(names, name)
		}
	}
	var b strings.Builder
	for _, name := range names {
		if len(s[name]) == 0 {
			continue
		}
		fmt.Fprintf(&b, "[%s]\n", name)
		for _, key := range slices.Sorted(maps.Keys(s[name])) {
			fmt.Fprintf(&b, "%s = \"%s\"\n", key, s[name][key])
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}
