package medium

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/otactl/otactl/internal/fsx"
)

// identify is what a mark says that is file: which boot of which machine, which
// mount of the medium, and which file on it, so that a copy of it says something
// that is not true. The number of a mount must be one that is never given again
// (Linux 6.8): the older one is given to the next medium that is mounted.
func identify(file *os.File) (string, bool) {
	var st unix.Statx_t
	const want = unix.STATX_MNT_ID_UNIQUE | unix.STATX_INO
	if unix.Statx(int(file.Fd()), "", unix.AT_EMPTY_PATH, want|unix.STATX_BTIME, &st) != nil || st.Mask&want != want {
		return "", false
	}
	boot, err := fsx.ReadFile("/proc/sys/kernel/random/boot_id", 64)
	if err != nil || len(boot) == 0 {
		return "", false
	}
	return fmt.Sprintf("otactl 1\nboot %s\nmount %d\ndevice %d:%d\nfile %d of %d.%09d\n", strings.TrimSpace(string(boot)),
		st.Mnt_id, st.Dev_major, st.Dev_minor, st.Ino, st.Btime.Sec, st.Btime.Nsec), true
}
