package commands

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/factory"
	"github.com/otactl/otactl/commands/plumbing"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/targets"
	"github.com/otactl/otactl/tuf"
)

func targetsEditCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "edit",
		Usage: "change all targets at once, in an editor",
		Description: "The editor ($EDITOR, $VISUAL or vi) is given the map of all targets as JSON. What it leaves is what\n" +
			"there is then; a target's commit and version cannot change. If somebody else changed targets meanwhile\n" +
			"nothing is changed, the command ends with exit code 6, and the edited text is kept in a file.",
		Flags:  changeFlags(rt),
		Action: func(c *cli.Context) error { return rt.targetsEdit(c) },
	}
}

func (rt *runtime) targetsEdit(c *cli.Context) error {
	ch, err := rt.changeTargets(c)
	if err != nil {
		return err
	}
	before, err := ch.toDraft()
	if err != nil {
		return err
	}
	path, err := rt.editJSON(c, entries(before))
	if err != nil {
		return err
	}
	view, err := rt.applyEdit(c, ch, before, path)
	if err != nil {
		rt.say("what you wrote is kept in %s", path)
		return err
	}
	return errors.Join(rt.render(view), os.Remove(path))
}

// entries are the targets of a draft by name.
func entries(d *tuf.TargetsDraft) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	for _, name := range d.Names() {
		m[name] = d.Entry(name)
	}
	return m
}

// editJSON lets a person change a document, and returns the file that it is in.
func (rt *runtime) editJSON(c *cli.Context, doc any) (string, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return "", err
	}
	f, err := os.CreateTemp("", "otactl-targets-*.json")
	if err != nil {
		return "", err
	}
	_, err = f.Write(text.Bytes())
	if err = errors.Join(err, f.Close()); err == nil {
		err = plumbing.RunEditor(c.Context, rt.env, rt.std, f.Name())
	}
	if err != nil {
		return "", errors.Join(err, os.Remove(f.Name()))
	}
	return f.Name(), nil
}

func (rt *runtime) applyEdit(c *cli.Context, ch *changing, before *tuf.TargetsDraft, path string) (*editView, error) {
	text, err := fsx.ReadFile(path, 2*limits.Targets)
	if err != nil {
		return nil, err
	}
	if err := replaceAll(ch.draft, text); err != nil {
		return nil, err
	}
	view := &editView{Difference: targets.Diff(before, ch.draft)}
	if view.None() {
		view.outcome = outcome{DryRun: c.Bool("dry-run"), Version: before.Version()}
		return view, nil
	}
	view.outcome, err = rt.commit(c, ch, func() (factory.Changed, error) {
		return ch.backend.ReplaceTargets(c.Context, ch.base(), entries(ch.draft))
	})
	return view, err
}

// replaceAll makes a draft's targets those of a map in JSON. A target that is
// as it was keeps its bytes.
func replaceAll(d *tuf.TargetsDraft, text []byte) error {
	canon, err := tuf.Canonical(text)
	var next map[string]json.RawMessage
	if err == nil {
		err = json.Unmarshal(canon, &next)
	}
	if err == nil && next == nil {
		err = errors.New("it is not a map of targets")
	}
	if err != nil {
		return fail.As(fmt.Errorf("the edited text: %w", err), fail.Usage, "edit again; it has to stay a map from names to targets")
	}
	for _, name := range d.Names() {
		if next[name] == nil {
			d.Remove(name)
		}
	}
	for name, entry := range next {
		if bytes.Equal(entry, d.Entry(name)) {
			continue
		}
		if err := d.Set(name, entry); err != nil {
			return fail.As(err, fail.Usage, "edit again")
		}
	}
	return nil
}

type editView struct {
	outcome
	targets.Difference
}

// Table says what became other.
func (v editView) Table(w io.Writer) {
	if v.None() {
		fmt.Fprintln(w, "nothing was changed")
		return
	}
	showDifference(w, v.Difference)
	v.say(w)
}
