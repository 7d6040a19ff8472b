package commands

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/term"
)

func TestEachKindOfFailureHasItsExitCode(t *testing.T) {
	cases := []struct {
		name string
		err  error
		code int
	}{
		{"success", nil, 0},
		{"plain", errors.New("x"), 1},
		{"usage", fail.New(fail.Usage, "", "x"), 2},
		{"partial", fail.New(fail.Partial, "", "x"), 3},
		{"auth", fail.New(fail.Auth, "", "x"), 4},
		{"not found", fail.New(fail.NotFound, "", "x"), 5},
		{"no such file", fmt.Errorf("open: %w", fs.ErrNotExist), 5},
		{"conflict", fail.New(fail.Conflict, "", "x"), 6},
		{"busy", fail.New(fail.Busy, "", "x"), 6},
		{"verification", fail.New(fail.Verification, "", "x"), 7},
		{"verification of a missing file", fail.As(fs.ErrNotExist, fail.Verification, ""), 7},
		{"expired", fail.New(fail.Expired, "", "x"), 7},
		{"network", fail.New(fail.Network, "", "x"), 8},
		{"refused connection", &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, 8},
		{"timeout", fmt.Errorf("get: %w", context.DeadlineExceeded), 8},
		{"no space by class", fail.New(fail.NoSpace, "", "x"), 9},
		{"no space from the system", &fs.PathError{Op: "write", Err: syscall.ENOSPC}, 9},
		{"unsupported", fail.New(fail.Unsupported, "", "x"), 1},
		{"interrupted", fmt.Errorf("copy: %w", context.Canceled), 130},
		{"interrupted in a request", fail.As(context.Canceled, fail.Network, ""), 130},
		{"a stand-in's own code", codeError(100), 100},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			rt, _, _ := testRuntime(nil)
			if got := rt.finish(t.Context(), c.err); got != c.code {
				t.Errorf("exit code %d, want %d", got, c.code)
			}
		})
	}
}

func TestASignalRulesOverWhatItBroke(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rt, _, _ := testRuntime(nil)
	if got := rt.finish(ctx, errors.New("signal: killed")); got != 130 {
		t.Errorf("exit code %d, want 130", got)
	}
}

func TestAnErrorIsOneSafeLine(t *testing.T) {
	rt, out, errs := testRuntime(nil)
	rt.finish(t.Context(), fail.New(fail.Network, "look at the proxy", "get http://h: server says \x1b[2Jgone\nTwice\r\n"))
	want := "otactl: get http://h: server says  [2Jgone; Twice (hint: look at the proxy)\n"
	if errs.String() != want || out.Len() > 0 {
		t.Errorf("got %q, want %q", errs.String(), want)
	}
	errs.Reset()
	rt.format = render.JSON
	rt.finish(t.Context(), fail.New(fail.Network, "", "down"))
	if want := `{"error":{"code":"network","message":"down","hint":""}}` + "\n"; errs.String() != want {
		t.Errorf("got %q, want %q", errs.String(), want)
	}
}

func TestEveryClassOfFailureHasARow(t *testing.T) {
	for class := fail.Usage; class <= fail.Busy; class++ {
		if row := classify(fail.New(class, "", "x")); row.name == "failure" {
			t.Errorf("class %d falls through to %q", class, row.name)
		}
	}
}

// testRuntime is a runtime on buffers with an environment of its own.
func testRuntime(env map[string]string) (rt *runtime, out, errs *bytes.Buffer) {
	out, errs = new(bytes.Buffer), new(bytes.Buffer)
	std := term.Streams{In: strings.NewReader(""), Out: out, Err: errs}
	return newRuntime(func(name string) string { return env[name] }, std, clock.System), out, errs
}

func TestErrorsAboutFilesAreNoNetworkErrors(t *testing.T) {
	for want, err := range map[int]error{
		5: &os.PathError{Op: "open", Path: "x", Err: syscall.ENOENT},
		1: &os.PathError{Op: "open", Path: "x", Err: syscall.EACCES},
		9: fmt.Errorf("write: %w", syscall.ENOSPC),
		8: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
	} {
		if got := classify(err).code; got != want {
			t.Errorf("%v: exit code %d, want %d", err, got, want)
		}
	}
}
