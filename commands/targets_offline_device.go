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
	cfg, err := deviceCopy(path)
	if err != nil {
		return nil, err
	}
	scratch, err := os.MkdirTemp("", "otactl-rehearsal-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(scratch)
	content := &rehearsedContent{b: b, rep: rep, opt: opt}
	r, err := agent.Rehearse(ctx, b, agent.RehearseOptions{
		Config: cfg, Scratch: scratch, HardwareID: opt.HardwareID, Roots: opt.Roots, Dialects: dialects(),
		Clock: clock.At(opt.Now), Log: rt.log,
		Content: content.of,
	})
	if err != nil {
		return nil, fmt.Errorf("--as-device %s: %w", path, err)
	}
	answer := newDeviceAnswer(r)
	answer.Unknown = append(answer.Unknown, content.unknown...)
	return answer, nil
}

// deviceCopy is the configuration of the device whose files are at path.
func deviceCopy(path string) (*config.Config, error) {
	cfg, err := config.LoadCopy(path)
	if err != nil {
		return nil, fmt.Errorf("--as-device: %w", err)
	}
	return cfg, nil
}

func newDeviceAnswer(r *agent.Rehearsal) *deviceAnswer {
	row := agentRow(r.Code)
	return &deviceAnswer{
		Takes: r.Takes, ExitCode: row.code, Code: row.name, Meaning: row.meaning, Target: r.Target, Commit: r.Commit,
		Running: r.Running, Change: r.Change, Reason: oneLine(r.Reason), Remedy: oneLine(r.Remedy),
		HardwareID: r.HardwareID, Tags: r.Tags, Type: r.Type, Unknown: r.Unknown,
	}
}

// rehearsedContent answers for the content of a bundle that was verified.
type rehearsedContent struct {
	b       *offline.Bundle
	rep     *offline.VerifyReport
	opt     offline.VerifyOptions
	unknown []string
}

// of says what is wrong with the content of one target, as far as the device
// needs it: objects, or else a delta from what it has.
func (c *rehearsedContent) of(ctx context.Context, t agent.Target, w agent.Wants) error {
	if err := c.apps(ctx, t, w); err != nil {
		return err
	}
	commit, err := ostree.ParseChecksum(t.Commit)
	if err != nil || w.Has(commit) {
		return err
	}
	bad := c.objects(ctx, commit)
	if bad == nil || c.byDelta(t.Commit, w) {
		return nil
	}
	if f := c.rep.BadDelta(commit); f != nil {
		return errors.New(f.String())
	}
	return bad
}

// apps looks at those that the device needs. All were read once: they are read
// again only where something was wrong with some, maybe another target's.
func (c *rehearsedContent) apps(ctx context.Context, t agent.Target, w agent.Wants) error {
	if len(w.Apps) == 0 || c.rep.Clean(offline.RuleApps) {
		return nil
	}
	f, err := offline.FirstBadApp(ctx, c.b, t.Custom, w.Apps, c.opt)
	if err == nil && f != nil {
		err = errors.New(f.String())
	}
	return err
}

// objects looks at those of a commit. All were read once: they are read again
// only where something was wrong with some.
func (c *rehearsedContent) objects(ctx context.Context, commit ostree.Checksum) error {
	whole, err := c.b.HasCommit(ctx, commit)
	if err == nil && whole && c.rep.Clean(offline.RuleRepo, offline.RuleObject, offline.RuleIndex) {
		return nil
	}
	repo, err := c.b.Repo(ctx)
	if err == nil {
		_, err = ostree.Verify(ctx, repo, commit, ostree.VerifyOptions{})
	}
	return err
}

// byDelta says whether a good delta leads to a commit from what the device has.
func (c *rehearsedContent) byDelta(commit string, w agent.Wants) bool {
	for _, d := range c.rep.Deltas {
		from, err := ostree.ParseChecksum(d.From)
		if d.To != commit || !d.Usable() || d.From != "" && (err != nil || !w.Has(from)) {
			continue
		}
		if !d.Applied {
			c.unknown = append(c.unknown, "whether what the static delta makes is right: it was not applied, which --base REPO does; taken for yes")
		}
		return true
	}
	return false
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
