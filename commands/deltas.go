package commands

import (
	"fmt"
	"os/exec"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/publish"
)

// deltaFlags say which static deltas publish makes.
func deltaFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "deltas-from", Usage: "make static deltas from `VERSIONS` and send them too: a number for so many of the last ones, v41, a target, a commit or a ref; repeat or separate by commas"},
	}
}

// addDeltas puts into opt what deltaFlags ask for.
func addDeltas(c *cli.Context, opt *publish.Options) (err error) {
	list := words(c.StringSlice("deltas-from"))
	if len(list) == 0 {
		return nil
	}
	opt.XZ = xzProgram()
	opt.Deltas, err = publish.ParseDeltaSources(list)
	return err
}

// xzProgram is the path of xz, or "".
func xzProgram() string {
	path, err := exec.LookPath("xz")
	if err != nil {
		return ""
	}
	return path
}

type deltasView struct {
	To     string              `json:"to"`
	Deltas []deltaView         `json:"deltas"`
	Stats  *publish.DeltaStats `json:"delta_stats,omitempty"`
}

type deltaView struct {
	From  string `json:"from"`
	Size  uint64 `json:"size"`
	USize uint64 `json:"u_size"`
	Made  bool   `json:"made"`
	Sent  int64  `json:"sent_bytes"`
}

func newDeltasView(r publish.DeltaReport) deltasView {
	v := deltasView{To: r.To.String(), Deltas: []deltaView{}, Stats: r.Stats}
	for _, d := range r.Deltas {
		v.Deltas = append(v.Deltas, deltaView{d.From.String(), d.Size, d.USize, d.Made, d.Sent})
	}
	return v
}

// rows are pairs of name and text for people.
func (v deltasView) rows(dry bool) []string {
	var rows []string
	for _, d := range v.Deltas {
		text := fmt.Sprintf("from %.12s, %s", d.From, sizeText(int64(d.Size)))
		switch {
		case dry:
			text = fmt.Sprintf("from %.12s, would be made", d.From)
		case d.Sent == 0:
			text += ", was there already"
		}
		rows = append(rows, "delta", text)
	}
	return rows
}
