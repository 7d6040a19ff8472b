package tests

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/otactl/otactl/client/ostreehub/ostreehubtest"
)

// hubsKey is where a script's ostreehubs are, by the variables that name them;
// Setup puts an empty map there.
type hubsKey struct{}

type hubs map[string]*ostreehubtest.Server

func ostreeHub(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && (len(args) == 1 || len(args) == 2), "ostreehub VAR [TOKEN]")
	s := ostreehubtest.Start()
	ts.Defer(s.Close)
	s.Download = true
	if len(args) == 2 {
		s.Token = args[1]
	}
	ts.Value(hubsKey{}).(hubs)[args[0]] = s
	ts.Setenv(args[0], s.Base())
	creds := fmt.Sprintf(`{"no_auth":true,"ostree":{"server":"%s/ota/treehub/f/api/v3/"}}`, s.Base())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".json"), []byte(creds), 0o600))
}

func hubFiles(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 2, "hubfiles VAR DIR")
	s := ts.Value(hubsKey{}).(hubs)[args[0]]
	usage(ts, s != nil, "hubfiles VAR DIR, after ostreehub VAR")
	for _, problem := range s.Problems() {
		ts.Fatalf("the ostreehub saw: %s", problem)
	}
	for path, data := range s.Files() {
		name := filepath.Join(ts.MkAbs(args[1]), filepath.FromSlash(path))
		ts.Check(os.MkdirAll(filepath.Dir(name), 0o755))
		ts.Check(os.WriteFile(name, []byte(data), 0o644))
	}
	for _, dir := range []string{"tmp", "refs/heads", "refs/remotes"} { // which ostree wants in a repo
		ts.Check(os.MkdirAll(filepath.Join(ts.MkAbs(args[1]), dir), 0o755))
	}
}
