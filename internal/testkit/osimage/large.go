package osimage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// largePackages come on top of the others in the tree for benchmarks: large
// programs, many small modules of Python, some of both.
func largePackages() []string {
	return []string{"docker.io", "containerd", "python3-numpy", "python3-twisted", "gdb", "network-manager", "openssh-server"}
}

// EnsureLarge gives the tree for benchmarks below cache: more than 500 MB in
// more than 15,000 files. V2 is V1 after a change of 3 % of the files, such as a
// rebuild of some packages makes; see change.
func EnsureLarge(ctx context.Context, cache string, log *slog.Logger) (Image, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	dir, err := Once(cache, "rootfs-large-"+layout, func(dir string) error {
		debs := filepath.Join(cache, "debs")
		log.Info("downloading packages", "into", debs)
		_, recent, err := download(ctx, debs)
		if err != nil {
			return err
		}
		more, err := fetch(ctx, debs, largePackages())
		if err != nil {
			return err
		}
		log.Info("unpacking", "packages", len(recent)+len(more))
		img := image(dir)
		if err := assemble(ctx, img.V1, 1, append(recent, more...)); err != nil {
			return err
		}
		if out, err := exec.CommandContext(ctx, "cp", "-a", "--reflink=auto", img.V1, img.V2).CombinedOutput(); err != nil {
			return fmt.Errorf("copy %s: %w: %s", img.V1, err, out)
		}
		return change(img.V2)
	})
	return image(dir), err
}

// change alters, removes and adds files below root, always the same ones for
// the same tree: every 33rd file gets 64 bytes in its middle, or a tenth of it
// written over, or 4 KiB of noise inside; 27 go and 60 come. Noise makes it a
// hard case for deltas.
func change(root string) error {
	files, err := plainFiles(root)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(42, 0))
	for i := 0; i < len(files); i += 33 {
		if err := alter(files[i], rng); err != nil {
			return err
		}
	}
	for i := range 27 {
		if err := os.Remove(files[1+i*(len(files)/28)/33*33]); err != nil {
			return err
		}
	}
	dir := filepath.Join(root, "usr/share/added by an update")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for i := range 60 {
		data := append([]byte(strings.Repeat("new text ", 1+rng.IntN(1000))), noise(rng.IntN(20000), rng.Uint64())...)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file-%02d", i)), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// plainFiles are the regular files below root that have one name, in order.
func plainFiles(root string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && !strings.Contains(p, "/odd things") {
			files = append(files, p)
		}
		return err
	})
	slices.SortFunc(files, func(a, b string) int { return cmp.Compare(a, b) })
	return files, err
}

// alter writes name anew, so that nothing linked to it changes.
func alter(name string, rng *rand.Rand) error {
	st, err := os.Lstat(name)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	middle := len(data) / 2
	switch rng.IntN(3) {
	case 0:
		data = slices.Insert(data, middle, noise(64, rng.Uint64())...)
	case 1:
		copy(data[middle:], noise(len(data)/10, rng.Uint64()))
	case 2:
		data = slices.Insert(data, middle, noise(4096, rng.Uint64())...)
	}
	temp := name + ".altered"
	return errors.Join(os.WriteFile(temp, data, 0o600), os.Chmod(temp, st.Mode()), os.Rename(temp, name))
}
