package ostree

import "os"

// emptied is a folder whose content was stored and is to be removed.
type emptied struct {
	dir  string
	open *os.File // what was read, wherever dir leads by now
	top  *consumed
	not  spared // what stays whatever is known of it
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

// consumed is a folder, and what in it was stored or left out.
type consumed struct {
	self  inode // zero for whichever has the name
	whole bool  // nobody looked into it: all that is in it goes
	files []taken
	dirs  map[string]*consumed
}

// taken is a file, and what shows whether it is still as it was read. There may
// be hundreds of thousands, so that it is small.
type taken struct {
	name string
	ino  uint64
	time int64 // of its last change, in nanoseconds; of its content when linked
	size uint32
	// linked is a file with more names: its last change is when one of them went.
	linked bool
	unread bool // it was left out, and goes however it is
}

// expect makes room for n files, so that those that are noted stay where they are.
func (c *consumed) expect(n int) {
	if c != nil {
		c.files = make([]taken, 0, n)
	}
}

// note remembers a file that is to be read; whoever reads it fills in the rest.
func (c *consumed) note(name string) *taken {
	if c == nil {
		return nil
	}
	c.files = append(c.files, taken{name: name})
	return &c.files[len(c.files)-1]
}

// leave remembers what nobody looks into.
func (c *consumed) leave(name string, self inode, dir bool) {
	if dir {
		c.add(name, &consumed{self: self, whole: true})
		return
	}
	c.files = append(c.files, taken{name: name, unread: true})
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
