// Command rootfs makes the two root file systems that tests and the demo use.
//
//	go run ./internal/testkit/rootfs          prints the folders, below the user's cache
//	go run ./internal/testkit/rootfs OUTDIR   copies them to OUTDIR/v1 and OUTDIR/v2
//	go run ./internal/testkit/rootfs -large [OUTDIR]   the same of the tree for benchmarks
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"

	"github.com/otactl/otactl/internal/testkit/osimage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rootfs:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	ensure := osimage.Ensure
	if len(args) > 0 && args[0] == "-large" {
		ensure, args = osimage.EnsureLarge, args[1:]
	}
	if len(args) > 1 {
		return fmt.Errorf("usage: rootfs [-large] [OUTDIR]")
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	img, err := ensure(ctx, osimage.CacheDir(), log)
	if err != nil {
		return err
	}
	if len(args) == 1 {
		if img, err = copyTo(ctx, img, args[0]); err != nil {
			return err
		}
	}
	fmt.Println(img.V1)
	fmt.Println(img.V2)
	return nil
}

func copyTo(ctx context.Context, img osimage.Image, dir string) (osimage.Image, error) {
	to := osimage.Image{V1: filepath.Join(dir, "v1"), V2: filepath.Join(dir, "v2")}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return to, err
	}
	cmd := exec.CommandContext(ctx, "cp", "-a", "--reflink=auto", img.V1, img.V2, dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return to, fmt.Errorf("copy to %s: %w", dir, err)
	}
	return to, nil
}
