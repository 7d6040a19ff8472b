package offline

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
)

// image verifies an image from the digest in the compose file down to its
// layers. arch is that of the target, "" where it does not say.
func (c *appCheck) image(ctx context.Context, app, img reference, arch string) {
	c.want(img.hex, -1, "app "+app.name())
	data, ok := c.load(ctx, img.hex, limits.ImageRoot)
	if !ok {
		return
	}
	doc, err := parseDocument(data)
	if err == nil {
		err = doc.image()
	}
	if err != nil {
		c.v.found.bad(RuleApps, blobPath(img.hex), "%v", err)
		return
	}
	size := int64(len(data))
	heads := []descriptor{{MediaType: doc.MediaType, Digest: "sha256:" + img.hex, Size: &size}}
	if doc.Config == nil {
		heads = append(heads, c.platforms(ctx, img, doc, arch)...)
	} else {
		c.layers(img.hex, doc)
	}
	c.layout(app, img, heads)
}

// image wants a document to be what an image's reference may name: a manifest,
// or an index that says for each of its manifests what it runs on. composectl
// crashes at one that doesn't.
func (d *document) image() error {
	switch d.MediaType {
	case ociManifest, dockerManifest:
		if d.Config == nil {
			return errors.New("is no image manifest: it has no config")
		}
		return nil
	case ociIndex, dockerList:
		if d.Config != nil {
			return errors.New("is an index, and has a config like a manifest")
		}
	default:
		return fmt.Errorf("is of the type %.80q, which no device reads", d.MediaType)
	}
	for _, m := range d.Manifests {
		if m.Platform == nil {
			return fmt.Errorf("lists the manifest %.80q without a platform", m.Digest)
		}
	}
	return nil
}

// platforms verifies those manifests of an index that are there, of which there
// has to be one for the target's architecture.
func (c *appCheck) platforms(ctx context.Context, img reference, index *document, arch string) []descriptor {
	where, lacks := blobPath(img.hex), fmt.Sprintf("lists no manifest for linux%s", slash(arch))
	fits := 0
	for _, d := range index.Manifests {
		hex, err := d.hex()
		if err != nil {
			c.v.found.bad(RuleApps, where, "%v", err)
			return nil
		}
		if !runsOn(d, arch) {
			continue
		}
		if _, there := c.v.inv.apps[blobPath(hex)]; !there {
			where, lacks = blobPath(hex), "missing; image "+img.path+" needs it"
			continue
		}
		fits++
		c.want(hex, *d.Size, "image "+img.path)
		data, ok := c.load(ctx, hex, limits.ImageManifest)
		if !ok {
			continue
		}
		doc, err := parseDocument(data)
		if err == nil && doc.MediaType != ociManifest && doc.MediaType != dockerManifest {
			err = fmt.Errorf("is of the type %.80q, and no image manifest", doc.MediaType)
		}
		if err == nil {
			err = doc.image()
		}
		if err != nil {
			c.v.found.bad(RuleApps, blobPath(hex), "%v", err)
			continue
		}
		c.layers(hex, doc)
	}
	if fits == 0 {
		c.v.found.bad(RuleApps, where, "%s", lacks)
	}
	return index.Manifests
}

func slash(arch string) string {
	if arch == "" {
		return ""
	}
	return "/" + goArch(arch)
}

// runsOn says whether a manifest is for a device of an architecture as targets
// name it, "" for any. One that does not say what it is for may be for it.
func runsOn(d descriptor, arch string) bool {
	if d.Platform == nil {
		return true
	}
	known := goArch(arch)
	return d.Platform.OS == "linux" && (known == "" || d.Platform.Architecture == known)
}

// goArch is an architecture by the name that images have for it; "" for one
// that is not known.
func goArch(arch string) string {
	switch arch {
	case "x86_64", "amd64":
		return "amd64"
	case "aarch64", "arm64":
		return "arm64"
	case "arm", "armv7", "armv7l", "armhf":
		return "arm"
	case "riscv64":
		return arch
	}
	return ""
}

// layers wants the config and the layers of an image manifest.
func (c *appCheck) layers(hex string, doc *document) {
	for _, d := range append([]descriptor{*doc.Config}, doc.Layers...) {
		blob, err := d.hex()
		if err != nil {
			c.v.found.bad(RuleApps, blobPath(hex), "%v", err)
			return
		}
		c.want(blob, *d.Size, "image manifest "+short(hex))
	}
}

// layout verifies the folder of an image, by which programs other than
// composectl find it. heads are the manifests that it may name. The image of a
// registry with a port has none: FAT holds no colon.
func (c *appCheck) layout(app, img reference, heads []descriptor) {
	if strings.Contains(img.host, ":") {
		return
	}
	hosts := path.Join(app.view(), "images")
	dir := path.Join(hosts, c.spelled(hosts, img.host), img.path, img.hex)
	where := dir + "/index.json"
	text, ok := c.file(where, limits.ImageRoot)
	if _, there := c.v.inv.apps[dir+"/oci-layout"]; there {
		c.ociLayout(dir + "/oci-layout")
	}
	if !ok {
		return
	}
	index, err := parseDocument([]byte(text))
	if err == nil && len(index.Manifests) == 0 {
		err = fmt.Errorf("names no manifest")
	}
	if err != nil {
		c.v.found.bad(RuleApps, where, "%v", err)
		return
	}
	for _, d := range index.Manifests {
		if err := c.head(d, heads); err != nil {
			c.v.found.bad(RuleApps, where, "%v", err)
		}
	}
}

// spelled is how the folder of a registry's host in dir is spelled. Hosts that
// differ only in case may have one folder between them: FAT keeps no two.
func (c *appCheck) spelled(dir, host string) string {
	if c.hosts.dir != dir {
		c.hosts = hostsIn(c.v.bundle.files, dir)
	}
	return cmp.Or(c.hosts.names[host], c.hosts.names[strings.ToLower(host)], host)
}

// hosts are the folders in dir by their names, and by those in small letters.
type hosts struct {
	dir   string
	names map[string]string
}

func hostsIn(files medium.Files, dir string) hosts {
	h := hosts{dir, map[string]string{}}
	entries, _ := files.ReadDir(dir) // what is not there, or not readable, shows when a file in it is opened
	for _, e := range entries {
		small := strings.ToLower(e.Name())
		h.names[small] = cmp.Or(h.names[small], e.Name())
	}
	for _, e := range entries {
		h.names[e.Name()] = e.Name()
	}
	return h
}

// head wants a descriptor of index.json to be one of heads and its blob to be
// there.
func (c *appCheck) head(d descriptor, heads []descriptor) error {
	hex, err := d.hex()
	if err != nil {
		return err
	}
	for _, h := range heads {
		if h.Digest != d.Digest {
			continue
		}
		if _, there := c.v.inv.apps[blobPath(hex)]; !there {
			return fmt.Errorf("names the manifest %s, which is not among the blobs", short(hex))
		}
		if *d.Size != *h.Size || (h.MediaType != "" && d.MediaType != h.MediaType) {
			return fmt.Errorf("gives the manifest %s another length or type than it has", short(hex))
		}
		return nil
	}
	return fmt.Errorf("names the manifest %s, which the image does not have", short(hex))
}

func (c *appCheck) ociLayout(name string) {
	text, ok := c.file(name, maxReference)
	var layout struct {
		Version string `json:"imageLayoutVersion"`
	}
	if ok && (json.Unmarshal([]byte(text), &layout) != nil || layout.Version != "1.0.0") {
		c.v.found.bad(RuleApps, name, "does not say that it is an image layout of version 1.0.0")
	}
}
