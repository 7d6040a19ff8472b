package apps

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
)

// The media types that devices know. The others of these are made of them.
const (
	typeOCIManifest    = "application/vnd.oci.image.manifest.v1+json"
	typeOCIIndex       = "application/vnd.oci.image.index.v1+json"
	typeDockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	typeDockerList     = "application/vnd.docker.distribution.manifest.list.v2+json"
	typeAppBundle      = "application/octet-stream"
)

// The annotations of an app's manifest.
const (
	noteApp         = "compose-app"
	noteLayersMeta  = "layers-meta"
	noteIndexDigest = "org.foundries.app.bundle.index.digest"
	noteIndexSize   = "org.foundries.app.bundle.index.size"
)

// descriptor points at a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int64             `json:"size"`
	Platform    *platform         `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// platform is what an image runs on.
type platform struct {
	Architecture string   `json:"architecture"`
	OS           string   `json:"os"`
	Variant      string   `json:"variant,omitempty"`
	OSVersion    string   `json:"os.version,omitempty"`
	OSFeatures   []string `json:"os.features,omitempty"`
}

// check wants a digest and a size that a blob can have.
func (d descriptor) check() error {
	if _, err := ParseDigest(d.Digest); err != nil {
		return err
	}
	if d.Size < 0 || d.Size > limits.AppBlob {
		return malformed("blob %s: a size of %d bytes", d.Digest, d.Size)
	}
	return nil
}

// document is a manifest of an app or an image, or an index of manifests.
type document struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	Config        *descriptor       `json:"config"`
	Layers        []descriptor      `json:"layers"`
	Manifests     []descriptor      `json:"manifests"`
	Annotations   map[string]string `json:"annotations"`
}

func parseDocument(data []byte) (*document, error) {
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, malformed("is no JSON of a manifest: %v", err)
	}
	if d.SchemaVersion != 2 {
		return nil, malformed("its schema version is %d, want 2", d.SchemaVersion)
	}
	if len(d.Layers) > limits.AppLayers || len(d.Manifests) > limits.AppLayers {
		return nil, malformed("it lists more than %d blobs", limits.AppLayers)
	}
	return &d, nil
}

// parseApp reads the manifest of an app, as composectl publishes it.
func parseApp(data []byte) (*document, error) {
	d, err := parseDocument(data)
	if err != nil {
		return nil, err
	}
	switch {
	case d.MediaType != typeOCIManifest:
		return nil, malformed("its media type is %.80q, want %s", d.MediaType, typeOCIManifest)
	case d.Annotations[noteApp] != "v1":
		return nil, malformed("it is not annotated with %s: v1", noteApp)
	case len(d.Layers) == 0:
		return nil, malformed("it has no layers, the first of which is the app's archive")
	case d.Layers[0].MediaType != typeAppBundle:
		return nil, malformed("its first layer has the media type %.80q, want %s", d.Layers[0].MediaType, typeAppBundle)
	}
	return d, checkAll(d.Layers[:1])
}

// parseImage reads what an image's reference names: a manifest, or an index.
func parseImage(data []byte) (*document, error) {
	d, err := parseDocument(data)
	if err != nil {
		return nil, err
	}
	switch d.MediaType {
	case typeOCIIndex, typeDockerList:
		if d.Config != nil || len(d.Layers) > 0 {
			return nil, malformed("it is an index with layers of its own")
		}
		return d, d.checkIndex()
	case typeOCIManifest, typeDockerManifest:
		return d, d.checkManifest()
	case "":
		return nil, malformed("it does not say its media type, which devices want")
	}
	return nil, fail.New(fail.Unsupported, "build the image for schema 2 of Docker, or for OCI", "its media type is %.80q", d.MediaType)
}

// isIndex says that d lists manifests.
func (d *document) isIndex() bool {
	return d.MediaType == typeOCIIndex || d.MediaType == typeDockerList
}

// checkIndex wants platforms: composectl crashes where there is none.
func (d *document) checkIndex() error {
	for _, m := range d.Manifests {
		if m.Platform == nil {
			return malformed("manifest %.80q in it has no platform", m.Digest)
		}
	}
	return checkAll(d.Manifests)
}

func (d *document) checkManifest() error {
	if d.Config == nil || len(d.Manifests) > 0 {
		return malformed("it is a manifest without a config, or one that lists others")
	}
	if err := d.Config.check(); err != nil {
		return err
	}
	return checkAll(d.Layers)
}

func checkAll(list []descriptor) error {
	for _, d := range list {
		if err := d.check(); err != nil {
			return err
		}
	}
	return nil
}

// runs says whether a manifest of an index is for arch, or for any when arch
// is empty. One that runs on nothing, such as an attestation, is for none.
func (d descriptor) runs(arch string) bool {
	p := d.Platform
	return p != nil && strings.EqualFold(p.OS, "linux") && (arch == "" || p.Architecture == arch)
}

// Architecture is what images call an architecture that Yocto, and with it the
// custom part of a target, calls name. The empty name is any.
func Architecture(name string) string {
	switch {
	case name == "x86_64":
		return "amd64"
	case name == "aarch64":
		return "arm64"
	case strings.HasPrefix(name, "armv"):
		return "arm"
	case name == "i586" || name == "i686":
		return "386"
	}
	return name
}

func malformed(format string, args ...any) error {
	return fail.As(fmt.Errorf(format, args...), fail.Verification, "publish the app again")
}
