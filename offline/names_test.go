package offline

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
