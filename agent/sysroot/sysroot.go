// Package sysroot is the only place that touches the deployments of a device.
//
// It reads them from the boot loader entries that libostree writes, tells
// which one runs, and changes them by running the real `ostree admin` with
// argument lists, never through a shell. It also keeps the reboot sentinel.
//
// It trusts the sysroot, which only root may write, and the `ostree` program.
// It never moves an object, never decides which target to run, and never
// removes the deployment that runs or the one that would boot instead.
package sysroot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
)

// BootedMode is [pacman] booted: how to tell which deployment runs.
type BootedMode string

// The modes.
const (
	// BootedRunning is the deployment the machine runs. In a sysroot that is
	// not the machine's own (an image being prepared, a test) it is the one
	// that ran before the pending reboot, as the sentinel records it, and the
	// first deployment once the sentinel is gone.
	BootedRunning BootedMode = "booted"
	// BootedStaged takes the first deployment as the one that runs.
	BootedStaged BootedMode = "staged"
)

// ErrNoSysroot says that the folder is not an OSTree sysroot.
var ErrNoSysroot = errors.New("not an OSTree sysroot")

// ErrNotDeployed says that nothing is deployed that a new deployment could
// take its configuration and kernel arguments from.
var ErrNotDeployed = errors.New("no deployment to take configuration from")

// Options tune Open.
type Options struct {
	Path     string // "/" on a device
	OS       string // stateroot; empty: "lmp" if there, else the only one
	Booted   BootedMode
	Sentinel Sentinel
	Note     string // of the initramfs about the boot; empty: /run/ostree-booted
	Ostree   string // the program; empty: "ostree" from PATH
	Log      *slog.Logger
	Faults   faults.Injector
}

// Sysroot is an OSTree sysroot.
type Sysroot struct {
	o  Options
	os string
}

// Open finds the sysroot and its stateroot.
func Open(o Options) (*Sysroot, error) {
	if o.Path == "" {
		o.Path = "/"
	}
	if o.Ostree == "" {
		o.Ostree = "ostree"
	}
	if o.Note == "" {
		o.Note = defaultNote
	}
	if o.Booted == "0" {
		o.Booted = BootedStaged
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if st, err := os.Stat(filepath.Join(o.Path, "ostree", "repo")); err != nil || !st.IsDir() {
		return nil, fail.As(fmt.Errorf("sysroot %s: %w", o.Path, ErrNoSysroot), fail.NotFound,
			"set [pacman] sysroot to the folder that holds ostree/repo")
	}
	s := &Sysroot{o: o}
	var err error
	s.os, err = s.stateroot()
	return s, err
}

// defaultOS is the stateroot of LmP images.
const defaultOS = "lmp"

func (s *Sysroot) stateroot() (string, error) {
	if s.o.OS != "" {
		return s.o.OS, nil
	}
	dirs, err := os.ReadDir(filepath.Join(s.o.Path, "ostree", "deploy"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("sysroot %s: %w", s.o.Path, err)
	}
	var names []string
	for _, d := range dirs {
		if d.Name() == defaultOS {
			return defaultOS, nil
		}
		if d.IsDir() {
			names = append(names, d.Name())
		}
	}
	if len(names) == 1 {
		return names[0], nil
	}
	return "", fail.New(fail.Usage, "set [pacman] os to the stateroot to update",
		"sysroot %s: it has %d stateroots and none is named %s", s.o.Path, len(names), defaultOS)
}

// Path is the folder of the sysroot.
func (s *Sysroot) Path() string { return s.o.Path }

// OS is the stateroot.
func (s *Sysroot) OS() string { return s.os }

// RepoPath is the folder of the sysroot's repo.
func (s *Sysroot) RepoPath() string { return filepath.Join(s.o.Path, "ostree", "repo") }

// State is a reading of the deployments.
type State struct {
	// Deployments of all stateroots in boot order: the first boots next.
	Deployments []Deployment
	// Booted runs; nil when nothing is deployed in our stateroot.
	Booted *Deployment
	// Pending boots next and is not the one that runs; nil when there is none.
	Pending *Deployment
	// Rollback is what the boot loader can fall back to; nil when there is none.
	Rollback *Deployment
}

// Read reads the deployments as they are now.
func (s *Sysroot) Read() (*State, error) {
	all, err := s.deployments()
	if err != nil {
		return nil, err
	}
	st := &State{Deployments: all}
	at := s.bootedIndex(all)
	if at < 0 {
		return st, nil
	}
	st.Booted = &all[at]
	if at > 0 && all[0].OS == s.os {
		st.Pending = &all[0]
	}
	for i := at + 1; i < len(all); i++ {
		if all[i].OS == s.os {
			st.Rollback = &all[i]
			break
		}
	}
	return st, nil
}

// bootedIndex is which of the deployments runs, -1 for none.
func (s *Sysroot) bootedIndex(all []Deployment) int {
	first := -1
	for i, d := range all {
		if s.runs(d) {
			return i
		}
		if first < 0 && d.OS == s.os {
			first = i
		}
	}
	if s.o.Booted == BootedStaged {
		return first
	}
	recorded := s.o.Sentinel.recorded()
	for i, d := range all {
		if recorded != "" && d.ID() == recorded {
			return i
		}
	}
	return first
}

// runs says whether the machine runs d.
func (s *Sysroot) runs(d Deployment) bool {
	if s.o.Booted == BootedStaged {
		return false
	}
	dir, err := os.Stat(filepath.Join(s.o.Path, d.Dir()))
	return err == nil && s.booted(dir)
}

// Deploy makes commit, which must be complete in the sysroot's repo, what
// boots next, with configuration and kernel arguments of the deployment that
// runs, and marks that a reboot is due. A deployment that was waiting is
// dropped, of whatever commit: its configuration may be out of date.
//
// The mark comes first: a deployment that waits without it has seen a reboot.
func (s *Sysroot) Deploy(ctx context.Context, commit string) error {
	st, err := s.Read()
	if err != nil {
		return err
	}
	if st.Booted == nil {
		return fail.As(fmt.Errorf("sysroot %s: stateroot %s: %w", s.o.Path, s.os, ErrNotDeployed), fail.NotFound,
			"deploy a first image with `ostree admin deploy`")
	}
	if err := s.o.Sentinel.Set(st.Booted.ID()); err != nil {
		return err
	}
	if err := faults.At(s.o.Faults, "sysroot.deploy.before"); err != nil {
		return errors.Join(err, s.undoSentinel(st))
	}
	if err := s.deploy(ctx, st, commit); err != nil {
		return errors.Join(err, s.undoSentinel(st))
	}
	if err := s.sync(); err != nil {
		return err
	}
	return faults.At(s.o.Faults, "sysroot.deploy.after")
}

// deploy calls ostree. A failure after the boot loader was switched over, when
// old deployments are cleaned away, is not one of the deployment.
func (s *Sysroot) deploy(ctx context.Context, before *State, commit string) error {
	args := []string{"--os=" + s.os}
	// In a sysroot that does not run, ostree takes the newest deployment for
	// the running one and drops the others.
	keepAll := before.Pending != nil && !s.runs(*before.Booted)
	if keepAll {
		args = append(args, "--retain")
	}
	err := s.admin(ctx, "deploy", append(args, commit)...)
	if err != nil {
		after, rerr := s.Read()
		if rerr != nil || after.Pending == nil || after.Pending.Commit != commit || sameDeployment(before.Pending, after.Pending) {
			return err
		}
		s.o.Log.WarnContext(ctx, "deployed, but old deployments were not cleaned away", "err", err)
	}
	if keepAll {
		if err := s.admin(ctx, "undeploy", "1"); err != nil {
			s.o.Log.WarnContext(ctx, "deployed, but the one that waited before is still there", "err", err)
		}
	}
	return nil
}

func sameDeployment(a, b *Deployment) bool { return a != nil && b != nil && a.ID() == b.ID() }

// undoSentinel takes the mark back after a deployment that did not happen.
func (s *Sysroot) undoSentinel(before *State) error {
	if before.Pending != nil {
		return nil // an earlier one still waits
	}
	return s.o.Sentinel.Clear()
}

// ClearUnusedSentinel takes the mark back when nothing waits for a reboot.
func (s *Sysroot) ClearUnusedSentinel() error {
	st, err := s.Read()
	if err != nil || st.Pending != nil {
		return err
	}
	return s.o.Sentinel.Clear()
}

// Sentinel is the file that says a reboot is due.
func (s *Sysroot) Sentinel() Sentinel { return s.o.Sentinel }
