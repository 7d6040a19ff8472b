package commands

import (
	"os"
	"strings"
)

// Getenv reads the process environment. It is the only place that does.
func Getenv(name string) string { return os.Getenv(name) }

// envName is the variable that stands in for a flag that was not given:
// OTACTL_EXPIRES_IN_DAYS for --expires-in-days.
func envName(flag string) string {
	return "OTACTL_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// envDeviceConfig names a folder that holds the configuration of the device,
// as custom clients of aktualizr-lite read it.
const envDeviceConfig = "AKLITE_CONFIG_DIR"
