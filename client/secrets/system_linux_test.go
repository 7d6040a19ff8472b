package secrets

import (
	"os"
	"os/exec"
	"testing"
)

// inSession marks the run of this test binary that has a session bus and a
// keyring of its own.
const inSession = "KEYRING_TEST_SESSION"

// session runs a program with a gnome-keyring that ends with it. The first
// argument is a folder for the keyring's files.
const session = `
set -e
export HOME="$1" XDG_DATA_HOME="$1" XDG_RUNTIME_DIR="$1" XDG_CACHE_HOME="$1"
shift
printf secret | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
daemon=$!
trap 'kill $daemon; wait $daemon || true' EXIT
dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.GetId >/dev/null
n=0
until dbus-send --session --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus.NameHasOwner string:org.freedesktop.secrets | grep -q true; do
	n=$((n+1)); test $n -lt 200; sleep 0.05
done
"$@"
`

func TestSystemKeyringKeepsSecrets(t *testing.T) {
	if os.Getenv(inSession) != "" {
		contract(t, System{})
		return
	}
	for _, tool := range []string{"dbus-run-session", "dbus-send", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%v: make packages installs it", err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "dbus-run-session", "--", "sh", "-c", session, "session", t.TempDir(),
		os.Args[0], "-test.run=^TestSystemKeyringKeepsSecrets$", "-test.count=1")
	cmd.Env = append(os.Environ(), inSession+"=yes")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
