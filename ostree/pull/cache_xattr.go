//go:build linux || darwin

package pull

import "golang.org/x/sys/unix"

func readMark(path, name string) string {
	buf := make([]byte, 256)
	n, err := unix.Getxattr(path, name, buf)
	if err != nil {
		return ""
	}
	return string(buf[:n])
}

// writeMark notes text; a file system without xattrs has no marks.
func writeMark(path, name, text string) {
	if text != "" {
		_ = unix.Setxattr(path, name, []byte(text), 0)
	}
}
