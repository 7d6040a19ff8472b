package agent

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/spec"
	"github.com/otactl/otactl/tuf/spec/spectest"
)

// plain is a source of objects whose metadata is in the dialect of TUF's
// specification; it makes no statement, as gateways make none.
type plain struct {
	Source
	meta *spectest.Repo
}

func (p plain) Metadata() tuf.Fetcher                     { return p.meta }
func (p plain) Statement(context.Context) ([]byte, error) { return nil, nil }

func TestADeviceFollowsTheDialectOfItsRoot(t *testing.T) {
	d := newDevice(t)
	meta := spectest.New(t, d.meta.Now, d.meta.Targets)
	d.must(os.WriteFile(filepath.Join(d.dir, "roots/ci", tuf.RootName(1)), meta.Files[tuf.RootName(1)], 0o644))
	update := func() (Result, error) {
		a := d.open()
		defer a.Close()
		a.dialects = []tuf.Dialect{spec.Dialect{}}
		src, err := a.OpenBundle(d.bundle)
		d.must(err)
		defer src.Close()
		return a.Update(t.Context(), plain{src, meta}, UpdateRequest{Deferred: true})
	}
	r, err := update()
	wantCode(t, "install", r, err, InstallNeedsReboot)
	if r.Target.Name != "board-lmp-2" {
		t.Errorf("installed %q", r.Target.Name)
	}
	d.reboot()
	r, err = d.run()
	wantCode(t, "run after the reboot", r, err, Ok)

	// Another day, a broken one.
	meta.Edit(tuf.TimestampFile, func(m map[string]any) { m["version"] = 0 })
	if r, err = update(); err == nil {
		t.Errorf("a broken timestamp: %+v", r)
	}
	// A bundle is of the other dialect, and means nothing to this device.
	if r, err := d.install(UpdateRequest{}); err == nil {
		t.Errorf("a bundle: %+v", r)
	}
}
