package tests

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
)

// TestNginxOfTheDocumentationLetsCachesKeepObjectsAlone runs what docs/publish.md
// tells to put into nginx: only what never changes may be kept without asking.
func TestNginxOfTheDocumentationLetsCachesKeepObjectsAlone(t *testing.T) {
	page, err := os.ReadFile("../docs/publish.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)\n```\nserver \\{\n(.*?)\n\\}\n```\n").FindSubmatch(page)
	if block == nil {
		t.Fatal("docs/publish.md shows no server of nginx")
	}
	root := t.TempDir()
	directives := strings.NewReplacer("listen 443 ssl;", "", "root /srv/www;", "root "+root+";").Replace(string(block[1]))
	directives = regexp.MustCompile(`#.*`).ReplaceAllString(directives, "")
	files := map[string][]string{
		"objects/ab/cd.filez":      {"max-age=31536000", "public, immutable"},
		"objects/ab/cd.commitmeta": {"no-cache"},
		"refs/heads/main":          {"no-cache"},
		"summary":                  {"no-cache"},
		"deltas/ab/c/superblock":   {"no-cache"},
	}
	for name := range files {
		name = filepath.Join(root, "ostree", name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	web, err := testkit.StartNginx(directives, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(web.Stop)
	for name, want := range files {
		resp, err := http.Head(web.URL + "/ostree/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.Header.Values("Cache-Control"); resp.StatusCode != http.StatusOK || !slices.Equal(got, want) {
			t.Errorf("%s: %s, Cache-Control %q, want %q", name, resp.Status, got, want)
		}
	}
}
