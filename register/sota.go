package register

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/otactl/otactl/client/gateway"
)

// settings are what a sota.toml says: the keys of each section.
type settings map[string]map[string]string

// The lines of a sota.toml that all readers on a device take alike: TOML's own,
// and those that read it line by line and know neither escapes nor texts of
// several lines.
var (
	sectionLine = regexp.MustCompile(`^\[([a-z0-9_-]+)\]$`)
	keyLine     = regexp.MustCompile(`^([a-z0-9_-]+)[ \t]*=[ \t]*(?:"([^"\\]*)"|'([^']*)'|(-?[0-9]+|true|false))$`)
)

// parseSettings reads a sota.toml, and refuses whatever another reader could
// take for something else.
func parseSettings(data []byte) (settings, error) {
	s, section := settings{}, ""
	for line := range strings.SplitSeq(string(data), "\n") {
		line = strings.TrimSpace(line)
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return nil, bad("%s: %.80q holds a control character", sotaToml, line)
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if m := sectionLine.FindStringSubmatch(line); m != nil && s[m[1]] == nil {
			section = m[1]
			s[section] = map[string]string{}
			continue
		}
		m := keyLine.FindStringSubmatch(line)
		if m == nil || section == "" {
			return nil, bad("%s: %.80q is neither a new [section] nor a plain key = \"value\" in one", sotaToml, line)
		}
		if _, twice := s[section][m[1]]; twice {
			return nil, bad("%s: %s.%s comes twice", sotaToml, section, m[1])
		}
		s[section][m[1]] = m[2] + m[3] + m[4]
	}
	return s, nil
}

// foreign says whether a key is none of a backend's business: what the daemon,
// which runs as root, starts or loads, what it takes for its first roots, what
// it installs into, and which file it takes away after a reboot. That comes with
// the image, in conf.d, or the backend could do more than withhold.
func foreign(section, key string) bool {
	for _, end := range []string{"_program", "_command", "_bin"} {
		if strings.HasSuffix(key, end) {
			return true
		}
	}
	switch section + "." + key {
	case "p11.module", "storage.uptane_metadata_path", "pacman.sysroot", "bootloader.reboot_sentinel_dir", "bootloader.reboot_sentinel_name":
		return true
	}
	return section == "otactl"
}

// checkConfig makes sure that the daemon is pointed at an https gateway and at
// our own files, and told nothing that is not a backend's to tell. The file
// itself is written as it came.
func (o *Options) checkConfig(data []byte) (settings, error) {
	s, err := parseSettings(data)
	if err != nil {
		return nil, err
	}
	for section, keys := range s {
		for key := range keys {
			if foreign(section, key) {
				return nil, bad("%s: %s.%s is for the image to set, not for a backend", sotaToml, section, key)
			}
		}
	}
	if at := s["tls"]["server"]; !gateway.ProvesItself(at) {
		return nil, bad("%s: tls.server %.120q is not an https address", sotaToml, at)
	}
	// The first root of trust comes from there.
	if at := s["uptane"]["repo_server"]; at != "" && !gateway.ProvesItself(at) {
		return nil, bad("%s: uptane.repo_server %.120q is not an https address", sotaToml, at)
	}
	return s, s.staysIn(filepath.Clean(o.Dir))
}

// staysIn refuses paths of files that lie outside of the device's folder.
func (s settings) staysIn(dir string) error {
	for key, p := range s["storage"] {
		switch {
		case p == "" || key != "path" && !strings.HasSuffix(key, "_path"):
		case key == "path" && filepath.Clean(p) != dir, key != "path" && !below(dir, p) && !filepath.IsLocal(p):
			return bad("%s: storage.%s %.120q is not in %s", sotaToml, key, p, dir)
		}
	}
	for key, p := range s["import"] {
		switch {
		case p == "":
		case key == "base_path" && !below(dir, p),
			strings.HasPrefix(key, "tls_") && (!filepath.IsAbs(p) || filepath.Dir(filepath.Clean(p)) != dir):
			return bad("%s: import.%s %.120q lies outside %s", sotaToml, key, p, dir)
		}
	}
	return nil
}

// below says whether an absolute path leads to something in dir.
func below(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsAbs(path) && filepath.IsLocal(rel)
}
