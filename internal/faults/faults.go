// Package faults names the points at which a test may make the product fail.
//
// A point is an interface value handed down like any other dependency; there
// is no global switch, and a nil Injector costs one comparison.
package faults

// Injector decides whether the operation at a named point fails. An
// implementation may also kill the process to model a power cut.
type Injector interface {
	// At is called just before the operation; a non-nil error takes its place.
	At(point string) error
}

// At asks i, which may be nil.
func At(i Injector, point string) error {
	if i == nil {
		return nil
	}
	return i.At(point)
}
