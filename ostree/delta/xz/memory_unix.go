//go:build unix

package xz

import "golang.org/x/sys/unix"

// mapped is from which size on a window lies outside of the collector's heap,
// which would else grow to twice the window before the collector runs. Pages
// that were never written to cost nothing, so all of it is asked for at once.
const mapped = 1 << 20

// regrow is b with room for n bytes, of the size that a window may have in the
// end.
func regrow(b []byte, n, size int) []byte {
	if size < mapped {
		return append(make([]byte, 0, n), b...)
	}
	m, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return append(make([]byte, 0, n), b...)
	}
	copy(m, b)
	release(b)
	return m[:len(b)]
}

// release gives back what regrow made.
func release(b []byte) {
	if cap(b) >= mapped {
		_ = unix.Munmap(b[:cap(b)])
	}
}
