package interop

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/otactl/otactl/commands"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/term"
)

func TestVerbThatWaitsForAPipeEndsWhenItIsInterrupted(t *testing.T) {
	repo := ourRepo(t, "archive")
	otactl(t, "ostree", "remote", "add", "--repo="+repo, "o", "http://127.0.0.1/")
	otactl(t, "ostree", "commit", "--repo="+repo, "-b", "main", t.TempDir())
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, verb := range []string{
		"remote gpg-import --keyring=" + pipe + " o", "remote gpg-import --stdin o", "remote add --gpg-import=" + pipe + " p http://127.0.0.1/",
		"commit -b main --body-file=" + pipe + " " + repo, "commit -b main --skip-list=" + pipe + " " + repo, "commit -b main --statoverride=" + pipe + " " + repo,
		"commit -b main --tree=tar=" + pipe, "commit -b main --tree=tar=-",
		"checkout --from-file=" + pipe + " x", "checkout --from-stdin x", "checkout --skip-list=" + pipe + " main x",
		"sign --keys-file=" + pipe + " main", "sign --verify --keys-file=" + pipe + " main", "commit -b main --sign-from-file=" + pipe + " " + repo,
	} {
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, interrupt)
		var stdout, stderr strings.Builder
		ended := make(chan int, 1)
		go func() {
			args := append([]string{"otactl", "ostree", "--repo=" + repo}, strings.Fields(verb)...)
			ended <- commands.Main(ctx, args, func(string) string { return "" }, term.Streams{In: in, Out: &stdout, Err: &stderr}, clock.System)
		}()
		select {
		case code := <-ended:
			if code != 130 {
				t.Errorf("%s: exit code %d, want 130: %s", verb, code, stderr.String())
			}
		case <-time.After(20 * time.Second):
			t.Errorf("%s: it still waits", verb)
		}
	}
}
