package ostree

import (
	"context"
	"io"
	"sync/atomic"

	"github.com/otactl/otactl/internal/progress"
)

// meter is an object on its way through a copy: it counts what is read of it,
// in archive form where it is stored so. A store that tries again opens it
// again, and it starts anew.
type meter struct {
	Object
	n       atomic.Int64
	plain   atomic.Int64 // bytes of content that were written
	opt     *CopyOptions
	trusted bool // its content is taken as it comes
	task    progress.Task
}

func (m *meter) archived() bool { return isArchived(m.Object) }

func (m *meter) location() string { return locationOf(m.Object) }

func (m *meter) OpenArchive(ctx context.Context) (io.ReadCloser, int64, error) {
	rc, size, err := m.Object.OpenArchive(ctx)
	if err != nil {
		return nil, 0, err
	}
	return m.count(rc), size, nil
}

func (m *meter) OpenFile(ctx context.Context) (*FileHeader, io.ReadCloser, error) {
	if m.ID().Type == TypeFile && m.archived() {
		rc, _, err := m.OpenArchive(ctx)
		if err != nil {
			return nil, nil, err
		}
		return inflated(m.ID(), m.location(), rc)
	}
	h, payload, err := m.Object.OpenFile(ctx)
	if err != nil {
		return nil, nil, err
	}
	return h, m.count(payload), nil
}

func (m *meter) count(rc io.ReadCloser) io.ReadCloser {
	m.n.Store(0)
	return &metered{rc, m}
}

type metered struct {
	io.ReadCloser
	to *meter
}

func (r *metered) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	r.to.n.Add(int64(n))
	progress.Moved(r.to.task, int64(n))
	return n, err
}

// located is an object that knows where its bytes are, for messages.
type located interface{ location() string }

func locationOf(o Object) string {
	if l, ok := o.(located); ok {
		return l.location()
	}
	return ""
}
