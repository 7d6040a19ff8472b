package offline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
)

// Where apps lie in a bundle.
const (
	dirAppViews = dirApps + "/apps"
	dirBlobs    = dirApps + "/blobs/sha256"
)

// appCheck verifies apps from the documented layout alone. It shares nothing
// with what writes them, so that no mistake of the writer passes for right.
type appCheck struct {
	v *verifier
	// need is what the apps want of each blob, by its hex digest.
	need map[string]blobNeed
	// read are the blobs that were read to the end, good or not.
	read map[string]bool
	// claimed are the files below apps/apps that belong to an app of a target.
	claimed map[string]bool
	// views are the folders of those apps; true when all that belongs to one
	// is known.
	views map[string]bool
	// hosts are those of the app that was looked at last: whoever made the bundle
	// chose how many there are, and how many images look for theirs.
	hosts hosts
}

// blobNeed is who wants a blob, and how long it has to be.
type blobNeed struct {
	size int64 // -1: nobody says
	by   string
}

func newAppCheck(v *verifier) *appCheck {
	return &appCheck{v: v, need: map[string]blobNeed{}, read: map[string]bool{}, claimed: map[string]bool{}, views: map[string]bool{}}
}

// FirstBadApp verifies nothing but some apps of a target, by their URIs, and says
// what is wrong with the first that is bad; nil when all are good. The error is
// about not being able to look.
func FirstBadApp(ctx context.Context, b *Bundle, custom tuf.Custom, uris []string, opt VerifyOptions) (*Finding, error) {
	v, err := newVerifier(ctx, b, opt)
	if err != nil {
		return nil, err
	}
	v.found = findings{} // what else lies about is not asked for, and must not fill the list
	c := newAppCheck(v)
	for _, uri := range uris {
		if ref, ok := parseReference(uri); ok {
			c.app(ctx, ref, boundTarget{name: custom.Name, custom: custom})
		} else {
			v.found.bad(RuleApps, metadataPath(tuf.TargetsFile), "an app has the URI %.200q, which is not of the form host/path@sha256:hex", uri)
		}
	}
	if err := cmp.Or(c.hashBlobs(ctx, false), ctx.Err()); err != nil {
		return nil, err
	}
	rep := VerifyReport{Findings: v.found.list}
	slices.SortFunc(rep.Findings, Finding.compare)
	return rep.FirstBad(RuleApps), nil
}

// apps verifies the apps of all targets: every file of them, and every blob.
func (v *verifier) apps(ctx context.Context, targets []boundTarget) error {
	if n := len(v.inv.views); n > limits.BundleApps {
		v.found.bad(RuleApps, dirAppViews, "%d apps, more than the %d that a device looks at", n, limits.BundleApps)
	}
	c := newAppCheck(v)
	done := map[string]bool{}
	for i, t := range targets {
		uris := c.target(ctx, t, done)
		if i < len(v.report.Targets) {
			v.report.Targets[i].Apps = uris
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if err := c.hashBlobs(ctx, true); err != nil {
		return err
	}
	c.leftovers()
	return nil
}

// target verifies the apps of one target and lists those that are there.
// done are the apps that another target has brought up already.
func (c *appCheck) target(ctx context.Context, t boundTarget, done map[string]bool) []string {
	present, unpinned := []string{}, []string{}
	var apps []reference
	for name, app := range packedApps(t.custom) {
		ref, ok := parseReference(app.URI)
		if !ok {
			unpinned = append(unpinned, fmt.Sprintf("%.80s has the URI %.200q", name, app.URI))
			continue
		}
		if apps = append(apps, ref); c.there(ref) {
			present = append(present, ref.text)
		}
	}
	slices.Sort(present)
	if len(present) == 0 {
		if n := len(apps) + len(unpinned); n > 0 {
			c.v.found.warn(RuleApps, dirApps, "nothing, if the devices run no apps; else build it again without --no-apps",
				"none of the %d apps of target %s is in the bundle: a device that runs them refuses the target with exit code 8, one that runs no apps takes it", n, t.name)
		}
		return present
	}
	for _, why := range unpinned {
		c.v.found.badFor(RuleApps, metadataPath(tuf.TargetsFile), "publish the target again with its apps pinned to a digest",
			"target %s: app %s, which is not of the form host/path@sha256:hex", t.name, why)
	}
	for _, app := range apps {
		if !slices.Contains(present, app.text) {
			c.v.found.bad(RuleApps, app.view(), "missing: app %s of target %s, whose other apps are there", app.name(), t.name)
			continue
		}
		if key := app.text + " " + t.custom.Arch; !done[key] {
			done[key] = true
			c.app(ctx, app, t)
		}
	}
	return present
}

// packedApps are the apps that an offline update of a target carries: none
// where fetched-apps has no URI, else all, or those on its shortlist.
func packedApps(c tuf.Custom) map[string]tuf.App {
	switch f := c.FetchedApps; {
	case f.None():
		return nil
	case f == nil || f.Shortlist == "":
		return c.Apps
	}
	listed := strings.FieldsFunc(c.FetchedApps.Shortlist, func(r rune) bool { return r == ',' || r == ' ' })
	packed := maps.Clone(c.Apps)
	maps.DeleteFunc(packed, func(name string, _ tuf.App) bool { return !slices.Contains(listed, name) })
	return packed
}

// there says whether anything of an app is in the bundle.
func (c *appCheck) there(app reference) bool {
	_, blob := c.v.inv.apps[blobPath(app.hex)]
	return blob || slices.Contains(c.v.inv.views, app.view())
}

// app verifies one app: its view, its manifest, its archive and its images.
func (c *appCheck) app(ctx context.Context, app reference, t boundTarget) {
	c.views[app.view()] = false
	c.uri(app)
	c.want(app.hex, -1, "target "+t.name)
	manifest, ok := c.load(ctx, app.hex, maxAppManifest)
	if !ok {
		return
	}
	c.same(app, "manifest.json", manifest, "the blob "+app.hex)
	layers, ok := c.manifest(app, manifest)
	if !ok {
		return
	}
	compose, ok := c.archive(ctx, app, layers[0])
	if !ok {
		return
	}
	c.same(app, composeFile, compose, "that in the app's archive")
	images, ok := c.images(app, compose)
	if !ok {
		return
	}
	for _, img := range images {
		c.image(ctx, app, img, t.custom.Arch)
	}
	c.views[app.view()] = true
}

// uri wants the file by which devices find the app.
func (c *appCheck) uri(app reference) {
	name := app.view() + "/uri"
	text, ok := c.file(name, maxReference)
	switch {
	case !ok:
	case text == app.text+"\n":
		c.v.found.warn(RuleApps, name, remedyNone, "ends in a newline, which the target's URI does not")
	case text != app.text:
		c.v.found.bad(RuleApps, name, "says %.200q, and the target %.200q", text, app.text)
	}
}

// same wants a file of the view to be the same as what it is a copy of.
func (c *appCheck) same(app reference, base string, want []byte, of string) {
	name := app.view() + "/" + base
	if got, ok := c.file(name, int64(len(want))+1); ok && got != string(want) {
		c.v.found.bad(RuleApps, name, "is another than %s", of)
	}
}

// leftovers are files that no app of a target needs.
func (c *appCheck) leftovers() {
	idle := map[string]int{}
	for name := range c.v.inv.apps {
		view, ok := viewOf(name)
		switch known, ours := c.views[view]; {
		case !ok || c.claimed[name]:
		case view == name || known:
			c.v.found.bad(RuleFiles, name, "unknown file among the apps")
		case !ours:
			idle[view]++
		}
	}
	for view, n := range idle {
		c.v.found.warn(RuleFiles, view, remedyPrune, "an app that no target needs; its %d files were not verified", n)
	}
	for _, view := range c.v.inv.views {
		_, ours := c.views[view]
		if _, uri := c.v.inv.apps[view+"/uri"]; !uri && !ours {
			c.v.found.badFor(RuleApps, view, remedyRemove, "has no uri; aktualizr-lite stops at such a folder")
		}
	}
	c.idleBlobs()
}

func (c *appCheck) idleBlobs() {
	var n, size int64
	for name, length := range c.v.inv.apps {
		hex, ok := strings.CutPrefix(name, dirBlobs+"/")
		if !ok {
			continue
		}
		if _, wanted := c.need[hex]; wanted {
			continue
		}
		if n++; !isHex(hex) {
			c.v.found.bad(RuleFiles, name, "is not the name of a blob, 64 hex digits")
			continue
		}
		size += length
	}
	if n > 0 {
		c.v.found.warn(RuleFiles, dirBlobs, remedyPrune, "%d blobs (%d bytes) belong to no app of a target", n, size)
	}
}

// viewOf is the folder apps/apps/NAME/HASH that a file lies in.
func viewOf(name string) (string, bool) {
	rest, ok := strings.CutPrefix(name, dirAppViews+"/")
	if !ok {
		return "", false
	}
	parts := strings.SplitN(rest, "/", 3)
	return path.Join(dirAppViews, parts[0], parts[min(1, len(parts)-1)]), true
}

func blobPath(hex string) string { return dirBlobs + "/" + hex }
