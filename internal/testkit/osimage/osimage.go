// Package osimage makes the two versions of a root file system that tests and
// the demo work on: real Debian (or Ubuntu) packages unpacked into the shape
// of an OSTree operating system, with the oddities a real tree has and a few
// more. Version 2 has newer packages where the archive still offers two, some
// added ones, and a new initramfs.
//
// It is for tests and the demo only. It runs apt-get download, dpkg-deb and
// tar, never a maintainer script, never installs anything, and writes only
// below the folders it is given. What apt verified it trusts.
package osimage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"
)

// layout changes whenever the same packages would give another tree, so that
// a cached one is not mistaken for it.
const layout = "1"

// Image is where the two versions lie.
type Image struct{ V1, V2 string }

// CacheDir is the folder that all test processes of this user share.
func CacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil { // no HOME, as under some CI runners
		dir = os.TempDir()
	}
	return filepath.Join(dir, "otactl-test")
}

// Ensure gives the image below cache, building it when it is not there yet.
// The trees are shared: nobody may write to them.
func Ensure(ctx context.Context, cache string, log *slog.Logger) (Image, error) {
	dir, err := Once(cache, "rootfs-"+layout, func(dir string) error {
		return build(ctx, image(dir), filepath.Join(cache, "debs"), log)
	})
	return image(dir), err
}

func image(dir string) Image {
	return Image{V1: filepath.Join(dir, "v1"), V2: filepath.Join(dir, "v2")}
}

// Once has the folder called name below cache filled by one of all the
// processes that ask for it, and gives its path; the others wait. What a killed
// one left is removed first.
func Once(cache, name string, fill func(dir string) error) (string, error) {
	dir := filepath.Join(cache, name)
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return dir, err
	}
	lock := flock.New(dir + ".lock")
	if err := lock.Lock(); err != nil {
		return dir, fmt.Errorf("lock %s: %w", lock.Path(), err)
	}
	defer func() { _ = lock.Unlock() }()
	stamp := filepath.Join(dir, "complete")
	if _, err := os.Stat(stamp); err == nil {
		return dir, nil
	}
	if err := errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o755)); err != nil {
		return dir, err
	}
	if err := fill(dir); err != nil {
		return dir, err
	}
	return dir, os.WriteFile(stamp, nil, 0o644)
}

func build(ctx context.Context, img Image, debs string, log *slog.Logger) error {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	log.Info("downloading packages", "into", debs)
	old, recent, err := download(ctx, debs)
	if err != nil {
		return err
	}
	log.Info("unpacking", "packages_v1", len(old), "packages_v2", len(recent))
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return assemble(ctx, img.V1, 1, old) })
	g.Go(func() error { return assemble(ctx, img.V2, 2, recent) })
	return g.Wait()
}

// assemble makes one version at dir from package files.
func assemble(ctx context.Context, dir string, version int, debs []string) error {
	if err := skeleton(dir); err != nil {
		return err
	}
	for _, deb := range debs {
		if err := unpack(ctx, deb, dir); err != nil {
			return err
		}
	}
	if err := toOSTree(dir, version); err != nil {
		return fmt.Errorf("shape %s: %w", dir, err)
	}
	return addOddities(dir, version)
}

// mergedUsr are the links of a merged /usr, which must be there before the
// first package is unpacked, so that its files land behind them.
func mergedUsr() []string { return []string{"bin", "sbin", "lib", "lib32", "lib64", "libx32"} }

func skeleton(dir string) error {
	for _, name := range mergedUsr() {
		if err := os.MkdirAll(filepath.Join(dir, "usr", name), 0o755); err != nil {
			return err
		}
		if err := os.Symlink("usr/"+name, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return os.Chmod(dir, 0o755)
}

// toOSTree turns an unpacked Debian tree into one that ostree deploys.
func toOSTree(dir string, version int) error {
	if err := moveKernel(dir, version); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(dir, "etc"), filepath.Join(dir, "usr/etc")); err != nil {
		return err
	}
	for _, name := range []string{"boot", "dev", "proc", "sys", "run", "tmp", "sysroot", "var"} {
		p := filepath.Join(dir, name)
		if err := errors.Join(os.RemoveAll(p), os.Mkdir(p, 0o755)); err != nil {
			return err
		}
	}
	links := map[string]string{"ostree": "sysroot/ostree", "home": "var/home", "root": "var/roothome",
		"opt": "var/opt", "srv": "var/srv", "mnt": "var/mnt", "media": "run/media"}
	for name, target := range links {
		p := filepath.Join(dir, name)
		if err := errors.Join(os.RemoveAll(p), os.Symlink(target, p)); err != nil {
			return err
		}
	}
	if err := os.Chmod(filepath.Join(dir, "tmp"), 0o777|os.ModeSticky); err != nil {
		return err
	}
	return identify(dir, version)
}

// identify gives the tree a name, users, and the version it is.
func identify(dir string, version int) error {
	f, err := os.OpenFile(filepath.Join(dir, "usr/lib/os-release"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "IMAGE_ID=otactl-test\nIMAGE_VERSION=%d\n", version)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	etc := filepath.Join(dir, "usr/etc")
	return errors.Join(
		os.WriteFile(filepath.Join(etc, "hostname"), []byte("device\n"), 0o644),
		os.WriteFile(filepath.Join(etc, "passwd"), []byte("root:x:0:0:root:/root:/bin/bash\n"), 0o644),
		os.WriteFile(filepath.Join(etc, "group"), []byte("root:x:0:\n"), 0o644),
		os.WriteFile(filepath.Join(etc, "shadow"), []byte("root:*:19000:0:99999:7:::\n"), 0o640),
	)
}

// moveKernel puts kernel and initramfs where ostree looks for them. The
// initramfs is dummy bytes: nothing here boots it.
func moveKernel(dir string, version int) error {
	modules, err := filepath.Glob(filepath.Join(dir, "usr/lib/modules/*"))
	if err != nil || len(modules) > 1 {
		return fmt.Errorf("want one kernel, have %q (%v)", modules, err)
	}
	kdir := filepath.Join(dir, "usr/lib/modules/6.1.0-test")
	if len(modules) == 1 {
		kdir = modules[0]
	}
	if err := os.MkdirAll(kdir, 0o755); err != nil {
		return err
	}
	vmlinuz := filepath.Join(kdir, "vmlinuz")
	err = os.Rename(filepath.Join(dir, "boot/vmlinuz-"+filepath.Base(kdir)), vmlinuz)
	if errors.Is(err, os.ErrNotExist) { // no kernel package in this archive
		err = os.WriteFile(vmlinuz, noise(8<<20, 1), 0o644)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(kdir, "initramfs.img"), noise(4<<20, uint64(100+version)), 0o644)
}
