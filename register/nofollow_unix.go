//go:build unix

package register

import "syscall"

// noFollow opens no file that a link leads to.
const noFollow = syscall.O_NOFOLLOW
