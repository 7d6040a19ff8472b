package commands

import (
	"os"
	"path/filepath"
	"strconv"
)

// sessionBus says whether the keyring's bus is there.
func (rt *runtime) sessionBus() bool {
	if rt.env("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	_, err := os.Stat(filepath.Join("/run/user", strconv.Itoa(os.Getuid()), "bus"))
	return err == nil
}
