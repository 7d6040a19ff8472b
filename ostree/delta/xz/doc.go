// Package xz reads and writes .xz streams as static deltas hold them: one
// stream, LZMA2 alone.
//
// The reader is made for bytes from outside. It takes no memory by what a
// stream claims, only by what it has given out so far: a window grows up to the
// dictionary or to the output that the caller expects, whichever is smaller,
// and both have a cap. It reads on from chunk to chunk, each at most 64 KiB
// packed and 2 MiB unpacked, so a stream costs time by its length and by what
// it gives, and it ends where the caller's cap on the output is. Every checksum
// and size in the stream is held against what was read.
package xz

import "errors"

// ErrCorrupt is what every error about the bytes of a stream wraps.
var ErrCorrupt = errors.New("xz stream")
