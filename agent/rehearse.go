package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"

	"github.com/otactl/otactl/agent/config"
	"github.com/otactl/otactl/agent/state"
	"github.com/otactl/otactl/agent/sysroot"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// RehearseOptions say what is known of a device that is not here.
type RehearseOptions struct {
	// Config is its configuration, with paths of copies of its files; see
	// config.LoadCopy. What it names is read and never written.
	Config *config.Config
	// Scratch is an empty folder for a copy of the database.
	Scratch string
	// HardwareID stands in where neither configuration nor database has one.
	HardwareID string
	// Roots stand in for the roots of the device where none are known, the
	// oldest first.
	Roots [][]byte
	// Content says whether a device can make use of the content of a target; nil
	// takes it for granted.
	Content func(ctx context.Context, t Target, w Wants) error

	Clock    clock.Clock
	Log      *slog.Logger
	Dialects []tuf.Dialect
}

// Wants say what a device needs of a target's content.
type Wants struct {
	// Apps are the URIs of those that it has to bring in.
	Apps []string
	// Has says whether the device has a commit already.
	Has func(ostree.Checksum) bool
}

// Rehearsal is what a device would do with a bundle.
type Rehearsal struct {
	Takes   bool   // it would install something
	Code    Code   // that aklite-offline install would end with
	Target  string // it would choose; empty for none
	Commit  string
	Running string // the target that runs; empty where that is not known
	Change  string // ChangeUpdate, …; empty when it takes nothing
	Reason  string // why this target, or why none
	Remedy  string // what to do about a refusal

	HardwareID string
	Tags       []string
	Type       string // "ci" or "prod"; empty where the device is not registered, or that is not known
	// Unknown says what else the answer hangs on, and what was taken for true.
	Unknown []string
}

// What a target is to the one that runs.
const (
	ChangeUpdate    = "update"
	ChangeDowngrade = "downgrade"
	ChangeSame      = "same"
)

// Rehearse finds out what `aklite-offline install` would do with a bundle on a
// device that is not here. It goes through the very steps of Update up to the
// download, on a copy of the device's database; nothing but the scratch folder
// is written to, no program is called, and nobody is asked over a network.
//
// The error is about the rehearsal; that the device would refuse is an answer.
func Rehearse(ctx context.Context, b *offline.Bundle, o RehearseOptions) (*Rehearsal, error) {
	r := &rehearsal{o: o, out: &Rehearsal{Unknown: []string{}}}
	a, err := r.agent(ctx)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	src := &bundle{b: b, own: a.cfg.Own, log: a.log, holds: r.holds}
	if err := r.roots(ctx, a, src); err != nil {
		return nil, err
	}
	r.out.HardwareID, r.out.Tags, r.out.Type = a.ecu.HardwareID, append([]string{}, a.cfg.Pacman.Tags...), string(a.kind)
	if err := r.install(ctx, a, src); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		r.out.Code, r.out.Reason, r.out.Remedy = CodeOf(err), err.Error(), fail.HintOf(err)
	}
	r.unknown("how much space is free on the device (exit code 60 where there is too little)")
	return r.out, nil
}

// RehearseUnopened is what a device would do with a bundle for which offline.Open
// fails with err: it gets no further.
func RehearseUnopened(err error) *Rehearsal {
	return &Rehearsal{Code: CodeOf(unopened(err)), Reason: err.Error(), Remedy: fail.HintOf(err), Tags: []string{}, Unknown: []string{}}
}

// rehearsal collects what becomes of one.
type rehearsal struct {
	o       RehearseOptions
	out     *Rehearsal
	running string // the commit that runs; "" where that is not known
}

// holds says whether the device has a commit that a static delta starts from: it
// has the one that runs, and what else lies on it is not known.
func (r *rehearsal) holds(c ostree.Checksum) (bool, error) {
	if r.running != "" {
		return c.String() == r.running, nil
	}
	r.unknown("whether it has commit %s, without which it can't use the bundle's static delta; taken for yes", c)
	return true, nil
}

func (r *rehearsal) unknown(format string, args ...any) {
	if what := fmt.Sprintf(format, args...); !slices.Contains(r.out.Unknown, what) {
		r.out.Unknown = append(r.out.Unknown, what)
	}
}

// agent opens the device on a copy of its database.
func (r *rehearsal) agent(ctx context.Context) (*Agent, error) {
	a := &Agent{cfg: r.harmless(), clock: r.o.Clock, newID: func() string { return "rehearsal" }, log: r.o.Log, dialects: r.o.Dialects,
		docker: func() bool { return true }}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	a.boot = newBootloader(rollbackNone, a.log)
	copied := filepath.Join(r.o.Scratch, "sql.db")
	found, err := copyDatabase(r.o.Config.Storage.SQLDB, copied)
	if err != nil {
		return nil, err
	}
	if a.db, err = state.Open(ctx, copied, state.Options{}); err != nil {
		return nil, fail.Hint(err, "copy sql.db while no update agent runs, together with sql.db-journal or sql.db-wal if there is one")
	}
	err = a.importFiles(ctx)
	if err == nil {
		err = a.identify(ctx, Options{HostName: r.o.HardwareID})
	}
	if err == nil && a.ecu.HardwareID == "" {
		err = fail.New(fail.Usage, "give it with --hardware-id", "the device's hardware id is not known: neither its configuration nor its database has one")
	}
	if err == nil {
		err = r.facts(ctx, a, found)
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// harmless is the configuration without what calls programs or a gateway, or
// leads out of the copies: what is not known is looked for where nothing is.
func (r *rehearsal) harmless() *config.Config {
	cfg := *r.o.Config
	cfg.Pacman.CallbackProgram = ""
	cfg.Bootloader.RollbackMode = rollbackNone
	cfg.Uptane.RepoServer, cfg.TLS.Server = "", ""
	cfg.Storage.Path = r.o.Scratch // current-target is written there
	for _, dir := range []*string{&cfg.Storage.UptaneMetadataPath, &cfg.Import.BasePath} {
		if *dir == "" {
			*dir = filepath.Join(r.o.Scratch, "none")
		}
	}
	return &cfg
}

// copyDatabase copies sql.db and what SQLite keeps beside it; false when there
// is none.
func copyDatabase(from, to string) (bool, error) {
	if from == "" {
		return false, nil
	}
	for _, suffix := range []string{"", "-journal", "-wal"} {
		err := copyFile(from+suffix, to+suffix)
		switch {
		case errors.Is(err, fs.ErrNotExist) && suffix == "":
			return false, nil
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return false, fmt.Errorf("device: %s: %w", from+suffix, err)
		}
	}
	return true, nil
}

func copyFile(from, to string) error {
	in, err := fsx.Open(from)
	if err != nil {
		return fail.Hint(err, "give a copy of /var/sota of a device")
	}
	defer in.Close()
	if st, err := in.Stat(); err != nil || st.Size() > limits.DeviceDatabase {
		return errors.Join(err, fail.New(fail.Usage, "give a copy of /var/sota of a device", "longer than %d bytes", limits.DeviceDatabase))
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.LimitReader(in, limits.DeviceDatabase))
	return errors.Join(err, out.Close())
}

// facts puts what the database knows in the place of the sysroot, and says what
// it does not know.
func (r *rehearsal) facts(ctx context.Context, a *Agent, found bool) error {
	row, marked, err := a.db.Marked(ctx)
	if err != nil {
		return err
	}
	st := &sysroot.State{Booted: &sysroot.Deployment{Commit: row.SHA256}}
	a.root = recalled{state: st, scratch: r.o.Scratch}
	switch {
	case marked:
		r.out.Running, r.running = row.Name, row.SHA256
	case found:
		r.unknown("which target runs: the database has none that is marked so; taken for older than any")
	default:
		r.unknown("which target runs, and what was tried before: there is no sql.db; taken for older than any")
	}
	if intent, begun, err := a.db.Intent(ctx); err != nil {
		return err
	} else if begun {
		r.unknown("what became of the installation of %.80q, which was begun; taken for undone", intent.Name)
	}
	creds, err := a.db.Credentials(ctx)
	if err != nil {
		return err
	}
	if _, imported := a.cfg.Value("import", "tls_clientcert_path"); len(creds.Cert) == 0 && (!found || imported || a.cfg.TLS.CertSource != "file") {
		r.unknown("whether it is a production device: there is no client certificate; the bundle's type was not compared")
	}
	if a.cfg.Pacman.Type == "" {
		r.unknown("whether it runs apps: [pacman] type is not set, and then Docker on the device decides; taken for yes")
	}
	if mode := r.o.Config.Bootloader.RollbackMode; mode != rollbackNone && mode != "" && mode != rollbackGeneric {
		r.unknown("whether an update of the boot firmware waits for a reboot (exit code 90); taken for no")
	}
	return nil
}

// roots gives the device the roots that stand in for its own, where the copy
// has none.
func (r *rehearsal) roots(ctx context.Context, a *Agent, src *bundle) error {
	stored, err := a.db.Metadata().Roots(ctx)
	if err != nil || len(stored) > 0 || src.Rules().FirstUse {
		return err
	}
	// What is wrong with the image's roots is for the check-in to say.
	if files, err := a.providedRoots(true); err != nil || len(files) > 0 {
		return nil
	}
	files, what := r.o.Roots, "the given root"
	if len(files) == 0 {
		first, err := firstRoot(ctx, a, src)
		if err != nil {
			return err
		}
		files, what = first, "the oldest root of the bundle"
	}
	if len(files) == 0 {
		return nil // the device says so itself
	}
	r.unknown("which root it trusts: taken for %s", what)
	return a.storeRoots(ctx, files, a.db.Metadata().StoreRoots)
}

// firstRoot is the oldest root in the bundle; none is no error, and one that is
// of no use counts as none: the check-in says what is wrong.
func firstRoot(ctx context.Context, a *Agent, src *bundle) ([][]byte, error) {
	versions, err := src.b.RootVersions()
	if err != nil || len(versions) == 0 {
		return nil, err
	}
	file, err := src.Metadata().Fetch(ctx, tuf.RootName(versions[0]), limits.Root)
	if err != nil {
		return nil, nil
	}
	if _, err := tuf.NewTrust(file, a.dialects...); err != nil {
		return nil, nil
	}
	return [][]byte{file}, nil
}

// install is what aklite-offline install does, with the download and the
// deployment left out.
func (r *rehearsal) install(ctx context.Context, a *Agent, src *bundle) error {
	req := UpdateRequest{NameOnly: true, Deferred: true, Downgrade: DowngradeRefuse}
	current, err := a.readyToInstall(ctx)
	if err != nil {
		return err
	}
	sel, err := a.selectForUpdate(ctx, src, current, req, true)
	if err != nil {
		return err
	}
	r.out.Reason = sel.Reason
	if sel.Target == nil {
		r.out.Code = Ok
		return nil
	}
	t := *sel.Target
	r.out.Target, r.out.Commit, r.out.Change = t.Name, t.Commit, change(t, current)
	if err := a.permit(ctx, t, current, req); err != nil {
		return err
	}
	wants := Wants{Apps: r.apps(a, t), Has: func(c ostree.Checksum) bool {
		if c.String() == t.Commit {
			return r.running == t.Commit
		}
		there, err := r.holds(c)
		return there && err == nil
	}}
	if r.o.Content != nil {
		if err := r.o.Content(ctx, t, wants); err != nil {
			return coded(DownloadFailure, err)
		}
	}
	r.out.Takes, r.out.Code = true, InstallNeedsReboot
	if t.Commit == current.Commit {
		r.out.Code = InstallAppsNeedFinalization
	}
	return nil
}

func change(t, current Target) string {
	switch {
	case t.Name == current.Name && t.Commit == current.Commit:
		return ChangeSame
	case t.Version < current.Version:
		return ChangeDowngrade
	}
	return ChangeUpdate
}

// apps are the URIs of those apps of a target that the device needs. What the
// programs on devices differ in about them is noted.
func (r *rehearsal) apps(a *Agent, t Target) []string {
	need := a.packedApps(t.Custom)
	if len(need) == 0 {
		return nil
	}
	r.unknown("which program updates it: aktualizr-lite runs the target's apps; otactl itself does not, and refuses the target with exit code 1")
	if !a.cfg.Pacman.HasResetApps && a.kind != unregistered {
		r.unknown("whether aktualizr-lite can: without [pacman] reset_apps a registered device ends with exit code 1 at apps of a bundle")
	}
	return appURIs(need)
}

// recalled is a sysroot of which only the database tells.
type recalled struct {
	state   *sysroot.State
	scratch string
}

var errRehearsal = errors.New("nothing is installed in a rehearsal")

func (c recalled) Read() (*sysroot.State, error)          { return c.state, nil }
func (c recalled) Path() string                           { return c.scratch }
func (c recalled) RepoPath() string                       { return filepath.Join(c.scratch, "repo") }
func (c recalled) Space() (total, free uint64, err error) { return 0, 0, errors.ErrUnsupported }
func (c recalled) Sentinel() sysroot.Sentinel {
	return sysroot.Sentinel{Dir: filepath.Join(c.scratch, "run"), Name: "need_reboot"}
}
func (c recalled) ClearUnusedSentinel() error           { return nil }
func (c recalled) Deploy(context.Context, string) error { return errRehearsal }
