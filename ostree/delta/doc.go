// Package delta reads, applies, makes and keeps static deltas: what it takes to
// get from one commit to another, or from nothing to one, in a few files.
//
// A delta is a superblock, which holds the new commit and says what its parts
// are, and the parts: a compressed payload with a small program that writes the
// objects. Nothing here believes a delta. The program is checked against the
// payload, the table of objects and the sizes that the superblock promises;
// each object is held against its checksum by the session it is put into; what
// it copies from is hashed before it is read; and the commit counts as complete
// only once all that it reaches is there.
//
// A pull fetches an Index, or takes the digests of a summary, asks Usable which
// deltas are of use, and for the first of them fetches the superblock,
// ParseFetched. Sizes says what it costs. Apply then calls for the parts, which
// may be fetched as they are unpacked.
//
// The package never asks the network: parts come through a function of the
// caller's. It never signs or verifies a signature by itself: keys are handed
// in as functions too. It is the only place that knows bsdiff and xz.
package delta
