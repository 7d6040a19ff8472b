package offline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/progress"
	ota "github.com/otactl/otactl/offline/archive"
	"github.com/otactl/otactl/offline/medium"
	"github.com/otactl/otactl/tuf"
)

// IndexSigner signs the index of an archive: a backend that holds targets keys,
// or whoever has some. It may be a Backend as well.
type IndexSigner interface {
	// SignIndex makes the file index.json of its signed part, which is in
	// canonical form. It may hold fewer signatures than the root wants, or none.
	SignIndex(ctx context.Context, signed json.RawMessage) (json.RawMessage, error)
}

// PackOptions say how a bundle is packed.
type PackOptions struct {
	// Signer signs the index. Where it is nil, or has too few keys, Keys has those
	// that sign after it; what is missing then is for Sign.
	Signer   IndexSigner
	Keys     func(root *tuf.Root) ([]tuf.Signer, error)
	Progress progress.Sink
}

// PackReport says what was packed.
type PackReport struct {
	Dir   string `json:"bundle"`
	File  string `json:"file"`
	Files int    `json:"files"` // in the archive, besides its own
	Bytes int64  `json:"bytes"` // of these
	Size  int64  `json:"size"`  // of the archive
	// Missing is how many signatures the index still needs.
	Missing int `json:"missing_signatures"`
}

// Pack makes one file of the bundle b. The same bundle gives the same bytes,
// signatures aside. It looks at the names in the bundle and at no content; that
// is for Verify. A file that is there is replaced once the new one is complete.
func Pack(ctx context.Context, b *Bundle, file string, opt PackOptions) (*PackReport, error) {
	rep, err := pack(ctx, b, file, opt)
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", b.dir, aboutMedium(err))
	}
	return rep, nil
}

func pack(ctx context.Context, b *Bundle, file string, opt PackOptions) (*PackReport, error) {
	folder, ok := b.files.(*medium.Folder)
	if !ok {
		return nil, fail.New(fail.Usage, "give the folder of a bundle", "it is no folder")
	}
	lock, err := folder.Lock()
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	root, err := b.newestRoot(ctx)
	if err != nil {
		return nil, err
	}
	statement, err := b.BundleTargets(ctx)
	if err != nil {
		return nil, missing(err)
	}
	content, err := packable(ctx, b)
	if err != nil {
		return nil, err
	}
	p := &packer{b: b, opt: opt, root: root, content: content, report: PackReport{Dir: b.dir, File: file, Files: len(content)}}
	for _, f := range content {
		p.report.Bytes += f.size
	}
	return &p.report, p.write(ctx, folder, file, statement)
}

// packed is a file of a bundle that goes into an archive.
type packed struct {
	name string
	size int64
}

// packable lists what goes into an archive: all files of a bundle, and nothing
// that is merely on the same medium. A file that has no place in a bundle is
// refused.
func packable(ctx context.Context, b *Bundle) ([]packed, error) {
	var found findings
	if _, err := scan(ctx, b, &found); err != nil {
		return nil, err
	}
	slices.SortFunc(found.list, Finding.compare)
	for _, f := range found.list {
		if !f.Warning {
			return nil, fail.New(fail.Verification, "see otactl targets offline-update verify", "%s", f)
		}
	}
	return contentOf(ctx, b.files)
}

// contentOf lists the files of a bundle by name, without those that are merely
// on the same medium.
func contentOf(ctx context.Context, files medium.Files) ([]packed, error) {
	var list []packed
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if harmless.MatchString(name) || leftAside(name) != "" {
			return skip(d)
		}
		if d.IsDir() || ownToFolder(name) {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		list = append(list, packed{name, info.Size()})
		return nil
	})
	slices.SortFunc(list, func(a, b packed) int { return strings.Compare(a.name, b.name) })
	return list, err
}

// ownToFolder says that a file stays behind: the statement, which goes to the
// archive's end, and what serves writers of the folder only.
func ownToFolder(name string) bool {
	return name == metadataPath(tuf.BundleTargetsFile) || name == dirRepo+"/.lock" || strings.HasPrefix(name, dirMetadata+"/") && strings.HasSuffix(name, medium.TempSuffix)
}

// packer is one run of Pack.
type packer struct {
	b       *Bundle
	opt     PackOptions
	root    *tuf.Root
	content []packed
	report  PackReport
}

func (p *packer) write(ctx context.Context, folder *medium.Folder, file string, statement []byte) error {
	out, err := ota.Create(file, p.report.Bytes)
	if err != nil {
		return err
	}
	w, err := ota.NewWriter(out)
	if err == nil {
		err = p.members(ctx, w)
	}
	if err == nil {
		err = w.Finish(statement, func(signed json.RawMessage) ([]byte, error) { return p.sign(ctx, signed) })
	}
	if err == nil {
		err = inPlace(folder) // the archive may be meant for the same medium
	}
	if err != nil {
		out.Abort()
		return err
	}
	p.report.Size = w.Size()
	return out.Commit()
}

func (p *packer) members(ctx context.Context, w *ota.Writer) error {
	task := progress.Start(p.opt.Progress, "packing", progress.Bytes, p.report.Bytes)
	defer task.Done()
	for _, m := range p.content {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := p.b.files.Open(m.name)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, medium.Cause(err))
		}
		if err := errors.Join(w.Add(m.name, m.size, f), f.Close()); err != nil {
			return err
		}
		task.Add(m.size)
	}
	return nil
}

// sign has the index signed and counts what is missing. A signature that does
// not count spoils the whole for devices, so it is not taken.
func (p *packer) sign(ctx context.Context, signed json.RawMessage) ([]byte, error) {
	index, err := tuf.Sign(signed)
	if err == nil && p.opt.Signer != nil {
		index, err = p.opt.Signer.SignIndex(ctx, signed)
	}
	if err != nil {
		return nil, fmt.Errorf("have the index signed: %w", err)
	}
	if index, err = tuf.Canonical(index); err == nil && p.opt.Keys != nil {
		index, err = p.addKeys(index)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", indexFile, err)
	}
	sigs, err := checkSignatures(p.root, medium.File{Name: indexFile, Data: index})
	if err != nil {
		return nil, err
	}
	p.report.Missing = sigs.Missing()
	return index, nil
}

func (p *packer) addKeys(index []byte) ([]byte, error) {
	keys, err := p.opt.Keys(p.root)
	for _, key := range keys {
		if err == nil {
			index, err = tuf.AddSignature(index, key)
		}
	}
	return index, err
}
