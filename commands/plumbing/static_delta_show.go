package plumbing

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
)

func staticDeltaShowCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:        "show",
		Usage:       "print what is in a delta",
		ArgsUsage:   "DELTA",
		Description: "DELTA is one of the repo, FROM-TO or TO, or the path of one with a slash in it.",
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			f, err := openDelta(c, repo)
			if err != nil {
				return err
			}
			defer f.Close()
			view, err := newDeltaView(c.Context, f)
			if err != nil {
				return err
			}
			return e.Render(view)
		}),
	}
}

type deltaView struct {
	Delta      string          `json:"delta"`
	Signed     bool            `json:"signed"`
	From       string          `json:"from,omitempty"` // none: from scratch
	To         string          `json:"to"`
	Endianness string          `json:"endianness"`
	Guessed    bool            `json:"endianness_guessed"`
	Time       time.Time       `json:"time"`
	Before     int             `json:"parents"`   // deltas to apply before
	Fallbacks  []string        `json:"fallbacks"` // checksums
	Parts      []deltaPartView `json:"parts"`
	Sizes      deltaSizes      `json:"sizes"`
}

type deltaPartView struct {
	Objects int    `json:"objects"`
	Size    uint64 `json:"size"`
	USize   uint64 `json:"uncompressed"`
	Inline  bool   `json:"inline"`
	delta.PartContents
}

type deltaSizes struct {
	Fallback      uint64 `json:"fallback"`
	FallbackPlain uint64 `json:"fallback_uncompressed"`
	Parts         uint64 `json:"parts"`
	PartsPlain    uint64 `json:"parts_uncompressed"`
}

func newDeltaView(ctx context.Context, f *delta.File) (deltaView, error) {
	s := f.Sizes()
	v := deltaView{
		Delta: f.Name.String(), Signed: f.Signed(), To: f.Name.To.String(), Endianness: f.Order.String(), Guessed: f.Guessed,
		Time: f.Time, Before: len(f.Before) / 64, Fallbacks: []string{}, Parts: []deltaPartView{},
		Sizes: deltaSizes{s.Fallback, s.FallbackPlain, s.Fetch, s.Unpacked},
	}
	if !f.Name.Scratch() {
		v.From = f.Name.From.String()
	}
	for _, b := range f.Fallbacks {
		v.Fallbacks = append(v.Fallbacks, b.ID.Sum.String())
	}
	for i, p := range f.Parts {
		in, err := delta.InspectFile(ctx, f, i, delta.Scratch{})
		if err != nil {
			return v, err
		}
		v.Parts = append(v.Parts, deltaPartView{p.Objects.Len(), p.Size, p.USize, f.Inline(i), in})
	}
	return v, nil
}

// Table prints what ostree static-delta show prints.
func (v deltaView) Table(w io.Writer) {
	signed := map[bool]string{true: "yes", false: "no"}[v.Signed]
	fmt.Fprintf(w, "Delta: %s\nSigned: %s\n", v.Delta, signed)
	if v.From == "" {
		fmt.Fprintln(w, "From <scratch>")
	} else {
		fmt.Fprintf(w, "From: %s\n", v.From)
	}
	guessed := ""
	if v.Guessed {
		guessed = " (heuristic)"
	}
	fmt.Fprintf(w, "To: %s\nEndianness: %s%s\nTimestamp: %d\nNumber of parents: %d\nNumber of fallback entries: %d\n",
		v.To, v.Endianness, guessed, v.Time.Unix(), v.Before, len(v.Fallbacks))
	for _, sum := range v.Fallbacks {
		fmt.Fprintf(w, "  %s\n", sum)
	}
	line := func(what string, n uint64) { fmt.Fprintf(w, "%s: %d (%s)\n", what, n, sizeText(n)) }
	line("Total Fallback Size", v.Sizes.Fallback)
	line("Total Fallback Uncompressed Size", v.Sizes.FallbackPlain)
	fmt.Fprintf(w, "Number of parts: %d\n", len(v.Parts))
	for i, p := range v.Parts {
		fmt.Fprintf(w, "PartMeta%d: nobjects=%d size=%d usize=%d\n", i, p.Objects, p.Size, p.USize)
		fmt.Fprintf(w, "PartPayload%d: nmodes=%d nxattrs=%d blobsize=%d opsize=%d\n", i, p.Modes, p.Xattrs, p.Blob, p.Program)
		fmt.Fprintf(w, "PartPayloadOps%d: openspliceclose=%d open=%d write=%d setread=%d unsetread=%d close=%d bspatch=%d\n",
			i, p.Splice, p.Open, p.Write, p.Source, p.Unset, p.Close, p.Patch)
	}
	line("Total Part Size", v.Sizes.Parts)
	line("Total Part Uncompressed Size", v.Sizes.PartsPlain)
	line("Total Size", v.Sizes.Parts+v.Sizes.Fallback)
	line("Total Uncompressed Size", v.Sizes.PartsPlain+v.Sizes.FallbackPlain)
}
