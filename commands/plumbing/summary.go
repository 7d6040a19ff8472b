package plumbing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/delta"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/summary"
	"github.com/otactl/otactl/ostree/variant"
)

func summaryCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:  "summary",
		Usage: "write the summary of this repo, or show it",
		Description: "The summary says which commit each ref stands at; clients read it to learn what there is. It has to be\n" +
			"written again whenever refs or static deltas change.",
		Flags: append([]cli.Flag{
			&cli.BoolFlag{Name: "update", Aliases: []string{"u"}, Usage: "write it; signatures of the one before go away"},
			&cli.StringSliceFlag{Name: "add-metadata", Aliases: []string{"m"}, Usage: "add `KEY=VALUE`, the value in GVariant text format; may be repeated"},
			&cli.BoolFlag{Name: "view", Aliases: []string{"v"}, Usage: "show it"},
		}, append(showFlags(), signFlags()...)...),
		Action: e.onRepo(e.summary),
	}
}

func (e *Env) summary(c *cli.Context, repo *ostree.Repo) error {
	if c.Bool("update") {
		metadata, err := variantValues(c, "add-metadata")
		if err != nil {
			return err
		}
		signers, err := e.signers(c)
		if err != nil {
			return err
		}
		return e.updateSummary(c.Context, repo, metadata, signers)
	}
	if !c.Bool("view") && !c.Bool("raw") && !c.Bool("list-metadata-keys") && c.String("print-metadata-key") == "" {
		return usage("No option specified; use -u to update summary")
	}
	data, sig, err := summary.Read(repo)
	if errors.Is(err, fs.ErrNotExist) {
		return fail.As(fmt.Errorf("summary of %s: %w", repo.Path(), err), fail.NotFound, "make one with "+e.Program+" summary -u")
	}
	if err != nil {
		return err
	}
	s, err := summary.Parse(data)
	if err != nil {
		return err
	}
	var signatures []string
	if c.Bool("view") && !c.Bool("raw") {
		if signatures, err = e.summarySignatures(c, repo, data, sig); err != nil {
			return err
		}
	}
	return e.showSummary(c, s, signatures)
}

// showSummary shows of a summary what the flags ask for; nothing particular is
// all of it, and then what there is to say about signatures.
func (e *Env) showSummary(c *cli.Context, s *summary.Summary, signatures []string) error {
	key := c.String("print-metadata-key")
	switch {
	case c.Bool("raw"):
		return e.Render(textView(s.Raw().Byteswapped().Print()))
	case c.Bool("list-metadata-keys"):
		return e.Render(keysOf(s.Metadata))
	case key == "":
		return e.Render(summaryView{s, signatures})
	}
	v, ok := s.Metadata.Lookup(key)
	if !ok {
		return fail.New(fail.NotFound, "see --list-metadata-keys", "no such metadata key %q", key)
	}
	return e.Render(textView(v.Byteswapped().Print()))
}

// showFlags are those of showSummary.
func showFlags() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "raw", Usage: "show it in GVariant text format"},
		&cli.BoolFlag{Name: "list-metadata-keys", Usage: "print the keys of its metadata"},
		&cli.StringFlag{Name: "print-metadata-key", Usage: "print the value of `KEY`"},
	}
}

// textView is a text that stands for itself.
type textView string

// Table prints it.
func (v textView) Table(w io.Writer) { fmt.Fprintln(w, string(v)) }

// variantValues reads the KEY=VALUE of a flag, values in GVariant text format.
func variantValues(c *cli.Context, flag string) ([]variant.Entry, error) {
	pairs, err := keyValues(c, flag)
	if err != nil {
		return nil, err
	}
	var list []variant.Entry
	for _, kv := range pairs {
		v, err := variant.ParseText(kv[1])
		if err != nil {
			return nil, fail.New(fail.Usage, `write a text as KEY='"text"'`, "flag --%s: %s: %w", flag, kv[0], err)
		}
		list = append(list, variant.Entry{Key: kv[0], Value: v})
	}
	return list, nil
}

// updateSummary writes the summary of a repo. In a repo with a collection id
// the metadata goes into a commit on ostree-metadata as well.
func (e *Env) updateSummary(ctx context.Context, repo *ostree.Repo, metadata []variant.Entry, signers []sign.Signer) error {
	if repo.CollectionID() != "" {
		err := summary.CommitMetadata(ctx, repo, metadata, e.Now(), func(ctx context.Context, sum ostree.Checksum) error {
			return signCommit(ctx, repo, sum, signers)
		})
		if err != nil {
			return err
		}
	}
	if _, err := delta.Reindex(ctx, repo, nil); err != nil {
		return err
	}
	return summary.Update(ctx, repo, summary.Options{Now: e.Now(), Metadata: metadata}, func(data []byte) ([]byte, error) {
		return signData(data, signers)
	})
}

// refsChanged is called after refs of a repo changed. Some repos keep their
// summary up to date by themselves.
func (e *Env) refsChanged(ctx context.Context, repo *ostree.Repo) error {
	if !repo.Keyfile().Bool("core", "auto-update-summary", false) {
		return nil
	}
	return e.updateSummary(ctx, repo, nil, nil)
}

// committed is called after a commit, in the place of refsChanged.
func (e *Env) committed(ctx context.Context, repo *ostree.Repo) error {
	if repo.Keyfile().Bool("core", "commit-update-summary", false) {
		return e.updateSummary(ctx, repo, nil, nil)
	}
	return e.refsChanged(ctx, repo)
}
