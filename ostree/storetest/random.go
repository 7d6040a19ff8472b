package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"testing"

	"github.com/otactl/otactl/ostree"
)

// RandomFile is a file object of n random bytes, with its archive form.
func RandomFile(t testing.TB, n int) (ostree.ObjectID, []byte) {
	t.Helper()
	payload := make([]byte, n)
	rand.Read(payload)
	obj := fileObject(t, &ostree.FileHeader{Mode: 0o100644, Size: uint64(n)}, string(payload))
	r, _, err := obj.OpenArchive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return obj.ID(), data
}

// Archived is an object over its archive form; sized says whether it knows how
// long that is before it is read.
func Archived(id ostree.ObjectID, data []byte, sized bool) ostree.Object {
	return ostree.NewArchived(id, func(context.Context) (io.ReadCloser, int64, error) {
		length := int64(-1)
		if sized {
			length = int64(len(data))
		}
		return io.NopCloser(bytes.NewReader(data)), length, nil
	})
}
