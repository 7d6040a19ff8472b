package plumbing

import (
	"fmt"
	"io"
	"time"

	"github.com/otactl/otactl/ostree/pull"
)

// pullView is what a pull did.
type pullView struct {
	Metadata      int          `json:"metadata"` // objects that came, asked for or not
	Content       int          `json:"content"`
	LocalMetadata int          `json:"local_metadata"` // out of --localcache-repo
	LocalContent  int          `json:"local_content"`
	Bytes         int64        `json:"bytes"` // transferred
	Written       int64        `json:"written"`
	Seconds       int          `json:"seconds"`
	Imported      bool         `json:"imported"` // from a repo on this machine
	DeltaParts    int          `json:"delta_parts"`
	DeltaBytes    int64        `json:"delta_bytes"`
	Refs          []updateView `json:"refs"`
}

type updateView struct {
	Ref    string `json:"ref"`
	Old    string `json:"old,omitempty"`
	Commit string `json:"commit"`
}

func newPullView(r pull.Report, took time.Duration) pullView {
	v := pullView{
		Metadata: r.Metadata, Content: r.Copied - r.Metadata,
		LocalMetadata: r.CachedMetadata, LocalContent: r.Cached - r.CachedMetadata,
		Bytes: r.Bytes, Written: r.Written, Seconds: int(took.Seconds()), Imported: r.Local,
		DeltaParts: r.Delta.Parts, DeltaBytes: r.Delta.Bytes,
	}
	if !r.Local {
		v.Metadata += r.Probes
	}
	for _, u := range r.Refs {
		update := updateView{Ref: u.Name, Commit: u.New.String()}
		if !u.Old.IsZero() {
			update.Old = u.Old.String()
		}
		v.Refs = append(v.Refs, update)
	}
	return v
}

// Table prints what the original prints at the end.
func (v pullView) Table(w io.Writer) {
	if v.Imported && v.DeltaParts == 0 {
		fmt.Fprintf(w, "%d metadata, %d content objects imported; %s content written\n", v.Metadata, v.Content, sizeText(uint64(v.Written)))
		return
	}
	if v.DeltaParts > 0 {
		fmt.Fprintf(w, "%d delta parts, %d loose fetched; ", v.DeltaParts, v.Metadata+v.Content)
	} else {
		fmt.Fprintf(w, "%d metadata, %d content objects fetched", v.Metadata, v.Content)
		if v.LocalMetadata+v.LocalContent > 0 {
			fmt.Fprintf(w, " (%d meta, %d content local)", v.LocalMetadata, v.LocalContent)
		}
		fmt.Fprint(w, "; ")
	}
	if v.Bytes+v.DeltaBytes > 0 {
		fmt.Fprintf(w, "%s transferred in %d seconds; ", binarySize(v.Bytes+v.DeltaBytes), v.Seconds)
	}
	fmt.Fprintf(w, "%s content written\n", sizeText(uint64(v.Written)))
}

// dryRunView is what static deltas would bring.
type dryRunView struct {
	pull.DeltaReport
}

// Table prints what the original prints.
func (v dryRunView) Table(w io.Writer) {
	fmt.Fprintf(w, "Delta update: %d/%d parts, %s/%s, %s total uncompressed\n", v.PartsHere, v.Parts, sizeText(uint64(v.BytesHere)), sizeText(uint64(v.Bytes)), sizeText(uint64(v.Uncompressed)))
}

// binarySize is one in powers of 1024, whole, as the original writes what was
// transferred.
func binarySize(n int64) string {
	value, unit := n, 0
	for value >= 1024 && unit < 3 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%d %s", value, []string{"bytes", "KiB", "MiB", "GiB"}[unit])
}
