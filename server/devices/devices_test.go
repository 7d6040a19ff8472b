package devices

import (
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

func TestUserCodeIsReadAsPeopleTypeIt(t *testing.T) {
	code, err := newUserCode()
	if err != nil {
		t.Fatal(err)
	}
	for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", ""), " " + strings.ReplaceAll(code, "-", " ") + " "} {
		if got, ok := ParseUserCode(typed); !ok || got != code {
			t.Errorf("%q is read as %q, want %q", typed, got, code)
		}
	}
	for _, bad := range []string{"", "BCDF", "BCDF-GHJKL", "AEIO-UAEI", "<script>", strings.Repeat("B", 1000)} {
		if got, ok := ParseUserCode(bad); ok {
			t.Errorf("%q is read as %q", bad, got)
		}
	}
}

func TestOverridesCannotBreakOutOfTheirValue(t *testing.T) {
	q := request{UUID: "x", HardwareID: "hw", SotaDir: "/var/sota"}
	for _, value := range []string{"\"a\"\n[tls]\nserver = \"evil\"", `"a" # "`, "a\nb", `"a\"b"`, `"unclosed`, "'''a\nb'''", `"a", "b"`, "é", strings.Repeat("x", 5000)} {
		q.Overrides = map[string]map[string]string{"pacman": {"tags": value}}
		s, err := q.sota("https://gw:8443")
		if err != nil {
			continue
		}
		text := s.String()
		var doc map[string]map[string]string
		if err := toml.Unmarshal([]byte(text), &doc); err != nil {
			t.Errorf("%q makes TOML that cannot be read: %v", value, err)
		}
		if doc["tls"]["server"] != "https://gw:8443" || strings.ContainsAny(doc["pacman"]["tags"], "\n\"") {
			t.Errorf("%q broke out: %v", value, doc)
		}
	}
	q.Overrides = map[string]map[string]string{"pac]man": {"tags": "x"}}
	if _, err := q.sota("https://gw:8443"); err == nil {
		t.Error("a section with a bracket was taken")
	}
}

func FuzzSotaOverride(f *testing.F) {
	f.Add("pacman", "tags", `"main"`)
	f.Add("tls", "server", "")
	f.Add("x", "y", "'a'\n[z]")
	f.Fuzz(func(t *testing.T, section, key, value string) {
		q := request{UUID: "x", HardwareID: "hw", SotaDir: "/var/sota",
			Overrides: map[string]map[string]string{section: {key: value}}}
		s, err := q.sota("https://gw:8443")
		if err != nil {
			return
		}
		text := s.String()
		var doc map[string]map[string]string
		if err := toml.Unmarshal([]byte(text), &doc); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if len(doc) > len(order)+1 || section != "storage" && doc["storage"]["type"] != "sqlite" {
			t.Errorf("%q.%q = %q changed more than itself:\n%s", section, key, value, text)
		}
	})
}
