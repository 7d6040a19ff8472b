package osimage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// noise is n bytes that do not compress, the same for the same seed.
func noise(n int, seed uint64) []byte {
	b := make([]byte, n)
	s := seed*0x9e3779b97f4a7c15 + 1
	for i := 0; i+8 <= n; i += 8 { // xorshift64
		s ^= s << 13
		s ^= s >> 7
		s ^= s << 17
		binary.LittleEndian.PutUint64(b[i:], s)
	}
	return b
}

type oddFile struct {
	name string
	mode fs.FileMode
	size int
	uid  int
	attr map[string]string
}

// oddFiles are what packages rarely have and trees in the field do. Names are
// valid UTF-8, since libostree refuses others.
func oddFiles(version int) []oddFile {
	files := []oddFile{
		{name: "empty", mode: 0o644},
		{name: "empty-private", mode: 0o600},
		{name: "no-access", mode: 0, size: 10},
		{name: "setuid", mode: 0o755 | fs.ModeSetuid, size: 4096},
		{name: "setgid", mode: 0o755 | fs.ModeSetgid, size: 4096},
		{name: "setuid-setgid-sticky", mode: 0o711 | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky, size: 100},
		{name: "world-writable", mode: 0o666, size: 1},
		{name: "owned-by-1000", mode: 0o640, size: 33, uid: 1000},
		{name: "owned-by-nobody-setuid", mode: 0o755 | fs.ModeSetuid, size: 33, uid: 65534},
		{name: "one-attribute", mode: 0o644, size: 3, attr: map[string]string{"user.note": "hello"}},
		{name: "attributes", mode: 0o755, size: 65536, attr: map[string]string{
			"user.zz": "", "user.aa": "a\x00b", "user.Mime Type": "text/plain", "user.long": strings.Repeat("x", 1000)}},
		{name: "capability", mode: 0o755, size: 5000, attr: map[string]string{"security.capability": capNetRaw()}},
		{name: "two words", mode: 0o644, size: 5},
		{name: " leading and trailing ", mode: 0o644, size: 5},
		{name: "new\nline", mode: 0o644, size: 5},
		{name: "tab\tquote'\"back\\slash", mode: 0o644, size: 5},
		{name: "-rf", mode: 0o644, size: 5},
		{name: "...", mode: 0o644, size: 5},
		{name: ".hidden", mode: 0o644, size: 5},
		{name: "%2e%2e%2fpercent", mode: 0o644, size: 5},
		{name: "żółć-日本語-🦆", mode: 0o644, size: 5},
		{name: "\x01\x7f control", mode: 0o644, size: 5},
		{name: strings.Repeat("n", 255), mode: 0o644, size: 5},
		{name: fmt.Sprintf("only-in-%d", version), mode: 0o644, size: 7},
	}
	for _, n := range []int{1, 255, 256, 32767, 32768, 32769, 65535, 65537, 1 << 20} {
		files = append(files, oddFile{name: fmt.Sprintf("size-%d", n), mode: 0o644, size: n})
	}
	return files
}

// capNetRaw is cap_net_raw=ep as the kernel stores it (VFS_CAP_REVISION_2).
func capNetRaw() string {
	return "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
}

func addOddities(root string, version int) error {
	dir := filepath.Join(root, "usr/share/odd things")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for i, f := range oddFiles(version) {
		if err := f.write(dir, uint64(i)); err != nil {
			return fmt.Errorf("odd file %q: %w", f.name, err)
		}
	}
	return errors.Join(oddLinks(dir), oddDirs(dir), changed(dir, version))
}

func (f oddFile) write(dir string, seed uint64) error {
	p := filepath.Join(dir, f.name)
	if err := os.WriteFile(p, noise(f.size, seed), 0o600); err != nil {
		return err
	}
	if f.uid != 0 && os.Geteuid() == 0 {
		if err := os.Chown(p, f.uid, f.uid); err != nil {
			return err
		}
	}
	for name, value := range f.attr {
		if err := setAttr(p, name, value); err != nil {
			return err
		}
	}
	return os.Chmod(p, f.mode) // last: chown and setxattr clear the setuid bit
}

func oddLinks(dir string) error {
	targets := map[string]string{"dangling": "nowhere/at all", "absolute": "/etc/shadow", "outside": "../../../../../../../../tmp",
		"to itself": "to itself", "long": strings.Repeat("d/", 2000), "to ünïcode": "żółć", "to a directory": "deep", "dot": "."}
	for name, target := range targets {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return os.Link(filepath.Join(dir, "size-65537"), filepath.Join(dir, "hard link"))
}

func oddDirs(dir string) error {
	deep := filepath.Join(dir, "deep", strings.Repeat("d/", 40))
	if err := os.MkdirAll(deep, 0o755); err != nil {
		return err
	}
	modes := map[string]fs.FileMode{"empty directory": 0o755, "sticky": 0o777 | fs.ModeSticky, "setgid directory": 0o2775 | fs.ModeSetgid,
		"private": 0o700, "no access": 0, "read-only": 0o555}
	for name, mode := range modes {
		p := filepath.Join(dir, name)
		if err := os.Mkdir(p, 0o700); err != nil {
			return err
		}
		if mode.Perm()&0o222 == 0 || name == "private" {
			if err := os.WriteFile(filepath.Join(p, "inside"), []byte(name+"\n"), 0o644); err != nil {
				return err
			}
		}
		if err := os.Chmod(p, mode&(fs.ModePerm|fs.ModeSetgid|fs.ModeSticky)); err != nil {
			return err
		}
	}
	return setAttr(filepath.Join(dir, "empty directory"), "user.dir", "1")
}

// changed makes files that differ between the versions in one way each.
func changed(dir string, version int) error {
	v := byte('0' + version)
	modes := []fs.FileMode{0, 0o644, 0o600}
	for i := range 100 {
		p := filepath.Join(dir, "deep", fmt.Sprintf("changed-%03d", i))
		if err := os.WriteFile(p, fmt.Appendf(nil, "version %c of %d\n", v, i), 0o644); err != nil {
			return err
		}
	}
	p := filepath.Join(dir, "only the mode changes")
	if err := os.WriteFile(p, noise(1000, 7), 0o600); err != nil {
		return err
	}
	if err := os.Chmod(p, modes[version]); err != nil {
		return err
	}
	p = filepath.Join(dir, "only an attribute changes")
	if err := os.WriteFile(p, noise(1000, 8), 0o644); err != nil {
		return err
	}
	return setAttr(p, "user.version", string(v))
}
