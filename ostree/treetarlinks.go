package ostree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/otactl/otactl/internal/fail"
)

// hardLink is a second name of a file. There may be millions, so that it is small.
type hardLink struct {
	at      string    // for messages
	target  string    // its path, in a tar
	cpio    *cpioName // in a cpio
	visited bool
}

// cpioName is a name of a file in a cpio that came without content.
type cpioName struct {
	inode  string
	header FileHeader
}

func (t *tarWalk) hardLink(m *member, name string) error {
	target, err := t.path(m.link)
	if err != nil {
		return fmt.Errorf("hard link to %.200q: %w", m.link, err)
	}
	if target == name && t.isThere(name) {
		return nil // tar writes a file that it is given twice so
	}
	entry, err := t.place(m, name)
	if err != nil {
		return err
	}
	t.later(entry, &hardLink{at: name, target: target})
	return nil
}

func (t *tarWalk) isThere(name string) bool {
	_, err := t.find(name)
	return err == nil
}

func (t *tarWalk) later(entry *leaf, link *hardLink) {
	t.links[entry] = link
	t.order = append(t.order, entry)
}

// join gives hard links the checksum of what they name.
func (t *tarWalk) join() error {
	for _, entry := range t.order {
		if err := t.resolve(entry); err != nil {
			return fmt.Errorf("hard link %.200q: %w", t.links[entry].at, err)
		}
	}
	return nil
}

// resolve goes along links that name links, however many there are, to a file.
func (t *tarWalk) resolve(entry *leaf) error {
	var chain []*leaf
	for link := t.links[entry]; link != nil && entry.sum.IsZero(); link = t.links[entry] {
		if link.visited {
			return fail.New(fail.Verification, "", "hard links go round in a circle")
		}
		link.visited = true
		if link.cpio != nil {
			if err := t.sameInode(entry, link.cpio); err != nil {
				return err
			}
			break
		}
		chain = append(chain, entry)
		var err error
		if entry, err = t.find(link.target); err != nil {
			return err
		}
	}
	for _, link := range chain {
		link.sum = entry.sum
	}
	return nil
}

// sameInode gives a name the content that came with another one, if any did.
func (t *tarWalk) sameInode(entry *leaf, name *cpioName) error {
	if with := t.inodes[name.inode]; with != nil {
		entry.sum = with.sum
		return nil
	}
	sum, err := t.b.content(t.b.ctx, &name.header, bytes.NewReader(nil), func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(nil)), nil
	})
	entry.sum = sum
	return err
}

// find is the file at a path, by any tree so far.
func (t *tarWalk) find(name string) (*leaf, error) {
	if name == "" {
		return nil, errors.New("a directory can have no second name")
	}
	dir, base := path.Split(name)
	parent, err := t.b.under(strings.TrimSuffix(dir, "/"), nil)
	if err != nil {
		return nil, err
	}
	if parent.dirs[base] != nil {
		return nil, fmt.Errorf("%.200q is a directory, which can have no second name", name)
	}
	if entry := parent.files[base]; entry != nil {
		return entry, nil
	}
	return nil, fmt.Errorf("%.200q: %w", name, ErrNoPath)
}
