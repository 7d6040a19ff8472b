package tests

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/commands"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/term"
	"github.com/otactl/otactl/server"
)

// backend starts the embedded backend in this process.
func backend(t *testing.T) server.Ready {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := server.Open(ctx, server.Options{DataDir: filepath.Join(t.TempDir(), "data"), Addr: "127.0.0.1:0", GatewayAddr: "127.0.0.1:0"})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		s.Close()
	})
	return s.Ready()
}

// run is the program without a terminal and without an environment.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = commands.Main(t.Context(), append([]string{"otactl"}, args...), func(string) string { return "" },
		term.Streams{In: strings.NewReader(""), Out: &out, Err: &errs}, clock.System)
	return code, out.String(), errs.String()
}

// A root that is not the backend's own is what an impostor would be caught by.
func TestTargetsUnderAnotherRootAreNotShown(t *testing.T) {
	mine, theirs := backend(t), backend(t)
	code, out, errs := run(t, "targets", "list", "-c", mine.Credentials)
	if code != 0 || !strings.Contains(out, "no targets") {
		t.Fatalf("exit %d, %s%s", code, out, errs)
	}
	c, err := credentials.Open(mine.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	other, err := credentials.Open(theirs.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	c.Root = other.Root
	var buf bytes.Buffer
	if err := c.Write(&buf); err != nil {
		t.Fatal(err)
	}
	mixed := filepath.Join(t.TempDir(), "mixed.zip")
	if err := os.WriteFile(mixed, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs = run(t, "targets", "list", "--raw", "-c", mixed)
	if code != 7 || out != "" || !strings.Contains(errs, "not enough valid signatures") {
		t.Errorf("exit %d, stdout %q, stderr %q", code, out, errs)
	}
}
