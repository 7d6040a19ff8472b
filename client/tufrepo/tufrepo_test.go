package tufrepo

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
)

func TestARepositoryThatSendsAByteAMinuteIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base, err := ParseBase("http://repo.invalid/")
		if err != nil {
			t.Fatal(err)
		}
		r := &Repo{Base: base, HTTP: &http.Client{Transport: testkit.Drip(`{"signed": {}}`)}, Retry: httpx.Retry{Attempts: 1}}
		if data, err := r.Fetch(t.Context(), "root.json", 100); err == nil {
			t.Errorf("it was waited for: %s", data)
		}
	})
}
