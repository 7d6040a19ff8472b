package commands

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/term"
)

// The token is the backend's alone: a repository elsewhere, also one that the
// backend redirects to, does not get to see it.
func TestATokenGoesToNoOtherRepository(t *testing.T) {
	var seen []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range r.Header {
			if strings.Contains(strings.Join(values, " "), "canary") {
				t.Errorf("%s: the token came along in %s", r.URL.Path, name)
			}
		}
		http.NotFound(w, r)
	}))
	defer elsewhere.Close()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("OSF-TOKEN"))
		http.Redirect(w, r, elsewhere.URL+r.URL.Path, http.StatusFound)
	}))
	defer backend.Close()
	env := map[string]string{"OTACTL_URL": backend.URL, "OTACTL_FACTORY": "acme", "OTACTL_TOKEN": "canary"}
	for _, args := range [][]string{{"tuf", "verify", elsewhere.URL + "/repo"}, {"tuf", "verify", backend.URL + "/repo"}, {"tuf", "verify"}} {
		std := term.Streams{In: strings.NewReader(""), Out: new(strings.Builder), Err: new(strings.Builder)}
		if code := Main(t.Context(), append([]string{"otactl"}, args...), func(name string) string { return env[name] }, std, clock.System); code == 0 {
			t.Errorf("%v: nothing was there, and it was good", args)
		}
	}
	if len(seen) != 2 || seen[0] != "canary" || seen[1] != "canary" {
		t.Errorf("the backend got the tokens %q", seen)
	}
}
