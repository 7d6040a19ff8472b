package tests

import (
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/otactl/otactl/internal/testkit"
)

// mkapps writes a store of apps as composectl keeps it: web and shop, which
// share an image, and sets $WEB and $SHOP to their URIs.
func mkapps(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, !neg && len(args) == 1, "mkapps DIR")
	blobs := testkit.AppBlobs{}
	base := blobs.Image("hub.example/acme/base", "amd64", "arm64")
	ts.Setenv("WEB", blobs.App("hub.example/acme/web", base))
	ts.Setenv("SHOP", blobs.App("hub.example/acme/shop", base, blobs.Image("hub.example/acme/db")))
	ts.Check(blobs.Write(ts.MkAbs(args[0])))
}
