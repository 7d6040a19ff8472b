package commands

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/publish"
	"github.com/otactl/otactl/tuf"
)

func wavesInitCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "init",
		Usage:     "make a wave out of a version that CI has built, and sign its targets",
		ArgsUsage: "WAVE VERSION TAG",
		Description: "The wave's targets are the production targets of TAG and the CI targets of VERSION, which keep all\n" +
			"but their tags. Root and targets of both are verified before anything is signed, and what is signed\n" +
			"is shown. Devices get nothing yet: see otactl waves rollout and complete.",
		Flags: wavesFlags(append(append(keyFlags(rt, true), expiryFlags()...), rootFlag(),
			&cli.StringSliceFlag{Name: "prune", Usage: "drop the production targets of these `VERSIONS`, separated by commas"},
			&cli.StringFlag{Name: "source-tag", Usage: "take only CI targets that carry `TAG`"},
			&cli.BoolFlag{Name: "dry-run", Aliases: []string{"d"}, Usage: "print the signed wave, and send nothing"},
		)...),
		Action: func(c *cli.Context) error { return rt.waveInit(c) },
	}
}

func (rt *runtime) waveInit(c *cli.Context) error {
	name, tag := c.Args().Get(0), c.Args().Get(2)
	version, err := strconv.Atoi(c.Args().Get(1))
	if err != nil || version < 1 {
		return fail.New(fail.Usage, "give the build number, such as 42", "waves init: version %q is not a number", c.Args().Get(1))
	}
	expires, err := expiryOf(c, rt.clock(), 365)
	if err != nil {
		return err
	}
	d, err := rt.openDesk(c, tag)
	if err != nil {
		return err
	}
	plan, err := publish.PlanWave(publish.WaveRequest{CI: d.ci, Production: d.targets, Version: version, Tag: tag,
		SourceTag: c.String("source-tag"), Prune: commaList(c.StringSlice("prune"))})
	if err != nil {
		return err
	}
	file, err := plan.Targets.Sign(version, expires)
	if err != nil {
		return err
	}
	if err := d.announce(name, tag, plan, file); err != nil {
		return err
	}
	if file, err = d.sign(c, file); err != nil {
		return err
	}
	wave := factory.NewWave{Name: name, Version: strconv.Itoa(version), Tag: tag, Targets: file}
	if c.Bool("dry-run") {
		doc, err := json.Marshal(wave)
		if err == nil {
			_, err = fmt.Fprintln(rt.std.Out, indented(doc))
		}
		return err
	}
	if err := d.api.CreateWave(c.Context, wave); err != nil {
		return err
	}
	if len(plan.WithoutDelta) > 0 {
		rt.log.Warn("devices will fetch whole objects: no static delta leads to these targets", "targets", strings.Join(plan.WithoutDelta, " "))
	}
	return rt.showSigned(c, d, name, plan, file)
}

// commaList splits the values of a flag that may hold several each.
func commaList(values []string) []string {
	return strings.FieldsFunc(strings.Join(values, ","), func(c rune) bool { return c == ',' || c == ' ' })
}

func wavesSignCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "sign",
		Usage:     "add a signature to a wave's targets",
		ArgsUsage: "WAVE",
		Description: "Needed where the production root wants more signatures than the wave was made with. What is signed\n" +
			"is compared with the production and CI targets, which are verified first, and shown.",
		Flags:  wavesFlags(append(keyFlags(rt, true), rootFlag())...),
		Action: func(c *cli.Context) error { return rt.waveSign(c) },
	}
}

func (rt *runtime) waveSign(c *cli.Context) error {
	name := c.Args().First()
	api, err := rt.factory(c)
	if err != nil {
		return err
	}
	wave, err := api.Wave(c.Context, name, true)
	if err != nil {
		return err
	}
	d, err := rt.openDesk(c, wave.Tag)
	if err != nil {
		return err
	}
	plan, before, err := d.review(wave)
	if err != nil {
		return fmt.Errorf("wave %s: %w", name, err)
	}
	if !plan.Targets.Expires().After(rt.clock()) {
		return fail.New(fail.Expired, "cancel the wave and make a new one", "wave %s: its targets expired on %s", name, date(plan.Targets.Expires()))
	}
	if err := d.announce(name, wave.Tag, plan, wave.Targets); err != nil {
		return err
	}
	file, err := d.sign(c, wave.Targets)
	if err != nil {
		return err
	}
	signed, err := tuf.ParseEnvelope(file)
	if err != nil {
		return err
	}
	if err := d.api.SignWave(c.Context, name, signed.Signatures[before:]); err != nil {
		return err
	}
	return rt.showSigned(c, d, name, plan, file)
}

// desk is where a wave is signed: the backend, and what was verified of it.
type desk struct {
	rt      *runtime
	api     *factory.Client
	root    *tuf.Root         // of production
	targets *tuf.TargetsDraft // of production; nil where the tag has none yet
	ci      *tuf.TargetsDraft
	online  *tuf.PublicKey // nil: the backend holds none
}

func (rt *runtime) openDesk(c *cli.Context, tag string) (*desk, error) {
	anchor, err := trustedRoot(c)
	if err != nil {
		return nil, err
	}
	d := &desk{rt: rt}
	if d.api, err = rt.factory(c); err != nil {
		return nil, err
	}
	if anchor, err = rt.signingRoot(c.Context, d.api, anchor); err != nil {
		return nil, err
	}
	prod, err := rt.production(c.Context, d.api, tag, anchor)
	if err != nil {
		return nil, err
	}
	d.root = prod.root()
	if d.targets, err = prod.targets(); err != nil {
		return nil, err
	}
	if d.ci, err = rt.ciTargets(c.Context, d.api, anchor); err != nil {
		return nil, err
	}
	d.online, err = d.api.OnlineTargetsKey(c.Context)
	return d, err
}

// review reads a wave as the backend has it, which proves nothing, and holds its
// targets against what was verified. before is how many have signed.
func (d *desk) review(wave factory.Wave) (plan *publish.WavePlan, before int, err error) {
	e, err := tuf.ParseEnvelope(wave.Targets)
	if err != nil {
		return nil, 0, err
	}
	targets, err := tuf.DraftTargets(wave.Targets)
	if err != nil {
		return nil, 0, err
	}
	if strconv.Itoa(targets.Version()) != wave.Version {
		return nil, 0, fail.New(fail.Verification, "don't sign it; ask who made the wave",
			"its targets.json is version %d, and the backend calls it version %s", targets.Version(), wave.Version)
	}
	plan, err = publish.ReviewWave(targets, d.targets, d.ci, wave.Tag)
	return plan, len(e.Signatures), err
}

// sign adds the signatures of the offline keys that --keys names, each over the
// canonical form of what file holds.
func (d *desk) sign(c *cli.Context, file []byte) ([]byte, error) {
	offline, err := withoutKey(d.root, d.online)
	if err != nil {
		return nil, err
	}
	signers, err := openSigners(c.Context, d.rt, c.StringSlice("keys"), offline, tuf.RoleTargets)
	if err != nil {
		return nil, err
	}
	for _, s := range signers {
		if file, err = tuf.AddSignature(file, s); err != nil {
			return nil, err
		}
	}
	return file, nil
}

// withoutKey is root without the online key among those that may sign targets:
// an archive that holds it as well has one key to offer, and nobody signs with
// what the backend signs with.
func withoutKey(root *tuf.Root, online *tuf.PublicKey) (*tuf.Root, error) {
	out := *root
	out.Roles = maps.Clone(root.Roles)
	keys := out.Roles[tuf.RoleTargets]
	keys.KeyIDs = slices.DeleteFunc(slices.Clone(keys.KeyIDs), func(id string) bool {
		return online != nil && root.Keys[id].Equal(online)
	})
	out.Roles[tuf.RoleTargets] = keys
	if len(keys.KeyIDs) == 0 {
		return nil, fail.New(fail.NotFound, "give the factory an offline targets key: otactl keys tuf updates add-offline-key",
			"production root %d lists no targets key but the backend's own", root.Version)
	}
	return &out, nil
}

// announce shows what is about to be signed: what file holds.
func (d *desk) announce(name, tag string, p *publish.WavePlan, file []byte) error {
	t, err := tuf.ParseTargets(file)
	if err != nil {
		return err
	}
	before := "no production targets yet"
	if d.targets != nil {
		before = "after version " + strconv.Itoa(d.targets.Version())
	}
	d.rt.say("signing wave %s: targets.json version %d of tag %s (%s), good until %s, under production root %d",
		oneLine(name), t.Version, oneLine(tag), before, date(t.Expires), d.root.Version)
	for _, n := range p.New {
		d.rt.say("  new      %s  commit %s", oneLine(n), oneLine(t.Targets[n].Commit()))
	}
	for _, n := range p.Kept {
		d.rt.say("  kept     %s  commit %s", oneLine(n), oneLine(t.Targets[n].Commit()))
	}
	for _, n := range p.Pruned {
		d.rt.say("  dropped  %s", oneLine(n))
	}
	return nil
}

// showSigned reports what the backend has now, and whose signatures on it count.
// It has to be what was signed here.
func (rt *runtime) showSigned(c *cli.Context, d *desk, name string, p *publish.WavePlan, signed []byte) error {
	wave, err := d.api.Wave(c.Context, name, true)
	if err != nil {
		return err
	}
	have, err := tuf.ParseEnvelope(wave.Targets)
	if err != nil {
		return err
	}
	ours, err := tuf.ParseEnvelope(signed)
	if err != nil {
		return err
	}
	if !bytes.Equal(ours.Signed, have.Signed) {
		return fail.New(fail.Verification, "cancel the wave", "wave %s: the backend has other targets than those that were signed", name)
	}
	sigs, err := d.root.Signatures(tuf.RoleTargets, wave.Targets)
	if err != nil {
		return err
	}
	t, err := tuf.ParseTargets(signed)
	if err != nil {
		return err
	}
	v := signedWaveView{Wave: name, Version: t.Version, Tag: wave.Tag, Expires: date(t.Expires), Root: d.root.Version,
		Pruned: p.Pruned, SignedBy: sigs.Valid, Threshold: sigs.Threshold, Missing: sigs.Missing()}
	for _, n := range p.New {
		v.Targets = append(v.Targets, waveTarget{n, t.Targets[n].Commit(), true})
	}
	for _, n := range p.Kept {
		v.Targets = append(v.Targets, waveTarget{n, t.Targets[n].Commit(), false})
	}
	return rt.render(v)
}

type signedWaveView struct {
	Wave      string       `json:"wave"`
	Version   int          `json:"version"`
	Tag       string       `json:"tag"`
	Expires   string       `json:"expires"`
	Root      int          `json:"root"` // version of the production root
	Targets   []waveTarget `json:"targets"`
	Pruned    []string     `json:"pruned,omitempty"`
	SignedBy  []string     `json:"signed_by"` // key ids whose signatures count
	Threshold int          `json:"threshold"`
	Missing   int          `json:"missing"`
}

type waveTarget struct {
	Name   string `json:"name"`
	Commit string `json:"commit"`
	New    bool   `json:"new"`
}

// Table says what is signed and what is still missing; the targets were shown
// before they were signed.
func (v signedWaveView) Table(w io.Writer) {
	missing := ""
	if v.Missing > 0 {
		missing = strconv.Itoa(v.Missing) + " (otactl waves sign)"
	}
	render.Fields(w, "wave", v.Wave, "version", strconv.Itoa(v.Version), "tag", v.Tag, "expires", v.Expires,
		"targets", strconv.Itoa(len(v.Targets)), "signatures", fmt.Sprintf("%d of %d", len(v.SignedBy), v.Threshold), "still missing", missing)
}
