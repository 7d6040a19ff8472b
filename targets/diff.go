package targets

import (
	"bytes"

	"github.com/otactl/otactl/tuf"
)

// Difference is what became other between two drafts, by name and sorted.
type Difference struct {
	Added   []string `json:"added"`
	Removed []string `json:"removed"`
	Changed []string `json:"changed"`
	Fields  []string `json:"fields"` // of the file itself that are other, beside version and expires
}

// None says that nothing became other.
func (d Difference) None() bool { return len(d.Added)+len(d.Removed)+len(d.Changed)+len(d.Fields) == 0 }

// Diff compares two drafts, byte for byte in canonical form.
func Diff(before, after *tuf.TargetsDraft) Difference {
	out := Difference{[]string{}, []string{}, []string{}, append([]string{}, after.OtherFields(before)...)}
	for _, name := range before.Names() {
		switch entry := after.Entry(name); {
		case entry == nil:
			out.Removed = append(out.Removed, name)
		case !bytes.Equal(entry, before.Entry(name)):
			out.Changed = append(out.Changed, name)
		}
	}
	for _, name := range after.Names() {
		if before.Entry(name) == nil {
			out.Added = append(out.Added, name)
		}
	}
	return out
}
