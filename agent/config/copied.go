package config

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/otactl/otactl/internal/fail"
)

// LoadCopy reads the configuration of a device from files that were copied off
// it, and turns all paths in it into those of the copies. The path is
//
//   - one TOML file: then nothing else of the device is known,
//   - a folder that was /var/sota, with sota.toml in it and, if need be, other
//     fragments beside it or in conf.d,
//   - a folder that was the root of the device, with the fragments in the usual
//     places below it.
//
// Nothing outside the folder is looked at: what leads out of it is an error.
func LoadCopy(path string) (*Config, error) {
	c := &Config{values: map[string]map[string]string{}, copied: true}
	st, err := os.Stat(path)
	if err != nil {
		return nil, fail.As(fmt.Errorf("config: %w", err), fail.NotFound, "give a sota.toml, or a folder with a copy of a device's files")
	}
	places, base := []string{path}, ""
	if st.IsDir() {
		places, base = placesOf(path)
	}
	files, err := collect(places, false)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fail.New(fail.NotFound, "copy /var/sota/sota.toml and /usr/lib/sota/conf.d of the device", "config: no *.toml in %s", path)
	}
	if st.IsDir() {
		if err := inside(path, slices.Sorted(maps.Values(files))...); err != nil {
			return nil, err
		}
	}
	if err := c.merge(files); err != nil {
		return nil, err
	}
	c.relocate(path, base, st.IsDir())
	if st.IsDir() {
		return c, inside(path, c.copies()...)
	}
	return c, nil
}

// copies are the files and folders in a copy that are read later.
func (c *Config) copies() []string {
	paths := []string{c.Import.CACert, c.Import.Key, c.Import.Cert, filepath.Join(c.Import.BasePath, "repo/root.json")}
	for _, suffix := range []string{"", "-journal", "-wal"} {
		paths = append(paths, c.Storage.SQLDB+suffix)
	}
	for _, kind := range []string{"ci", "prod"} {
		paths = append(paths, filepath.Join(c.Storage.UptaneMetadataPath, kind))
	}
	return paths
}

// inside fails for a path that links lead out of dir: on this machine there is
// something else than on the device. What is not there is not read either.
func inside(dir string, paths ...string) error {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	for _, p := range paths {
		real, err := filepath.EvalSymlinks(p)
		if p == "" || err != nil {
			continue
		}
		if rel, err := filepath.Rel(dir, real); err != nil || !filepath.IsLocal(rel) {
			return fail.New(fail.Usage, "copy what it leads to into its place", "config: %s leads out of the copy, to %s", p, real)
		}
	}
	return nil
}

// placesOf lists where the fragments lie in a copy, and the folder that was
// /var/sota.
func placesOf(dir string) (places []string, base string) {
	if st, err := os.Stat(filepath.Join(dir, "var/sota")); err == nil && st.IsDir() {
		for _, p := range DefaultPlaces() {
			places = append(places, filepath.Join(dir, p))
		}
		return places, ""
	}
	return []string{filepath.Join(dir, "usr/lib/sota/conf.d"), dir, filepath.Join(dir, "conf.d"), filepath.Join(dir, "etc/sota/conf.d")}, dir
}

// relocate turns paths of the device into those in a copy of its root, or of
// its /var/sota where base is not empty. Of a lone file no other is known.
func (c *Config) relocate(root, base string, folder bool) {
	device := c.Storage.Path
	for _, p := range []*string{&c.Storage.Path, &c.Storage.SQLDB, &c.Storage.UptaneMetadataPath, &c.Storage.CACert, &c.Storage.Key,
		&c.Storage.Cert, &c.Import.BasePath, &c.Import.CACert, &c.Import.Key, &c.Import.Cert} {
		rel, err := filepath.Rel(device, *p)
		switch {
		case *p == "":
		case !folder:
			*p = ""
		case base != "" && err == nil && filepath.IsLocal(rel):
			*p = filepath.Join(base, rel)
		default:
			*p = filepath.Join(root, filepath.Clean(string(filepath.Separator)+*p))
		}
	}
}
