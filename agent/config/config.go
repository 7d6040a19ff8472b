// Package config reads the configuration of an aktualizr-lite device.
//
// It knows the places the fragments lie in, the order they are merged in, the
// lenient INI-like syntax that libaktualizr accepts, and the keys that the
// agent uses. Keys it does not know are kept and never an error, because the
// same files configure other programs as well.
//
// It trusts the files (only root may write them) but not their size or shape.
// It never reads the environment, never writes, and never decides anything
// about an update.
package config

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Config is the merged configuration, defaults filled in. Paths are as the
// device sees them; relative ones were resolved against their base.
type Config struct {
	Logger     Logger
	TLS        TLS
	Provision  Provision
	Uptane     Uptane
	Pacman     Pacman
	Storage    Storage
	Import     Import
	Bootloader Bootloader
	Own        Own

	// Files are the fragments that were read, in the order they were merged.
	Files []string

	values map[string]map[string]string
	copied bool // by LoadCopy
}

// Logger is [logger].
type Logger struct {
	Level int // 0 trace … 5 fatal
}

// TLS is [tls].
type TLS struct {
	Server     string // base URL of the device gateway; empty: no telemetry
	CASource   string // "file" or "pkcs11"
	CertSource string
	KeySource  string
}

// Provision is [provision].
type Provision struct {
	HardwareID string // primary_ecu_hardware_id; empty: the host name
	Serial     string // primary_ecu_serial; empty: a random UUID
}

// Uptane is [uptane].
type Uptane struct {
	RepoServer string // base URL of the TUF metadata
	PollingSec int    // seconds between two polls of the daemon
}

// Pacman is [pacman].
type Pacman struct {
	Type            string // "ostree", "ostree+compose_apps", or empty: found out
	OS              string // stateroot; empty: "lmp", or the only one there is
	Sysroot         string // "/" where unset
	Booted          string // "booted", "staged" or "0"
	OSTreeServer    string
	Tags            []string
	CallbackProgram string
	// ComposeApps limits the apps; HasComposeApps says whether the key is
	// there at all (present and empty: no apps).
	ComposeApps    []string
	HasComposeApps bool
	// ResetApps adds apps to keep; HasResetApps as above.
	ResetApps    []string
	HasResetApps bool
	// ReservedPercent is sysroot_ostree_reserved_space_percentage; 0 where
	// unset or out of 3..50.
	ReservedPercent int
}

// Own is [otactl], keys that the original does not know and passes over.
type Own struct {
	// LockFile replaces /var/lock/aklite.lock.
	LockFile string
	// TrustFirstBundle lets a device without any root take its first one from
	// a bundle. See docs/compatibility.md.
	TrustFirstBundle bool
	// AcceptUnlistedBundle takes a bundle that has no signed list of what it is
	// for, as tools before fioctl 0.42 made them. See docs/compatibility.md.
	AcceptUnlistedBundle bool
}

// Storage is [storage].
type Storage struct {
	Path               string // folder of all state
	SQLDB              string // absolute path of sql.db
	UptaneMetadataPath string // folder with ci/ and prod/ roots of the image
	CACert             string // file names of the credentials, absolute
	Key                string
	Cert               string
}

// Import is [import]: files that are copied into the database.
type Import struct {
	BasePath string
	CACert   string // absolute, or empty
	Key      string
	Cert     string
}

// Bootloader is [bootloader].
type Bootloader struct {
	RollbackMode  string // "none", "uboot_generic", "uboot_masked", "fiovb", "fioefi"
	SentinelDir   string
	SentinelName  string
	RebootCommand string
}

// Value is the raw value of a key, and whether it is there.
func (c *Config) Value(section, key string) (string, bool) {
	v, ok := c.values[section][key]
	return v, ok
}

func (c *Config) str(section, key, def string) string {
	if v, ok := c.Value(section, key); ok && v != "" {
		return v
	}
	return def
}

func (c *Config) integer(section, key string, def int) (int, error) {
	v, ok := c.Value(section, key)
	if !ok || v == "" {
		return def, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		return 0, fmt.Errorf("config: [%s] %s = %.40q: want a whole number", section, key, v)
	}
	return n, nil
}

func (c *Config) truth(section, key string, def bool) (bool, error) {
	v, ok := c.Value(section, key)
	if !ok || v == "" {
		return def, nil
	}
	switch strings.ToLower(v) {
	case "1", "true":
		return true, nil
	case "0", "false":
		return false, nil
	}
	return false, fmt.Errorf("config: [%s] %s = %.40q: want true, false, 1 or 0", section, key, v)
}

// list splits on commas and blanks, as libaktualizr does.
func (c *Config) list(section, key string) (items []string, present bool) {
	v, ok := c.Value(section, key)
	return strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }), ok
}

// fill turns the raw values into the typed ones.
func (c *Config) fill() error {
	for _, step := range []func() error{c.fillServers, c.fillPacman, c.fillStorage, c.fillBootloader, c.fillOwn} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) fillServers() (err error) {
	c.TLS = TLS{
		Server:     strings.TrimRight(c.str("tls", "server", ""), "/"),
		CASource:   c.str("tls", "ca_source", "file"),
		CertSource: c.str("tls", "cert_source", "file"),
		KeySource:  c.str("tls", "pkey_source", "file"),
	}
	if c.TLS.Server == "" {
		if err := c.readServerURL(); err != nil {
			return err
		}
	}
	c.Provision = Provision{
		HardwareID: c.str("provision", "primary_ecu_hardware_id", ""),
		Serial:     c.str("provision", "primary_ecu_serial", ""),
	}
	c.Uptane.RepoServer = strings.TrimRight(c.str("uptane", "repo_server", c.below("repo")), "/")
	if c.Uptane.PollingSec, err = c.integer("uptane", "polling_sec", 300); err != nil {
		return err
	}
	c.Logger.Level, err = c.integer("logger", "loglevel", 2)
	return err
}

// below is a path under the gateway, or empty when there is none.
func (c *Config) below(path string) string {
	if c.TLS.Server == "" {
		return ""
	}
	return c.TLS.Server + "/" + path
}

func (c *Config) fillPacman() (err error) {
	p := Pacman{
		Type:            c.str("pacman", "type", ""),
		OS:              c.str("pacman", "os", ""),
		Sysroot:         c.str("pacman", "sysroot", "/"),
		Booted:          c.str("pacman", "booted", "booted"),
		OSTreeServer:    strings.TrimRight(c.str("pacman", "ostree_server", c.below("treehub")), "/"),
		CallbackProgram: c.str("pacman", "callback_program", ""),
	}
	switch p.Type {
	case "", "ostree", "ostree+compose_apps":
	default:
		return fmt.Errorf("config: [pacman] type = %.40q: want ostree or ostree+compose_apps", p.Type)
	}
	switch p.Booted {
	case "booted", "staged", "0":
	default:
		return fmt.Errorf("config: [pacman] booted = %.40q: want booted, staged or 0", p.Booted)
	}
	p.Tags, _ = c.list("pacman", "tags")
	p.ComposeApps, p.HasComposeApps = c.list("pacman", "compose_apps")
	p.ResetApps, p.HasResetApps = c.list("pacman", "reset_apps")
	p.ReservedPercent, err = c.integer("pacman", "sysroot_ostree_reserved_space_percentage", 0)
	if p.ReservedPercent < 3 || p.ReservedPercent > 50 {
		p.ReservedPercent = 0 // the original logs it and goes on
	}
	c.Pacman = p
	return err
}

func (c *Config) fillStorage() error {
	if t := c.str("storage", "type", "sqlite"); t != "sqlite" {
		return fmt.Errorf("config: [storage] type = %.40q: want sqlite", t)
	}
	dir := c.str("storage", "path", "/var/sota")
	c.Storage = Storage{
		Path:               dir,
		SQLDB:              under(dir, c.str("storage", "sqldb_path", "sql.db")),
		UptaneMetadataPath: c.str("storage", "uptane_metadata_path", "/usr/lib/sota/tuf"),
		CACert:             under(dir, c.str("storage", "tls_cacert_path", "root.crt")),
		Key:                under(dir, c.str("storage", "tls_pkey_path", "pkey.pem")),
		Cert:               under(dir, c.str("storage", "tls_clientcert_path", "client.pem")),
	}
	base := c.str("import", "base_path", filepath.Join(dir, "import"))
	c.Import = Import{
		BasePath: base,
		CACert:   under(base, c.str("import", "tls_cacert_path", "")),
		Key:      under(base, c.str("import", "tls_pkey_path", "")),
		Cert:     under(base, c.str("import", "tls_clientcert_path", "")),
	}
	return nil
}

func (c *Config) fillBootloader() error {
	c.Bootloader = Bootloader{
		RollbackMode:  c.str("bootloader", "rollback_mode", "none"),
		SentinelDir:   c.str("bootloader", "reboot_sentinel_dir", "/var/run/aktualizr-session"),
		SentinelName:  c.str("bootloader", "reboot_sentinel_name", "need_reboot"),
		RebootCommand: c.str("bootloader", "reboot_command", "/sbin/reboot"),
	}
	if filepath.Base(c.Bootloader.SentinelName) != c.Bootloader.SentinelName {
		return fmt.Errorf("config: [bootloader] reboot_sentinel_name = %.40q: want a plain file name", c.Bootloader.SentinelName)
	}
	return nil
}

func (c *Config) fillOwn() (err error) {
	c.Own.LockFile = c.str("otactl", "lock_file", "/var/lock/aklite.lock")
	if c.Own.TrustFirstBundle, err = c.truth("otactl", "trust_first_bundle", false); err != nil {
		return err
	}
	c.Own.AcceptUnlistedBundle, err = c.truth("otactl", "accept_unlisted_bundle", false)
	return err
}

// under resolves path against dir; empty and absolute paths stay.
func under(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
