package commands

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/otactl/otactl/agent"
	"github.com/otactl/otactl/commands/boost"
)

// akliteFailed is the exit code for a mistake in the call, as for everything
// that has no code of its own.
const akliteFailed = 1

func akliteOfflineParser() *boost.Parser {
	str := boost.String
	return &boost.Parser{
		Caption: "Options",
		Options: []boost.Option{
			{Long: "help", Short: "h", Kind: boost.Switch, Help: "print usage"},
			{Long: "log-level", Kind: boost.Int, Default: "2", Help: "0 (everything) to 5 (fatal errors)"},
			{Long: "config", Short: "c", Kind: str, Multi: true, Help: "configuration file, or folder of *.toml files"},
			{Long: "src-dir", Short: "s", Kind: str, Help: "folder of the offline bundle (check, install)"},
			{Long: "force", Short: "f", Kind: boost.Switch, Help: "install a target older than the one that runs"},
			{Long: "target", Short: "t", Kind: str, Help: "name of the target to install (default: the newest in the bundle)"},
			{Long: "command", Kind: str, Hidden: true, Help: "check, install, run or current"},
		},
		Positional: []string{"command"},
	}
}

const akliteOfflineUsage = `Usage:
  aklite-offline check   --src-dir DIR [--config PATH]...
  aklite-offline install --src-dir DIR [--config PATH]... [--force] [--target NAME]
  aklite-offline run     [--config PATH]...
  aklite-offline current [--config PATH]...

`

// akliteOffline is the mode in which this program is aklite-offline.
func akliteOffline(ctx context.Context, rt *runtime, args []string) int {
	p := akliteOfflineParser()
	v, err := p.Parse(args)
	if err == nil {
		err = checkAkliteOffline(v)
	}
	if err != nil {
		fmt.Fprintln(rt.std.Err, "aklite-offline:", err)
	}
	if err != nil || v.Bool("help") || !v.Has("command") {
		fmt.Fprint(rt.std.Err, akliteOfflineUsage)
		p.Usage(rt.std.Err)
		if err == nil && v.Has("command") {
			return 0 // the help of a command was asked for
		}
		return akliteFailed
	}
	rt.level.Set(akliteLevel(v.Int("log-level")))
	code, err := rt.runAkliteOffline(ctx, v)
	if err != nil {
		rt.sayFailure("aklite-offline", err)
		code = agent.CodeOf(err)
		if code == agent.InstallRollbackOk && v.String("command") == "run" {
			code = agent.InstallOfflineRollbackOk
		}
	}
	return int(code)
}

// checkAkliteOffline finds mistakes that the parser can't see.
func checkAkliteOffline(v *boost.Values) error {
	if !v.Has("command") || v.Bool("help") {
		return nil
	}
	switch command := v.String("command"); command {
	case "check", "install":
		if v.String("src-dir") == "" {
			return fmt.Errorf("the option '--src-dir' is required but missing")
		}
	case "run", "current":
	default:
		return fmt.Errorf("unknown command '%s'", oneLine(command))
	}
	return nil
}

// akliteLevel maps the six levels of libaktualizr to ours.
func akliteLevel(n int) slog.Level {
	switch {
	case n <= 1:
		return slog.LevelDebug
	case n == 2:
		return slog.LevelInfo
	case n == 3:
		return slog.LevelWarn
	}
	return slog.LevelError
}

func (rt *runtime) runAkliteOffline(ctx context.Context, v *boost.Values) (code agent.Code, err error) {
	var dir *string
	if v.Has("src-dir") && v.String("command") != "run" && v.String("command") != "current" {
		d := v.String("src-dir")
		dir = &d
	}
	err = rt.withDevice(ctx, v.Strings("config"), dir, func(a *agent.Agent, src agent.Source) (err error) {
		switch v.String("command") {
		case "check":
			code, err = rt.offlineCheck(ctx, a, src)
		case "install":
			code, err = rt.offlineInstall(ctx, a, src, v)
		case "run":
			code, err = rt.offlineRun(ctx, a)
		case "current":
			code, err = rt.offlineCurrent(ctx, a)
		}
		return err
	})
	return code, err
}

func (rt *runtime) offlineCheck(ctx context.Context, a *agent.Agent, src agent.Source) (agent.Code, error) {
	l, err := a.Check(ctx, src)
	if err == nil {
		printTargets(rt.std.Out, l)
	}
	return l.Code, err
}

func (rt *runtime) offlineInstall(ctx context.Context, a *agent.Agent, src agent.Source, v *boost.Values) (agent.Code, error) {
	req := agent.UpdateRequest{Name: v.String("target"), NameOnly: true, Deferred: true, Downgrade: agent.DowngradeRefuse}
	if v.Bool("force") {
		req.Downgrade = agent.DowngradeAllow
	}
	r, err := a.Update(ctx, src, req)
	rt.printResult(r, err)
	return r.Code, err
}

func (rt *runtime) offlineRun(ctx context.Context, a *agent.Agent) (agent.Code, error) {
	r, err := a.Finalize(ctx)
	rt.printResult(r, err)
	return r.Code, err
}

// offlineCurrent finalizes what waits, as the original does, and then shows
// what runs.
func (rt *runtime) offlineCurrent(ctx context.Context, a *agent.Agent) (agent.Code, error) {
	if _, err := a.Finalize(ctx); err != nil && agent.CodeOf(err) != agent.NoPendingInstallation {
		rt.log.Warn("what waited could not be finalized", "err", err)
	}
	s, err := a.Status(ctx)
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(rt.std.Out, "Target: %s\nOSTree hash: %s\n", oneLine(s.Current.Name), s.Commit)
	for _, name := range s.Current.Apps() {
		fmt.Fprintf(rt.std.Out, "App: %s %s\n", oneLine(name), oneLine(s.Current.Custom.Apps[name].URI))
	}
	return agent.Ok, nil
}

// printResult says in lines what came of an operation.
func (rt *runtime) printResult(r agent.Result, err error) {
	if err != nil {
		return
	}
	if r.Target != nil {
		fmt.Fprintf(rt.std.Out, "Target: %s\n", oneLine(r.Target.Name))
	}
	fmt.Fprintf(rt.std.Out, "%s: %s\n", agentRow(r.Code).name, agentRow(r.Code).meaning)
}
