package main

import (
	"errors"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
)

// kept answers as a backend whose CI keeps what it built, and which lets nobody
// read its OSTree: DIR is below /projects/, all else is TARGET's.
//
//	bench kept LISTEN TARGET DIR
func kept(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: bench kept LISTEN TARGET DIR")
	}
	target, err := url.Parse(args[1])
	if err != nil {
		return err
	}
	pass := httputil.NewSingleHostReverseProxy(target)
	return http.ListenAndServe(args[0], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ours := strings.CutPrefix(r.URL.Path, "/projects/")
		switch {
		case ours:
			http.ServeFile(w, r, filepath.Join(args[2], filepath.FromSlash(rest)))
		case strings.HasPrefix(r.URL.Path, "/ota/treehub/"):
			w.WriteHeader(http.StatusForbidden)
		default:
			pass.ServeHTTP(w, r)
		}
	}))
}
