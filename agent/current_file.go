package agent

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/otactl/otactl/internal/fsx"
)

// currentFile is a file that shell scripts source to learn what runs.
func (a *Agent) currentFile() string { return filepath.Join(a.cfg.Storage.Path, "current-target") }

// writeCurrentFile writes it for t.
func (a *Agent) writeCurrentFile(t Target) error {
	var b strings.Builder
	line := func(key, value string) { fmt.Fprintf(&b, "%s=%s\n", key, shellQuote(value)) }
	line("TARGET_NAME", t.Name)
	line("CUSTOM_VERSION", t.Custom.Version)
	for _, f := range []struct{ key, field string }{
		{"LMP_MANIFEST_SHA", "lmp-manifest-sha"},
		{"META_SUBSCRIBER_OVERRIDES_SHA", "meta-subscriber-overrides-sha"},
		{"CONTAINERS_SHA", "containers-sha"},
	} {
		var v string
		if json.Unmarshal(t.Custom.Rest[f.field], &v) == nil && v != "" {
			line(f.key, v)
		}
	}
	line("TAG", strings.Join(t.Custom.Tags, ","))
	if err := fsx.WriteFile(a.currentFile(), []byte(b.String()), 0o644); err != nil {
		return fmt.Errorf("current target: %w", err)
	}
	return nil
}

// shellQuote puts a value in double quotes so that a shell that sources the
// file takes it as it is.
func shellQuote(s string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s)
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(clean) + `"`
}
