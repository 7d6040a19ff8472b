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

// Secrets that are not asked for when a variable holds them.
const (
	envPassphrase    = "OTACTL_KEYS_PASSPHRASE"
	envNewPassphrase = "OTACTL_KEYS_NEW_PASSPHRASE"
	envPIN           = "OTACTL_PKCS11_PIN"
)

// otherVariables are those that stand in for no flag, for docs/env.md.
func otherVariables() [][2]string {
	return [][2]string{
		{"OTACTL_TOKEN", "API token for the backend; there is no flag, since others could read it in the process list"},
		{envPassphrase, "passphrase of key archives when `--passphrase-file` is not given"},
		{envNewPassphrase, "new passphrase when `--new-passphrase-file` is not given"},
		{envPIN, "PIN of the PKCS#11 token when the URI has no pin-source"},
		{"XDG_CONFIG_HOME, HOME, USERPROFILE", "where the context file `otactl/config.yaml` lies"},
		{"SOTA_PACKED_CREDENTIALS", "credentials file when neither `--credentials` nor a context or `--url` is given"},
		{"OSTREE_REPO", "repository when `--repo` is not given"},
		{"OSTREE_SKIP_CACHE", "when set, `ostree` keeps and uses no summary of a remote in the repo's cache"},
		{"OSTREE_BOOTID", "id of this boot, for what an earlier run of the same boot left staged in a repo; default: the kernel's"},
		{"OSTREE_GPG_HOME", "folder of GPG keys that are trusted for all remotes"},
		{"OSTREE_DUMMY_SIGN_ENABLED", "when set, signatures of type dummy, which prove nothing, can be made; for tests"},
		{"OSTREE_REPO_TEST_ERROR", "`pre-commit` or `invalid-cache`: under the name ostree, break off there; for tests of the original"},
		{"VISUAL, EDITOR", "editor of `targets edit` and `ostree commit --editor`"},
		{"SOURCE_DATE_EPOCH", "time of a commit, in seconds since 1970, when `--timestamp` is not given"},
		{"DEVICE_FACTORY, PRODUCTION", "factory, and whether the device is a production device, when a device registers"},
		{"DEVICE_API, OAUTH_BASE", "where `lmp-device-register` registers"},
		{"NO_COLOR, TERM=dumb", "no colour"},
	}
}
