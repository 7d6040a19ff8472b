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
	const base = "services: {a: {image: x}, b: {image: y}}\n"
	for name, c := range map[string]struct {
		files []string // names and contents
		good  bool
	}{
		"an override":                        {[]string{"docker-compose.override.yml", "services: {a: {environment: [X=1]}, b: {image: y}}"}, true},
		"a .env with other words":            {[]string{".env", "# COMPOSE_FILE=x\nTAG=1\nMY_COMPOSE_FILE=x\n"}, true},
		"files of these names in folders":    {[]string{"d/compose.yaml", "x", "d/.env", "COMPOSE_FILE=x"}, true},
		"one that is passed over":            {[]string{"docker-compose.yaml", "services: {a: {image: other}}"}, true},
		"compose.yaml":                       {[]string{"compose.yaml", base}, false},
		"compose.yml, spelled otherwise":     {[]string{"./d/../compose.yml", base}, false},
		"an override with another image":     {[]string{"compose.override.yaml", "services: {a: {image: other}}"}, false},
		"an override with another service":   {[]string{"compose.override.yml", "services: {c: {image: x}}"}, false},
		"an override with a service from":    {[]string{"docker-compose.override.yaml", "services: {a: {extends: {file: o.yml, service: a}}}"}, false},
		"an override that includes":          {[]string{"docker-compose.override.yml", "include: [o.yml]\nservices: {a: {}}"}, false},
		"an override of two documents":       {[]string{"docker-compose.override.yml", "services: {a: {}}\n---\nservices: {c: {image: x}}"}, false},
		"an override that is there twice":    {[]string{"compose.override.yml", "services: {a: {}}", "./compose.override.yml", "services: {a: {}}"}, false},
		"a .env that names files":            {[]string{".env", "TAG=1\r\n export COMPOSE_FILE = o.yml\n"}, false},
		"a .env that names files, like YAML": {[]string{".env", "COMPOSE_FILE: o.yml"}, false},
	} {
		got, err := readBundle(bytes.NewReader(testkit.Gzip(testkit.Tar(append([]string{composeFile, base}, c.files...)...))))
		if c.good && (err != nil || string(got) != base) || !c.good && fail.ClassOf(err) != fail.Verification {
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
