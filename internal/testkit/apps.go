package testkit

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// AppBlobs are the blobs of Compose Apps and their images by the hex digits of
// their SHA-256, as composectl keeps them in a folder. A test may remove and
// spoil them before it writes them.
type AppBlobs map[string][]byte

// Put adds a blob and gives its digest.
func (b AppBlobs) Put(data []byte) string {
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	b[name] = data
	return "sha256:" + name
}

// JSON adds v, as JSON.
func (b AppBlobs) JSON(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // a value that a test made up
	}
	return b.Put(data)
}

// At points at a blob that was put.
func (b AppBlobs) At(mediaType, digest string) map[string]any {
	return map[string]any{"mediaType": mediaType, "digest": digest, "size": len(b[Hex(digest)])}
}

// Hex is the digits of a digest, or of what comes before it.
func Hex(ref string) string { return ref[strings.LastIndex(ref, ":")+1:] }

const docker = "application/vnd.docker."

// Image adds an image of one layer, and gives its reference. With architectures
// it is an index with a manifest for each, without it is one manifest.
func (b AppBlobs) Image(name string, archs ...string) string {
	if len(archs) == 0 {
		return name + "@" + b.imageFor(name, "amd64")
	}
	var list []any
	for _, arch := range archs {
		m := b.At(docker+"distribution.manifest.v2+json", b.imageFor(name, arch))
		m["platform"] = map[string]string{"architecture": arch, "os": "linux"}
		list = append(list, m)
	}
	return name + "@" + b.JSON(map[string]any{
		"schemaVersion": 2, "mediaType": docker + "distribution.manifest.list.v2+json", "manifests": list,
	})
}

// imageFor adds a manifest, its config and a layer with one file.
func (b AppBlobs) imageFor(name, arch string) string {
	layer := Tar("hello", name+" for "+arch)
	sum := sha256.Sum256(layer)
	config := b.JSON(map[string]any{
		"architecture": arch, "os": "linux", "config": map[string]any{"Cmd": []string{"/hello"}},
		"rootfs": map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
	})
	return b.JSON(map[string]any{
		"schemaVersion": 2, "mediaType": docker + "distribution.manifest.v2+json",
		"config": b.At(docker+"container.image.v1+json", config),
		"layers": []any{b.At(docker+"image.rootfs.diff.tar.gzip", b.Put(Gzip(layer)))},
	})
}

// App adds an app with a service for each image, and gives its URI. The path
// before @ is the app's, as in hub.example/acme/web.
func (b AppBlobs) App(path string, images ...string) string {
	compose := "version: \"3\"\nservices:\n"
	for i, image := range images {
		compose += "  s" + strconv.Itoa(i) + ":\n    image: " + image + "\n" +
			"    labels:\n      io.compose-spec.config-hash: " + Hex(image) + "\n" // composectl crashes without
	}
	return b.AppOf(path, Gzip(Tar("docker-compose.yml", compose, "web/index.html", "hi\n")))
}

// AppOf adds an app with an archive of the caller's, as composectl publishes
// it: with layers metadata and an index of the archive.
func (b AppBlobs) AppOf(path string, archive []byte) string {
	bundle := b.At("application/octet-stream", b.Put(archive))
	index := b.Put([]byte(`{"docker-compose.yml":"` + bundle["digest"].(string) + `"}`))
	bundle["annotations"] = map[string]string{
		"org.foundries.app.bundle.index.digest": index,
		"org.foundries.app.bundle.index.size":   strconv.Itoa(len(b[Hex(index)])),
	}
	meta := b.At("application/json", b.Put([]byte(`{"amd64":{"fs_block_size":4096,"layers":{}}}`)))
	meta["annotations"] = map[string]string{"layers-meta": "v1"}
	manifest, err := json.MarshalIndent(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"artifactType": "application/vnd.fio+compose-app", "annotations": map[string]string{"compose-app": "v1"},
		"config": map[string]any{"mediaType": "application/vnd.oci.empty.v1+json", "size": 2,
			"digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},
		"layers": []any{bundle, meta},
	}, "", "   ")
	if err != nil {
		panic(err)
	}
	return path + "@" + b.Put(manifest)
}

// Write writes the blobs below dir, in blobs/sha256.
func (b AppBlobs) Write(dir string) error {
	dir = filepath.Join(dir, "blobs/sha256")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, data := range b {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return fmt.Errorf("blob %s: %w", name, err)
		}
	}
	return nil
}

// Tar is an archive of files, given as name and content in turn.
func Tar(files ...string) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		// Writing to memory fails for a bad header only.
		if err := w.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}); err != nil {
			panic(err)
		}
		_, _ = w.Write([]byte(files[i+1]))
	}
	_ = w.Close()
	return out.Bytes()
}

// Gzip is data packed.
func Gzip(data []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(data)
	_ = w.Close()
	return out.Bytes()
}
