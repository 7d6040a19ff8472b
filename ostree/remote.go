package ostree

import (
	"context"
	"errors"
	"io"
)

// FileVersion is how a server tells versions of a file apart. What is empty it
// did not say.
type FileVersion struct {
	ETag     string // with its quotes, as it came
	Modified string // a date of HTTP
}

// ErrNotModified says that a file is still the version that the caller holds.
var ErrNotModified = errors.New("not modified")

// ResumingSource is a Source that can go on with an object of which the
// beginning is here.
type ResumingSource interface {
	Source
	// OpenFrom opens the archive form of an object at a place, or from its start
	// if what is there now may be another one.
	OpenFrom(ctx context.Context, id ObjectID, at Place) (*Rest, error)
}

// Place is how far an object was read; the zero value is its start.
type Place struct {
	Offset, Length int64
	Version        FileVersion
}

// Rest is an object from a place on. Length is that of the whole, -1 if it is
// not known.
type Rest struct {
	io.ReadCloser
	Place
}
