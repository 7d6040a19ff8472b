package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// DefaultPlaces are where fragments lie when none are named, in the order in
// which a later place replaces a file of the same name from an earlier one.
func DefaultPlaces() []string {
	return []string{"/usr/lib/sota/conf.d", "/var/sota/sota.toml", "/etc/sota/conf.d"}
}

// Load reads and merges the fragments. With named paths (files or folders)
// only those are read and each must exist; without, the default places are
// searched and missing ones are passed over.
//
// All fragments go into one map by base name, so that a file in a later place
// replaces one of the same name; what is left is read in the order of the base
// names, and a later value of a key wins.
func Load(paths ...string) (*Config, error) {
	mustExist := len(paths) > 0
	if !mustExist {
		paths = DefaultPlaces()
	}
	files, err := collect(paths, mustExist)
	if err != nil {
		return nil, err
	}
	c := &Config{values: map[string]map[string]string{}}
	return c, c.merge(files)
}

func (c *Config) merge(files map[string]string) error {
	for _, base := range slices.Sorted(maps.Keys(files)) {
		data, err := fsx.ReadFile(files[base], limits.ConfigFile)
		if err != nil {
			return fmt.Errorf("config: %w", err)
		}
		if err := parse(data, c.values); err != nil {
			return fmt.Errorf("config: %s: %w", files[base], err)
		}
		c.Files = append(c.Files, files[base])
	}
	return c.fill()
}

// collect maps base names to paths.
func collect(paths []string, mustExist bool) (map[string]string, error) {
	files := map[string]string{}
	for _, p := range paths {
		st, err := os.Stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist) && !mustExist:
			continue
		case err != nil:
			return nil, fail.As(fmt.Errorf("config: %w", err), fail.NotFound, "give a TOML file or a folder with some")
		case !st.IsDir():
			files[filepath.Base(p)] = p
			continue
		}
		names, err := filepath.Glob(filepath.Join(escapeGlob(p), "*.toml"))
		if err != nil {
			return nil, fmt.Errorf("config: %s: %w", p, err)
		}
		for _, n := range names {
			files[filepath.Base(n)] = n
		}
	}
	return files, nil
}

func escapeGlob(p string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(p)
}

// readServerURL takes [tls] server from the file that server_url_path names.
func (c *Config) readServerURL() error {
	path := c.str("tls", "server_url_path", "")
	if path == "" || c.copied {
		return nil // of a copy nothing speaks to the gateway
	}
	data, err := fsx.ReadFile(path, limits.ConfigFile)
	if err != nil {
		return fmt.Errorf("config: [tls] server_url_path: %w", err)
	}
	c.TLS.Server = strings.TrimRight(strings.TrimSpace(string(data)), "/")
	return nil
}
