package apps

import (
	"archive/tar"
	"bytes"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/testkit"
)

// docker compose reads by itself what is in the folder; nobody pins the images in
// other files than docker-compose.yml, nor are they in a bundle.
func TestNothingInAnAppsFolderTakesThePlaceOfItsComposeFile(t *testing.T) {
	const base = testkit.ComposeBase
	for name, c := range testkit.ComposeFolders() {
		got, err := readBundle(bytes.NewReader(testkit.Gzip(testkit.Tar(append([]string{composeFile, base}, c.Files...)...))))
		if c.Good && (err != nil || string(got) != base) || !c.Good && fail.ClassOf(err) != fail.Verification {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, name := range []string{"compose.yaml", "compose.override.yml", ".env"} {
		var out bytes.Buffer
		w := tar.NewWriter(&out)
		check(t, w.WriteHeader(&tar.Header{Name: name, Linkname: "x", Typeflag: tar.TypeSymlink}))
		check(t, w.Flush())
		if _, err := readBundle(bytes.NewReader(testkit.Gzip(append(out.Bytes(), testkit.Tar(composeFile, base)...)))); fail.ClassOf(err) != fail.Verification {
			t.Errorf("%s is a link: %v", name, err)
		}
	}
	if _, err := readCompose([]byte("include: [o.yml]\n" + base)); fail.ClassOf(err) != fail.Verification {
		t.Errorf("it includes others: %v", err)
	}
}
