package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/otactl/otactl/agent"
	"github.com/otactl/otactl/agent/config"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/offline"
	"github.com/otactl/otactl/ostree"
)

// deviceAnswer is whether a device would take a bundle, and what it would do.
type deviceAnswer struct {
	Takes    bool   `json:"takes"`
	ExitCode int    `json:"exit_code"` // that aklite-offline install would end with there
	Code     string `json:"code"`
	Meaning  string `json:"meaning"`
	Target   string `json:"target,omitempty"`
	Commit   string `json:"commit,omitempty"`
	Running  string `json:"running,omitempty"`
	Change   string `json:"change,omitempty"` // update, downgrade or same
	Reason   string `json:"reason"`
	Remedy   string `json:"remedy,omitempty"`

	HardwareID string   `json:"hardware_id"`
	Tags       []string `json:"tags"`
	Type       string   `json:"type,omitempty"`
	Unknown    []string `json:"unknown"`
}

// asDevice rehearses what the device whose files are at path would do with a
// bundle that rep is about.
func (rt *runtime) asDevice(ctx context.Context, path string, b *offline.Bundle, rep *offline.VerifyReport, opt offline.VerifyOptions) (*deviceAnswer, error) {
	cfg, err := config.LoadCopy(path)
	if err != nil {
		return nil, fmt.Errorf("--as-device: %w", err)
	}
	scratch, err := os.MkdirTemp("", "otactl-rehearsal-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	r, err := agent.Rehearse(ctx, b, agent.RehearseOptions{
		Config: cfg, Scratch: scratch, HardwareID: opt.HardwareID, Roots: opt.Roots, Dialects: dialects(),
		Clock: clock.At(opt.Now), Log: rt.log,
		Content: func(ctx context.Context, t agent.Target, apps bool) error {
			return contentOf(ctx, b, rep, t.Commit, apps)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("--as-device %s: %w", path, err)
	}
	row := agentRow(r.Code)
	return &deviceAnswer{
		Takes: r.Takes, ExitCode: row.code, Code: row.name, Meaning: row.meaning, Target: r.Target, Commit: r.Commit,
		Running: r.Running, Change: r.Change, Reason: oneLine(r.Reason), Remedy: oneLine(r.Remedy),
		HardwareID: r.HardwareID, Tags: r.Tags, Type: r.Type, Unknown: r.Unknown,
	}, nil
}

// contentOf says what is wrong with the content of one target, with its apps if
// the device needs them. All of it was read once: objects are read again only
// where something was wrong with some.
func contentOf(ctx context.Context, b *offline.Bundle, rep *offline.VerifyReport, commit string, apps bool) error {
	if f := rep.FirstBad(offline.RuleApps); f != nil && apps {
		return errors.New(f.String())
	}
	if rep.FirstBad(offline.RuleRepo, offline.RuleObject, offline.RuleDelta, offline.RuleIndex) == nil {
		return nil
	}
	sum, err := ostree.ParseChecksum(commit)
	if err != nil {
		return err
	}
	if whole, err := b.HasCommit(ctx, sum); err == nil && !whole {
		if f := rep.FirstBad(offline.RuleDelta); f != nil {
			return errors.New(f.String())
		}
	}
	repo, err := b.Repo(ctx)
	if err == nil {
		_, err = ostree.Verify(ctx, repo, sum, ostree.VerifyOptions{})
	}
	return err
}

// table tells a person what the device would do.
func (a deviceAnswer) table(w io.Writer) {
	answer := "refuses it"
	switch {
	case a.Takes:
		answer = "takes it"
	case a.ExitCode == 0:
		answer = "has nothing to do"
	}
	target := a.Target
	if a.Change != "" {
		target += " (" + a.Change + ")"
	}
	fmt.Fprintln(w)
	render.Fields(w, "the device", answer, "its exit code", fmt.Sprintf("%d, %s: %s", a.ExitCode, a.Code, a.Meaning),
		"chooses", target, "runs", a.Running, "because", a.Reason, "do", a.Remedy,
		"hardware id", a.HardwareID, "follows", strings.Join(a.Tags, " "), "is of type", a.Type)
	for _, what := range a.Unknown {
		fmt.Fprintln(w, "not known:", what)
	}
}
