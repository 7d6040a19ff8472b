//go:build !unix

package xz

// regrow is b with room for n bytes.
func regrow(b []byte, n, _ int) []byte { return append(make([]byte, 0, n), b...) }

func release([]byte) {}
