package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
)

func place(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The configuration of another machine may name anything; what it names here is
// never read.
func TestPathsOfACopyStayInIt(t *testing.T) {
	for _, below := range []string{"", "var/sota"} {
		dir := t.TempDir()
		for _, p := range []string{"../../../etc", "/../../../etc", "/etc/ssl", "/dev/zero", "/var/sota/../../../etc", "pkcs11:object=x?pin-value=1"} {
			place(t, filepath.Join(dir, below, "sota.toml"), `
[storage]
sqldb_path = "`+p+`"
uptane_metadata_path = "`+p+`"
[import]
base_path = "`+p+`"
tls_clientcert_path = "`+p+`"
`)
			c, err := LoadCopy(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, got := range append(c.copies(), c.Storage.Path, c.Import.BasePath) {
				if got != "" && got != dir && !strings.HasPrefix(got, dir+"/") {
					t.Errorf("%s became %s, outside %s", p, got, dir)
				}
			}
		}
	}
}

func TestLinksOutOfACopyAreNotFollowed(t *testing.T) {
	outside := t.TempDir()
	place(t, filepath.Join(outside, "x.toml"), "[pacman]\ntags = other\n")
	for _, name := range []string{"x.toml", "sql.db", "sql.db-wal", "import/repo/root.json", "usr/lib/sota/tuf/ci"} {
		dir := t.TempDir()
		place(t, filepath.Join(dir, "sota.toml"), "[pacman]\ntags = main\n")
		link := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(outside, "x.toml"), link); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadCopy(dir); fail.ClassOf(err) != fail.Usage || !strings.Contains(err.Error(), link) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
