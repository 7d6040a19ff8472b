package commands

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/tufrepo"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/inspect"
)

func tufCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:        "tuf",
		Usage:       "the signed metadata that devices trust",
		Subcommands: []*cli.Command{tufVerifyCommand(rt)},
	}
}

func tufVerifyCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "show the chain of trust of a repository, and every rule that it breaks",
		ArgsUsage: "[DIR|URL]",
		Description: "Looks at a folder (a repository, a bundle, or what a device has stored), at the URL of a\n" +
			"repository (that of a gateway ends in /repo), or without an argument at the backend in use. Says\n" +
			"of each root who signed it and what it changed, of each role whose signatures are there and\n" +
			"when it expires, and goes on after what is wrong. Exit code 7 if anything is.\n\n" +
			"Without --root the chain begins with the repository's own first root, which proves only that\n" +
			"the repository agrees with itself.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "root", Usage: "begin with the root in `FILE`, which you trust"},
			&cli.BoolFlag{Name: "production", Usage: "ask the backend for production metadata"},
			&cli.StringFlag{Name: "tag", Usage: "ask for the metadata of devices that follow `TAG`"},
			&cli.StringFlag{Name: "now", Usage: "judge expiry as at `TIME`, such as 2026-01-31T12:00:00Z (default: now)"},
			&cli.StringFlag{Name: "cert", Usage: "show a gateway the device certificate in `FILE`"},
			&cli.StringFlag{Name: "cert-key", Usage: "the key of --cert is in `FILE`"},
		}, accountFlags()...),
		Action: func(c *cli.Context) error { return rt.verifyMetadata(c) },
	}
}

func (rt *runtime) verifyMetadata(c *cli.Context) error {
	now, err := rt.judgingTime(c)
	if err != nil {
		return err
	}
	opt := inspect.Options{Now: now}
	if path := c.String("root"); path != "" {
		if opt.Root, err = readRootFile(path); err != nil {
			return err
		}
	}
	var repo tuf.Fetcher
	source := c.Args().First()
	if source == "" || strings.Contains(source, "://") {
		source, repo, err = rt.remoteMetadata(c, source)
	} else {
		var dir *os.Root
		if dir, source, err = metadataDir(source); err == nil {
			defer dir.Close()
			repo, err = tuf.DirFetcher{Root: dir}, localMetadata(dir, source, &opt)
		}
	}
	if err != nil {
		return err
	}
	report, err := inspect.Run(c.Context, repo, opt)
	if err != nil {
		return err
	}
	if err := rt.render(tufView{source, *report}); err != nil {
		return err
	}
	return report.Err()
}

// judgingTime is the time given with --now, or the present.
func (rt *runtime) judgingTime(c *cli.Context) (time.Time, error) {
	at := c.String("now")
	if at == "" {
		return rt.clock(), nil
	}
	now, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return now, fail.New(fail.Usage, "give it as in 2026-01-31T12:00:00Z", "--now %q: not a time", at)
	}
	return now.UTC(), nil
}

// metadataDir opens a folder of metadata, or that of a bundle.
func metadataDir(path string) (dir *os.Root, name string, err error) {
	if dir, err = os.OpenRoot(path); err != nil {
		return nil, path, fail.As(err, fail.NotFound, "give the folder that timestamp.json is in, a bundle, or a URL")
	}
	inside, err := dir.OpenRoot("tuf")
	if errors.Is(err, fs.ErrNotExist) {
		return dir, path, nil
	}
	return inside, filepath.Join(path, "tuf"), errors.Join(err, dir.Close())
}

// localMetadata finds out where the chain in a folder begins. The folder may be
// the memory of a device, and is held against that as well.
func localMetadata(dir *os.Root, path string, opt *inspect.Options) error {
	cache, err := tuf.OpenDirCache(path)
	if err != nil {
		return err
	}
	opt.Cache = cache
	entries, err := fs.ReadDir(dir.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name(), ".root.json")
		if n, err := strconv.Atoi(digits); ok && err == nil && n > 0 && (opt.First == 0 || n < opt.First) {
			opt.First = n
		}
	}
	return nil
}

// remoteMetadata is a repository on the web; "" is that of the backend in use.
// The token goes along only to the origin that it is for.
func (rt *runtime) remoteMetadata(c *cli.Context, text string) (string, tuf.Fetcher, error) {
	a, err := rt.account(c)
	if text == "" {
		if err != nil {
			return "", nil, err
		}
		text = a.URL + "/ota/repo/" + url.PathEscape(a.Factory) + "/api/v1/user_repo"
	} else if err != nil && !errors.Is(err, account.ErrNoContext) {
		return "", nil, err
	}
	base, err := tufrepo.ParseBase(text)
	if err != nil {
		return "", nil, err
	}
	repo := &tufrepo.Repo{Base: base, Query: url.Values{}, Header: http.Header{}, Retry: rt.retry()}
	if own, err := url.Parse(a.URL); err == nil && a.URL != "" && httpx.SameOrigin(own, base) {
		repo.Auth = tokenAuth(a.Token)
	}
	if c.Bool("production") {
		repo.Query.Set("production", "1")
	}
	if tag := c.String("tag"); tag != "" {
		repo.Query.Set("tag", tag)
		repo.Header.Set("x-ats-tags", tag)
	}
	repo.HTTP, err = rt.metadataClient(c, first(c.String("ca-file"), a.CAFile))
	return httpx.Redact(base), repo, err
}

func (rt *runtime) metadataClient(c *cli.Context, caFile string) (*http.Client, error) {
	cert, key := c.String("cert"), c.String("cert-key")
	if (cert == "") != (key == "") {
		return nil, fail.New(fail.Usage, "give both", "--cert and --cert-key go together")
	}
	if cert == "" {
		return rt.httpClient(caFile, nil, 0)
	}
	var pem []byte
	var err error
	if caFile != "" {
		if pem, err = fsx.ReadFile(caFile, limits.ConfigFile); err != nil {
			return nil, fail.As(err, fail.Usage, "give the gateway's CA certificate as a PEM file")
		}
	}
	cfg, err := httpx.TLSConfig(pem)
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fail.As(fmt.Errorf("--cert: %w", err), fail.Usage, "give the device's client.pem and pkey.pem")
	}
	cfg.Certificates = []tls.Certificate{pair}
	return httpx.NewClient(httpx.Options{TLS: cfg, UserAgent: userAgent()}), nil
}

// readRootFile reads a root that a person trusts; readRoot reads what is in it.
func readRootFile(path string) ([]byte, error) {
	data, err := fsx.ReadFile(path, limits.Root)
	return data, fail.As(wrap("--root", err), fail.Usage, "give a root.json that you trust")
}

func readRoot(path string) (*tuf.Root, error) {
	data, err := readRootFile(path)
	if err != nil {
		return nil, err
	}
	return tuf.ParseRoot(data)
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}

type tufView struct {
	Source string `json:"source"`
	inspect.Report
}

// Table shows the chain, then the roles, then what is wrong.
func (v tufView) Table(w io.Writer) {
	result := "good"
	if !v.Good {
		result = "bad"
	}
	render.Fields(w, "metadata", v.Source, "result", result, "trust from", v.Anchor, "expires", v.until(v.Expires))
	v.roots(w)
	v.roles(w)
	var rows [][]string
	for _, f := range v.Findings {
		rows = append(rows, []string{f.File, f.Rule, f.Problem, f.Remedy})
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		render.Columns(w, []string{"BAD", "RULE", "WHAT", "WHAT TO DO"}, rows)
	}
}

func (v tufView) roots(w io.Writer) {
	var rows [][]string
	for _, r := range v.Roots {
		before := "-"
		if r.Old != nil {
			before = ofThreshold(*r.Old)
		}
		notes := r.Changes
		if r.Message != "" {
			notes = append([]string{strconv.Quote(r.Message)}, notes...)
		}
		for i := range max(1, len(notes)) {
			row := []string{"", "", "", "", ""}
			if i == 0 {
				row = []string{r.File, ofThreshold(r.Own), before, v.until(r.Expires), ""}
			}
			if i < len(notes) {
				row[4] = notes[i]
			}
			rows = append(rows, row)
		}
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		render.Columns(w, []string{"ROOT", "SIGNED", "BY KEYS BEFORE", "EXPIRES", "CHANGES"}, rows)
	}
}

func (v tufView) roles(w io.Writer) {
	var rows [][]string
	roles := v.Roles
	if n := len(v.Roots); n > 0 {
		last := v.Roots[n-1]
		roles = append([]inspect.Role{{Name: "root", File: last.File, Version: last.Version, Expires: last.Expires, Signed: last.Own}}, roles...)
	}
	for _, r := range roles {
		what := []string{r.Name, r.File, strconv.Itoa(r.Version), v.until(r.Expires), ofThreshold(r.Signed)}
		for _, k := range r.Signed.Keys {
			who := "has not signed"
			if k.Signed {
				who = "signed"
			}
			rows = append(rows, append(what, k.ID, k.Type, who))
			what = []string{"", "", "", "", ""}
		}
		for _, other := range r.Signed.Others {
			rows = append(rows, append(what, other, "", "does not count"))
			what = []string{"", "", "", "", ""}
		}
	}
	if len(rows) > 0 {
		fmt.Fprintln(w)
		render.Columns(w, []string{"ROLE", "FILE", "VERSION", "EXPIRES", "SIGNED", "KEY", "TYPE", ""}, rows)
	}
}

func ofThreshold(s inspect.Signed) string { return fmt.Sprintf("%d of %d", s.Valid, s.Threshold) }

// until is a time with how far away it is.
func (v tufView) until(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	left := at.Sub(v.Now)
	away := fmt.Sprintf("in %s", span(left))
	if left <= 0 {
		away = fmt.Sprintf("expired %s ago", span(-left))
	}
	return at.UTC().Format("2006-01-02 15:04 UTC") + " (" + away + ")"
}

// span is a length of time in the largest unit that says something.
func span(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d minutes", int(d.Minutes()))
}
