package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestLaterPlaceReplacesAFileOfTheSameNameAndNamesDecideTheOrder(t *testing.T) {
	dir := t.TempDir()
	usr, sota, etc := filepath.Join(dir, "usr"), filepath.Join(dir, "sota.toml"), filepath.Join(dir, "etc")
	write(t, filepath.Join(usr, "40-hardware-id.toml"), "[provision]\nprimary_ecu_hardware_id = \"from-usr\"\n[pacman]\ntags = a\n")
	write(t, filepath.Join(usr, "90-last.toml"), "[pacman]\ntags = ninety\n")
	write(t, filepath.Join(usr, "replaced.toml"), "[pacman]\nos = gone\n")
	write(t, filepath.Join(usr, "ignored.conf"), "this is not read")
	write(t, sota, "[pacman]\ntags = sota\n")
	write(t, filepath.Join(etc, "replaced.toml"), "[pacman]\nsysroot = /new\n")
	write(t, filepath.Join(etc, "z-50-fioctl.toml"), "[pacman]\ncallback_program = /cb\n")
	c, err := Load(usr, sota, etc)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range c.Files {
		names = append(names, filepath.Base(f))
	}
	want := []string{"40-hardware-id.toml", "90-last.toml", "replaced.toml", "sota.toml", "z-50-fioctl.toml"}
	if !slices.Equal(names, want) {
		t.Errorf("read %q, want %q", names, want)
	}
	if !slices.Equal(c.Pacman.Tags, []string{"sota"}) {
		t.Errorf("tags %q: a file named 90-* must lose to sota.toml", c.Pacman.Tags)
	}
	if c.Pacman.OS != "" || c.Pacman.Sysroot != "/new" || c.Provision.HardwareID != "from-usr" || c.Pacman.CallbackProgram != "/cb" {
		t.Errorf("merged: %+v %+v", c.Pacman, c.Provision)
	}
}

func TestNamedPathsMustExist(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a path that is not there was passed over")
	}
}

func TestSyntaxIsLenient(t *testing.T) {
	values := map[string]map[string]string{}
	err := parse([]byte("\ufeff# comment\n; another\n[a]\nplain = some words # not this\nquoted = \"x # \\\"y\\\"\" # c\nsingle='it''\r\n"+
		"empty =\nnumber=7\n[ b ] # section\nkey = true\nkey = false\n\"quoted key\" = 1\n"), values)
	if err == nil {
		t.Fatal("quotes that do not match were accepted")
	}
	values = map[string]map[string]string{}
	err = parse([]byte("\ufeff# comment\n; another\n[a]\nplain = some words # not this\nquoted = \"x # \\\"y\\\"\" # c\nsingle='it'\r\n"+
		"empty =\nnumber=7\n[ b ] # section\nkey = true\nkey = false\n\"quoted key\" = 1\n"), values)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"plain": "some words", "quoted": `x # "y"`, "single": "it", "empty": "", "number": "7"} {
		if got := values["a"][key]; got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if values["b"]["key"] != "false" || values["b"]["quoted key"] != "1" {
		t.Errorf("section b: %q", values["b"])
	}
	for _, bad := range []string{"word", "[open", "[a] b", `k = "x" y`} {
		if err := parse([]byte(bad), map[string]map[string]string{}); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestDefaultsFollowTheGateway(t *testing.T) {
	c := load(t, "[tls]\nserver = \"https://gw:8443/\"\n")
	if c.Uptane.RepoServer != "https://gw:8443/repo" || c.Pacman.OSTreeServer != "https://gw:8443/treehub" {
		t.Errorf("repo %q, ostree %q", c.Uptane.RepoServer, c.Pacman.OSTreeServer)
	}
	if c.Storage.SQLDB != "/var/sota/sql.db" || c.Import.BasePath != "/var/sota/import" || c.Pacman.Sysroot != "/" ||
		c.Bootloader.SentinelDir != "/var/run/aktualizr-session" || c.Own.LockFile != "/var/lock/aklite.lock" {
		t.Errorf("defaults: %+v", c)
	}
	c = load(t, "[provision]\nprimary_ecu_hardware_id = b\n")
	if c.Uptane.RepoServer != "" || c.Pacman.OSTreeServer != "" {
		t.Error("without a gateway there is no repo server")
	}
}

func TestPresenceOfAppKeysIsKept(t *testing.T) {
	if c := load(t, "[pacman]\ncompose_apps = \"\"\nreset_apps = \"a, b\"\n"); !c.Pacman.HasComposeApps || len(c.Pacman.ComposeApps) != 0 ||
		!slices.Equal(c.Pacman.ResetApps, []string{"a", "b"}) {
		t.Errorf("apps: %+v", c.Pacman)
	}
	if c := load(t, "[pacman]\ntags = x\n"); c.Pacman.HasComposeApps || c.Pacman.HasResetApps {
		t.Error("keys that are not there count as present")
	}
}

func TestServerURLMayComeFromAFile(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "gateway.url"), "https://gw:8443\n")
	c := load(t, "[tls]\nserver_url_path = "+filepath.Join(dir, "gateway.url")+"\n")
	if c.TLS.Server != "https://gw:8443" || c.Uptane.RepoServer != "https://gw:8443/repo" {
		t.Errorf("server %q, repo %q", c.TLS.Server, c.Uptane.RepoServer)
	}
}

func TestValuesThatMakeNoSenseAreRefused(t *testing.T) {
	for _, text := range []string{
		"[pacman]\ntype = rpm\n", "[pacman]\nbooted = maybe\n", "[storage]\ntype = files\n",
		"[uptane]\npolling_sec = soon\n", "[bootloader]\nreboot_sentinel_name = ../x\n", "[otactl]\ntrust_first_bundle = perhaps\n",
	} {
		path := filepath.Join(t.TempDir(), "c.toml")
		write(t, path, text)
		if _, err := Load(path); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}

func load(t *testing.T, text string) *Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.toml")
	write(t, path, text)
	c, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("[a]\nb = \"c\"\n"))
	f.Add([]byte("[pacman]\ntags = 'x' # y\n\"k\" = \\\"\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		values := map[string]map[string]string{}
		if parse(data, values) != nil {
			return
		}
		c := &Config{values: values}
		_ = c.fill()
	})
}
