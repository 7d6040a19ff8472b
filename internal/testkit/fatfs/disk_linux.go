package fatfs

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"syscall"
	"unicode/utf16"
)

// disk is all that is on the file system, and what of it would survive.
type disk struct {
	nodes map[uint64]*node
	next  uint64
	rules Options
	used  int64 // bytes, in clusters
}

// node is a file or a folder.
type node struct {
	id   uint64
	kids map[string]kid // by folded name; nil for a file
	data []byte
	gone bool // no name leads to it

	synced     []byte         // data when it was last synced
	syncedKids map[string]kid // likewise
}

// kid is an entry of a folder.
type kid struct {
	name string
	node *node
}

// root is the number of the root folder, as FUSE has it.
const root = 1

func newDisk(rules Options) *disk {
	return &disk{nodes: map[uint64]*node{root: {id: root, kids: map[string]kid{}}}, next: root + 1, rules: rules}
}

// verb is what an op does.
type verb int

const (
	opCreate verb = iota
	opMkdir
	opWrite
	opTruncate
	opRename
	opRemove
	opSync
	opSyncDir
)

// op is one change.
type op struct {
	verb   verb
	node   uint64 // the file, or the folder that has name
	name   string
	to     uint64
	toName string
	at     int64
	data   []byte
}

// fold makes one of all names that FAT takes for the same.
func fold(name string) string { return strings.ToUpper(name) }

// allowed says whether FAT can hold a name.
func allowed(name string) bool {
	bad := func(r rune) bool { return r < ' ' || strings.ContainsRune(`"*/:<>?\|`, r) }
	return !strings.ContainsFunc(name, bad) && !strings.HasSuffix(name, ".") && !strings.HasSuffix(name, " ") &&
		len(utf16.Encode([]rune(name))) <= 255
}

// apply does one op, wholly or not at all.
func (d *disk) apply(o op) (*node, syscall.Errno) {
	n := d.nodes[o.node]
	if n == nil {
		return nil, syscall.ESTALE
	}
	switch o.verb {
	case opCreate, opMkdir:
		return d.make(n, o)
	case opWrite:
		if len(o.data) == 0 {
			return n, 0
		}
		if errno := d.resize(n, max(int64(len(n.data)), o.at+int64(len(o.data)))); errno != 0 {
			return n, errno
		}
		copy(n.data[o.at:], o.data)
	case opTruncate:
		return n, d.resize(n, o.at)
	case opRename:
		return d.rename(n, o)
	case opRemove:
		return d.remove(n, o.name)
	case opSync:
		n.synced = slices.Clone(n.data)
	case opSyncDir:
		n.syncedKids = maps.Clone(n.kids)
	}
	return n, 0
}

func (d *disk) clusters(n int64) int64 {
	c := d.rules.Cluster
	return (n + c - 1) / c * c
}

// take takes or gives back bytes of the medium.
func (d *disk) take(n int64) syscall.Errno {
	if d.rules.Capacity > 0 && n > 0 && d.used+n > d.rules.Capacity {
		return syscall.ENOSPC
	}
	d.used += n
	return 0
}

func (d *disk) resize(n *node, size int64) syscall.Errno {
	if size > d.rules.MaxFile {
		return syscall.EFBIG
	}
	if errno := d.take(d.clusters(size) - d.clusters(int64(len(n.data)))); errno != 0 {
		return errno
	}
	if size > int64(len(n.data)) {
		n.data = append(n.data, make([]byte, size-int64(len(n.data)))...)
	}
	n.data = n.data[:size:size]
	return 0
}

func (d *disk) make(dir *node, o op) (*node, syscall.Errno) {
	if !allowed(o.name) {
		return nil, syscall.EINVAL
	}
	if _, there := dir.kids[fold(o.name)]; there {
		return nil, syscall.EEXIST
	}
	n := &node{id: d.next}
	if o.verb == opMkdir {
		if errno := d.take(d.rules.Cluster); errno != 0 {
			return nil, errno
		}
		n.kids = map[string]kid{}
	}
	d.next++
	d.nodes[n.id] = n
	dir.kids[fold(o.name)] = kid{o.name, n}
	return n, 0
}

func (d *disk) rename(dir *node, o op) (*node, syscall.Errno) {
	to := d.nodes[o.to]
	k, ok := dir.kids[fold(o.name)]
	if !ok || to == nil {
		return nil, syscall.ENOENT
	}
	if !allowed(o.toName) {
		return nil, syscall.EINVAL
	}
	if there, taken := to.kids[fold(o.toName)]; taken && there.node != k.node {
		if (there.node.kids != nil) != (k.node.kids != nil) {
			return nil, syscall.EEXIST
		}
		if _, errno := d.remove(to, o.toName); errno != 0 {
			return nil, errno
		}
	}
	delete(dir.kids, fold(o.name))
	to.kids[fold(o.toName)] = kid{o.toName, k.node}
	return k.node, 0
}

func (d *disk) remove(dir *node, name string) (*node, syscall.Errno) {
	k, ok := dir.kids[fold(name)]
	switch {
	case !ok:
		return nil, syscall.ENOENT
	case len(k.node.kids) > 0:
		return nil, syscall.ENOTEMPTY
	case k.node.kids != nil:
		d.used -= d.rules.Cluster
	default:
		d.used -= d.clusters(int64(len(k.node.data)))
	}
	k.node.gone = true
	delete(dir.kids, fold(name))
	return k.node, 0
}

// after are the entries of a folder with numbers beyond id.
func (n *node) after(id uint64) []kid {
	var list []kid
	for _, k := range n.kids {
		if k.node.id > id {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b kid) int { return cmp.Compare(a.node.id, b.node.id) })
	return list
}
