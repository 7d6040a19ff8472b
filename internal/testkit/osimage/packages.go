package osimage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// basePackages are in both versions. Their names are the same in Debian and
// Ubuntu, none needs configuring to be useful as files, and together with a
// kernel they come to some 350 MB and 14,000 files.
func basePackages() []string {
	return []string{
		"base-files", "bash", "coreutils", "dash", "libc6", "libc-bin", "perl-base",
		"util-linux", "mount", "passwd", "login", "sudo", "openssh-client", "openssl",
		"systemd", "udev", "iproute2", "busybox", "ca-certificates", "wireless-regdb",
		"git", "git-man", "vim-runtime", "locales", "tzdata", "iso-codes",
		"python3-django", "linux-libc-dev",
	}
}

// addedPackages come with version 2, on top of newer ones of the base packages.
func addedPackages() []string {
	return []string{"python3-pygments", "python3-jinja2", "curl", "libcurl4", "fonts-dejavu-core", "runc"}
}

// kernelPackages are metapackages, the first one the archive has is taken.
func kernelPackages(arch string) []string {
	return []string{"linux-image-cloud-" + arch, "linux-image-virtual", "linux-image-" + arch}
}

// download fetches all packages into dir and gives the files of version 1 (the
// oldest of each that the archive still has) and version 2 (the newest).
func download(ctx context.Context, dir string) (old, recent []string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	arch, err := run(ctx, dir, "dpkg", "--print-architecture")
	if err != nil {
		return nil, nil, err
	}
	names := basePackages()
	if k := kernel(ctx, dir, strings.TrimSpace(arch)); k != nil {
		names = append(names, k...)
	}
	oldest, err := oldestVersions(ctx, dir, names)
	if err != nil {
		return nil, nil, err
	}
	recent, err = fetch(ctx, dir, append(slices.Clone(names), addedPackages()...))
	if err != nil {
		return nil, nil, err
	}
	old, err = fetch(ctx, dir, oldest)
	if err != nil { // an index may name a file that the mirror has dropped
		old, err = fetch(ctx, dir, names)
	}
	return old, recent, err
}

// fetch downloads packages, given as NAME or NAME=VERSION, and returns their
// files. Files that are there already are not fetched again by apt.
func fetch(ctx context.Context, dir string, packages []string) ([]string, error) {
	names, err := fileNames(ctx, packages)
	if err != nil { // no package lists yet, as on a fresh machine
		if _, uerr := run(ctx, dir, "apt-get", "update", "-q"); uerr != nil {
			return nil, errors.Join(err, uerr)
		}
		if names, err = fileNames(ctx, packages); err != nil {
			return nil, err
		}
	}
	if _, err := run(ctx, dir, "apt-get", append(aptDownload(), packages...)...); err != nil {
		return nil, err
	}
	for i, n := range names {
		names[i] = filepath.Join(dir, n)
	}
	return names, nil
}

func aptDownload() []string {
	return []string{"download", "-q", "-o", "APT::Sandbox::User=root"}
}

// fileNames asks apt what it would call the files, sorted. It asks in an empty
// folder, since apt does not name files that are there already.
func fileNames(ctx context.Context, packages []string) ([]string, error) {
	empty, err := os.MkdirTemp("", "otactl-apt-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(empty)
	args := append(append(aptDownload(), "--print-uris"), packages...)
	uris, err := run(ctx, empty, "apt-get", args...)
	if err != nil {
		return nil, err
	}
	// A line is 'URI' FILE SIZE HASH.
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^'[^']+' (\S+\.deb) `).FindAllStringSubmatch(uris, -1) {
		names = append(names, m[1])
	}
	if len(names) != len(packages) {
		return nil, fmt.Errorf("apt-get names %d files for %d packages", len(names), len(packages))
	}
	slices.Sort(names)
	return names, nil
}

// kernel finds the package behind a kernel metapackage, with its modules.
func kernel(ctx context.Context, dir, arch string) []string {
	concrete := regexp.MustCompile(`Depends: (linux-(?:image|modules)-[0-9]\S+)`)
	for _, meta := range kernelPackages(arch) {
		out, err := run(ctx, dir, "apt-cache", "depends", "--no-recommends", meta)
		m := concrete.FindStringSubmatch(out)
		if err != nil || m == nil {
			continue
		}
		names := []string{m[1]}
		out, _ = run(ctx, dir, "apt-cache", "depends", "--no-recommends", m[1])
		for _, dep := range concrete.FindAllStringSubmatch(out, -1) {
			names = append(names, dep[1])
		}
		return names
	}
	return nil
}

// oldestVersions gives NAME=VERSION for each name, the oldest on offer.
func oldestVersions(ctx context.Context, dir string, names []string) ([]string, error) {
	out, err := run(ctx, dir, "apt-cache", append([]string{"madison"}, names...)...)
	if err != nil {
		return nil, err
	}
	oldest := map[string]string{}
	for line := range strings.Lines(out) { // newest first: "  git | 1:2.39 | URI Packages"
		f := strings.Split(line, "|")
		if len(f) == 3 && strings.Contains(f[2], "Packages") {
			oldest[strings.TrimSpace(f[0])] = strings.TrimSpace(f[1])
		}
	}
	var packages []string
	for _, n := range names {
		if v := oldest[n]; v != "" {
			n += "=" + v
		}
		packages = append(packages, n)
	}
	return packages, nil
}

// unpack is dpkg-deb -x, except that it leaves the links of a merged /usr be.
func unpack(ctx context.Context, deb, dir string) error {
	data := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	tar := exec.CommandContext(ctx, "tar", "-x", "-p", "--keep-directory-symlink", "--numeric-owner", "-C", dir, "-f", "-")
	var stderr bytes.Buffer
	data.Stderr, tar.Stderr = &stderr, &stderr
	pipe, err := data.StdoutPipe()
	if err != nil {
		return err
	}
	tar.Stdin = pipe
	if err := data.Start(); err != nil {
		return fmt.Errorf("unpack %s: %w", deb, err)
	}
	err = errors.Join(tar.Run(), data.Wait())
	if err != nil {
		return fmt.Errorf("unpack %s: %w: %s", deb, err, stderr.String())
	}
	return nil
}

func run(ctx context.Context, dir, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(out), nil
}
