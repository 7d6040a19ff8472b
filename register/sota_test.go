package register

import (
	"errors"
	"os"
	"strings"
	"testing"
)

// replied is the outcome of a registration with this sota.toml, in which DIR is
// the device's folder.
func replied(t *testing.T, sota string) (left []os.DirEntry, err error) {
	t.Helper()
	b := newBackend(t)
	o := b.options(t)
	o.Token = "tok"
	b.files = func(m map[string]string) { m[sotaToml] = strings.ReplaceAll(sota, "DIR", o.Dir) }
	_, err = Run(t.Context(), o)
	left, _ = os.ReadDir(o.Dir)
	return left, err
}

const goodTLS = "[tls]\nserver = \"https://gw\"\n"

func TestAReplySaysNothingOfWhatTheDeviceRunsOrTrusts(t *testing.T) {
	for name, sota := range map[string]string{
		"a program to call":        "[pacman]\ncallback_program = \"/bin/sh\"\n",
		"a command to reboot by":   "[bootloader]\nreboot_command = \"/bin/sh -c id\"\n",
		"a program for containers": "[pacman]\ndocker_compose_bin = '/tmp/x'\n",
		"a library of a token":     "[p11]\nmodule = \"/tmp/x.so\"\n",
		"trust in the first stick": "[otactl]\ntrust_first_bundle = 1\n",
		"other roots of the image": "[storage]\nuptane_metadata_path = \"DIR\"\n",
		"a database elsewhere":     "[storage]\nsqldb_path = \"/etc/x.db\"\n",
		"a database further up":    "[storage]\nsqldb_path = \"../x.db\"\n",
		"imports from elsewhere":   "[import]\nbase_path = \"/tmp\"\n",
		"a mark that is no mark":   "[bootloader]\nreboot_sentinel_name = \"sql.db\"\n",
		"a mark in its own folder": "[bootloader]\nreboot_sentinel_dir = \"DIR\"\n",
		"another sysroot":          "[pacman]\nsysroot = \"/tmp\"\n",
		"metadata without TLS":     "[uptane]\nrepo_server = \"http://gw/repo\"\n",
		"metadata from no host":    "[uptane]\nrepo_server = \"/repo\"\n",
	} {
		left, err := replied(t, goodTLS+sota)
		if !errors.Is(err, ErrBadReply) || len(left) != 0 {
			t.Errorf("%s: %v; left behind: %v", name, err, left)
		}
	}
}

// The update client reads its configuration line by line, and TOML knows more
// than lines: what one reader takes for a text, another takes for a section.
func TestASotaTOMLThatReadersTakeDifferentlyIsRefused(t *testing.T) {
	for name, sota := range map[string]string{
		"a section in a text":       goodTLS + "x = \"\"\"\n[bootloader]\nreboot_command = \"/bin/sh\"\n\"\"\"\n",
		"a section in raw text":     goodTLS + "x = '''\n[tls]\nserver = \"http://evil\"\n'''\n",
		"capitals":                  "[TLS]\nserver = \"https://gw\"\n",
		"a section twice":           goodTLS + "[uptane]\nkey_source = \"file\"\n[tls]\nca_source = \"file\"\n",
		"a key twice":               "[tls]\nserver = \"https://gw\"\nserver = \"https://gw\"\n",
		"a dotted key":              "tls.server = \"https://gw\"\n",
		"a table in a line":         "tls = { server = \"https://gw\" }\n",
		"an escape":                 "[tls]\nserver = \"https://g\\u0077\"\n",
		"a key in quotes":           "[tls]\n\"server\" = \"https://gw\"\n",
		"a key before any section":  "x = 1\n" + goodTLS,
		"a comment behind a value":  "[tls]\nserver = \"https://gw\" # \"\n",
		"a control character":       goodTLS + "x = \"\x1b[2J\"\n",
		"a carriage return between": goodTLS + "x = \"a\"\r[bootloader]\r\n",
		"no section of an array":    goodTLS + "[[tls]]\n",
	} {
		left, err := replied(t, sota)
		if !errors.Is(err, ErrBadReply) || len(left) != 0 {
			t.Errorf("%s: %v; left behind: %v", name, err, left)
		}
	}
}

func TestWhatBackendsSayOfADeviceIsTaken(t *testing.T) {
	_, err := replied(t, `# made for a device
[tls]
server = "https://gw.example:8443"
ca_source = "file"

[provision]
server = 'https://gw.example:8443'
primary_ecu_hardware_id = "intel-corei7-64"

[uptane]
repo_server = "https://gw.example:8443/repo"
polling_sec = 300

[pacman]
type = "ostree+compose_apps"
tags = "main,devel"
compose_apps = ""
compose_apps_root = "/var/sota/compose-apps"

[storage]
type = "sqlite"
path = "DIR/"
sqldb_path = "sql.db"

[p11]
label = "aktualizr"

[import]
base_path = "DIR/import"
tls_pkey_path = "DIR/pkey.pem"
`)
	if err != nil {
		t.Error(err)
	}
}
