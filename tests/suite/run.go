package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// installed is where Debian puts the scripts.
const installed = "/usr/libexec/installed-tests/libostree"

// perScript is how long one may take.
const perScript = 4 * time.Minute

// suite is the scratch folder that scripts run in.
type suite struct {
	*lists
	dir   string // holds all of it
	tests string // the copy of the scripts, with our web server beside it
	path  string // PATH of a script: our program, then every tool but another ostree
	keep  string
	jobs  int
}

func allScripts() ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(installed, "test-*.sh"))
	if err != nil || len(paths) == 0 {
		return nil, fmt.Errorf("no scripts in %s: install the Debian package ostree-tests", installed)
	}
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	return names, nil
}

// setUp copies the scripts to where no libostree is beside them, builds the
// web server they start, and makes a PATH without another ostree.
func setUp(ctx context.Context, program string, l *lists) (*suite, error) {
	program, err := filepath.Abs(program)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(program); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/var/tmp", "otactl-suite-") // has extended attributes, which /tmp may lack
	if err != nil {
		return nil, err
	}
	s := &suite{lists: l, dir: dir, tests: filepath.Join(dir, "libexec/installed-tests/libostree"), jobs: 1}
	if err := s.fill(ctx, program); err != nil {
		s.tearDown()
		return nil, err
	}
	return s, nil
}

func (s *suite) fill(ctx context.Context, program string) error {
	for _, d := range []string{"bin", "tools", "home", "libexec/installed-tests", "libexec/libostree"} {
		if err := os.MkdirAll(filepath.Join(s.dir, d), 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(s.dir, 0o755); err != nil {
		return err
	}
	if out, err := exec.CommandContext(ctx, "cp", "-a", installed, s.tests).CombinedOutput(); err != nil {
		return fmt.Errorf("copy the scripts: %w: %s", err, out)
	}
	if err := s.leaveOut(); err != nil {
		return err
	}
	s.migrateKeys(ctx)
	httpd := filepath.Join(s.dir, "libexec/libostree/ostree-trivial-httpd")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", httpd, "github.com/otactl/otactl/tests/suite/httpd").CombinedOutput(); err != nil {
		return fmt.Errorf("build the web server: %w: %s", err, out)
	}
	if err := os.Symlink(program, filepath.Join(s.dir, "bin/ostree")); err != nil {
		return err
	}
	s.path = filepath.Join(s.dir, "bin") + ":" + filepath.Join(s.dir, "tools")
	return linkTools(filepath.Join(s.dir, "tools"))
}

// leaveOut takes out of the copied scripts what is not run of them.
func (s *suite) leaveOut() error {
	for _, o := range s.without {
		name := filepath.Join(s.tests, o.file)
		script, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		less, err := o.from(string(script))
		if err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(less), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// migrateKeys lets GnuPG turn the old keyring of secret keys, which each script
// gets a copy of, into what it uses itself. It does so when it signs for the
// first time, which it never does here, and not when it edits a key.
func (s *suite) migrateKeys(ctx context.Context) {
	home := filepath.Join(s.tests, "gpghome")
	os.Chmod(home, 0o700)
	exec.CommandContext(ctx, "gpg", "--homedir", home, "--batch", "--list-secret-keys").Run()
	exec.CommandContext(ctx, "gpgconf", "--homedir", home, "--kill", "gpg-agent").Run()
}

// linkTools links every installed program into dir but those of ostree.
func linkTools(dir string) error {
	for _, from := range []string{"/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"} {
		entries, err := os.ReadDir(from)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, e := range entries {
			if strings.Contains(e.Name(), "ostree") || e.Name() == "rofiles-fuse" {
				continue
			}
			if err := os.Symlink(filepath.Join(from, e.Name()), filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, os.ErrExist) {
				return err
			}
		}
	}
	return nil
}

func (s *suite) tearDown() {
	exec.Command("chattr", "-R", "-i", s.dir).Run() // a deployment may be left immutable
	os.RemoveAll(s.dir)
}

// runAll runs scripts, several at once, and gives their results by name.
func (s *suite) runAll(ctx context.Context, names []string, done func(result)) []result {
	results := make([]result, len(names))
	var wg sync.WaitGroup
	var mu sync.Mutex
	slots := make(chan struct{}, s.jobs)
	for i, name := range names {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			r := s.run(ctx, name)
			mu.Lock()
			defer mu.Unlock()
			results[i] = r
			done(r)
		})
	}
	wg.Wait()
	slices.SortFunc(results, func(a, b result) int { return strings.Compare(a.Name, b.Name) })
	return results
}

// run runs one script in an empty folder. What it leaves running ends with
// it: its process group is killed and its folder removed, which ends daemons.
func (s *suite) run(ctx context.Context, name string) result {
	if why := s.excused(name); why != "" {
		return result{Name: name, Verdict: outOfScope, Note: why}
	}
	work, err := os.MkdirTemp(s.dir, strings.TrimSuffix(name, ".sh")+"-")
	if err != nil {
		return result{Name: name, Verdict: failed, Note: err.Error()}
	}
	defer os.RemoveAll(work)
	ctx, cancel := context.WithTimeout(ctx, perScript)
	defer cancel()
	var tap bytes.Buffer // standard output alone
	var all lockedBuffer
	cmd := exec.CommandContext(ctx, filepath.Join(s.tests, name))
	cmd.Dir, cmd.Stdout, cmd.Stderr = work, io.MultiWriter(&tap, &all), &all
	cmd.Env = s.env()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = 5 * time.Second
	start := time.Now()
	err = cmd.Run()
	if cmd.Process != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	exit := 0
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		exit = 1
	}
	r := judge(tap.String(), all.buf.String(), exit, errors.Is(ctx.Err(), context.DeadlineExceeded))
	r.Name, r.Seconds = name, time.Since(start).Seconds()
	if s.keep != "" {
		os.MkdirAll(s.keep, 0o755)
		os.WriteFile(filepath.Join(s.keep, name+".log"), all.buf.Bytes(), 0o644)
	}
	return r
}

// lockedBuffer takes what two streams write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

// env is what a script sees: nothing of the caller's but what tools need.
func (s *suite) env() []string {
	env := []string{
		"PATH=" + s.path, "HOME=" + filepath.Join(s.dir, "home"), "TMPDIR=/var/tmp", "SHELL=/bin/sh", "TERM=dumb",
		// The script on failing servers counts on luck, of which it has plenty.
		"OSTREE_TEST_ALLOW_RANDOM=1",
	}
	for _, name := range []string{"USER", "LOGNAME"} {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return slices.Clip(env)
}
