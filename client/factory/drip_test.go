package factory

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
)

func TestABackendThatSendsAByteAMinuteIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := Open(Options{URL: "http://backend.invalid", Factory: "f", HTTP: &http.Client{Transport: testkit.Drip(`{"board-1": {}}`)}, Retry: httpx.Retry{Attempts: 1}})
		if m, err := c.Targets(t.Context()); err == nil {
			t.Errorf("it was waited for: %v", m)
		}
		if data, err := c.Fetcher(nil).Fetch(t.Context(), "root.json", 100); err == nil {
			t.Errorf("it was waited for: %s", data)
		}
	})
}
