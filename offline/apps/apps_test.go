package apps

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/internal/testkit"
	"github.com/otactl/otactl/offline/medium"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// shop is an app of two images: one of several architectures, one of one.
func shop() (testkit.AppBlobs, string) {
	blobs := testkit.AppBlobs{}
	return blobs, blobs.App("hub.example/acme/shop",
		blobs.Image("hub.example/acme/db", "amd64", "arm64"), blobs.Image("docker.example/library/proxy"))
}

// storeOf writes blobs into a store.
func storeOf(t testing.TB, blobs testkit.AppBlobs) Store {
	t.Helper()
	dir := t.TempDir()
	check(t, blobs.Write(dir))
	folder, err := medium.OpenFolder(dir)
	check(t, err)
	t.Cleanup(func() { check(t, folder.Close()) })
	return NewStore(folder, ".")
}

// bundle is an empty bundle and a writer of apps into it.
func bundle(t testing.TB) (string, *Writer) {
	t.Helper()
	dir := t.TempDir()
	folder, err := medium.OpenFolder(dir)
	check(t, err)
	t.Cleanup(func() { check(t, folder.Close()) })
	w, err := NewWriter(folder, "apps")
	check(t, err)
	return dir, w
}

// putAll puts what an app needs.
func putAll(t testing.TB, w *Writer, from Blobs, uri, arch string) *App {
	t.Helper()
	app, err := Closure(t.Context(), from, uri, arch)
	check(t, err)
	for _, b := range app.Blobs {
		check(t, w.Take(t.Context(), from, b))
	}
	return app
}

func TestAnAppIsLaidOutAsDevicesReadIt(t *testing.T) {
	blobs, uri := shop()
	dir, w := bundle(t)
	app := putAll(t, w, storeOf(t, blobs), uri, "arm64")
	_, err := w.Complete(t.Context(), uri, "arm64")
	check(t, err)
	check(t, w.Close())
	db, proxy := app.Images[0].Ref, app.Images[1].Ref
	view := "apps/apps/shop/" + testkit.Hex(uri) + "/"
	arm := blobs[testkit.Hex(app.Images[0].manifests[0].Digest)]
	want := map[string]string{
		"uri": uri, "manifest.json": string(blobs[testkit.Hex(uri)]), "docker-compose.yml": string(app.Compose),
		app.bundle.Hex() + ".tgz": string(blobs[app.bundle.Hex()]),
		"images/hub.example/acme/db/" + db.Digest.Hex() + "/oci-layout":             `{"imageLayoutVersion": "1.0.0"}`,
		"images/docker.example/library/proxy/" + proxy.Digest.Hex() + "/oci-layout": `{"imageLayoutVersion": "1.0.0"}`,
		"images/docker.example/library/proxy/" + proxy.Digest.Hex() + "/index.json": `{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","digest":"` + string(proxy.Digest) + `","size":` + strconv.Itoa(len(blobs[proxy.Digest.Hex()])) + `}]}`,
		"images/hub.example/acme/db/" + db.Digest.Hex() + "/index.json":             `{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","digest":"` + string(digestOf(arm)) + `","size":` + strconv.Itoa(len(arm)) + `,"platform":{"architecture":"arm64","os":"linux"}}]}`,
	}
	files := filesBelow(t, dir)
	for name, data := range want {
		if files[view+name] != data {
			t.Errorf("%s is %q, want %q", name, files[view+name], data)
		}
		delete(files, view+name)
	}
	for _, b := range app.Blobs {
		name := "apps/blobs/sha256/" + b.Digest.Hex()
		if files[name] != string(blobs[b.Digest.Hex()]) {
			t.Errorf("%s: the %s is not in the bundle", name, b.Kind)
		}
		delete(files, name)
	}
	if len(files) > 0 {
		t.Errorf("there is more than the app needs: %v", slices.Sorted(maps.Keys(files)))
	}
}

func TestEachBlobThatIsMissingIsNamed(t *testing.T) {
	whole, uri := shop()
	app, err := Closure(t.Context(), storeOf(t, whole), uri, "amd64")
	check(t, err)
	comforts := map[Kind]bool{KindBundleIndex: true, KindLayersMeta: true}
	for _, b := range app.Blobs {
		blobs, _ := shop()
		delete(blobs, b.Digest.Hex())
		_, err := Closure(t.Context(), storeOf(t, blobs), uri, "amd64")
		if comforts[b.Kind] {
			if err != nil {
				t.Errorf("without the %s: %v", b.Kind, err)
			}
			continue
		}
		missing, ok := errors.AsType[*MissingError](err)
		if !ok || missing.Digest != b.Digest || missing.App != "shop" || missing.Image != b.Image {
			t.Errorf("without the %s of %q: %v", b.Kind, b.Image, err)
		}
	}
	if len(app.Blobs) != 11 {
		t.Errorf("the app has %d blobs", len(app.Blobs))
	}
}

func TestABlobThatIsNotWhatItsNameSaysIsNeverTaken(t *testing.T) {
	whole, uri := shop()
	app, err := Closure(t.Context(), storeOf(t, whole), uri, "amd64")
	check(t, err)
	spoil := map[string]func([]byte) []byte{
		"flipped": func(b []byte) []byte { c := bytes.Clone(b); c[len(c)/2] ^= 1; return c },
		"short":   func(b []byte) []byte { return b[:len(b)-1] },
		"long":    func(b []byte) []byte { return append(bytes.Clone(b), 0) },
	}
	for how, change := range spoil {
		for _, b := range app.Blobs {
			blobs, _ := shop()
			blobs[b.Digest.Hex()] = change(blobs[b.Digest.Hex()])
			dir, w := bundle(t)
			if err := takeApp(t.Context(), w, storeOf(t, blobs), uri); fail.ClassOf(err) != fail.Verification && b.Kind != KindBundleIndex && b.Kind != KindLayersMeta {
				t.Errorf("%s %s: %v", how, b.Kind, err)
			}
			if _, err := os.Lstat(filepath.Join(dir, "apps/blobs/sha256", b.Digest.Hex())); err == nil {
				t.Errorf("%s %s was written", how, b.Kind)
			}
		}
	}
}

// takeApp takes all of an app.
func takeApp(ctx context.Context, w *Writer, from Blobs, uri string) error {
	app, err := Closure(ctx, from, uri, "amd64")
	if err != nil {
		return err
	}
	for _, b := range app.Blobs {
		if err := w.Take(ctx, from, b); err != nil {
			return err
		}
	}
	_, err = w.Complete(ctx, uri, "amd64")
	return err
}

func TestAStreamOfAnotherLengthLeavesNothing(t *testing.T) {
	dir, w := bundle(t)
	digest := testkit.AppBlobs{}.Put([]byte("hello"))
	for _, text := range []string{"", "hell", "hello!", "jello"} {
		if err := w.PutBlob(t.Context(), digest, 5, strings.NewReader(text)); fail.ClassOf(err) != fail.Verification {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := w.PutBlob(t.Context(), digest, 5, io.MultiReader(strings.NewReader("he"), broken{})); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a stream that breaks: %v", err)
	}
	for _, digest := range []string{"", "sha256:", "sha256:" + strings.Repeat("A", 64), "sha256:" + strings.Repeat("a", 62) + "/.", "sha512:" + strings.Repeat("a", 64), strings.Repeat("a", 64)} {
		if err := w.PutBlob(t.Context(), digest, 0, strings.NewReader("")); fail.ClassOf(err) != fail.Verification {
			t.Errorf("digest %q: %v", digest, err)
		}
	}
	if err := w.PutBlob(t.Context(), digest, -1, strings.NewReader("")); err == nil {
		t.Error("a negative size was taken")
	}
	if files := filesBelow(t, dir); len(files) > 0 {
		t.Errorf("left: %v", slices.Sorted(maps.Keys(files)))
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestASecondRunReadsWhatIsThereAndMendsIt(t *testing.T) {
	blobs, uri := shop()
	from := storeOf(t, blobs)
	dir, w := bundle(t)
	app := putAll(t, w, from, uri, "amd64")
	_, err := w.Complete(t.Context(), uri, "amd64")
	check(t, err)
	check(t, w.Close())
	before := filesBelow(t, dir)
	again := func() Done {
		w, err := NewWriter(w.folder, "apps")
		check(t, err)
		putAll(t, w, from, uri, "amd64")
		_, err = w.Complete(t.Context(), uri, "amd64")
		check(t, err)
		check(t, w.Close())
		return w.Done()
	}
	if done := again(); done != (Done{}) {
		t.Errorf("a second run wrote: %+v", done)
	}
	view := filepath.Join(dir, "apps/apps/shop", testkit.Hex(uri))
	layer := filepath.Join(dir, "apps/blobs/sha256", app.Blobs[len(app.Blobs)-3].Digest.Hex())
	for name, spoil := range map[string]func() error{
		"layer damaged":      func() error { return os.WriteFile(layer, []byte("x"), 0o644) },
		"layer is a link":    func() error { return errors.Join(os.Remove(layer), os.Symlink("/etc/passwd", layer)) },
		"layer is a folder":  func() error { return errors.Join(os.Remove(layer), os.Mkdir(layer, 0o755)) },
		"uri damaged":        func() error { return os.WriteFile(view+"/uri", []byte(uri+"\n"), 0o644) },
		"archive damaged":    func() error { return os.Truncate(view+"/"+app.bundle.Hex()+".tgz", 3) },
		"a file too many":    func() error { return os.WriteFile(view+"/images/x", nil, 0o644) },
		"no view":            func() error { return os.RemoveAll(view) },
		"view is a link":     func() error { return errors.Join(os.RemoveAll(view), os.Symlink("..", view)) },
		"left by a dead run": func() error { return os.MkdirAll(filepath.Join(dir, "apps/tmp/x"), 0o755) },
	} {
		check(t, spoil())
		again()
		if after := filesBelow(t, dir); !maps.Equal(before, after) {
			t.Errorf("%s: it was not mended", name)
		}
	}
}

func TestAWriterFollowsNoLinkInTheBundle(t *testing.T) {
	for _, name := range []string{"apps", "apps/blobs", "apps/blobs/sha256", "apps/apps"} {
		dir, elsewhere := t.TempDir(), t.TempDir()
		check(t, os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755))
		check(t, os.Symlink(elsewhere, filepath.Join(dir, name)))
		folder, err := medium.OpenFolder(dir)
		check(t, err)
		if _, err := NewWriter(folder, "apps"); fail.ClassOf(err) != fail.Conflict {
			t.Errorf("%s: %v", name, err)
		}
		check(t, folder.Close())
		if files := filesBelow(t, elsewhere); len(files) > 0 {
			t.Errorf("%s: written through the link", name)
		}
	}
}

func TestBlobsNobodyNeedsAreDiscarded(t *testing.T) {
	blobs, uri := shop()
	dir, w := bundle(t)
	app := putAll(t, w, storeOf(t, blobs), uri, "amd64")
	before := w.Done()
	check(t, w.PutBlob(t.Context(), blobs.Put([]byte("junk")), 4, strings.NewReader("junk")))
	check(t, w.Discard([]*App{app}))
	check(t, w.Close())
	if got := len(filesBelow(t, dir)); got != len(app.Blobs) || w.Done() != before {
		t.Errorf("%d files for %d blobs; %+v, before %+v", got, len(app.Blobs), w.Done(), before)
	}
}

func TestAMediumThatFillsUpEndsAWriter(t *testing.T) {
	blobs, uri := shop()
	from := storeOf(t, blobs)
	app, err := Closure(t.Context(), from, uri, "amd64")
	check(t, err)
	full := errors.New("full")
	for n := range app.Blobs {
		dir, w := bundle(t)
		w.Room = func(int64) error {
			if n--; n < 0 {
				return full
			}
			return nil
		}
		if err := takeApp(t.Context(), w, from, uri); !errors.Is(err, full) {
			t.Errorf("got %v", err)
		}
		for name := range filesBelow(t, dir) {
			if !strings.HasPrefix(name, "apps/blobs/") {
				t.Errorf("left: %s", name)
			}
		}
	}
}

func TestProgressCountsEachByteOfTheBlobsOnce(t *testing.T) {
	blobs, uri := shop()
	from := storeOf(t, blobs)
	_, w := bundle(t)
	for range 2 { // written, then read again
		var told progress.Counter
		w, err := NewWriter(w.folder, "apps")
		check(t, err)
		w.Task = &told
		app := putAll(t, w, from, uri, "amd64")
		var size int64
		for _, b := range app.Blobs {
			size += b.Size
		}
		if done, _ := told.Value(); done != size {
			t.Errorf("told of %d bytes, the app has %d", done, size)
		}
	}
}

func TestStoppedWorkEnds(t *testing.T) {
	blobs, uri := shop()
	from := storeOf(t, blobs)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, w := bundle(t)
	if err := takeApp(ctx, w, from, uri); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// filesBelow reads all files below dir, by name. Folders count when they are
// empty, and what is neither.
func filesBelow(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	check(t, filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		check(t, err)
		if !d.Type().IsRegular() {
			files[rel] = d.Type().String()
			return nil
		}
		data, err := os.ReadFile(name)
		files[rel] = string(data)
		return err
	}))
	return files
}
