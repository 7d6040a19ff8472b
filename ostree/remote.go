package ostree

import "errors"

// FileVersion is how a server tells versions of a file apart. What is empty it
// did not say.
type FileVersion struct {
	ETag     string // with its quotes, as it came
	Modified string // a date of HTTP
}

// ErrNotModified says that a file is still the version that the caller holds.
var ErrNotModified = errors.New("not modified")
