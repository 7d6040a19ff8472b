package objects

import (
	"io"
	"os"
	"sync"
)

// growing is a file that is read while it is written: the reader waits for the
// writer, and the writer for nobody. There is one of each.
type growing struct {
	file *os.File
	at   int64 // of the reader

	mu   sync.Mutex
	more sync.Cond
	size int64
	over error // once the writer has ended; io.EOF if all is well
}

func newGrowing(dir string) (*growing, error) {
	file, err := os.CreateTemp(dir, "answer-*")
	if err != nil {
		return nil, err
	}
	g := &growing{file: file}
	g.more.L = &g.mu
	return g, nil
}

// Write implements io.Writer.
func (g *growing) Write(p []byte) (int, error) {
	n, err := g.file.Write(p)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.size += int64(n)
	g.more.Broadcast()
	return n, err
}

// end is for the writer, once nothing more comes; err is why, where that is not
// as it should be.
func (g *growing) end(err error) {
	if err == nil {
		err = io.EOF
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.over = err
	g.more.Broadcast()
}

// Read implements io.Reader.
func (g *growing) Read(p []byte) (int, error) {
	g.mu.Lock()
	for g.at == g.size && g.over == nil {
		g.more.Wait()
	}
	left, over := g.size-g.at, g.over
	g.mu.Unlock()
	if left == 0 {
		return 0, over
	}
	n, err := g.file.ReadAt(p[:min(int64(len(p)), left)], g.at)
	g.at += int64(n)
	return n, err
}

// close waits for the writer, and removes the file.
func (g *growing) close() {
	g.mu.Lock()
	for g.over == nil {
		g.more.Wait()
	}
	g.mu.Unlock()
	_ = g.file.Close()
	_ = os.Remove(g.file.Name())
}
