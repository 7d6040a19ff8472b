package objects

import (
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
)

// FuzzObjectPath holds that whatever a request's path is, what is opened below
// the repo is objects/XX/REST.TYPE and nothing else.
func FuzzObjectPath(f *testing.F) {
	sum := strings.Repeat("ab", 32)
	for _, s := range []string{sum[:2] + "/" + sum[2:] + ".filez", "../x", "..%2f..%2fconfig", "ab/%00", sum[:2] + "/" + sum[2:] + ".filez/../x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, tail string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = "/objects/" + tail
		r.URL.RawPath = ""
		mux := http.NewServeMux()
		mux.HandleFunc("GET /objects/{ab}/{obj}", func(_ http.ResponseWriter, r *http.Request) {
			id, err := objectID(r)
			if err != nil {
				return
			}
			p := id.ArchivePath()
			if path.Clean(p) != p || !strings.HasPrefix(p, "objects/") || strings.Count(p, "/") != 2 {
				t.Errorf("%q opens %q", tail, p)
			}
		})
		mux.ServeHTTP(httptest.NewRecorder(), r)
	})
}
