package sysroot

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// Deployment is a checked-out commit that can be booted.
type Deployment struct {
	OS     string // stateroot
	Commit string // 64 hex digits
	Serial int    // tells deployments of one commit apart
	// Version and Title are what the boot menu shows.
	Title   string
	Options []string // kernel arguments, without ostree=
}

// ID is "<commit>.<serial>", the name of the deployment's folder.
func (d Deployment) ID() string { return d.Commit + "." + strconv.Itoa(d.Serial) }

// Dir is the deployment's folder below the sysroot.
func (d Deployment) Dir() string { return filepath.Join("ostree", "deploy", d.OS, "deploy", d.ID()) }

// entry is a boot loader entry (Boot Loader Specification type 1).
type entry struct {
	version int
	title   string
	options []string
}

// deployments reads boot/loader/entries; the highest version boots first.
func (s *Sysroot) deployments() ([]Deployment, error) {
	dir := filepath.Join(s.o.Path, "boot", "loader", "entries")
	names, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nothing was ever deployed
	}
	if err != nil {
		return nil, fmt.Errorf("sysroot %s: %w", s.o.Path, err)
	}
	var entries []entry
	for _, n := range names {
		if !strings.HasPrefix(n.Name(), "ostree-") || !strings.HasSuffix(n.Name(), ".conf") {
			continue // somebody else's
		}
		e, err := readEntry(filepath.Join(dir, n.Name()))
		if err != nil {
			return nil, fmt.Errorf("sysroot %s: boot entry %s: %w", s.o.Path, n.Name(), err)
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(b.version, a.version) })
	return s.resolve(entries)
}

func readEntry(path string) (entry, error) {
	data, err := fsx.ReadFile(path, limits.ConfigFile)
	if err != nil {
		return entry{}, err
	}
	var e entry
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		value = strings.TrimSpace(value)
		switch key {
		case "title":
			e.title = value
		case "options":
			e.options = strings.Fields(value)
		case "version":
			if e.version, err = strconv.Atoi(value); err != nil {
				return entry{}, fmt.Errorf("version %.40q is not a number", value)
			}
		}
	}
	return e, nil
}

// resolve follows the ostree= argument of each entry to its deployment.
func (s *Sysroot) resolve(entries []entry) ([]Deployment, error) {
	var out []Deployment
	for _, e := range entries {
		d := Deployment{Title: e.title}
		link := ""
		for _, o := range e.options {
			if v, ok := strings.CutPrefix(o, "ostree="); ok {
				link = v
			} else {
				d.Options = append(d.Options, o)
			}
		}
		if err := s.follow(link, &d); err != nil {
			return nil, fmt.Errorf("sysroot %s: boot entry %q: %w", s.o.Path, e.title, err)
		}
		out = append(out, d)
	}
	return out, nil
}

// follow reads the link /ostree/boot.N/OS/BOOTCSUM/K, which points at
// ../../../deploy/OS/deploy/COMMIT.SERIAL.
func (s *Sysroot) follow(link string, d *Deployment) error {
	parts := strings.Split(strings.TrimPrefix(link, "/"), "/")
	if len(parts) != 5 || parts[0] != "ostree" || !strings.HasPrefix(parts[1], "boot.") {
		return fmt.Errorf("argument ostree=%.120q names no deployment", link)
	}
	target, err := os.Readlink(filepath.Join(s.o.Path, filepath.Clean("/"+link)))
	if err != nil {
		return err
	}
	commit, serial, ok := strings.Cut(filepath.Base(target), ".")
	if !ok || len(commit) != 64 {
		return fmt.Errorf("link %s points at %.120q, not at a deployment", link, target)
	}
	n, err := strconv.Atoi(serial)
	if err != nil {
		return fmt.Errorf("link %s points at %.120q, not at a deployment", link, target)
	}
	d.OS, d.Commit, d.Serial = parts[2], commit, n
	return nil
}
