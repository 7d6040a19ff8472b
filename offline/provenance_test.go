package offline

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
)

func list(name, text string) SBOM {
	return SBOM{Name: name, Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

func TestTheStickSaysWhatItIs(t *testing.T) {
	b := newBackend(t, 1)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	opt := options("pc-1")
	opt.MadeBy = "otactl 1.2\x1b[31m"
	opt.SBOMs = []SBOM{list("images/alpine:latest/arm.spdx.json", `{"spdx":1}`)}
	dir := t.TempDir()
	_, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	text := readFile(t, filepath.Join(dir, "README.txt"))
	for _, want := range []string{"tag         main", "good until  2026-03-31 12:00 UTC", "1 signatures were missing", "pc-1   version 1   for pc",
		"aklite-offline install --src-dir", "Made by otactl 1.2?[31m. Nothing vouches for this text, for otactl.json and for sbom/"} {
		if !strings.Contains(text, want) {
			t.Errorf("README.txt does not say %q:\n%s", want, text)
		}
	}
	if got := readFile(t, filepath.Join(dir, "otactl.json")); !strings.Contains(got, `"format":1`) {
		t.Errorf("otactl.json: %s", got)
	}
	if got := readFile(t, filepath.Join(dir, "sbom/pc-1/images_alpine_latest_arm.spdx.json")); got != `{"spdx":1}` {
		t.Errorf("SBOM: %s", got)
	}
	// Renewed, it says the new date, and keeps the list.
	opt.SBOMs, opt.TUFOnly, opt.ExpiresInDays = nil, true, 60
	_, err = Build(t.Context(), b, dir, opt)
	check(t, err)
	if text := readFile(t, filepath.Join(dir, "README.txt")); !strings.Contains(text, "good until  2026-04-30") {
		t.Errorf("after renewal: %s", text)
	}
	readFile(t, filepath.Join(dir, "sbom/pc-1/images_alpine_latest_arm.spdx.json"))
	rep := verify(t, dir)
	for _, f := range rep.Findings {
		if f.Rule == RuleFiles || f.Rule == RuleFormat {
			t.Errorf("verify: %s", f)
		}
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	check(t, err)
	return string(data)
}

func TestSBOMsNeverGetAnotherPlaceOrAreLostSilently(t *testing.T) {
	for name, want := range map[string]string{"../../etc/passwd": "etc_passwd", "": "sbom", "...": "sbom", `C:\x.json`: "C_x.json",
		strings.Repeat("a", 300) + ".json": strings.Repeat("a", 195) + ".json"} {
		if got := sbomName(name); got != want {
			t.Errorf("%.20q becomes %q, want %q", name, got, want)
		}
	}
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), nil)
	opt := options("pc-1")
	opt.SBOMs = []SBOM{list("a:b", "1"), list("A_B", "2")}
	dir := filepath.Join(t.TempDir(), "new")
	if _, err := Build(t.Context(), b, dir, opt); fail.ClassOf(err) != fail.Usage {
		t.Errorf("two lists of one name: %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Error("the folder was made")
	}
}
