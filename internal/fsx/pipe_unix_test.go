//go:build unix

package fsx

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestANamedPipeDoesNotBlockTheReader(t *testing.T) {
	dir := t.TempDir()
	check(t, syscall.Mkfifo(filepath.Join(dir, "f"), 0o644))
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer root.Close()
	if _, err := ReadFile(filepath.Join(dir, "f"), 10); err == nil {
		t.Error("ReadFile read a pipe")
	}
	if _, err := ReadFileIn(root, "f", 10); err == nil {
		t.Error("ReadFileIn read a pipe")
	}
	if f, err := OpenIn(root, "f"); err == nil || f != nil {
		t.Errorf("OpenIn opened a pipe: %v", err)
	}
}

func TestAPipeThatIsGivenIsReadToItsEnd(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	check(t, syscall.Mkfifo(name, 0o600))
	want := strings.Repeat("data", readAhead)
	go func() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err == nil {
			_, err = f.WriteString(want)
		}
		if err = errors.Join(err, f.Close()); err != nil {
			t.Error(err)
		}
	}()
	if got, err := ReadGiven(t.Context(), name, int64(len(want))); err != nil || string(got) != want {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(want))
	}
}

func TestAPipeIsWaitedForNoLongerThanTheContext(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	check(t, syscall.Mkfifo(name, 0o600))
	for what, writer := range map[string]int{"nobody writes": -1, "nobody goes on writing": os.O_RDWR} {
		if writer >= 0 {
			f, err := os.OpenFile(name, writer, 0)
			check(t, err)
			defer f.Close()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if _, err := ReadGiven(ctx, name, 10); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWhatWasReadBeforeTheEndOfTheContextIsGiven(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	over := t.Context().Done()
	r := io.MultiReader(strings.NewReader("data"), readerFunc(func([]byte) (int, error) {
		cancel()
		<-over // as a pipe in which nothing comes any more
		return 0, io.EOF
	}))
	if got, err := io.ReadAll(Until(ctx, r)); string(got) != "data" || !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v", got, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
