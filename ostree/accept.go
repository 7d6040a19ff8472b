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
	if m.opt.Trusted {
		n, err = copyTo(ctx, w, payload)
	} else {
		n, err = hashPayload(ctx, obj.ID(), h, payload, w)
	}
	m.plain.Store(n)
	return n, err
}

// asItIs says whether a file in archive form may be stored without a look at
// it.
func asItIs(obj Object) bool {
	m, copied := obj.(*meter)
	return copied && m.opt.Trusted && m.opt.CheckFile == nil
}

// link makes path another name of the file that holds obj, where whoever
// copies wants that and the source keeps it just as the repo would.
func (s *stage) link(ctx context.Context, obj Object, path string) (linked bool, err error) {
	if f, ok := obj.(*plainFile); ok && f.adopt != nil {
		return f.adopt(path) == nil, nil
	}
	m, copied := obj.(*meter)
	if !copied || !m.opt.Link || !m.opt.linkable || m.ID().Type != TypeFile {
		return false, nil
	}
	from, ok := m.Object.(*repoObject)
	if !ok {
		return false, nil
	}
	if !asItIs(obj) {
		h, payload, err := obj.OpenFile(ctx)
		if err != nil {
			return false, err
		}
		_, err = accept(ctx, obj, h, payload, io.Discard)
		if cerr := payload.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			return false, err
		}
	}
	m.plain.Store(0)
	// Whatever keeps a link from being made does not keep a copy from it.
	return os.Link(from.location(), path) == nil, nil
}

// linksTo says whether a file of src, linked into dst, is what dst would have
// written: of the same mode and the same owner.
func linksTo(src Source, dst Store) bool {
	from, ok := src.(*Repo)
	if !ok {
		return false
	}
	to, ok := dst.(*Repo)
	return ok && from.mode == to.mode && sameOwner(from.path+"/objects", to.path+"/objects")
}
