package ostree

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
)

// others removes what is no object and of no use any more: deltas to commits
// that are gone, links to payloads that are gone, summaries of remotes that are
// gone.
func (p *pruner) others(ctx context.Context) error {
	if p.opt.Deltas != nil {
		err := p.opt.Deltas(ctx, p.repo, func(to Checksum) (bool, error) {
			return p.repo.has(ObjectID{to, TypeCommit})
		})
		if err != nil {
			return err
		}
	}
	if err := p.payloadLinks(ctx); err != nil {
		return err
	}
	return p.summaries()
}

// payloadLinks removes links by the checksum of a payload, which some versions
// of libostree make, whose object is gone.
func (p *pruner) payloadLinks(ctx context.Context) error {
	return p.repo.eachFile(ctx, func(fan, name string, d fs.DirEntry) error {
		if !strings.HasSuffix(name, ".payload-link") || d.Type()&fs.ModeSymlink == 0 {
			return nil
		}
		path := filepath.Join(p.repo.path, "objects", fan, name)
		target, err := os.Readlink(path)
		if err != nil {
			return ignoreMissing(err)
		}
		rest, ok := strings.CutPrefix(target, "../")
		if id, err := ParseArchivePath(strings.TrimSuffix(rest, ".file") + ".filez"); ok && err == nil {
			if there, err := p.repo.has(id); there || err != nil {
				return err
			}
		}
		return ignoreMissing(os.Remove(path))
	}, nil)
}

// summaryCache is where pulls keep the summaries of remotes.
const summaryCache = "tmp/cache/summaries"

// summaries removes cached summaries of remotes that are no longer configured.
func (p *pruner) summaries() error {
	remotes, err := p.repo.Remotes()
	if err != nil {
		return err
	}
	if err := p.repo.inside(summaryCache); err != nil {
		return err
	}
	dir := filepath.Join(p.repo.path, filepath.FromSlash(summaryCache))
	list, err := os.ReadDir(dir)
	if err != nil {
		return ignoreMissing(err)
	}
	for _, d := range list {
		if slices.Contains(remotes, strings.TrimSuffix(d.Name(), ".sig")) || !d.Type().IsRegular() {
			continue
		}
		if err := ignoreMissing(os.Remove(filepath.Join(dir, d.Name()))); err != nil {
			return err
		}
	}
	return nil
}

// strays keeps what any file below refs names, whatever the file is called:
// another program may take for a ref what we don't, and a commit that went by
// mistake does not come back.
func (p *pruner) strays(ctx context.Context) error {
	root, err := os.OpenRoot(p.repo.path)
	if err != nil {
		return err
	}
	defer root.Close()
	return fs.WalkDir(root.FS(), "refs", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return errors.Join(ctx.Err(), ignoreMissing(err))
		}
		data, err := fsx.ReadFileIn(root, path, limits.Ref)
		if err != nil {
			return ignoreMissing(err)
		}
		c, err := parseRef(data)
		if err != nil {
			return nil // it names no commit
		}
		return p.history(ctx, c, past{})
	})
}
