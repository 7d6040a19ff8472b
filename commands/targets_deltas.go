package commands

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/client/treehub"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/publish"
	"github.com/otactl/otactl/tuf"
)

func staticDeltasCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "static-deltas",
		Usage:     "make static deltas between targets that are there",
		ArgsUsage: "VERSION [FROM-VERSION...]",
		Description: "They lead to the targets of VERSION, for each hardware from its targets of the other versions. A store that\n" +
			"takes deltas gets them from here; elsewhere the backend is asked to make them.",
		Flags: changeFlags(rt, slices.Concat([]cli.Flag{
			&cli.StringFlag{Name: "by-tag", Usage: "from all earlier versions that have the tag `TAG`"},
			&cli.StringFlag{Name: "hw-id", Usage: "only for the hardware `HWID`"},
			&cli.StringFlag{Name: "repo", Aliases: []string{"r"}, Usage: "make them in the OSTree repo `DIR`; commits that it lacks are fetched (default: a temporary one)"},
		}, destinationFlags(), signByFlags("a summary that is made here"))...),
		Action: func(c *cli.Context) error { return rt.staticDeltas(c) },
	}
}

// deltaPlan is what static deltas are to lead to and from.
type deltaPlan struct {
	to    int
	from  []int
	pairs []deltaPair
}

// deltaPair is a target, and the commits that lead to it.
type deltaPair struct {
	name string
	t    tuf.Target
	to   ostree.Checksum
	from []ostree.Checksum
}

func (rt *runtime) staticDeltas(c *cli.Context) error {
	plan, err := parseDeltaPlan(c)
	if err != nil {
		return err
	}
	ch, err := rt.changeTargets(c)
	if err != nil {
		return err
	}
	if err := plan.find(ch.draft, c.String("by-tag"), c.String("hw-id")); err != nil {
		return err
	}
	signers, err := rt.commitSigners(c)
	if err != nil {
		return err
	}
	p, err := rt.openDestination(c, treehub.DefaultJobs, purpose{readOnly: c.Bool("dry-run"), signers: signers})
	if err != nil {
		return err
	}
	maker := &publish.DeltaMaker{Remote: p.store, XZ: xzProgram(), Clock: rt.clock, Progress: rt.progress(), Log: rt.log}
	err = maker.Check(c.Context)
	switch {
	case errors.Is(err, errors.ErrUnsupported) || fail.ClassOf(err) == fail.Unsupported && c.String("to") == "":
		return rt.askForDeltas(c, ch.backend, plan, err)
	case err != nil:
		return err
	case c.Bool("dry-run"):
		return rt.render(plan.view())
	}
	repo, remove, err := rt.deltaRepo(c.String("repo"))
	if err != nil {
		return err
	}
	defer remove()
	maker.Repo = repo
	return rt.makeDeltas(c, ch, maker, plan)
}

// deltaRepo is the repo that deltas are made in.
func (rt *runtime) deltaRepo(dir string) (*ostree.Repo, func(), error) {
	if dir != "" {
		repo, err := ostree.OpenRepo(dir)
		return repo, func() {}, err
	}
	dir, err := os.MkdirTemp("", "otactl-deltas-*")
	if err != nil {
		return nil, nil, err
	}
	repo, err := ostree.CreateRepo(dir, ostree.ModeArchive)
	return repo, func() { _ = os.RemoveAll(dir) }, err
}

// askForDeltas has the backend make them; unsupported is why it isn't done here.
func (rt *runtime) askForDeltas(c *cli.Context, backend *factory.Client, plan *deltaPlan, unsupported error) error {
	if c.Bool("dry-run") {
		return rt.render(plan.view())
	}
	done, err := backend.StaticDeltas(c.Context, plan.to, plan.from, c.String("hw-id"))
	if httpx.Code(err) == http.StatusNotFound {
		return fail.As(fmt.Errorf("the backend makes no static deltas, and %w", unsupported), fail.Unsupported, "")
	}
	if err != nil {
		return err
	}
	v := plan.view()
	v.outcome = outcome{WebURL: done.WebURL}
	return rt.render(v)
}

// makeDeltas makes and sends them, and names their sizes in the targets.
func (rt *runtime) makeDeltas(c *cli.Context, ch *changing, maker *publish.DeltaMaker, plan *deltaPlan) error {
	view := staticDeltasView{outcome: outcome{Version: ch.draft.Version()}}
	changed := false
	for _, pair := range plan.pairs {
		old, err := statsOf(pair.t)
		if err != nil {
			return fmt.Errorf("target %s: %w", pair.name, err)
		}
		rep, err := maker.Make(c.Context, pair.to, pair.from, old)
		if err != nil {
			return fmt.Errorf("target %s: %w", pair.name, err)
		}
		view.Targets = append(view.Targets, targetDeltas{pair.name, newDeltasView(rep)})
		if rep.Stats == nil || old != nil && *old == *rep.Stats {
			continue
		}
		changed = true
		if err := ch.draft.SetCustom(pair.name, map[string]any{"delta-stats": rep.Stats}); err != nil {
			return fmt.Errorf("target %s: %w", pair.name, err)
		}
	}
	if s, ok := maker.Remote.(ostree.Summarizer); ok {
		if err := s.UpdateSummary(c.Context); err != nil {
			return err
		}
	}
	if !changed {
		return rt.render(view)
	}
	var err error
	view.outcome, err = rt.commit(c, ch, func() (factory.Changed, error) {
		return ch.backend.ReplaceTargets(c.Context, ch.base(), entries(ch.draft))
	})
	if err != nil {
		return err
	}
	view.changed = true
	return rt.render(view)
}

// statsOf is what a target says about its deltas, nil for nothing.
func statsOf(t tuf.Target) (*publish.DeltaStats, error) {
	var custom struct {
		Stats *publish.DeltaStats `json:"delta-stats"`
	}
	err := json.Unmarshal(t.Custom, &custom)
	return custom.Stats, err
}

func parseDeltaPlan(c *cli.Context) (*deltaPlan, error) {
	args := c.Args().Slice()
	if len(args) == 0 {
		return nil, fail.New(fail.Usage, "otactl targets static-deltas VERSION [FROM-VERSION...]", "the version to lead to is missing")
	}
	if by := c.String("by-tag") != ""; by == (len(args) > 1) {
		return nil, fail.New(fail.Usage, "give versions to lead from, or --by-tag", "static deltas: from which versions?")
	}
	var list []int
	for _, a := range args {
		n, err := strconv.Atoi(a)
		if err != nil || n < 1 || n > publish.MaxVersion {
			return nil, fail.New(fail.Usage, "", "%.40q: not the version of a target", a)
		}
		list = append(list, n)
	}
	p := &deltaPlan{to: list[0], from: list[1:]}
	for _, n := range p.from {
		if n >= p.to {
			return nil, fail.New(fail.Usage, "name versions before it", "version %d: it is not before %d", n, p.to)
		}
	}
	return p, nil
}

// find looks the targets up. With a tag the versions before are those that have
// it.
func (p *deltaPlan) find(d *tuf.TargetsDraft, tag, hwid string) error {
	list, err := numbered(d)
	if err != nil {
		return err
	}
	for _, e := range list {
		if e.version != p.to || hwid != "" && !slices.Contains(e.custom.HardwareIDs, hwid) {
			continue
		}
		pair := deltaPair{name: e.name, t: e.target, to: e.commit}
		for _, old := range list {
			if old.version < p.to && old.commit != e.commit && shares(old.custom.HardwareIDs, e.custom.HardwareIDs) && p.wants(old, tag) && !slices.Contains(pair.from, old.commit) {
				pair.from = append(pair.from, old.commit)
			}
		}
		if len(pair.from) > publish.MaxDeltas {
			return fail.New(fail.Usage, "name fewer versions", "target %s: %d deltas, at most %d at once", e.name, len(pair.from), publish.MaxDeltas)
		}
		if len(pair.from) > 0 {
			p.pairs = append(p.pairs, pair)
		}
	}
	if len(p.pairs) == 0 {
		return fail.New(fail.NotFound, "look at otactl targets list", "no target of version %d with another one to lead from", p.to)
	}
	return nil
}

// wants says whether deltas lead from a target; one that a tag brought in is
// noted, for a backend that is told versions.
func (p *deltaPlan) wants(old numberedTarget, tag string) bool {
	if tag == "" {
		return slices.Contains(p.from, old.version)
	}
	if !slices.Contains(old.custom.Tags, tag) {
		return false
	}
	if !slices.Contains(p.from, old.version) {
		p.from = append(p.from, old.version)
	}
	return true
}

func shares(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

type numberedTarget struct {
	name    string
	version int
	commit  ostree.Checksum
	target  tuf.Target
	custom  tuf.Custom
}

// numbered are the OSTree targets of a draft, the newest first.
func numbered(d *tuf.TargetsDraft) ([]numberedTarget, error) {
	var list []numberedTarget
	for _, name := range d.Names() {
		var t numberedTarget
		var err error
		if t.target, err = d.Target(name); err == nil {
			t.custom, err = t.target.Fields()
		}
		if err != nil {
			return nil, fmt.Errorf("target %s: %w", name, err)
		}
		n, verr := strconv.Atoi(t.custom.Version)
		sum, cerr := ostree.ParseChecksum(t.target.Commit())
		if verr == nil && cerr == nil {
			t.name, t.version, t.commit = name, n, sum
			list = append(list, t)
		}
	}
	slices.SortStableFunc(list, func(a, b numberedTarget) int { return cmp.Compare(b.version, a.version) })
	return list, nil
}

type staticDeltasView struct {
	outcome
	Targets []targetDeltas `json:"targets"`
	planned bool
	changed bool
}

type targetDeltas struct {
	Target string `json:"target"`
	deltasView
}

// view is what would be made.
func (p *deltaPlan) view() staticDeltasView {
	v := staticDeltasView{outcome: outcome{DryRun: true}, planned: true}
	for _, pair := range p.pairs {
		rep := publish.DeltaReport{To: pair.to}
		for _, c := range pair.from {
			rep.Deltas = append(rep.Deltas, publish.DeltaInfo{From: c})
		}
		v.Targets = append(v.Targets, targetDeltas{pair.name, newDeltasView(rep)})
	}
	return v
}

// Table says for each target which deltas lead to it.
func (v staticDeltasView) Table(w io.Writer) {
	for _, t := range v.Targets {
		render.Fields(w, append([]string{"target", t.Target}, t.rows(v.planned)...)...)
	}
	if v.changed || v.planned {
		v.say(w)
	}
}
