package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"

	"github.com/otactl/otactl/agent"
	"github.com/otactl/otactl/commands/boost"
	"github.com/otactl/otactl/internal/fail"
)

func aktualizrLiteParser() *boost.Parser {
	str := boost.String
	return &boost.Parser{
		Caption: "Flags",
		Options: []boost.Option{
			{Long: "help", Short: "h", Kind: boost.Switch, Help: "print usage"},
			{Long: "version", Short: "v", Kind: boost.Switch, Help: "print the version"},
			{Long: "config", Short: "c", Kind: str, Multi: true, Help: "configuration file, or folder of *.toml files"},
			{Long: "loglevel", Kind: boost.Int, Help: "0 (everything) to 5 (fatal errors)"},
			{Long: "update-name", Kind: str, Help: "name or version of the target (pull, install, update; default: the newest)"},
			{Long: "install-mode", Kind: str, Help: "delay-app-install: leave apps for run"},
			{Long: "interval", Kind: boost.Int, Help: "seconds between two polls of the daemon"},
			{Long: "json", Kind: boost.Bool, Help: "print JSON (check, list, status)"},
			{Long: "report-hw-info", Kind: boost.Bool, Help: "accepted; nothing is reported"},
			{Long: "src-dir", Kind: str, Help: "folder of an offline bundle (check, list, pull, install, update)"},
			{Long: "command", Kind: str, Help: "the command"},
		},
		Positional: []string{"command", "update-name"},
	}
}

const aktualizrLiteUsage = `Usage:
  aktualizr-lite [command] [update-name] [flags]

Commands:
  update    update the metadata, bring in and deploy the newest target or the one named
  pull      bring in a target by the metadata that is stored
  install   deploy a target that was pulled
  list      list the targets by the metadata that is stored
  check     update the metadata and list the targets
  status    show what runs
  run       after the reboot, confirm what was installed
  finalize  the same

`

// aktualizrLite is the mode in which this program is aktualizr-lite.
func aktualizrLite(ctx context.Context, rt *runtime, args []string) int {
	p := aktualizrLiteParser()
	v, err := p.Parse(args)
	switch {
	case err != nil:
		fmt.Fprintln(rt.std.Err, "aktualizr-lite:", err)
		fmt.Fprint(rt.std.Err, aktualizrLiteUsage)
		p.Usage(rt.std.Err)
		return akliteFailed
	case v.Bool("version"):
		fmt.Fprintln(rt.std.Out, "Current aktualizr version is: "+buildVersion().Version)
		return 0
	case v.Bool("help") || !v.Has("command"):
		fmt.Fprint(rt.std.Out, aktualizrLiteUsage)
		p.Usage(rt.std.Out)
		return 0
	}
	rt.aktualizrLogging(v)
	code, err := rt.runAktualizrLite(ctx, v)
	if err != nil {
		rt.sayFailure("aktualizr-lite", err)
		return int(agent.CodeOf(err))
	}
	return int(code)
}

// aktualizrLogging: JSON without a level asked for keeps everything but errors
// quiet.
func (rt *runtime) aktualizrLogging(v *boost.Values) {
	switch {
	case v.Has("loglevel"):
		rt.level.Set(akliteLevel(v.Int("loglevel")))
	case v.Bool("json"):
		rt.level.Set(slog.LevelError)
		rt.quiet = true
	default:
		rt.level.Set(slog.LevelInfo)
	}
	if m := v.String("install-mode"); m != "" && m != delayApps {
		rt.log.Warn("install mode is not known; the default is used", "mode", m)
	}
}

// delayApps is the only value of --install-mode.
const delayApps = "delay-app-install"

func (rt *runtime) runAktualizrLite(ctx context.Context, v *boost.Values) (agent.Code, error) {
	switch command := v.String("command"); command {
	case "check":
		return rt.liteList(ctx, v, (*agent.Agent).Check, true)
	case "list":
		return rt.liteList(ctx, v, (*agent.Agent).List, false)
	case "update":
		return rt.liteInstall(ctx, v, (*agent.Agent).Update, true)
	case "pull":
		return rt.liteInstall(ctx, v, (*agent.Agent).Pull, true)
	case "install":
		return rt.liteInstall(ctx, v, (*agent.Agent).Install, false)
	case "run", "finalize":
		return rt.liteRun(ctx, v)
	case "status":
		return rt.liteStatus(ctx, v)
	case "daemon":
		return 0, fail.New(fail.Unsupported, "call check, update and run from a timer", "command daemon is not in this build")
	case "rollback":
		return 0, fail.New(fail.Unsupported, "name the earlier target: aktualizr-lite update NAME", "command rollback is not in this build")
	default:
		return 0, fail.New(fail.Usage, "see aktualizr-lite --help", "command %.40q is not known", command)
	}
}

// liteSource says where a command takes updates from: the bundle that was
// named, the gateway, or nil where the command needs neither.
func liteSource(v *boost.Values, needed bool) *string {
	dir := v.String("src-dir")
	if dir == "" && !needed {
		return nil
	}
	return &dir
}

func (rt *runtime) liteList(ctx context.Context, v *boost.Values, list lister, needsSource bool) (agent.Code, error) {
	var l agent.Listing
	do := func(a *agent.Agent, src agent.Source) (err error) {
		l, err = list(a, ctx, src)
		return err
	}
	var err error
	if needsSource {
		err = rt.withDevice(ctx, v.Strings("config"), liteSource(v, true), do)
	} else {
		err = rt.readingDevice(ctx, v, do)
	}
	if err != nil {
		return 0, err
	}
	if v.Bool("json") {
		return l.Code, printJSON(rt.std.Out, liteTargets(l))
	}
	printTargets(rt.std.Out, l)
	return l.Code, nil
}

// readingDevice opens the device for reading, without its lock.
func (rt *runtime) readingDevice(ctx context.Context, v *boost.Values, do func(*agent.Agent, agent.Source) error) error {
	a, err := rt.openDevice(ctx, v.Strings("config"), true)
	if err != nil {
		return err
	}
	defer a.Close()
	if v.String("src-dir") == "" {
		return do(a, nil)
	}
	src, err := a.OpenBundle(v.String("src-dir"))
	if err != nil {
		return err
	}
	defer src.Close()
	return do(a, src)
}

func (rt *runtime) liteInstall(ctx context.Context, v *boost.Values, do installer, needsSource bool) (agent.Code, error) {
	req := agent.UpdateRequest{Name: v.String("update-name"), Deferred: v.String("install-mode") == delayApps}
	var r agent.Result
	err := rt.withDevice(ctx, v.Strings("config"), liteSource(v, needsSource), func(a *agent.Agent, src agent.Source) (err error) {
		r, err = do(a, ctx, src, req)
		return err
	})
	rt.printResult(r, err)
	return r.Code, err
}

func (rt *runtime) liteRun(ctx context.Context, v *boost.Values) (agent.Code, error) {
	var r agent.Result
	err := rt.withDevice(ctx, v.Strings("config"), nil, func(a *agent.Agent, _ agent.Source) (err error) {
		r, err = a.Finalize(ctx)
		return err
	})
	rt.printResult(r, err)
	return r.Code, err
}

func (rt *runtime) liteStatus(ctx context.Context, v *boost.Values) (agent.Code, error) {
	return agent.Ok, rt.readingDevice(ctx, v, func(a *agent.Agent, _ agent.Source) error {
		s, err := a.Status(ctx)
		switch {
		case err != nil:
			return err
		case v.Bool("json"):
			return printJSON(rt.std.Out, liteStatus(s))
		}
		viewStatus(s).Table(rt.std.Out)
		return nil
	})
}

// printTargets lists targets in lines.
func printTargets(w io.Writer, l agent.Listing) {
	fmt.Fprintln(w, "Found Targets:")
	for _, t := range l.Targets {
		fmt.Fprintf(w, "Name: %s\n\tostree: %s\n", oneLine(t.Name), t.Commit)
		for _, name := range t.Apps() {
			fmt.Fprintf(w, "\tapp: %s -> %s\n", oneLine(name), oneLine(t.Custom.Apps[name].URI))
		}
		if t.Selected {
			fmt.Fprintf(w, "\t%s\n", oneLine(t.Reason))
		}
	}
}

// liteTarget is an element of the array that check and list print; the names
// and their order are those of the original.
type liteTarget struct {
	Apps     []liteApp `json:"apps"` // null when it has none
	Current  bool      `json:"current,omitempty"`
	Failed   bool      `json:"failed,omitempty"`
	Name     string    `json:"name"`
	Newer    bool      `json:"newer,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Selected bool      `json:"selected,omitempty"`
	Version  int       `json:"version"`
}

type liteApp struct {
	Name string `json:"name"`
	On   bool   `json:"on"`
	URI  string `json:"uri"`
}

func liteTargets(l agent.Listing) []liteTarget {
	var out []liteTarget
	for _, t := range l.Targets {
		out = append(out, liteTarget{
			Apps: liteApps(t.Target, t.On), Current: t.Current, Failed: t.Failed, Name: t.Name, Newer: t.Newer,
			Reason: t.Reason, Selected: t.Selected, Version: t.Version,
		})
	}
	return out
}

func liteApps(t agent.Target, on func(string) bool) []liteApp {
	var apps []liteApp
	for _, name := range t.Apps() {
		apps = append(apps, liteApp{Name: name, On: on(name), URI: t.Custom.Apps[name].URI})
	}
	return apps
}

// liteStatusView is the object that status prints.
type liteStatusView struct {
	Applied *liteState `json:"applied_target"`
	UUID    string     `json:"device_uuid,omitempty"`
	Commit  string     `json:"ostree_hash"`
	Pending *liteState `json:"pending_target,omitempty"`
	Tag     string     `json:"tag"`
}

type liteState struct {
	Apps    []liteApp `json:"apps"`
	Name    string    `json:"name"`
	Commit  string    `json:"ostree_hash"`
	Version *int      `json:"version,omitempty"`
}

func liteStatus(s agent.Status) liteStatusView {
	v := liteStatusView{Applied: liteStateOf(&s.Current, s.On), UUID: s.DeviceID, Commit: s.Commit, Pending: liteStateOf(s.Pending, s.On)}
	if len(s.Tags) > 0 {
		v.Tag = s.Tags[0]
	}
	return v
}

func liteStateOf(t *agent.Target, on func(string) bool) *liteState {
	if t == nil {
		return nil
	}
	v := &liteState{Apps: liteApps(*t, on), Name: t.Name, Commit: t.Commit}
	if t.Version >= 0 {
		v.Version = &t.Version
	}
	return v
}

// printJSON writes a document as the original lays it out: tabs, and an empty
// line at the end.
func printJSON(w io.Writer, doc any) error {
	text, err := json.MarshalIndent(doc, "", "\t")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n\n", text)
	return err
}
