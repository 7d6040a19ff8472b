package storetest

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/otactl/otactl/ostree"
)

var errStuck = errors.New("nothing comes any more")

// stuckReader is content of which no byte comes.
type stuckReader struct {
	once  sync.Once
	began chan struct{} // closed when somebody reads
	over  <-chan struct{}
}

// object is an object of size bytes that never come.
func (r *stuckReader) object(id ostree.ObjectID, size int64) ostree.Object {
	return ostree.NewArchived(id, func(context.Context) (io.ReadCloser, int64, error) {
		return io.NopCloser(r), size, nil
	})
}

func (r *stuckReader) Read([]byte) (int, error) {
	r.once.Do(func() { close(r.began) })
	<-r.over
	return 0, errStuck
}
