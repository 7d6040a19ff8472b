package ostree

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// parseName reads an object's file name in the folder objects/fan.
func (r *Repo) parseName(fan, name string) (ObjectID, bool) {
	hexPart, ext, ok := strings.Cut(name, ".")
	if !ok || len(hexPart) != 62 {
		return ObjectID{}, false
	}
	sum, err := ParseChecksum(fan + hexPart)
	if err != nil {
		return ObjectID{}, false
	}
	for _, t := range []ObjectType{TypeFile, TypeDirTree, TypeDirMeta, TypeCommit, TypeTombstoneCommit, TypeCommitMeta} {
		if ext == r.ext(t) {
			return ObjectID{sum, t}, true
		}
	}
	return ObjectID{}, false
}

// listFan calls fn for each name in objects/fan, which may be missing.
func (r *Repo) listFan(ctx context.Context, fan string, fn func(name string, d fs.DirEntry) error) error {
	dir, err := os.Open(filepath.Join(r.path, "objects", fan))
	if err != nil {
		return ignoreMissing(err)
	}
	defer dir.Close()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		list, err := dir.ReadDir(256)
		for _, d := range list {
			if err := fn(d.Name(), d); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// ListObjects calls fn for each object, in no order. An error of fn ends it.
func (r *Repo) ListObjects(ctx context.Context, fn func(ObjectID) error) error {
	return r.eachFile(ctx, func(fan, name string, _ fs.DirEntry) error {
		if id, ok := r.parseName(fan, name); ok {
			return fn(id)
		}
		return nil
	}, nil)
}

// Strangers are the paths, below the repo, of everything in objects/ that is
// no object of a repo of this mode: other names, other kinds of file. What a
// stranger holds is not read.
func (r *Repo) Strangers(ctx context.Context) ([]string, error) {
	var strange []string
	err := r.eachFile(ctx, func(fan, name string, d fs.DirEntry) error {
		id, ok := r.parseName(fan, name)
		link := d.Type()&fs.ModeSymlink != 0 && id.Type == TypeFile && r.mode.hasLinks()
		if !ok || !d.Type().IsRegular() && !link {
			strange = append(strange, "objects/"+fan+"/"+name)
		}
		return nil
	}, func(name string) { strange = append(strange, "objects/"+name) })
	return strange, err
}

// eachFile calls fn for each file of each of the 256 folders, and other for
// whatever else lies in objects/.
func (r *Repo) eachFile(ctx context.Context, fn func(fan, name string, d fs.DirEntry) error, other func(name string)) error {
	list, err := os.ReadDir(filepath.Join(r.path, "objects"))
	if err != nil {
		return fmt.Errorf("list objects of %s: %w", r.path, err)
	}
	for _, d := range list {
		fan := d.Name()
		if !d.IsDir() || !isFan(fan) {
			if other != nil {
				other(fan)
			}
			continue
		}
		err := r.listFan(ctx, fan, func(name string, d fs.DirEntry) error { return fn(fan, name, d) })
		if err != nil {
			return err
		}
	}
	return nil
}
