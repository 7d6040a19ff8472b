package commands

import (
	"io"
	goruntime "runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

type versionView struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// Table is one line, so that it can be quoted in a report.
func (v versionView) Table(w io.Writer) {
	text := programName + " " + v.Version
	if v.Revision != "" {
		text += " (" + v.Revision[:min(12, len(v.Revision))] + ")"
	}
	io.WriteString(w, text+" "+v.Platform+" "+v.Go+"\n")
}

func versionCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:   "version",
		Usage:  "print the version of this program",
		Action: func(*cli.Context) error { return rt.render(buildVersion()) },
	}
}

// buildVersion is what the Go tool chain wrote into the binary.
func buildVersion() versionView {
	v := versionView{Version: "devel", Go: goruntime.Version(), Platform: goruntime.GOOS + "/" + goruntime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
