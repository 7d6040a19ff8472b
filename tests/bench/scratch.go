package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// bench is the scratch folder, what was made in it, and the servers that run.
type bench struct {
	program, self, roots, dir string
	env                       []string
	names                     map[string]string // in braces in commands
	made                      map[string]bool   // fixtures
	servers                   []*exec.Cmd
	runs                      int
}

// fixture is something that comparisons need and that is made once.
type fixture struct {
	name string
	make func(ctx context.Context, b *bench) error
}

// lines is a fixture that commands make, one after the other.
func lines(name string, list ...string) fixture {
	return fixture{name, func(ctx context.Context, b *bench) error {
		for _, line := range list {
			if err := b.shell(ctx, b.fill(line)); err != nil {
				return err
			}
		}
		return nil
	}}
}

func newBench(program, roots string) (*bench, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	if roots, err = filepath.Abs(roots); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/var/tmp", "otactl-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{program: program, self: self, roots: roots, dir: dir, made: map[string]bool{}}
	b.names = map[string]string{"dir": dir, "roots": roots, "program": program, "self": self}
	b.env = append(os.Environ(), "OTACTL_CONFIG="+filepath.Join(dir, "server/otactl.yaml"), "LC_ALL=C.UTF-8")
	return b, nil
}

// versions names both programs and the machine; a peer that is missing is an
// error here, before anything is measured.
func (b *bench) versions(ctx context.Context) (string, error) {
	say := func(argv ...string) (string, error) {
		out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
		if err != nil {
			return "", fmt.Errorf("%s: %w", strings.Join(argv, " "), err)
		}
		return strings.Join(strings.Fields(string(out)), " "), nil
	}
	ours, err := say(b.program, "--version")
	if err != nil {
		return "", err
	}
	peer, err := say("ostree", "--version")
	if err != nil {
		return "", fmt.Errorf("the peer is missing: %w", err)
	}
	web, err := say("nginx", "-v")
	if err != nil {
		return "", fmt.Errorf("the web server is missing: %w", err)
	}
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("ours: %s\npeer: %s\nserver: %s\nload before: %s", ours, peer, web, load), nil
}

// need makes a fixture unless it is there.
func (b *bench) need(ctx context.Context, f fixture) error {
	if b.made[f.name] {
		return nil
	}
	fmt.Fprintln(os.Stderr, "making", f.name)
	if err := f.make(ctx, b); err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	b.made[f.name] = true
	return nil
}

// fill puts what is known in the place of names in braces.
func (b *bench) fill(line string) string {
	for name, value := range b.names {
		line = strings.ReplaceAll(line, "{"+name+"}", value)
	}
	return line
}

func (b *bench) fillOut(line, out string) string {
	return b.fill(strings.ReplaceAll(line, "{out}", out))
}

// shown is a command as the report prints it.
func (b *bench) shown(c command) string {
	return strings.NewReplacer("{program}", "otactl", "{self}", "bench").Replace(c.line)
}

// fresh is a path for what one run makes. Files are made in a folder that is new
// for each run, since to remove the last one's would slow down the next.
func (b *bench) fresh() string {
	b.runs++
	return filepath.Join(b.dir, fmt.Sprintf("out-%d", b.runs))
}

// tidy removes what runs made when the disk has little room; otherwise that
// waits for the end.
func (b *bench) tidy() {
	var st syscall.Statfs_t
	if err := syscall.Statfs(b.dir, &st); err != nil || st.Bavail*uint64(st.Bsize) > 25<<30 {
		return
	}
	made, _ := filepath.Glob(filepath.Join(b.dir, "out-*"))
	for _, m := range made {
		_ = os.RemoveAll(m)
	}
	time.Sleep(forgotten)
}

// forgotten is how long ext4 remembers which inodes were freed: a minute, and five
// more where the journal still holds what it wrote of them. It passes over them
// one at a time for each file that is made, which takes longer than all else.
const forgotten = 6 * time.Minute

// stamp is a file that was written when the last bench ended and removed what it
// had made.
func stamp() string { return filepath.Join(os.TempDir(), "otactl-bench-ended") }

// settle waits until the disk has forgotten what the bench before this removed.
func settle() {
	st, err := os.Stat(stamp())
	if err != nil {
		return
	}
	if left := time.Until(st.ModTime().Add(forgotten)); left > 0 {
		fmt.Fprintf(os.Stderr, "waiting %s until the disk has forgotten what the last bench removed\n", left.Round(time.Second))
		time.Sleep(left)
	}
}

func (b *bench) close() {
	for _, s := range b.servers {
		_ = s.Process.Signal(syscall.SIGTERM)
		_ = s.Wait()
	}
	line := b.fill("kill $(cat {dir}/fresh.pid {dir}/rig.pid {dir}/serve.pid) 2>/dev/null; chattr -i {dir}/*/ostree/deploy/*/deploy/* 2>/dev/null; rm -rf {dir}")
	_ = exec.Command("bash", "-c", line).Run()
	_ = os.WriteFile(stamp(), nil, 0o600)
}

// start runs a server until the bench ends, and waits until it listens at addr.
func (b *bench) start(ctx context.Context, addr string, argv ...string) error {
	x := exec.Command(argv[0], argv[1:]...)
	x.Env = b.env
	x.Stderr = os.Stderr
	if err := x.Start(); err != nil {
		return err
	}
	b.servers = append(b.servers, x)
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if c, err := net.Dial("tcp", addr); err == nil {
			return c.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return fmt.Errorf("%s did not come up at %s", argv[0], addr)
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// weigh sums up the bytes of the files below dir; files with one inode count
// once.
func weigh(dir string) (int64, error) {
	var sum int64
	seen := map[uint64]bool{}
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return errors.New("no inode numbers here")
		}
		if !seen[st.Ino] {
			seen[st.Ino] = true
			sum += info.Size()
		}
		return nil
	})
	return sum, err
}
