package conformance_test

import (
	"testing"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/inspect"
	"github.com/otactl/otactl/tuf/spec"
)

// What is said of a repository is good exactly where a device that begins with
// the same root goes along, whatever one field is changed to.
func TestAReportIsGoodWhereADeviceGoesAlong(t *testing.T) {
	for _, l := range []lang{ota, standard} {
		d := newDevice(t, l)
		d.r.everything()
		n, good, bad := 0, 0, 0
		for _, role := range topLevel() {
			d.r.mutations(role, func(m mutation, file []byte) {
				if n++; n%7 != 0 { // each of them takes half a minute
					return
				}
				d.serving(role, file, func() {
					_, refused := tuf.Refresh(t.Context(), d.r, nil, tuf.RefreshOptions{
						Now: today(), InitialRoots: [][]byte{d.r.files[root][0]}, Dialects: []tuf.Dialect{spec.Dialect{}},
					})
					rep, err := inspect.Run(t.Context(), d.r, inspect.Options{
						Now: today(), Root: d.r.files[root][0], Dialects: []tuf.Dialect{spec.Dialect{}},
					})
					if err != nil || rep.Good != (refused == nil) {
						t.Fatalf("%s, %s: %+v, %v; a device says %v", l, m, rep, err, refused)
					}
					if rep.Good {
						good++
					} else {
						bad++
					}
				})
			})
		}
		if good == 0 || bad < good {
			t.Errorf("%s: %d good, %d bad: the changes change nothing", l, good, bad)
		}
	}
}
