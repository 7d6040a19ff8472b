package ostree

import "os"

// emptied is a folder whose content was stored and is to be removed.
type emptied struct {
	dir  string
	open *os.File // what was read, wherever dir leads by now
	top  *consumed
}

// inode is a file or folder, whatever its name.
type inode struct{ dev, ino uint64 }

// spared are the parts of the repo that is committed to and of its parents, by
// the path of the repo: with them the commit would be gone too.
type spared map[inode]string

// Close lets go of the folders that RemoveSources was to empty, and leaves in
// them what is there. BuildTree without TreeOptions.Consume holds none.
func (r *TreeReport) Close() {
	for _, from := range r.sources {
		_ = from.open.Close()
	}
}

// consumed are the names in a folder that were stored or left out.
type consumed struct {
	names []string
	dirs  map[string]*consumed
}

// note remembers a name; whole says that it is a directory nobody looked into.
func (c *consumed) note(name string, whole bool) {
	switch {
	case c == nil:
	case whole:
		c.add(name, nil)
	default:
		c.names = append(c.names, name)
	}
}

// below is what is remembered of a subdirectory.
func (c *consumed) below(name string) *consumed {
	if c == nil {
		return nil
	}
	sub := &consumed{}
	c.add(name, sub)
	return sub
}

func (c *consumed) add(name string, sub *consumed) {
	if c.dirs == nil {
		c.dirs = map[string]*consumed{}
	}
	c.dirs[name] = sub
}
