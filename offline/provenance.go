package offline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline/medium"
)

// What is in a bundle for people: no device reads it and nothing vouches for it,
// which the files say themselves.

// SBOM is a list of what a target is made of, to be carried along as it is.
type SBOM struct {
	Name string // as its maker calls it; what FAT can't hold in it is replaced
	Open func(ctx context.Context) (io.ReadCloser, error)
}

// nameSBOMs refuses two lists that would be one file.
func (b *builder) nameSBOMs(context.Context) error {
	seen := map[string]bool{}
	for _, s := range b.opt.SBOMs {
		name := strings.ToLower(sbomName(s.Name))
		if seen[name] {
			return fail.New(fail.Usage, "rename one", "two SBOMs would be called %s", name)
		}
		seen[name] = true
	}
	return nil
}

// provenance writes what is for people. It comes after the metadata, for it says
// what that says.
func (b *builder) provenance(ctx context.Context) error {
	for i := range b.opt.SBOMs {
		if err := b.putSBOM(ctx, b.opt.SBOMs[i]); err != nil {
			return fmt.Errorf("%s: SBOM %s: %w", dirSBOM, b.opt.SBOMs[i].Name, err)
		}
	}
	only, err := onlyFrom(ctx, b.folder, b.meta)
	if err != nil {
		return err
	}
	return writeProvenance(b.folder, b.meta, only, b.opt.MadeBy)
}

// writeProvenance makes README.txt and otactl.json for a bundle with the
// metadata of meta. Files that say the same already are left alone. only has
// the targets without objects, and from what they install.
func writeProvenance(folder *medium.Folder, meta *bundleMeta, only map[string]string, madeBy string) error {
	mark, err := json.Marshal(map[string]any{"format": formatKnown, "made_by": madeBy, "note": "nothing vouches for this file"})
	if err != nil {
		return err
	}
	for _, f := range []medium.File{{Name: fileFormat, Data: mark}, {Name: fileReadme, Data: readme(meta, only, madeBy)}} {
		if old, err := medium.ReadFile(folder, f.Name, limits.FormatMark); err == nil && string(old) == string(f.Data) {
			continue
		}
		if err := folder.Replace(f); err != nil {
			return fmt.Errorf("%s: %w", f.Name, aboutMedium(err))
		}
	}
	return nil
}

// readme is what the person who finds the stick should know.
func readme(meta *bundleMeta, only map[string]string, madeBy string) []byte {
	var w strings.Builder
	fmt.Fprintf(&w, "An offline update for devices that run OSTree.\n\n")
	fmt.Fprintf(&w, "  kind        %s\n  tag         %s\n  good until  %s\n", plain(meta.bundle.Type), plain(meta.bundle.Tag), meta.expires().UTC().Format("2006-01-02 15:04 UTC"))
	if meta.missing > 0 {
		fmt.Fprintf(&w, "  not signed  %d signatures were missing when this was written\n", meta.missing)
	}
	fmt.Fprintf(&w, "\nIt holds\n\n")
	names := slices.Sorted(slices.Values(meta.bundle.Targets))
	for _, name := range names {
		_, custom, err := meta.target(name)
		if err != nil {
			continue
		}
		fmt.Fprintf(&w, "  %s   version %s   for %s\n", plain(name), plain(custom.Version), plain(strings.Join(custom.HardwareIDs, " ")))
		if from := only[name]; from != "" {
			fmt.Fprintf(&w, "    only for devices with otactl that have %s\n", plain(from))
		}
	}
	fmt.Fprint(&w, `
To install it, on the device, as root:

    aklite-offline install --src-dir FOLDER

where FOLDER is the folder that this file is in. When that ends with exit code
100, reboot and run

    aklite-offline run

To see whether it is whole, on any machine:

    otactl targets offline-update verify FOLDER

Change nothing in this folder: a device refuses what is not as it was signed.

`)
	fmt.Fprintf(&w, "Made by %s. Nothing vouches for this text, for otactl.json and for sbom/:\nwhat a device installs is decided by the signed files in tuf/ alone.\n", plain(madeBy))
	return []byte(w.String())
}

// plain is text of metadata in one line that does nothing to a terminal.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return '?'
	}, s)
}

// putSBOM copies a list to sbom/TARGET/NAME.
func (b *builder) putSBOM(ctx context.Context, s SBOM) error {
	dir := path.Join(dirSBOM, refName(b.opt.Target))
	name := path.Join(dir, sbomName(s.Name))
	if err := b.folder.Root().MkdirAll(dir, 0o755); err != nil {
		return err
	}
	src, err := s.Open(ctx)
	if err != nil {
		return err
	}
	defer src.Close()
	temp := name + medium.TempSuffix
	if err := b.folder.Root().Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err = b.fillSBOM(temp, src)
	if err == nil {
		err = b.folder.Root().Rename(temp, name)
	}
	if err != nil {
		_ = b.folder.Root().Remove(temp)
		return aboutMedium(err)
	}
	return b.folder.SyncFolder(dir)
}

func (b *builder) fillSBOM(temp string, src io.Reader) error {
	f, err := b.folder.Root().OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, io.LimitReader(src, limits.SBOM+1))
	if err == nil && n > limits.SBOM {
		err = fail.New(fail.Unsupported, "leave it out", "longer than the %d bytes allowed", int64(limits.SBOM))
	}
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// notInNames matches what FAT, or a shell, has trouble with in a name.
var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// sbomName is a name that every file system holds.
func sbomName(name string) string {
	name = strings.Trim(notInNames.ReplaceAllString(name, "_"), "._-")
	if len(name) > maxSBOMName {
		name = name[len(name)-maxSBOMName:] // the end has the kind
	}
	if name == "" {
		return "sbom"
	}
	return name
}

// maxSBOMName is short enough for any file system, with a suffix.
const maxSBOMName = 200
