package agent

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/agent/state"
)

// Whoever sits on the line of a gateway without TLS may answer in its place, and
// must not be the one that a device without a root believes from then on.
func TestNoFirstRootComesOverALineThatAnybodyMaySpeakOn(t *testing.T) {
	m := newMold(t)
	for _, tt := range []struct {
		name   string
		tls    bool
		rooted bool // the image has roots
		want   Code
	}{
		{"HTTP", false, false, CheckinMetadataFetchFailure},
		{"HTTP, and roots of the image", false, true, Ok},
		{"HTTPS", true, false, Ok},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := m.device(t)
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				file, ok := d.meta.Files[strings.TrimPrefix(r.URL.Path, "/repo/")]
				if !ok {
					http.NotFound(w, r)
					return
				}
				_, _ = w.Write(file)
			}))
			if tt.tls {
				srv.StartTLS()
			} else {
				srv.Start()
			}
			t.Cleanup(srv.Close)
			if !tt.rooted {
				d.must(os.RemoveAll(filepath.Join(d.dir, "roots")))
			}
			d.extra = "[tls]\nserver = \"" + srv.URL + "\"\n"
			a := d.open()
			if tt.tls {
				ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})
				d.must(a.db.ImportCredentials(t.Context(), state.Credentials{CA: ca}))
			}
			src, err := a.OpenGateway(t.Context(), "test")
			d.must(err)
			defer src.Close()
			_, err = a.Check(t.Context(), src)
			if got := CodeOf(err); got != tt.want {
				t.Errorf("code %d (%v), want %d", got, err, tt.want)
			}
		})
	}
}
