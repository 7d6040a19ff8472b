package fatfs

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Loss is what a power cut takes of what was not synced.
type Loss int

// The losses: nothing; the content of files, which are then empty or zeros; or
// also every name that was made, changed or removed since its folder was synced.
const (
	KeepAll Loss = iota
	LoseContent
	LoseNames
)

// Losses are all of them.
var Losses = []Loss{KeepAll, LoseContent, LoseNames}

func (l Loss) String() string {
	return [...]string{"nothing lost", "unsynced content lost", "unsynced names lost"}[l]
}

// Cut makes what a power cut leaves.
type Cut struct {
	log   []op
	rules Options
}

// Recorded is the log of all changes so far.
func (f *FS) Recorded() Cut {
	f.mu.Lock()
	defer f.mu.Unlock()
	return Cut{slices.Clone(f.log), f.rules}
}

// Len is how many changes there are.
func (c Cut) Len() int { return len(c.log) }

// Image is what is on the medium after a cut.
type Image struct {
	disk *disk
	loss Loss
}

// After is the medium when the power went after n changes.
func (c Cut) After(n int, loss Loss) Image {
	d := newDisk(c.rules)
	for _, o := range c.log[:n] {
		o.data = slices.Clone(o.data)
		_, _ = d.apply(o) // what failed then fails now
	}
	return Image{d, loss}
}

// Key is the same for two images with the same content.
func (i Image) Key() [32]byte {
	sum := sha256.New()
	i.walk("", i.disk.nodes[root], func(path string, n *node, data []byte) {
		fmt.Fprintf(sum, "%q %v %d ", path, n.kids != nil, len(data))
		_, _ = sum.Write(data)
	})
	return [32]byte(sum.Sum(nil))
}

// WriteTo writes the image into a folder.
func (i Image) WriteTo(tb testing.TB, dir string) {
	tb.Helper()
	i.walk("", i.disk.nodes[root], func(path string, n *node, data []byte) {
		var err error
		if path = filepath.Join(dir, path); n.kids != nil {
			err = os.MkdirAll(path, 0o755)
		} else {
			err = os.WriteFile(path, data, 0o644)
		}
		if err != nil {
			tb.Fatal(err)
		}
	})
}

// walk goes through all that survives, folders before what is in them.
func (i Image) walk(path string, n *node, fn func(path string, n *node, data []byte)) {
	if path != "" {
		fn(path, n, i.data(n))
	}
	kids := n.kids
	if i.loss == LoseNames {
		kids = n.syncedKids
	}
	names := make([]string, 0, len(kids))
	for name := range kids {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		i.walk(path+"/"+kids[name].name, kids[name].node, fn)
	}
}

// data is what of a file survives. One that was never synced may be empty, or as
// long as it was and full of zeros.
func (i Image) data(n *node) []byte {
	switch {
	case i.loss == KeepAll:
		return n.data
	case n.synced == nil && n.id%2 == 0:
		return make([]byte, len(n.data))
	}
	return n.synced
}
