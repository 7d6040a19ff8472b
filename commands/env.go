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

// Where buckets are and who one is there, as every program reads it that speaks
// S3.
const (
	envAWSEndpoint      = "AWS_ENDPOINT_URL"
	envS3Endpoint       = "AWS_ENDPOINT_URL_S3"
	envAWSRegion        = "AWS_REGION"
	envAWSDefaultRegion = "AWS_DEFAULT_REGION"
)

// otherVariables are those that stand in for no flag, for docs/env.md.
func otherVariables() [][2]string {
	return [][2]string{
		{"OTACTL_TOKEN", "API token for the backend; there is no flag, since others could read it in the process list"},
		{"OTACTL_CLIENT_ID, OTACTL_CLIENT_SECRET", "id and secret of an application (OAuth 2) when there is no OTACTL_TOKEN; for `login`, and for CI without one"},
		{envPassphrase, "passphrase of key archives when `--passphrase-file` is not given"},
		{envNewPassphrase, "new passphrase when `--new-passphrase-file` is not given"},
		{envPIN, "PIN of the PKCS#11 token when the URI has no pin-source"},
		{"XDG_CONFIG_HOME, HOME, USERPROFILE", "where the context file `otactl/config.yaml` lies"},
		{"DBUS_SESSION_BUS_ADDRESS", "the bus that the system's keyring is on; without one no keyring is asked"},
		{"HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "proxy for all that goes over the network, and what goes past it; in lower case too, all_proxy first"},
		{"SOTA_PACKED_CREDENTIALS", "credentials file when neither `--credentials` nor a context or `--url` is given"},
		{"AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN", "keys for a bucket; without them those of a profile, of the container or of the machine"},
		{"AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE", "profile of `~/.aws/credentials` and `~/.aws/config`, and other files than these"},
		{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, AWS_CONTAINER_CREDENTIALS_FULL_URI, AWS_CONTAINER_AUTHORIZATION_TOKEN, AWS_WEB_IDENTITY_TOKEN_FILE, AWS_ROLE_ARN", "keys for a bucket that a container lends"},
		{"AWS_EC2_METADATA_DISABLED", "when true, the machine is not asked for keys for a bucket"},
		{"AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL", "S3 server when `--s3-endpoint` is not given"},
		{"AWS_REGION, AWS_DEFAULT_REGION", "region of the bucket; that of Amazon's buckets is found by itself"},
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
