package httprepo

import (
	"io"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/ostree"
)

// TestAStoreThatSendsAByteAMinuteIsLeft: also where it is none of a remote's
// config, which has a limit of its own.
func TestAStoreThatSendsAByteAMinuteIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Open(Options{BaseURL: "http://store.invalid", HTTP: &http.Client{Transport: testkit.Drip("twenty bytes of data")}, Retry: httpx.Retry{Attempts: 1}})
		if data, _, err := s.File(t.Context(), "config", 100, ostree.FileVersion{}); err == nil {
			t.Errorf("a file was waited for: %s", data)
		}
		body, err := s.Stream(t.Context(), "deltas/aa/bb/0", ostree.Place{})
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(body); err == nil {
			t.Errorf("a stream was waited for: %s", data)
		}
		_ = body.Close()
	})
}
