//go:build !linux

package commands

import "errors"

// lockMemory keeps this process out of swap, where the system can.
func lockMemory() error { return errors.ErrUnsupported }
