package plumbing

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/httprepo"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
)

func remoteAddCookieCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "add-cookie",
		Usage:     "send a cookie to a remote",
		ArgsUsage: "NAME DOMAIN PATH COOKIE VALUE",
		Action: e.onCookies(func(c *cli.Context, all []httprepo.Cookie) ([]httprepo.Cookie, error) {
			a := c.Args()
			cookie := httprepo.Cookie{Domain: a.Get(1), Subdomains: strings.HasPrefix(a.Get(1), "."), Path: a.Get(2), Name: a.Get(3), Value: a.Get(4), Expires: e.Now().Add(cookieLife).Unix()}
			if err := cookie.Check(); err != nil {
				return nil, err
			}
			return append(withoutCookie(all, a), cookie), nil
		}),
	}
}

// cookieLife is how long the original lets a cookie live.
const cookieLife = 25 * 365 * 24 * time.Hour

func remoteDeleteCookieCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "delete-cookie",
		Usage:     "send a cookie no more",
		ArgsUsage: "NAME DOMAIN PATH COOKIE",
		Action: e.onCookies(func(c *cli.Context, all []httprepo.Cookie) ([]httprepo.Cookie, error) {
			left := withoutCookie(all, c.Args())
			if len(left) == len(all) {
				return nil, fail.New(fail.NotFound, "list them with "+e.Program+" remote list-cookies", "remote %q has no such cookie", c.Args().First())
			}
			return left, nil
		}),
	}
}

// withoutCookie leaves out the cookie that the arguments name.
func withoutCookie(all []httprepo.Cookie, a cli.Args) []httprepo.Cookie {
	return slices.DeleteFunc(slices.Clone(all), func(c httprepo.Cookie) bool {
		return c.Domain == a.Get(1) && c.Path == a.Get(2) && c.Name == a.Get(3)
	})
}

// onCookies changes the cookie file of the remote that is the first argument.
func (e *Env) onCookies(edit func(c *cli.Context, all []httprepo.Cookie) ([]httprepo.Cookie, error)) cli.ActionFunc {
	return e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
		all, path, err := readCookies(repo, c.Args().First())
		if err != nil {
			return err
		}
		if all, err = edit(c, all); err != nil {
			return err
		}
		return fsx.WriteFile(path, httprepo.FormatCookies(all), 0o600) // they are as good as passwords
	})
}

func readCookies(repo *ostree.Repo, name string) ([]httprepo.Cookie, string, error) {
	if _, err := repo.RemoteConfig(name); err != nil {
		return nil, "", err
	}
	path := repo.RemoteFile(name, "cookies.txt")
	data, err := fsx.ReadFile(path, limits.Cookies)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, path, nil
	}
	if err != nil {
		return nil, "", err
	}
	all, err := httprepo.ParseCookies(data)
	return all, path, err
}

func remoteListCookiesCommand(e *Env) *cli.Command {
	return &cli.Command{
		Name:      "list-cookies",
		Usage:     "list the cookies of a remote",
		ArgsUsage: "NAME",
		Action: e.onRepo(func(c *cli.Context, repo *ostree.Repo) error {
			all, _, err := readCookies(repo, c.Args().First())
			if err != nil {
				return err
			}
			view := cookiesView{}
			for _, k := range all {
				view = append(view, cookieView{k.Domain, k.Path, k.Name, k.Value, k.Secure, time.Unix(k.Expires, 0).UTC()})
			}
			return e.Render(view)
		}),
	}
}

type cookieView struct {
	Domain  string    `json:"domain"`
	Path    string    `json:"path"`
	Name    string    `json:"name"`
	Value   string    `json:"value"`
	Secure  bool      `json:"secure"`
	Expires time.Time `json:"expires"`
}

type cookiesView []cookieView

// Table prints one block for each.
func (v cookiesView) Table(w io.Writer) {
	for _, c := range v {
		secure := map[bool]string{true: "yes", false: "no"}[c.Secure]
		fmt.Fprintf(w, "--\nDomain: %s\nPath: %s\nName: %s\nSecure: %s\nExpires: %s\nValue: %s\n", shownName(c.Domain), shownName(c.Path),
			shownName(c.Name), secure, c.Expires.Format("2006-01-02 15:04:05 -0700"), shownName(c.Value))
	}
}
