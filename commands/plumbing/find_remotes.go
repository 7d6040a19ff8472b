package plumbing

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/ostree/pull"
	"github.com/otactl/otactl/ostree/sign"
	"github.com/otactl/otactl/ostree/summary"
)

func findRemotesCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "find-remotes",
		Usage:     "look in the configured remotes for refs of collections",
		ArgsUsage: "COLLECTION REF [MORE...]",
		Description: "Asks each remote whose config names the collection for its summary. Nothing is looked for on disks\n" +
			"or in the local network. --pull brings each ref from the first remote that has its newest commit.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "finders", Usage: "how to find remotes: `NAMES`, of which there is config"},
			&cli.BoolFlag{Name: "pull", Usage: "pull what was found"},
			&cli.BoolFlag{Name: "mirror", Usage: "with --pull, write refs as those of their collection"},
			&cli.StringFlag{Name: "cache-dir", Usage: "keep summaries in `DIR` instead of the repo"},
			&cli.BoolFlag{Name: "disable-fsync", Usage: "leave it to the system when what came is on the disk"},
		},
		Action: e.onRepo(e.findRemotes),
	}
}

func (e *Env) findRemotes(c *cli.Context, repo *ostree.Repo) error {
	for name := range strings.SplitSeq(cmp.Or(c.String("finders"), "config"), ",") {
		if name != "config" {
			return fail.New(fail.Unsupported, "give --finders=config", "finder %q is not supported", name)
		}
	}
	wanted, err := collectionArgs(c.Args().Slice())
	if err != nil {
		return err
	}
	view := foundView{Results: []foundRemote{}, wanted: wanted}
	if err := e.askRemotes(c, repo, &view); err != nil {
		return err
	}
	view.dropOutdated()
	if !c.Bool("pull") {
		return e.Render(view)
	}
	if c.Bool("disable-fsync") {
		repo.DisableSync()
	}
	failed := e.pullFound(c, repo, &view)
	if err := e.Render(view); err != nil {
		return err
	}
	return failed
}

// collectionArgs reads pairs of a collection and a ref.
func collectionArgs(args []string) ([]ostree.CollectionRef, error) {
	if len(args)%2 != 0 {
		return nil, usage("arguments come in pairs: COLLECTION REF")
	}
	var list []ostree.CollectionRef
	for i := 0; i < len(args); i += 2 {
		ref := ostree.CollectionRef{Collection: args[i], Name: args[i+1]}
		if err := ref.Check(); err != nil {
			return nil, err
		}
		list = append(list, ref)
	}
	return list, nil
}

// askRemotes looks up what is wanted in each remote of the right collection.
// One that does not answer is left out, with a warning.
func (e *Env) askRemotes(c *cli.Context, repo *ostree.Repo, view *foundView) error {
	names, err := repo.Remotes()
	if err != nil {
		return err
	}
	for _, name := range names {
		conf, err := repo.RemoteConfig(name)
		if err != nil {
			return err
		}
		asked := slices.DeleteFunc(slices.Clone(view.wanted), func(r ostree.CollectionRef) bool { return r.Collection != conf.CollectionID })
		if conf.CollectionID == "" || len(asked) == 0 {
			continue
		}
		files, err := e.remoteSummary(c, repo, name)
		if c.Context.Err() != nil {
			return c.Context.Err()
		}
		if err != nil {
			e.Log.Warn("left out a remote that does not answer as it should", "remote", name, "error", err)
			continue
		}
		view.Results = append(view.Results, newFoundRemote(conf, files.Parsed, asked))
	}
	view.Results = slices.DeleteFunc(view.Results, func(r foundRemote) bool { return r.has() == 0 })
	return nil
}

// foundRemote is a remote that has some of what is wanted.
type foundRemote struct {
	Remote   string     `json:"remote"`
	URL      string     `json:"url"`
	Keyring  string     `json:"keyring"`
	Modified *time.Time `json:"last_modified,omitempty"`
	Refs     []foundRef `json:"refs"`

	conf ostree.RemoteConfig
}

type foundRef struct {
	Collection string `json:"collection"`
	Ref        string `json:"ref"`
	Commit     string `json:"commit,omitempty"` // none: it is not there, or an older one
	ref        ostree.CollectionRef
	at         summary.Ref
}

func newFoundRemote(conf ostree.RemoteConfig, s *summary.Summary, asked []ostree.CollectionRef) foundRemote {
	r := foundRemote{Remote: conf.Name, URL: addressOf(conf), Keyring: conf.Name + ".trustedkeys.gpg", Refs: []foundRef{}, conf: conf}
	if !s.LastModified.IsZero() {
		r.Modified = &s.LastModified
	}
	for _, ref := range asked {
		f := foundRef{Collection: ref.Collection, Ref: ref.Name, ref: ref}
		if at, ok := s.CollectionRef(ref.Collection, ref.Name); ok {
			f.at, f.Commit = at, at.Commit.String()
		}
		r.Refs = append(r.Refs, f)
	}
	return r
}

func (r foundRemote) has() int {
	n := 0
	for _, f := range r.Refs {
		if f.Commit != "" {
			n++
		}
	}
	return n
}

type foundView struct {
	Results []foundRemote `json:"results"`
	Pulled  *int          `json:"pulled,omitempty"` // refs
	wanted  []ostree.CollectionRef
}

// dropOutdated leaves of each ref what is newest: where summaries name the
// times of commits, a mirror that is behind is told by them.
func (v *foundView) dropOutdated() {
	newest := map[ostree.CollectionRef]time.Time{}
	for _, r := range v.Results {
		for _, f := range r.Refs {
			if f.at.Time.After(newest[f.ref]) {
				newest[f.ref] = f.at.Time
			}
		}
	}
	for _, r := range v.Results {
		for i, f := range r.Refs {
			if !f.at.Time.IsZero() && f.at.Time.Before(newest[f.ref]) {
				r.Refs[i].Commit = ""
			}
		}
	}
	v.Results = slices.DeleteFunc(v.Results, func(r foundRemote) bool { return r.has() == 0 })
}

// found are the refs that some remote has.
func (v *foundView) found() map[ostree.CollectionRef]bool {
	all := map[ostree.CollectionRef]bool{}
	for _, r := range v.Results {
		for _, f := range r.Refs {
			if f.Commit != "" {
				all[f.ref] = true
			}
		}
	}
	return all
}

// Table prints what ostree find-remotes prints.
func (v foundView) Table(w io.Writer) {
	if len(v.Results) == 0 {
		fmt.Fprintln(w, "No results.")
		return
	}
	for i, r := range v.Results {
		fmt.Fprintf(w, "Result %d: %s\n - Finder: OstreeRepoFinderConfig\n - Keyring: %s\n - Priority: 100\n", i, shownName(r.URL), r.Keyring)
		if r.Modified != nil {
			fmt.Fprintf(w, " - Summary last modified: %s\n", r.Modified.UTC().Format(time.RFC3339))
		}
		fmt.Fprintln(w, " - Refs:")
		for _, f := range r.Refs {
			fmt.Fprintf(w, "    - %s = %s\n", f.ref, cmp.Or(f.Commit, "(not found)"))
		}
		fmt.Fprintln(w)
	}
	found := v.found()
	fmt.Fprintf(w, "%d/%d refs were found.\n", len(found), len(v.wanted))
	if len(found) < len(v.wanted) {
		fmt.Fprintln(w, "Refs not found in any remote:")
	}
	for _, ref := range v.wanted {
		if !found[ref] {
			fmt.Fprintf(w, " - %s\n", ref)
		}
	}
	if v.Pulled != nil && *v.Pulled == len(found) {
		fmt.Fprintf(w, "Pulled %d/%d refs successfully.\n", *v.Pulled, len(found))
	}
}

// pullFound pulls each ref from the first remote that has it, and goes on with
// the next remote when one fails.
func (e *Env) pullFound(c *cli.Context, repo *ostree.Repo, view *foundView) error {
	done := map[ostree.CollectionRef]bool{}
	var failed error
	for _, r := range view.Results {
		var refs []pull.Ref
		for _, f := range r.Refs {
			if f.Commit != "" && !done[f.ref] {
				refs = append(refs, pull.Ref{Collection: f.Collection, Name: f.Ref, Commit: &f.at.Commit})
			}
		}
		if len(refs) == 0 {
			continue
		}
		if err := e.pullFrom(c, repo, r.conf, refs); err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", r.Remote, err))
			continue
		}
		for _, ref := range refs {
			done[ostree.CollectionRef{Collection: ref.Collection, Name: ref.Name}] = true
		}
	}
	n := len(done)
	view.Pulled = &n
	if n == len(view.found()) {
		return nil
	}
	return fmt.Errorf("failed to pull some refs from the remotes: %w", failed)
}

func (e *Env) pullFrom(c *cli.Context, repo *ostree.Repo, conf ostree.RemoteConfig, refs []pull.Ref) error {
	o, err := e.commonOptions(c, repo)
	if err != nil {
		return err
	}
	o.Remote, o.CollectionID, o.Mirror, o.Refs, o.CacheDir = conf.Name, conf.CollectionID, c.Bool("mirror"), refs, c.String("cache-dir")
	commits, err := sign.ForCommits(repo, conf.Name, e.signEnv())
	if err == nil && !commits.Demands() { // whoever has a ref of a collection need not be who made it
		commits, err = e.gpgPolicy(repo, conf.Name)
	}
	if err == nil {
		err = e.demandOfSummary(repo, conf.Name, &o)
	}
	if err != nil {
		return err
	}
	demandOfCommits(commits.Always(), &o)
	remote, err := e.connect(c.Context, repo, conf, reach{})
	if err != nil {
		return err
	}
	_, err = pull.Run(c.Context, repo, remote, o)
	return err
}
