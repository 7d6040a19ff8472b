package plumbing

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

func logCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "log",
		Usage:     "print a commit and those before it",
		ArgsUsage: "REV",
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "raw", Usage: "print commits as GVariants"},
		},
		Action: e.onRepo(e.log),
	}
}

func (e *Env) log(c *cli.Context, repo *ostree.Repo) error {
	sum, err := repo.Resolve(c.Context, c.Args().First())
	if err != nil {
		return err
	}
	var view logView
	seen := map[ostree.Checksum]bool{} // a chain of checksums cannot close, but what is damaged is not yet verified
	for !seen[sum] {
		seen[sum] = true
		commit, err := ostree.LoadCommit(c.Context, repo, sum)
		if _, missing := errors.AsType[*ostree.MissingError](err); missing && len(view.Commits) > 0 {
			view.truncated = true // a pull of limited depth
			break
		}
		if err != nil {
			return err
		}
		shown, err := newCommitShown(sum, commit, c.Bool("raw"), valuePrinter(false))
		if err != nil {
			return err
		}
		view.Commits = append(view.Commits, shown)
		if commit.Parent == nil {
			break
		}
		sum = *commit.Parent
	}
	return e.Render(view)
}

type logView struct {
	Commits   []commitShown `json:"commits"`
	truncated bool
}

// Table prints the commits, newest first.
func (v logView) Table(w io.Writer) {
	for _, c := range v.Commits {
		c.Table(w)
	}
	if v.truncated {
		fmt.Fprintln(w, "<< History beyond this commit not fetched >>")
	}
}

// commitShown is a commit as show and log print it.
type commitShown struct {
	Commit   string            `json:"commit"`
	Parent   string            `json:"parent,omitempty"`
	Content  string            `json:"content_checksum"`
	Time     time.Time         `json:"time"`
	Version  string            `json:"version,omitempty"`
	Subject  string            `json:"subject"`
	Body     string            `json:"body"`
	Metadata map[string]string `json:"metadata"` // in GVariant text format
	// Signatures are the lines of show about the GPG signatures.
	Signatures []string `json:"signatures,omitempty"`

	raw  string // the whole commit in that format, if asked for
	both bool   // raw does not stand alone
}

func newCommitShown(sum ostree.Checksum, c *ostree.Commit, raw bool, text func(variant.Value) string) (commitShown, error) {
	content := sha256.New()
	content.Write(c.Tree[:])
	content.Write(c.Meta[:])
	v := commitShown{
		Commit: sum.String(), Content: hex.EncodeToString(content.Sum(nil)), Time: c.Time, Version: c.Version(),
		Subject: c.Subject, Body: c.Body, Metadata: map[string]string{},
	}
	if c.Parent != nil {
		v.Parent = c.Parent.String()
	}
	if c.Metadata.IsValid() {
		for _, entry := range c.Metadata.All() {
			v.Metadata[entry.At(0).Text()] = entry.At(1).Variant().Print()
		}
	}
	if raw {
		data, err := c.Marshal()
		if err != nil {
			return v, err
		}
		whole, err := variant.Parse(variant.MustType("(a{sv}aya(say)sstayay)"), data)
		if err != nil {
			return v, err
		}
		v.raw = text(whole)
	}
	return v, nil
}

// Table prints what ostree show prints.
func (v commitShown) Table(w io.Writer) {
	fmt.Fprintf(w, "commit %s\n", v.Commit)
	if v.raw != "" {
		fmt.Fprintln(w, v.raw)
	}
	if v.raw == "" || v.both {
		v.text(w)
	}
	for _, line := range v.Signatures {
		fmt.Fprintln(w, line)
	}
}

func (v commitShown) text(w io.Writer) {
	if v.Parent != "" {
		fmt.Fprintf(w, "Parent:  %s\n", v.Parent)
	}
	fmt.Fprintf(w, "ContentChecksum:  %s\nDate:  %s\n", v.Content, v.Time.Format("2006-01-02 15:04:05 -0700"))
	if v.Version != "" {
		fmt.Fprintf(w, "Version: %s\n", shownName(v.Version))
	}
	if v.Subject == "" {
		fmt.Fprint(w, "(no subject)\n\n")
	} else {
		fmt.Fprintln(w)
		indented(w, v.Subject)
	}
	if v.Body != "" {
		indented(w, v.Body)
	}
}

// indented prints text that came from outside, each line moved in, and an
// empty line after it.
func indented(w io.Writer, text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		fmt.Fprintf(w, "    %s\n", shownName(line))
	}
	fmt.Fprintln(w)
}
