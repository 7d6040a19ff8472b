//go:build !linux

package commands

// sessionBus is of Linux; elsewhere the keyring needs none.
func (*runtime) sessionBus() bool { return true }
