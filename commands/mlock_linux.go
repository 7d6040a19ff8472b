package commands

import "golang.org/x/sys/unix"

// lockMemory keeps this process out of swap, and with it the key it makes.
func lockMemory() error { return unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE) }
