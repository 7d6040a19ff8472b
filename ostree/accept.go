package ostree

import (
	"context"
	"io"
	"os"
)

// accept moves the payload of obj to w and checks that it is what obj's name
// says, unless whoever copies vouches for it.
func accept(ctx context.Context, obj Object, h *FileHeader, payload io.Reader, w io.Writer) (int64, error) {
	if f, ok := obj.(*plainFile); ok && f.open == nil {
		return copyTo(ctx, w, payload) // its name was made of the bytes in hand
	}
	m, copied := obj.(*meter)
	if !copied {
		return hashPayload(ctx, obj.ID(), h, payload, w)
	}
	if m.opt.CheckFile != nil {
		if err := m.opt.CheckFile(m.ID(), h); err != nil {
			return 0, err
		}
	}
	var n int64
	var err error
	if m.trusted {
		n, err = copyTo(ctx, w, payload)
	} else {
		n, err = hashPayload(ctx, obj.ID(), h, payload, w)
	}
	m.plain.Store(n)
	return n, err
}

// refuse gives the reason why a file is not stored, if its header is the one
// that its name stands for. A damaged one is corrupt, and to be had elsewhere.
func refuse(ctx context.Context, obj Object, h *FileHeader, payload io.Reader, why error) error {
	if _, err := accept(ctx, obj, h, payload, io.Discard); err != nil {
		return err
	}
	return why
}

// asItIs says whether a file in archive form may be stored without a look at
// it.
func asItIs(obj Object) bool {
	m, copied := obj.(*meter)
	return copied && m.trusted && m.opt.CheckFile == nil
}

// link makes path another name of the file that holds obj, where whoever
// copies wants that and the source keeps it just as the repo would.
func (s *stage) link(ctx context.Context, obj Object, path string) (linked bool, err error) {
	m, copied := obj.(*meter)
	if !copied || !m.opt.links(m.ID().Type) {
		return false, nil
	}
	if m.ID().Type != TypeFile {
		// What is verified is the file that gets the name: obj may be the copy
		// that a cache has of it. One that is of no use is not linked.
		data, err := readMetadata(ctx, &repoObject{m.opt.linkFrom, m.ID()})
		if err != nil {
			return false, ctx.Err()
		}
		m.n.Store(int64(len(data)))
		return os.Link(m.opt.linkFrom.objectPath(m.ID()), path) == nil, nil
	}
	from, ok := m.Object.(*repoObject)
	if !ok || from.repo != m.opt.linkFrom {
		return false, nil // a cache may belong to somebody who goes on writing to it
	}
	if across := from.repo.mode != s.repo.mode; across || !asItIs(obj) {
		h, payload, err := obj.OpenFile(ctx)
		if err != nil {
			return false, err
		}
		fits := !across || alikeForUsers(h)
		if fits && !asItIs(obj) {
			_, err = accept(ctx, obj, h, payload, io.Discard)
		}
		if cerr := payload.Close(); err == nil {
			err = cerr
		}
		if err != nil || !fits {
			return false, err
		}
	}
	if there, err := from.repo.has(from.id); err != nil || !there {
		return false, err // a link to what is no object would be one as well
	}
	m.plain.Store(0)
	// Whatever keeps a link from being made does not keep a copy from it.
	return os.Link(from.location(), path) == nil, nil
}

// links says whether objects of a type may be linked. Metadata is the same file
// in repos of every mode; what may be replaced later, such as signatures, is
// copied.
func (o *CopyOptions) links(t ObjectType) bool {
	if t == TypeFile {
		return o.linkFiles
	}
	return o.linkFrom != nil && t.namedByContent()
}

// linkTo finds out whether metadata, and files, of src, linked into dst, are
// what dst would have written: of the same owner, and of the same mode.
func (o *CopyOptions) linkTo(dst Store, src Source) {
	from, ok := src.(*Repo)
	if !o.Link || !ok {
		return
	}
	if to, ok := dst.(*Repo); ok && sameOwner(from.path+"/objects", to.path+"/objects") {
		o.linkFrom, o.linkFiles = from, from.mode == to.mode || from.mode == ModeBareUser && to.mode == ModeBareUserOnly
	}
}

// alikeForUsers says whether a bare-user and a bare-user-only repo keep a file
// in the same way.
func alikeForUsers(h *FileHeader) bool {
	return !h.IsSymlink() && checkUserOnly(h) == nil && h.Mode&0o400 != 0
}
