package agent

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/otactl/otactl/agent/config"
	"github.com/otactl/otactl/agent/state"
	"github.com/otactl/otactl/agent/sysroot"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/tuf"
)

// Options are what an agent needs of the world around it.
type Options struct {
	Config *config.Config
	// ReadOnly opens the database for reading, takes no lock and changes
	// nothing; Check, Update and Finalize then fail.
	ReadOnly bool
	Clock    clock.Clock
	HostName string        // the hardware id where the configuration has none
	NewID    func() string // makes UUIDs
	Log      *slog.Logger  // nil is silent
	Progress progress.Sink // nil is silent
	Faults   faults.Injector
	// Dialects are those that the device's root may be written in besides
	// ota-tuf.
	Dialects []tuf.Dialect
}

// Agent is an opened device. It is not safe for concurrent use; the lock keeps
// other processes out until Close.
type Agent struct {
	cfg      *config.Config
	db       *state.DB
	root     deployments
	boot     *bootloader
	ecu      state.ECU
	kind     deviceKind
	deviceID string

	clock    clock.Clock
	newID    func() string
	log      *slog.Logger
	progress progress.Sink
	faults   faults.Injector
	dialects []tuf.Dialect
	docker   func() bool // whether Docker is installed, where the configuration does not tell
	readOnly bool
	lock     *lock
}

// deployments are what package sysroot does with a sysroot. A rehearsal has
// none, and puts what it knows in the place.
type deployments interface {
	Read() (*sysroot.State, error)
	Path() string
	RepoPath() string
	Space() (total, free uint64, err error)
	Sentinel() sysroot.Sentinel
	ClearUnusedSentinel() error
	Deploy(ctx context.Context, commit string) error
}

// Open takes the device's lock, opens its database and its sysroot, and brings
// in the files that [import] and the image provide.
func Open(ctx context.Context, o Options) (*Agent, error) {
	a := &Agent{
		cfg: o.Config, clock: o.Clock, newID: o.NewID, log: o.Log,
		progress: o.Progress, faults: o.Faults, dialects: o.Dialects, readOnly: o.ReadOnly, docker: dockerHere,
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if err := a.open(ctx, o); err != nil {
		_ = a.Close()
		return nil, err
	}
	return a, nil
}

func (a *Agent) open(ctx context.Context, o Options) (err error) {
	if !o.ReadOnly {
		if a.lock, err = takeLock(a.cfg.Own.LockFile); err != nil {
			return err
		}
	}
	if a.db, err = state.Open(ctx, a.cfg.Storage.SQLDB, state.Options{ReadOnly: o.ReadOnly, Faults: o.Faults}); err != nil {
		return err
	}
	boot := a.cfg.Bootloader
	root, err := sysroot.Open(sysroot.Options{
		Path: a.cfg.Pacman.Sysroot, OS: a.cfg.Pacman.OS, Booted: sysroot.BootedMode(a.cfg.Pacman.Booted),
		Sentinel: sysroot.Sentinel{Dir: boot.SentinelDir, Name: boot.SentinelName}, Log: a.log, Faults: o.Faults,
	})
	if err != nil {
		return err
	}
	a.root, a.boot = root, newBootloader(boot.RollbackMode, a.log)
	if !o.ReadOnly {
		if err := a.importFiles(ctx); err != nil {
			return err
		}
		a.confirmBoot(ctx)
	}
	return a.identify(ctx, o)
}

// confirmBoot tells the boot loader that all is well, unless its boots are
// being counted: a deployment waits to be booted, or to be finalized.
func (a *Agent) confirmBoot(ctx context.Context) {
	st, err := a.root.Read()
	if err != nil || st.Pending != nil {
		return
	}
	if _, waiting, err := a.db.Pending(ctx); err == nil && !waiting {
		a.boot.markGood(ctx)
	}
}

// Close releases the lock and the database.
func (a *Agent) Close() error {
	var err error
	if a.db != nil {
		err = a.db.Close()
	}
	return errors.Join(err, a.lock.release())
}

// identify finds out who the device is.
func (a *Agent) identify(ctx context.Context, o Options) error {
	first := func() state.ECU {
		e := state.ECU{Serial: a.cfg.Provision.Serial, HardwareID: a.cfg.Provision.HardwareID}
		if e.HardwareID == "" {
			e.HardwareID = o.HostName
		}
		if e.Serial == "" {
			e.Serial = a.newID()
		}
		return e
	}
	var err error
	if o.ReadOnly {
		var stored bool
		if a.ecu, stored, err = a.db.StoredECU(ctx); err == nil && !stored {
			a.ecu = first()
		}
	} else {
		a.ecu, err = a.db.PrimaryECU(ctx, first)
	}
	if err != nil {
		return err
	}
	if want := a.cfg.Provision.HardwareID; want != "" && want != a.ecu.HardwareID {
		a.log.WarnContext(ctx, "the hardware id of the first start stays in force", "stored", a.ecu.HardwareID, "configured", want)
	}
	creds, err := a.db.Credentials(ctx)
	if err != nil {
		return err
	}
	a.kind, a.deviceID = kindOf(creds.Cert)
	return nil
}

// importFiles copies the TLS files that [import] names into the database.
func (a *Agent) importFiles(ctx context.Context) error {
	var c state.Credentials
	for _, f := range []struct {
		path string
		to   *[]byte
	}{{a.cfg.Import.CACert, &c.CA}, {a.cfg.Import.Cert, &c.Cert}, {a.cfg.Import.Key, &c.Key}} {
		if f.path == "" {
			continue
		}
		data, err := fsx.ReadFile(f.path, limits.Credentials)
		if err != nil {
			// The original logs it and goes on with what it stored before.
			a.log.WarnContext(ctx, "file to import can't be read", "err", err)
			continue
		}
		*f.to = data
	}
	if c.Empty() {
		return nil
	}
	return a.db.ImportCredentials(ctx, c)
}

// deviceKind is what a bundle's type is compared with.
type deviceKind string

const (
	unregistered deviceKind = "" // takes bundles of both types
	ciDevice     deviceKind = "ci"
	prodDevice   deviceKind = "prod"
)

// businessCategory is the attribute of a certificate's subject that tells
// production devices (RFC 4519, 2.5.4.15).
func businessCategory() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 5, 4, 15} }

// kindOf reads a device's certificate; its common name is the device's id. A
// certificate that can't be read counts as that of a CI device: it is there.
func kindOf(cert []byte) (kind deviceKind, id string) {
	if len(cert) == 0 {
		return unregistered, ""
	}
	block, _ := pem.Decode(cert)
	if block == nil {
		return ciDevice, ""
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return ciDevice, ""
	}
	for _, attr := range parsed.Subject.Names {
		if v, ok := attr.Value.(string); ok && attr.Type.Equal(businessCategory()) && v == "production" {
			return prodDevice, parsed.Subject.CommonName
		}
	}
	return ciDevice, parsed.Subject.CommonName
}

// HardwareID is the id that targets are filtered by.
func (a *Agent) HardwareID() string { return a.ecu.HardwareID }

// Current is the target that runs. One that nothing names is recorded, under
// the name of an initial target, as what was there in the beginning.
func (a *Agent) Current(ctx context.Context) (Target, error) {
	st, err := a.root.Read()
	if err != nil {
		return Target{}, err
	}
	if st.Booted == nil {
		return Target{}, fail.As(fmt.Errorf("sysroot %s: %w", a.root.Path(), sysroot.ErrNotDeployed), fail.NotFound,
			"deploy a first image with `ostree admin deploy`")
	}
	row, known, err := a.db.Current(ctx, st.Booted.Commit)
	if err != nil {
		return Target{}, err
	}
	if known {
		return fromState(row)
	}
	t := initialTarget(st.Booted.Commit, a.ecu.HardwareID)
	_, waiting, err := a.db.Pending(ctx)
	if err != nil || waiting || a.readOnly {
		return t, err // recording what is current would forget what is pending
	}
	return t, a.db.Save(ctx, t.row(""), state.ModeCurrent)
}

// correlationID names one operation in events: "<version>-<uuid>", at most 63
// characters.
func (a *Agent) correlationID(t Target) string {
	id := fmt.Sprintf("%s-%s", strings.Map(wordOnly, t.Custom.Version), a.newID())
	return id[max(0, len(id)-63):]
}

func wordOnly(r rune) rune {
	if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '_' || r == '-' {
		return r
	}
	return -1
}
