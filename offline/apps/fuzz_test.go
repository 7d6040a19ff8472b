package apps

import (
	"bytes"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/testkit"
)

// FuzzManifest: a document that is taken has digests that are file names, and
// sizes that can be added up.
func FuzzManifest(f *testing.F) {
	blobs, _ := shop()
	for _, data := range blobs {
		if bytes.HasPrefix(data, []byte("{")) {
			f.Add(data)
		}
	}
	f.Add([]byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"digest":"sha256:","size":-1,"platform":null}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var list []descriptor
		if doc, err := parseImage(data); err == nil {
			list = append(doc.Layers, doc.Manifests...)
			if doc.Config != nil {
				list = append(list, *doc.Config)
			}
		}
		if doc, err := parseApp(data); err == nil {
			list = append(list, doc.Layers[0])
		}
		for _, d := range list {
			if d.Size < 0 || len(Digest(d.Digest).Hex()) != 64 || strings.ContainsAny(d.Digest, "/.\\") {
				t.Errorf("taken: %+v", d)
			}
		}
	})
}

// FuzzCompose: no compose file breaks the reader, and each service has a name.
func FuzzCompose(f *testing.F) {
	f.Add([]byte("services:\n  a: {image: x}\n  b: {<<: &x {image: y}, profiles: [z]}\n"))
	f.Add([]byte("services: &a\n  a: *a\n"))
	f.Add([]byte("a: &a [*a]\nservices: {x: {image: !!binary aGk=}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := readCompose(data)
		if (err == nil) == (len(list) == 0) {
			t.Errorf("%d services, %v", len(list), err)
		}
	})
}

// FuzzBundle: no archive breaks the reader.
func FuzzBundle(f *testing.F) {
	f.Add(testkit.Gzip(testkit.Tar("x", "y", composeFile, "services: {}")))
	f.Add(testkit.Gzip([]byte("no tar")))
	f.Fuzz(func(t *testing.T, data []byte) {
		if compose, err := readBundle(bytes.NewReader(data)); err == nil && compose == nil {
			t.Error("no compose file, and no error")
		}
	})
}
