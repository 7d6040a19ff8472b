package commands

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/otactl/otactl/agent"
	"github.com/otactl/otactl/commands/render"
)

// deviceTarget is a target on a device.
type deviceTarget struct {
	Name    string      `json:"name"`
	Version int         `json:"version"` // -1 where it states none
	Commit  string      `json:"commit"`
	Apps    []deviceApp `json:"apps,omitempty"`
}

type deviceApp struct {
	Name string `json:"name"`
	URI  string `json:"uri"`
}

func viewTarget(t *agent.Target) *deviceTarget {
	if t == nil {
		return nil
	}
	v := &deviceTarget{Name: t.Name, Version: t.Version, Commit: t.Commit}
	for _, name := range t.Apps() {
		v.Apps = append(v.Apps, deviceApp{Name: name, URI: t.Custom.Apps[name].URI})
	}
	return v
}

// outcomeView is what an update or a finalization came to.
type outcomeView struct {
	Code   int           `json:"code"` // what the program ends with
	Name   string        `json:"outcome"`
	Target *deviceTarget `json:"target"`
	From   *deviceTarget `json:"from,omitempty"`
	Reason string        `json:"reason"`
}

func viewOutcome(r agent.Result) outcomeView {
	return outcomeView{
		Code: int(r.Code), Name: agentRow(r.Code).name,
		Target: viewTarget(r.Target), From: viewTarget(r.From), Reason: r.Reason,
	}
}

// Table says what was done and what is to be done now.
func (v outcomeView) Table(w io.Writer) {
	name, commit := "", ""
	if v.Target != nil {
		name, commit = v.Target.Name, v.Target.Commit
	}
	render.Fields(w,
		"target", name,
		"commit", commit,
		"outcome", v.Name+": "+agentRow(agent.Code(v.Code)).meaning,
		"because", v.Reason,
	)
}

// listedView is a target in a list.
type listedView struct {
	deviceTarget
	Current  bool   `json:"current,omitempty"`
	Newer    bool   `json:"newer,omitempty"`
	Failed   bool   `json:"failed,omitempty"`
	Selected bool   `json:"selected,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

type listingView struct {
	Code    int          `json:"code"`
	Name    string       `json:"outcome"`
	Targets []listedView `json:"targets"`
}

func viewListing(l agent.Listing) listingView {
	v := listingView{Code: int(l.Code), Name: agentRow(l.Code).name, Targets: []listedView{}}
	for _, t := range l.Targets {
		v.Targets = append(v.Targets, listedView{
			deviceTarget: *viewTarget(&t.Target), Current: t.Current, Newer: t.Newer, Failed: t.Failed,
			Selected: t.Selected, Reason: t.Reason,
		})
	}
	return v
}

func (v listedView) mark() string {
	mark := ""
	if v.Current {
		mark += "*"
	}
	if v.Failed {
		mark += "!"
	}
	if v.Selected {
		mark += ">"
	}
	return mark
}

// Table marks what runs with *, what an update would install with >, and what
// failed with !.
func (v listingView) Table(w io.Writer) {
	rows := make([][]string, 0, len(v.Targets))
	for _, t := range v.Targets {
		rows = append(rows, []string{t.mark(), t.Name, strconv.Itoa(t.Version), fmt.Sprintf("%.12s", t.Commit), t.Reason})
	}
	render.Columns(w, []string{"", "NAME", "VERSION", "COMMIT", ""}, rows)
}

type statusView struct {
	DeviceID   string        `json:"device_id,omitempty"`
	HardwareID string        `json:"hardware_id"`
	Tags       []string      `json:"tags"`
	Current    *deviceTarget `json:"current"`
	Pending    *deviceTarget `json:"pending"` // null when nothing waits
}

func viewStatus(s agent.Status) statusView {
	return statusView{
		DeviceID: s.DeviceID, HardwareID: s.HardwareID, Tags: append([]string{}, s.Tags...),
		Current: viewTarget(&s.Current), Pending: viewTarget(s.Pending),
	}
}

// Table shows the status to a person.
func (v statusView) Table(w io.Writer) {
	waits := ""
	if v.Pending != nil {
		waits = fmt.Sprintf("%s (commit %.12s), until the reboot and run", v.Pending.Name, v.Pending.Commit)
	}
	render.Fields(w,
		"device", v.DeviceID,
		"hardware", v.HardwareID,
		"tags", strings.Join(v.Tags, ", "),
		"runs", fmt.Sprintf("%s (commit %.12s)", v.Current.Name, v.Current.Commit),
		"waits", waits,
	)
}
