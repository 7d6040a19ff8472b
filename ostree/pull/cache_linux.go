package pull

import "golang.org/x/sys/unix"

// etagXattr is where libostree keeps it too.
const etagXattr = "user.etag"

func readETag(path string) string {
	buf := make([]byte, 256)
	n, err := unix.Getxattr(path, etagXattr, buf)
	if err != nil {
		return ""
	}
	return string(buf[:n])
}

// writeETag notes the tag; a file system without xattrs goes by the date.
func writeETag(path, tag string) {
	if tag != "" {
		_ = unix.Setxattr(path, etagXattr, []byte(tag), 0)
	}
}
