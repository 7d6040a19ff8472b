package commands

import (
	"fmt"
	"io"
	"math"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/publish"
)

// publishView is the report of publish. Of the only item it has the fields
// itself as well.
type publishView struct {
	DryRun    bool   `json:"dry_run"`
	URL       string `json:"url"`
	Unchanged bool   `json:"unchanged"`
	*itemView
	Items          []itemView   `json:"items"`
	Objects        int          `json:"objects"`
	New            int          `json:"new"`
	Metadata       int          `json:"new_metadata"`
	Present        int          `json:"present"`
	Asked          int          `json:"asked"`
	Bytes          int64        `json:"bytes"`
	Total          int64        `json:"total_bytes,omitempty"`
	Saved          *float64     `json:"saved_percent,omitempty"`
	Seconds        float64      `json:"seconds"`
	Signatures     int          `json:"new_signatures,omitempty"`
	Deltas         []deltasView `json:"static_deltas,omitempty"`
	TargetsVersion int          `json:"targets_version,omitempty"`
}

type itemView struct {
	Ref      string       `json:"ref,omitempty"`
	Commit   string       `json:"commit"`
	Previous string       `json:"previous,omitempty"`
	RefMoved bool         `json:"ref_moved"`
	Target   *publishedAs `json:"target,omitempty"`
}

type publishedAs struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Existed bool   `json:"existed"`
}

func newPublishView(r publish.Report) publishView {
	v := publishView{
		DryRun: r.DryRun, URL: r.URL, Unchanged: r.Unchanged(),
		Objects: r.Objects, New: r.New, Metadata: r.Metadata, Present: r.Present, Asked: r.Asked,
		Bytes: r.Bytes, Total: r.Total, Seconds: math.Round(r.Elapsed.Seconds()*1000) / 1000, Signatures: r.Signatures, TargetsVersion: r.MetadataVersion,
	}
	for _, it := range r.Items {
		v.Items = append(v.Items, newItemView(it))
	}
	for _, d := range r.Deltas {
		v.Deltas = append(v.Deltas, newDeltasView(d))
	}
	if len(v.Items) == 1 {
		v.itemView = &v.Items[0]
	}
	if r.Total > 0 {
		saved := math.Round(r.Saved()*10) / 10
		v.Saved = &saved
	}
	return v
}

func newItemView(it publish.ItemReport) itemView {
	v := itemView{Ref: it.Ref, Commit: it.Commit.String(), RefMoved: it.RefMoved}
	if !it.Previous.IsZero() {
		v.Previous = it.Previous.String()
	}
	if t := it.Target; t != nil {
		v.Target = &publishedAs{t.Name, t.Version, t.Existed}
	}
	return v
}

// Table is the report for people.
func (v publishView) Table(w io.Writer) {
	rows := []string{"to", v.URL}
	for _, it := range v.Items {
		rows = append(rows, "commit", it.Commit, "ref", it.refText(), "target", it.targetText(v.DryRun))
	}
	if v.Unchanged {
		render.Fields(w, append(rows, "result", fmt.Sprintf("all of it was there already, 0 new, %.1f s", v.Seconds))...)
		return
	}
	if v.Objects > 0 {
		rows = append(rows, "objects", fmt.Sprintf("%d: %d new, %d present, %d asked about", v.Objects, v.New, v.Present, v.Asked))
	}
	rows = append(rows, v.sentText()...)
	if v.Signatures > 0 {
		rows = append(rows, "signatures", fmt.Sprintf("%d new", v.Signatures))
	}
	for _, d := range v.Deltas {
		rows = append(rows, d.rows(v.DryRun)...)
	}
	render.Fields(w, rows...)
}

func (v publishView) sentText() []string {
	sent := sizeText(v.Bytes)
	if v.Saved != nil {
		sent += fmt.Sprintf(" of %s, %.1f %% saved", sizeText(v.Total), *v.Saved)
	}
	sent += fmt.Sprintf(", %.1f s", v.Seconds)
	if v.DryRun {
		return []string{"to send", sent + " (dry run: nothing was sent)"}
	}
	return []string{"sent", sent}
}

func (v itemView) refText() string {
	switch {
	case v.Ref == "":
		return ""
	case !v.RefMoved && v.Previous == v.Commit:
		return v.Ref + ", was there already"
	case v.Previous == "":
		return v.Ref + ", new"
	}
	return v.Ref + ", was " + v.Previous
}

func (v itemView) targetText(dry bool) string {
	switch {
	case v.Target == nil:
		return ""
	case v.Target.Existed:
		return v.Target.Name + ", was there already"
	case dry:
		return v.Target.Name + ", would be signed"
	}
	return v.Target.Name + ", signed"
}
