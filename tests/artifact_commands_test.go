package tests

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// ci starts what answers for $URL where a CI keeps artifacts: what is in DIR is
// below /projects/, and what is in DIR/sboms as the SBOMs of every target, with its exact length, for whoever has the token of the
// context file. There is no OSTree behind it, as with a token that may not read
// it.
//
//	ci DIR CONTEXT NEWCONTEXT     sets $CI; NEWCONTEXT is CONTEXT for it
func ci(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 3, "ci DIR CONTEXT NEWCONTEXT")
	context := ts.ReadFile(args[1])
	token := regexp.MustCompile(`token: *"?([^"\n]+)`).FindStringSubmatch(context)
	usage(ts, token != nil, "ci DIR CONTEXT NEWCONTEXT, where CONTEXT has a token")
	backend, err := url.Parse(ts.Getenv("URL"))
	ts.Check(err)
	dir, pass := ts.MkAbs(args[0]), httputil.NewSingleHostReverseProxy(backend)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, kept := strings.CutPrefix(r.URL.Path, "/projects/")
		if _, sbom, ok := strings.Cut(r.URL.Path, "/sboms/"); ok {
			rest, kept = "sboms/"+cmp.Or(sbom, "list.json"), true
			if sbom != "" && r.Header.Get("Accept") != "application/spdx.json" {
				w.WriteHeader(http.StatusNotAcceptable)
				return
			}
		}
		switch {
		case strings.HasPrefix(r.URL.Path, "/ota/treehub/"):
			w.WriteHeader(http.StatusForbidden)
		case !kept:
			pass.ServeHTTP(w, r)
		case r.Header.Get("Osf-Token") != token[1]:
			w.WriteHeader(http.StatusUnauthorized)
		default:
			http.ServeFile(w, r, filepath.Join(dir, filepath.FromSlash(rest)))
		}
	}))
	ts.Defer(server.Close)
	ts.Setenv("CI", server.URL)
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(strings.ReplaceAll(context, ts.Getenv("URL"), server.URL)), 0o600))
}
