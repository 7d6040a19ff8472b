package apps

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strconv"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
)

// Kind is what a blob is to its app.
type Kind string

// The kinds of blobs.
const (
	KindManifest      Kind = "app manifest"
	KindBundle        Kind = "app archive"
	KindBundleIndex   Kind = "index of the app archive"
	KindLayersMeta    Kind = "layers metadata"
	KindImageIndex    Kind = "image index"
	KindImageManifest Kind = "image manifest"
	KindImageConfig   Kind = "image config"
	KindImageLayer    Kind = "image layer"
)

// Blob is one blob of an app.
type Blob struct {
	Digest Digest
	Size   int64
	Kind   Kind
	Image  string // the reference of the image that it belongs to, "" for the app's own
}

// Image is one image of an app.
type Image struct {
	Ref
	// manifests are those of the image that are there; for an image without
	// an index its only one.
	manifests []descriptor
}

// App is an app whose blobs are all there.
type App struct {
	Ref
	Compose []byte
	Images  []Image
	// Blobs are all that the app needs, each once, what names others after
	// what it names: the app's manifest is the last.
	Blobs []Blob

	manifest []byte
	bundle   Digest
}

// MissingError says which blob of an app is not there.
type MissingError struct {
	App, Image string
	Kind       Kind
	Digest     Digest
}

func (e *MissingError) Error() string {
	of := "app " + e.App
	if e.Image != "" {
		of += ": image " + e.Image
	}
	return fmt.Sprintf("%s: its %s is missing: %s", of, e.Kind, e.Digest)
}

// Unwrap makes it match fs.ErrNotExist.
func (e *MissingError) Unwrap() error { return fs.ErrNotExist }

// Closure walks from an app's URI to the layers of its images and fails with a
// *MissingError when a blob that it needs is not in from, or not of its size.
// What is read on the way is verified; configs and layers are only looked for.
//
// Of an image with an index, the manifests for arch count that are there, and
// at least one has to be; an empty arch is any. The metadata that composectl
// adds for its own comfort counts where it is there.
func Closure(ctx context.Context, from Blobs, uri, arch string) (*App, error) {
	ref, err := ParseRef(uri)
	if err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	w := &walk{from: from, arch: arch, app: &App{Ref: ref}, seen: map[Digest]int64{}}
	if err := w.manifest(ctx); err != nil {
		return nil, err
	}
	return w.app, nil
}

// walk is one run of Closure.
type walk struct {
	from  Blobs
	arch  string
	app   *App
	image string // the reference of the image under way
	seen  map[Digest]int64
}

// say puts the app and the image in front of an error that does not name them.
func (w *walk) say(err error) error {
	if _, named := errors.AsType[*MissingError](err); named || err == nil {
		return err
	}
	if w.image != "" {
		return fmt.Errorf("app %s: image %s: %w", w.app.Name(), w.image, err)
	}
	return fmt.Errorf("app %s: %w", w.app.Name(), err)
}

// need wants a blob to be there with its size, and counts it once.
func (w *walk) need(kind Kind, d descriptor) error {
	digest := Digest(d.Digest)
	if size, ok := w.seen[digest]; ok {
		if size != d.Size {
			return w.say(malformed("blob %s is said to have %d bytes, and %d", digest, d.Size, size))
		}
		return nil
	}
	size, err := w.from.Stat(digest)
	switch {
	case err != nil:
		return w.failed(kind, digest, err)
	case size != d.Size:
		return w.say(corrupt(digest, "it has %d bytes, want %d", size, d.Size))
	}
	w.count(kind, digest, size)
	return nil
}

func (w *walk) count(kind Kind, d Digest, size int64) {
	w.seen[d] = size
	w.app.Blobs = append(w.app.Blobs, Blob{Digest: d, Size: size, Kind: kind, Image: w.image})
}

// failed is why a blob could not be opened.
func (w *walk) failed(kind Kind, d Digest, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return w.missing(kind, d)
	case errors.Is(err, medium.ErrNotRegular):
		return w.say(corrupt(d, "it is not a regular file"))
	}
	return w.say(err)
}

func (w *walk) missing(kind Kind, d Digest) error {
	return &MissingError{App: w.app.Name(), Image: w.image, Kind: kind, Digest: d}
}

// read reads a manifest or an index.
func (w *walk) read(kind Kind, d Digest, max int64) ([]byte, error) {
	data, err := read(w.from, d, max)
	if err != nil {
		return nil, w.failed(kind, d, err)
	}
	return data, nil
}

func (w *walk) manifest(ctx context.Context) error {
	data, err := w.read(KindManifest, w.app.Digest, limits.AppManifest)
	if err != nil {
		return err
	}
	doc, err := parseApp(data)
	if err != nil {
		return w.say(fmt.Errorf("manifest %s: %w", w.app.Digest, err))
	}
	w.app.manifest, w.app.bundle = data, Digest(doc.Layers[0].Digest)
	if err := w.need(KindBundle, doc.Layers[0]); err != nil {
		return err
	}
	w.comforts(doc)
	services, err := w.services(ctx, doc.Layers[0].Size)
	if err != nil {
		return w.say(err)
	}
	for _, s := range services {
		if err := w.service(ctx, s); err != nil {
			return err
		}
	}
	w.image = ""
	w.count(KindManifest, w.app.Digest, int64(len(data)))
	return nil
}

// comforts counts what composectl adds for its own comfort and does without.
func (w *walk) comforts(doc *document) {
	add := func(kind Kind, d descriptor) {
		if d.check() != nil {
			return
		}
		if size, err := w.from.Stat(Digest(d.Digest)); err == nil && size == d.Size && w.seen[Digest(d.Digest)] == 0 {
			w.count(kind, Digest(d.Digest), size)
		}
	}
	notes := doc.Layers[0].Annotations
	if size, err := strconv.ParseInt(notes[noteIndexSize], 10, 64); err == nil {
		add(KindBundleIndex, descriptor{Digest: notes[noteIndexDigest], Size: size})
	}
	if len(doc.Layers) > 1 && doc.Layers[1].Annotations[noteLayersMeta] != "" {
		add(KindLayersMeta, doc.Layers[1])
	}
	for _, list := range doc.Manifests {
		add(KindLayersMeta, list)
	}
}

// services reads the app's archive, and believes it once all of it was read
// and has its checksum.
func (w *walk) services(ctx context.Context, size int64) ([]service, error) {
	if size > limits.AppBundle {
		return nil, malformed("its archive has %d bytes, more than the %d allowed", size, int64(limits.AppBundle))
	}
	f, err := w.from.Open(w.app.bundle)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	hashed := io.TeeReader(io.LimitReader(&interruptible{ctx: ctx, r: f}, size), sum)
	compose, err := readBundle(hashed)
	if err := w.sum(hashed, sum); err != nil {
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	w.app.Compose = compose
	return readCompose(compose)
}

// sum compares the archive's checksum, once what is left of it was read.
func (w *walk) sum(rest io.Reader, sum hash.Hash) error {
	if _, err := io.Copy(io.Discard, rest); err != nil {
		return err
	}
	if sumDigest(sum.Sum(nil)) != w.app.bundle {
		return corrupt(w.app.bundle, "its bytes have another checksum")
	}
	return nil
}

// service walks the image of one service.
func (w *walk) service(ctx context.Context, s service) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.image = ""
	ref, err := ParseRef(s.image)
	if err != nil && s.optional {
		return nil
	}
	if err != nil {
		return w.say(fmt.Errorf("service %.80q: image: %w", s.name, err))
	}
	w.image = ref.Text
	if _, err := w.from.Stat(ref.Digest); err != nil && s.optional {
		return gone(err)
	}
	for _, known := range w.app.Images {
		if known.Text == ref.Text {
			return nil
		}
	}
	img := Image{Ref: ref}
	if err := w.root(&img); err != nil {
		return err
	}
	w.app.Images = append(w.app.Images, img)
	return nil
}

// root walks what an image's digest names.
func (w *walk) root(img *Image) error {
	data, err := w.read(KindImageIndex, img.Digest, limits.ImageRoot)
	if err != nil {
		return err
	}
	doc, err := parseImage(data)
	if err != nil {
		return w.say(fmt.Errorf("manifest %s: %w", img.Digest, err))
	}
	self := descriptor{MediaType: doc.MediaType, Digest: string(img.Digest), Size: int64(len(data))}
	if !doc.isIndex() {
		img.manifests = []descriptor{self}
		return w.layers(self, doc)
	}
	if img.manifests, err = w.present(doc); err != nil {
		return err
	}
	for _, m := range img.manifests {
		if err := w.listed(m); err != nil {
			return err
		}
	}
	return w.need(KindImageIndex, self)
}

// present are the manifests of an index that are for the architecture and
// there.
func (w *walk) present(index *document) ([]descriptor, error) {
	var first *descriptor
	var list []descriptor
	for i, m := range index.Manifests {
		if !m.runs(w.arch) {
			continue
		}
		if first == nil {
			first = &index.Manifests[i]
		}
		_, err := w.from.Stat(Digest(m.Digest))
		if err == nil {
			list = append(list, m)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, w.failed(KindImageManifest, Digest(m.Digest), err)
		}
	}
	switch {
	case first == nil && w.arch == "":
		return nil, w.say(malformed("it has no manifest for linux"))
	case first == nil:
		return nil, w.say(fail.New(fail.Unsupported, "build the image for that architecture", "it has no manifest for linux/%s", w.arch))
	case list == nil:
		return nil, w.missing(KindImageManifest, Digest(first.Digest))
	}
	return list, nil
}

// listed walks a manifest that an index lists.
func (w *walk) listed(m descriptor) error {
	data, err := w.read(KindImageManifest, Digest(m.Digest), limits.ImageManifest)
	if err != nil {
		return err
	}
	doc, err := parseImage(data)
	if err == nil && doc.isIndex() {
		err = malformed("it is an index in an index, which devices do not read")
	}
	if err != nil {
		return w.say(fmt.Errorf("manifest %s: %w", m.Digest, err))
	}
	return w.layers(m, doc)
}

// layers wants the config and the layers of a manifest, and the manifest.
func (w *walk) layers(self descriptor, doc *document) error {
	for _, l := range doc.Layers {
		if err := w.need(KindImageLayer, l); err != nil {
			return err
		}
	}
	if err := w.need(KindImageConfig, *doc.Config); err != nil {
		return err
	}
	return w.need(KindImageManifest, self)
}
