package offline

import (
	"context"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/offline/medium"
)

func TestNamesOfTwoTargetsNeverMeet(t *testing.T) {
	seen := map[string]string{}
	likeMade := []string{refName("PC-1"), strings.ToLower(refName("PC-1")), refName("a/1"), strings.ToUpper(refName("a/1"))}
	for _, target := range append(likeMade, "pc-1", "PC-1", "Pc-1", "a/1", `a\1`, "A/1", "..", strings.Repeat("x", 200), strings.Repeat("X", 200), strings.Repeat("x", 201)) {
		name := refName(target)
		if other, taken := seen[strings.ToLower(name)]; taken {
			t.Errorf("%.20q and %.20q are both called %s", target, other, name)
		}
		seen[strings.ToLower(name)] = target
		if !plainName.MatchString(name) && len(name) < 200 || len(name) > 240 {
			t.Errorf("%.20q is called %q", target, name)
		}
	}
	if refName("pc-1") != "pc-1" {
		t.Errorf("pc-1 is called %s", refName("pc-1"))
	}
}

func TestATargetsNameNeverLeadsOutOfTheBundle(t *testing.T) {
	for _, name := range []string{"..", "../../up-1", "pc/../../up", "pc..1", "/etc/pc-1", `..\up`, "pc:1", "pc-1.", "con\n", "-rf"} {
		t.Run(name, func(t *testing.T) {
			b := newBackend(t, 0)
			b.publish(name, "pc", tinyTree(t, "1"), nil)
			above := t.TempDir()
			dir := filepath.Join(above, "bundle")
			opt := options(name)
			opt.SBOMs = []SBOM{{Name: "bom.spdx.json", Open: func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("{}")), nil }}}
			_, err := Build(t.Context(), b, dir, opt)
			check(t, err)
			if rep := verify(t, dir); rep.Err() != nil || len(rep.Targets) != 1 || rep.Targets[0].Name != name {
				t.Errorf("%v", rep.Findings)
			}
			if list, err := os.ReadDir(above); err != nil || len(list) != 1 {
				t.Errorf("beside the bundle: %v, %v", list, err)
			}
		})
	}
}

// listings counts how often folders of images are listed.
type listings struct {
	medium.Files
	images atomic.Int64
}

func (l *listings) ReadDir(name string) ([]fs.DirEntry, error) {
	if path.Base(name) == "images" {
		l.images.Add(1)
	}
	return l.Files.ReadDir(name)
}

// Both the hosts of an app and its images are as many as who made it likes.
func TestTheHostsOfAnAppAreListedOnceHoweverManyImagesItHas(t *testing.T) {
	blobs := testkit.AppBlobs{}
	var images []string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		images = append(images, blobs.Image("hub.example/acme/"+name))
	}
	b := newBackend(t, 0)
	b.publish("pc-1", "pc", tinyTree(t, "1"), withApps(blobs.App("hub.example/acme/web", images...)))
	opt := options("pc-1")
	opt.AppsSource = appStore(t, blobs)
	dir := t.TempDir()
	_, err := Build(t.Context(), b, dir, opt)
	check(t, err)
	bundle, err := Open(dir)
	check(t, err)
	defer bundle.Close()
	counted := &listings{Files: bundle.files}
	bundle.files = counted
	rep, err := Verify(t.Context(), bundle, VerifyOptions{Now: now})
	check(t, err)
	if n := counted.images.Load(); rep.Err() != nil || n != 2 { // the inventory lists it too
		t.Errorf("%d times; %v", n, rep.Findings)
	}
}
