package offline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"

	"github.com/otactl/otactl/internal/limits"
)

// The caps of what is read of an app.
const (
	maxReference   = limits.AppRef
	maxAppManifest = limits.AppManifest
)

// The types of what names other blobs; devices go by them.
const (
	ociManifest    = "application/vnd.oci.image.manifest.v1+json"
	ociIndex       = "application/vnd.oci.image.index.v1+json"
	dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	dockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
)

const composeFile = "docker-compose.yml"

// reference is a name with a digest: host/path@sha256:hex.
type reference struct {
	text, host, path, hex string
}

var referenceForm = regexp.MustCompile(`^([A-Za-z0-9.-]+(?::[0-9]+)?)/([a-z0-9._/-]+)(?::[A-Za-z0-9._-]+)?@sha256:([0-9a-f]{64})$`)

func parseReference(text string) (reference, bool) {
	if len(text) > maxReference {
		return reference{}, false
	}
	m := referenceForm.FindStringSubmatch(text)
	if m == nil || path.Clean(m[2]) != m[2] || strings.HasPrefix(m[2], "/") || strings.HasPrefix(m[2], ".") || strings.Contains(m[2], "/.") {
		return reference{}, false
	}
	return reference{text: text, host: m[1], path: m[2], hex: m[3]}, true
}

func (r reference) name() string { return path.Base(r.path) }

// view is the folder of an app with this reference.
func (r reference) view() string { return path.Join(dirAppViews, r.name(), r.hex) }

// descriptor is how one blob names another.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        *int64            `json:"size"`
	Annotations map[string]string `json:"annotations"`
	Platform    *struct {
		OS           string `json:"os"`
		Architecture string `json:"architecture"`
	} `json:"platform"`
}

// hex is the digest's digits.
func (d descriptor) hex() (string, error) {
	hex, ok := strings.CutPrefix(d.Digest, "sha256:")
	if !ok || !isHex(hex) {
		return "", fmt.Errorf("it names a blob %.80q, and blobs are named sha256: and 64 hex digits", d.Digest)
	}
	if d.Size == nil || *d.Size < 0 {
		return "", fmt.Errorf("it does not say how long the blob %.80s is", d.Digest)
	}
	return hex, nil
}

var hexForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

func isHex(s string) bool { return hexForm.MatchString(s) }

// document is an app's manifest, an image's manifest, an index, or a manifest
// list: what these have in common.
type document struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        *descriptor       `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Manifests     []descriptor      `json:"manifests"`
	Annotations   map[string]string `json:"annotations"`
}

func parseDocument(data []byte) (*document, error) {
	d := new(document)
	if err := json.Unmarshal(data, d); err != nil {
		return nil, fmt.Errorf("is no manifest: %w", err)
	}
	switch {
	case d.SchemaVersion != 2:
		return nil, fmt.Errorf("has schemaVersion %d, and devices read 2", d.SchemaVersion)
	case len(d.Layers) > limits.AppLayers || len(d.Manifests) > limits.AppLayers:
		return nil, fmt.Errorf("lists more than %d blobs", limits.AppLayers)
	}
	return d, nil
}

// manifest reads an app's manifest. The archive, its first layer, is required;
// what devices do without is verified where it is there.
func (c *appCheck) manifest(app reference, data []byte) ([]descriptor, bool) {
	where := blobPath(app.hex)
	doc, err := parseDocument(data)
	if err == nil && doc.MediaType != ociManifest {
		err = fmt.Errorf("is of the type %.80q, and manifests of apps are %s", doc.MediaType, ociManifest)
	}
	if err == nil && doc.Annotations["compose-app"] != "v1" {
		err = errors.New("is not the manifest of an app: it lacks the annotation compose-app=v1")
	}
	if err == nil && len(doc.Layers) == 0 {
		err = errors.New("names no archive: it has no layers")
	}
	if err == nil {
		_, err = doc.Layers[0].hex()
	}
	if err != nil {
		c.v.found.bad(RuleApps, where, "%v", err)
		return nil, false
	}
	by := "app " + app.name()
	for _, d := range append(doc.Layers[1:], doc.Manifests...) {
		c.wantIfThere(d, by)
	}
	if doc.Config != nil {
		c.wantIfThere(*doc.Config, by)
	}
	index, _ := strings.CutPrefix(doc.Layers[0].Annotations["org.foundries.app.bundle.index.digest"], "sha256:")
	if _, there := c.v.inv.apps[blobPath(index)]; there && isHex(index) {
		c.want(index, -1, by)
	}
	return doc.Layers, true
}

// archive verifies the app's archive, as a blob and in the view, and gives the
// compose file in it.
func (c *appCheck) archive(ctx context.Context, app reference, d descriptor) ([]byte, bool) {
	hex, _ := d.hex() // manifest has seen it
	c.want(hex, *d.Size, "app "+app.name())
	name := path.Join(app.view(), hex+".tgz")
	c.claimed[name] = true
	if _, there := c.v.inv.apps[name]; !there {
		c.v.found.bad(RuleApps, name, "missing")
		return nil, false
	}
	var compose []byte
	err := c.v.readFile(name, *d.Size, func(r io.ReaderAt, size int64) error {
		if err := hashIs(ctx, io.NewSectionReader(r, 0, size), size, hex); err != nil {
			return err
		}
		var err error
		compose, err = composeIn(ctx, io.NewSectionReader(r, 0, size), limits.AppBundle)
		return err
	})
	if err != nil && ctx.Err() == nil {
		c.v.found.bad(RuleApps, name, "%s", readProblem(err))
	}
	return compose, err == nil
}

// images are what the services of a compose file run, each pinned to a digest.
// A service with profiles runs on no device by itself; without its image it is
// passed over.
func (c *appCheck) images(app reference, compose []byte) ([]reference, bool) {
	where := app.view() + "/" + composeFile
	services, err := composeServices(compose)
	if err == nil && (len(services) == 0 || len(services) > limits.AppServices) {
		err = fmt.Errorf("it has %d services, and apps have 1 to %d", len(services), limits.AppServices)
	}
	if err != nil {
		c.v.found.bad(RuleApps, where, "%v", err)
		return nil, false
	}
	var images []reference
	for name, s := range services {
		ref, pinned := parseReference(s.Image)
		_, there := c.v.inv.apps[blobPath(ref.hex)]
		switch {
		case len(s.Profiles) > 0 && (!pinned || !there):
		case !pinned:
			c.v.found.badFor(RuleApps, where, "publish the app again, its images pinned",
				"service %.80s runs the image %.200q, which no digest pins", name, s.Image)
		default:
			images = append(images, ref)
		}
	}
	return images, true
}
