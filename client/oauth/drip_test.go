package oauth

import (
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/testkit"
)

func TestATokenServerThatSendsAByteAMinuteIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow, once := &http.Client{Transport: testkit.Drip(`{"access_token":"a"}`)}, httpx.Retry{Attempts: 1}
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://h.invalid/", nil)
		if err := New(Options{Server: "http://h.invalid", HTTP: slow, Retry: once}).Apply(t.Context(), req); err == nil {
			t.Error("a publisher waited for its token")
		}
		if _, err := NewSession(SessionOptions{URL: "http://h.invalid", HTTP: slow, Retry: once}).Token(t.Context()); err == nil {
			t.Error("who logged in waited for a token")
		}
	})
}
