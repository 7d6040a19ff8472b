package plumbing

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/variant"
)

func (e *Env) commitOptions(c *cli.Context, repo *ostree.Repo) (ostree.CommitOptions, error) {
	opt := ostree.CommitOptions{Branch: c.String("branch"), Subject: c.String("subject"), Body: c.String("body"),
		NoBindings: c.Bool("no-bindings"), BindRefs: c.StringSlice("bind-ref"), SkipUnchanged: c.Bool("skip-if-unchanged"),
		Keep: c.StringSlice("keep-metadata"), Bootable: c.Bool("bootable"), Sizes: c.Bool("generate-sizes")}
	if opt.Branch == "" && !c.Bool("orphan") {
		return opt, fail.New(fail.Usage, "give --branch REF, or --orphan", "A branch must be specified with --branch, or use --orphan")
	}
	for _, ref := range append([]string{opt.Branch}, opt.BindRefs...) { // said before the tree is stored
		if ref != "" {
			if err := ostree.CheckRef(ref); err != nil {
				return opt, err
			}
		}
	}
	if c.Bool("orphan") && opt.Branch != "" { // then the branch is one to bind to
		opt.Branch, opt.BindRefs = "", append(opt.BindRefs, opt.Branch)
	}
	var err error
	if opt.Metadata, opt.Detached, err = metadataFlags(c); err != nil {
		return opt, err
	}
	if err := e.commitMessage(c, &opt); err != nil {
		return opt, err
	}
	if opt.Time, err = e.commitTime(c); err != nil {
		return opt, err
	}
	return opt, parent(c, repo, &opt)
}

// metadataFlags reads what is added to the metadata, in the order of the
// original, and beside the commit.
func metadataFlags(c *cli.Context) (inside, beside []variant.Entry, err error) {
	texts := func(flag string) (list []variant.Entry, err error) {
		for _, s := range c.StringSlice(flag) {
			key, value, err := metadataPair(s)
			if err != nil {
				return nil, err
			}
			list = append(list, variant.Entry{Key: key, Value: variant.Text(value)})
		}
		return list, nil
	}
	if inside, err = texts("add-metadata-string"); err != nil {
		return nil, nil, err
	}
	for _, s := range c.StringSlice("add-metadata") {
		key, value, err := metadataPair(s)
		if err != nil {
			return nil, nil, err
		}
		v, err := variant.ParseText(value)
		if err != nil {
			//lint:ignore ST1005 the words that scripts look for
			return nil, nil, fail.As(fmt.Errorf("Parsing %s: %w", s, err), fail.Usage, "write numbers with their type, such as uint64 42, and text in quotes")
		}
		inside = append(inside, variant.Entry{Key: key, Value: v})
	}
	beside, err = texts("add-detached-metadata-string")
	return inside, beside, err
}

func metadataPair(s string) (key, value string, err error) {
	key, value, ok := strings.Cut(s, "=")
	switch {
	case !ok:
		return "", "", usage("Missing '=' in KEY=VALUE metadata '%s'", s)
	case key == "":
		return "", "", usage("Empty metadata key")
	}
	return key, value, nil
}

// commitMessage reads subject and body.
func (e *Env) commitMessage(c *cli.Context, opt *ostree.CommitOptions) error {
	if c.IsSet("body-file") {
		body, err := fsx.ReadGiven(c.Context, c.String("body-file"), limits.ConfigFile)
		if err != nil {
			return err
		}
		opt.Body = string(body)
	}
	if c.Bool("editor") {
		var err error
		opt.Subject, opt.Body, err = e.editMessage(c.Context, cmp.Or(c.String("branch"), "(orphan)"))
		return err
	}
	return nil
}

func parent(c *cli.Context, repo *ostree.Repo, opt *ostree.CommitOptions) error {
	rev := c.String("parent")
	if !c.IsSet("parent") || rev == "none" {
		opt.NoParent = rev == "none"
		return nil
	}
	sum, err := repo.Resolve(c.Context, rev)
	if err != nil {
		return fmt.Errorf("--parent: %w", err)
	}
	opt.Parent = &sum
	return nil
}

// commitTime is --timestamp, or SOURCE_DATE_EPOCH, or now.
func (e *Env) commitTime(c *cli.Context) (time.Time, error) {
	if s := c.String("timestamp"); s != "" {
		return parseTime(s, e.Now)
	}
	s := e.Getenv("SOURCE_DATE_EPOCH")
	if s == "" {
		return e.Now(), nil
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return time.Time{}, usage("Parsing SOURCE_DATE_EPOCH: Numerical result out of range")
	case err != nil:
		return time.Time{}, usage("Failed to convert SOURCE_DATE_EPOCH: %q is no number of seconds since 1970", s)
	}
	return time.Unix(n, 0).UTC(), nil
}

// timeLayouts are the ways to write a time; one without a zone is in the
// caller's own.
var timeLayouts = []string{
	time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST", time.DateTime,
	"2006-01-02 15:04 -0700", "2006-01-02 15:04 MST", "2006-01-02 15:04",
	time.DateOnly, "20060102", "Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST", time.UnixDate, time.ANSIC,
	"January 2 2006", "January 2, 2006", "2 January 2006", "Jan 2 2006", "2 Jan 2006",
}

// parseTime reads a --timestamp; "" and "now" are now.
func parseTime(s string, now func() time.Time) (time.Time, error) {
	if s == "" || s == "now" {
		return now(), nil
	}
	if digits, ok := strings.CutPrefix(s, "@"); ok {
		seconds, _, _ := strings.Cut(digits, ".")
		if n, err := strconv.ParseInt(seconds, 10, 64); err == nil {
			return time.Unix(n, 0).UTC(), nil
		}
	}
	for _, layout := range timeLayouts {
		if t, err := time.ParseInLocation(layout, s, now().Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fail.New(fail.Usage, "give @SECONDS, 2026-01-31T12:00:00Z or 2026-01-31", "Could not parse '%s' as a time", s)
}
