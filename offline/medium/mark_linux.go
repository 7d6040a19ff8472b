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
// (Linux 6.8): the older one is given to the next medium that is mounted. A
// system that was asleep may take a stick for the one that was mounted before,
// whatever was done to it meanwhile.
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
	slept, ok := asleep()
	if !ok {
		return "", false
	}
	return fmt.Sprintf("otactl 1\nboot %s\nslept %d\nmount %d\ndevice %d:%d\nfile %d of %d.%09d\n", strings.TrimSpace(string(boot)),
		slept, st.Mnt_id, st.Dev_major, st.Dev_minor, st.Ino, st.Btime.Sec, st.Btime.Nsec), true
}

// asleep is for how long the machine has slept since it started, in tenths of a
// second. It is false where two clocks could not be read at the same time.
func asleep() (tenths int64, ok bool) {
	const tries, together = 100, 10e6
	for range tries {
		var before, all, after unix.Timespec
		if unix.ClockGettime(unix.CLOCK_MONOTONIC, &before) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &all) != nil ||
			unix.ClockGettime(unix.CLOCK_MONOTONIC, &after) != nil {
			return 0, false
		}
		if after.Nano()-before.Nano() < together {
			return (all.Nano() - before.Nano() + 50e6) / 100e6, true
		}
	}
	return 0, false
}
