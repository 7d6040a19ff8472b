package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/offline"
	ota "github.com/otactl/otactl/offline/archive"
	"github.com/otactl/otactl/tuf"
)

func offlinePackCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "pack",
		Usage:     "make one file of a bundle, with a signed index of all that is in it",
		ArgsUsage: "BUNDLE FILE",
		Description: "FILE is a tar archive, compressed with zstd. show, verify and sign take it as they take a folder, and\n" +
			"so do devices that run otactl. The same bundle gives the same file, but for signatures. Devices\n" +
			"want the index signed: with --keys, or with sign afterwards.",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "keys", Aliases: []string{"k"},
				Usage: "sign the index with the one targets key in `FILE` (an archive or a plain key) or in a token (a pkcs11: URI)"},
			passphraseFlag(rt),
		},
		Action: func(c *cli.Context) error {
			if err := ownFlags(c); err != nil {
				return err
			}
			opt := offline.PackOptions{Progress: rt.progress()}
			if refs := c.StringSlice("keys"); len(refs) > 0 {
				opt.Keys = func(root *tuf.Root) ([]tuf.Signer, error) {
					return openSigners(c.Context, rt, refs, root, tuf.RoleTargets)
				}
			}
			rep, err := packFolder(c.Context, c.Args().Get(0), c.Args().Get(1), opt)
			if err != nil {
				return err
			}
			return rt.render(packView{*rep})
		},
	}
}

func offlineUnpackCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "unpack",
		Usage:     "make a folder of a bundle that is one file",
		ArgsUsage: "FILE DIR",
		Description: "DIR is new, empty, or has parts of the same bundle in it. Each file is held against the index before it\n" +
			"gets its name, and tuf/ comes last: a run that was cut off leaves no bundle, and can be run again.",
		Action: func(c *cli.Context) error {
			if err := ownFlags(c); err != nil {
				return err
			}
			rep, err := rt.unpackTo(c.Context, c.Args().Get(0), c.Args().Get(1))
			if err != nil {
				return err
			}
			return rt.render(unpackView{*rep})
		},
	}
}

func packFolder(ctx context.Context, dir, file string, opt offline.PackOptions) (*offline.PackReport, error) {
	if err := apart(dir, file); err != nil {
		return nil, err
	}
	b, err := offline.Open(dir)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return offline.Pack(ctx, b, file, opt)
}

func (rt *runtime) unpackTo(ctx context.Context, file, dir string) (*offline.UnpackReport, error) {
	b, err := offline.Open(file)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	return offline.Unpack(ctx, b, dir, rt.progress())
}

// archiveFlags make one file of what is built.
func archiveFlags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{Name: "archive", Usage: "make one `FILE` of the bundle as well, or alone where no DST is given"}}
}

// archiving is what --archive means to one run.
type archiving struct {
	file    string // "" without the flag
	dst     string // the folder that is built
	scratch bool   // which goes when the file is complete
}

// archivingOf reads the flag and DST. Without DST the folder is made beside the
// file; a run that was cut off goes on with it. A file that could not be made is
// refused before a backend is asked for anything.
func archivingOf(c *cli.Context) (archiving, error) {
	a := archiving{file: c.String("archive"), dst: c.Args().Get(1)}
	switch {
	case a.file == "" && a.dst == "":
		return a, fail.New(fail.Usage, "name the folder, or a file with --archive FILE", "targets offline-update: argument DST is missing")
	case a.file == "":
		return a, nil
	case a.dst == "":
		a.scratch, a.dst = true, a.file+".unfinished"
	}
	if err := apart(a.dst, a.file); err != nil {
		return a, err
	}
	return a, ota.Place(a.file)
}

// apart refuses to put a file into the bundle that it is made of.
func apart(dir, file string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if file, err = filepath.Abs(file); err != nil {
		return err
	}
	if rel, err := filepath.Rel(dir, file); err == nil && filepath.IsLocal(rel) {
		return fail.New(fail.Usage, "put it beside the folder", "%s lies in the bundle that it is made of, %s", file, dir)
	}
	return nil
}

// begin unpacks the file into the scratch folder, where it is to be renewed or
// added to and not made anew.
func (a archiving) begin(ctx context.Context, rt *runtime, opt offline.BuildOptions) error {
	if _, err := os.Stat(a.file); !a.scratch || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if !opt.TUFOnly && !opt.AllowMultiple {
		return a.mayReplace(ctx, opt.Target)
	}
	if opt.DryRun {
		rt.log.Warn("a dry run does not look into the archive that would be unpacked first: it speaks of a new bundle", "file", a.file)
		return nil
	}
	_, err := rt.unpackTo(ctx, a.file, a.dst)
	return err
}

// mayReplace keeps a file that holds other targets, as a folder would be, or
// that is no bundle.
func (a archiving) mayReplace(ctx context.Context, target string) error {
	refuse := func(format string, args ...any) error {
		return fail.New(fail.Conflict, "add to a bundle with --allow-multiple-targets, or take another file", format, args...)
	}
	names, err := namedIn(ctx, a.file)
	if err != nil {
		return refuse("%s is there already, and no bundle to put another in the place of: %v", a.file, err)
	}
	for _, name := range names {
		if name != target {
			return refuse("%s is a bundle with other targets (%.200s)", a.file, name)
		}
	}
	return nil
}

// namedIn are the targets that the bundle in file says it has.
func namedIn(ctx context.Context, file string) ([]string, error) {
	b, err := offline.Open(file)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	data, err := b.BundleTargets(ctx)
	if err != nil {
		return nil, err
	}
	doc, err := tuf.ParseBundleTargets(data)
	if err != nil {
		return nil, err
	}
	return doc.Targets, nil
}

// finish packs what was built, signed by whom the metadata came from.
func (a archiving) finish(ctx context.Context, rt *runtime, backend offline.Backend, built *offline.BuildReport) (*offline.PackReport, error) {
	if built.DryRun && a.scratch {
		built.Dir = a.file
	}
	if a.file == "" || built.DryRun {
		return nil, nil
	}
	opt := offline.PackOptions{Progress: rt.progress()}
	if s, ok := backend.(offline.IndexSigner); ok {
		opt.Signer = s
	}
	rep, err := packFolder(ctx, a.dst, a.file, opt)
	if err != nil || !a.scratch {
		return rep, err
	}
	built.Dir, rep.Dir = a.file, ""
	return rep, os.RemoveAll(a.dst)
}

// SignIndex implements offline.IndexSigner. A backend that knows nothing of
// such files leaves the index unsigned, which the report says.
func (b factoryBackend) SignIndex(ctx context.Context, signed json.RawMessage) (json.RawMessage, error) {
	file, err := b.api.SignBundleIndex(ctx, signed)
	switch httpx.Code(err) {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return tuf.Sign(signed)
	}
	return file, err
}

type packView struct{ offline.PackReport }

// Table tells a person what was made and what is still to do.
func (v packView) Table(w io.Writer) {
	render.Fields(w, "bundle", v.Dir, "file", v.File, "size", size(v.Size),
		"files", fmt.Sprintf("%d (%s)", v.Files, size(v.Bytes)), "index signatures missing", countOrNone(v.Missing))
}

// indexLine is the index of a bundle that is one file, "" for a folder.
func indexLine(i *offline.IndexSummary) string {
	if i == nil {
		return ""
	}
	return fmt.Sprintf("of %d files (%s), signatures: %d wanted, %d missing", i.Files, size(i.Bytes), i.Threshold, i.Missing)
}

type unpackView struct{ offline.UnpackReport }

// Table tells a person what was unpacked.
func (v unpackView) Table(w io.Writer) {
	render.Fields(w, "file", v.File, "bundle", v.Dir, "files", fmt.Sprintf("%d (%s), and %d there already", v.Files, size(v.Bytes), v.Present),
		"index signatures missing", none(v.Missing))
}

func none(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
