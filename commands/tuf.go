package commands

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/agent/state"
	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/tufrepo"
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
		Description: "Looks at a folder (a repository, a bundle, or the storage of a device, where sql.db is), at the\n" +
			"URL of a repository (that of a gateway ends in /repo), or without an argument at the backend in\n" +
			"use. Says of each root who signed it and what it changed, of each role whose signatures are\n" +
			"there and when it expires, and goes on after what is wrong. Exit code 7 if anything is.\n\n" +
			"Without --root the chain begins with the repository's own first root, which proves only that\n" +
			"the repository agrees with itself.",
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "root", Usage: "begin with the root in `FILE`, which you trust"},
			&cli.BoolFlag{Name: "production", Usage: "ask the backend for production metadata, that of --tag"},
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
	opt := inspect.Options{Now: now, Dialects: dialects()}
	if path := c.String("root"); path != "" {
		if opt.Root, err = readRootFile(path); err != nil {
			return err
		}
	}
	source := c.Args().First()
	var repo tuf.Fetcher
	if source == "" || strings.Contains(source, "://") {
		source, repo, err = rt.remoteMetadata(c, source)
	} else {
		var opened localSource
		if opened, err = openLocal(c.Context, source); err == nil {
			defer opened.Close()
			source, repo = opened.name, opened.Fetcher
			opt.First, opt.Cache, opt.Bundle = opened.first, opened.cache, opened.dir
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

// localSource is metadata on this machine.
type localSource struct {
	tuf.Fetcher
	io.Closer

	name  string
	first int       // version of the oldest root; 0 for none
	cache tuf.Cache // the same, which may be the memory of a device
	dir   bool      // it may be a bundle
}

// openLocal opens a folder of metadata, that of a bundle, or the storage of a
// device.
func openLocal(ctx context.Context, path string) (s localSource, err error) {
	db := filepath.Join(path, "sql.db")
	if st, err := os.Stat(db); err == nil && st.Mode().IsRegular() {
		path = db
	}
	if filepath.Base(path) == "sql.db" {
		db, err := state.Open(ctx, path, state.Options{ReadOnly: true})
		if err != nil {
			return s, err
		}
		s = localSource{inspect.Stored{Cache: db.Metadata()}, db, path, 0, db.Metadata(), false}
	} else if s, err = openDir(path); err != nil {
		return s, err
	}
	versions, err := s.cache.Roots(ctx)
	if err != nil {
		return s, errors.Join(err, s.Close())
	}
	if len(versions) > 0 {
		s.first = slices.Min(versions)
	}
	return s, nil
}

func openDir(path string) (s localSource, err error) {
	dir, err := os.OpenRoot(path)
	if err != nil {
		return s, fail.As(err, fail.NotFound, "give the folder that timestamp.json is in, a bundle, a device's storage, or a URL")
	}
	if inside, err := dir.OpenRoot("tuf"); err == nil {
		path = filepath.Join(path, "tuf")
		_ = dir.Close() // nothing was written
		dir = inside
	} else if !errors.Is(err, fs.ErrNotExist) {
		return s, errors.Join(err, dir.Close())
	}
	cache, err := tuf.OpenDirCache(path)
	if err != nil {
		return s, errors.Join(err, dir.Close())
	}
	return localSource{inspect.Folder{DirFetcher: tuf.DirFetcher{Root: dir}}, dir, path, 0, cache, true}, nil
}

// remoteMetadata is a repository on the web; "" is that of the backend in use.
// The token goes along only to the origin that it is for.
func (rt *runtime) remoteMetadata(c *cli.Context, text string) (string, tuf.Fetcher, error) {
	if text == "" && c.Bool("production") && c.String("tag") == "" {
		return "", nil, fail.New(fail.Usage, "otactl waves list names the tags",
			"flag --tag is missing: each tag has production targets of its own")
	}
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
	if repo.HTTP, err = rt.metadataClient(c, first(c.String("ca-file"), a.CAFile)); err != nil {
		return "", nil, err
	}
	if own, err := url.Parse(a.URL); err == nil && a.URL != "" && httpx.SameOrigin(own, base) {
		if repo.Auth, err = rt.auth(c.Context, a, repo.HTTP); err != nil {
			return "", nil, err
		}
	}
	if c.Bool("production") {
		repo.Query.Set("production", "1")
	}
	if tag := c.String("tag"); tag != "" {
		repo.Query.Set("tag", tag)
		repo.Header.Set("x-ats-tags", tag)
	}
	return httpx.Redact(base), repo, nil
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
