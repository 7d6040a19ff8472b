package apps

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
)

// layoutFile is the oci-layout file as skopeo writes it.
const layoutFile = `{"imageLayoutVersion": "1.0.0"}`

// Dir is the folder of an app, below the folder of all apps.
func (r Ref) Dir() string { return path.Join(dirViews, r.Name(), r.Digest.Hex()) }

// viewFiles are the small files of an app's folder by name; the archive comes
// beside them.
func viewFiles(app *App) (map[string][]byte, error) {
	files := map[string][]byte{
		"uri":           []byte(app.Text),
		"manifest.json": app.manifest,
		composeFile:     app.Compose,
	}
	hosts := map[string]string{} // as they are spelled where they come first
	for _, img := range app.Images {
		if strings.Contains(img.Host, ":") {
			continue // FAT holds no colon, and today's devices go by blobs alone
		}
		host := strings.ToLower(img.Host) // which is the same registry, and on FAT the same folder
		if hosts[host] == "" {
			hosts[host] = img.Host
		}
		index, err := json.Marshal(struct {
			SchemaVersion int          `json:"schemaVersion"`
			Manifests     []descriptor `json:"manifests"`
		}{2, img.manifests})
		if err != nil {
			return nil, err
		}
		dir := path.Join("images", hosts[host], img.Path, img.Digest.Hex())
		files[path.Join(dir, "index.json")] = index
		files[path.Join(dir, "oci-layout")] = []byte(layoutFile)
	}
	return files, nil
}

// FolderSize is how many bytes the folder of an app takes, where takes says how
// many a file of some length does.
func (a *App) FolderSize(takes func(int64) int64) int64 {
	size := takes(int64(len(a.manifest))) + takes(int64(len(a.Compose))) + takes(int64(len(a.Text)))
	for _, b := range a.Blobs {
		if b.Digest == a.bundle {
			size += takes(b.Size)
		}
	}
	return size + int64(2*len(a.Images))*takes(1)
}

// view lays out the folder of an app as a whole, or leaves it where it is as it
// should be.
func (w *Writer) view(ctx context.Context, app *App) error {
	files, err := viewFiles(app)
	if err != nil {
		return err
	}
	dir := path.Join(w.dir, app.Dir())
	if same, err := w.sameView(ctx, dir, app, files); same || err != nil {
		return err
	}
	if err := w.makeDir(path.Dir(dir)); err != nil {
		return err
	}
	temp := w.temp(app.Digest.Hex())
	if err := w.folder.Root().RemoveAll(temp); err != nil {
		return err
	}
	if err := w.makeDir(temp); err != nil {
		return err
	}
	if err := w.writeView(ctx, temp, app, files); err != nil {
		return err
	}
	if err := faults.At(w.Faults, FaultView); err != nil {
		return err
	}
	return w.place(temp, dir)
}

func (w *Writer) writeView(ctx context.Context, dir string, app *App, files map[string][]byte) error {
	size, err := w.store.Stat(app.bundle)
	if err != nil {
		return err
	}
	archive, err := w.store.Open(app.bundle)
	if err != nil {
		return err
	}
	defer archive.Close()
	if err := w.fill(ctx, path.Join(dir, archiveName(app)), app.bundle, size, archive); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		at := path.Join(dir, name)
		if err := w.makeDir(path.Dir(at)); err != nil {
			return err
		}
		data := files[name]
		if err := w.fill(ctx, at, digestOf(data), int64(len(data)), bytes.NewReader(data)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		size += int64(len(data))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done.Bytes += size
	return nil
}

func archiveName(app *App) string { return app.bundle.Hex() + ".tgz" }

// sameView says whether an app's folder holds what it should and nothing else.
func (w *Writer) sameView(ctx context.Context, dir string, app *App, files map[string][]byte) (bool, error) {
	var found int
	err := fs.WalkDir(w.folder, dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || d.IsDir() {
			return err
		}
		found++
		rest := strings.TrimPrefix(name, dir+"/")
		if rest == archiveName(app) {
			return w.sameBlob(ctx, name, app)
		}
		want, ok := files[rest]
		if !ok {
			return errDiffers
		}
		got, err := medium.ReadFile(w.folder, name, max(limits.ComposeFile, limits.ImageManifest))
		if err != nil || !bytes.Equal(got, want) {
			return errors.Join(errDiffers, ctx.Err())
		}
		return nil
	})
	if errors.Is(err, errDiffers) || errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return found == len(files)+1, err
}

var errDiffers = errors.New("the folder is not as it should be")

// sameBlob compares a file with the app's archive.
func (w *Writer) sameBlob(ctx context.Context, name string, app *App) error {
	f, err := w.folder.Open(name)
	if err != nil {
		return errDiffers
	}
	defer f.Close()
	size, err := w.store.Stat(app.bundle)
	if err != nil {
		return err
	}
	err = verify(ctx, f, app.bundle, size, io.Discard)
	if _, bad := errors.AsType[*CorruptError](err); bad {
		return errDiffers
	}
	return err
}
