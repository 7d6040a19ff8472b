package commands

import (
	"cmp"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/updateserver"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/offline"
)

// uploadFlags hand the bundle on when it is whole.
func uploadFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "upload", Usage: "then send the bundle to the update-server of `CONTEXT` (otactl login --update-server)"},
		&cli.StringFlag{Name: "as", Usage: "with --upload: call the update `NAME` there (default: the target's name)"},
	}
}

func offlineUploadCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:      "upload",
		Usage:     "send a bundle to an update-server, which offers it to its devices",
		ArgsUsage: "BUNDLE CONTEXT",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "as", Usage: "call the update `NAME` there (default: the name of the last target)"},
			&cli.StringFlag{Name: "config", Usage: "use the context file at `PATH`"},
		},
		Action: func(c *cli.Context) error {
			if err := ownFlags(c); err != nil {
				return err
			}
			up, err := rt.uploading(c, c.Args().Get(1))
			if err != nil {
				return err
			}
			rep, err := up.send(c.Context, rt, c.Args().First())
			if err != nil {
				return err
			}
			return rt.render(*rep)
		},
	}
}

// upload is where a bundle goes, and under which name.
type upload struct {
	server *updateserver.Client
	url    string
	as     string
}

// uploading is the update-server of a context; nil for "". What is wrong with the
// context is known before a bundle is made.
func (rt *runtime) uploading(c *cli.Context, name string) (*upload, error) {
	if name == "" {
		if c.IsSet("as") {
			return nil, fail.New(fail.Usage, "name the update-server with --upload CONTEXT", "--as: nothing is sent")
		}
		return nil, nil
	}
	as := c.String("as")
	if as != "" {
		if err := updateserver.CheckName(as); err != nil {
			return nil, err
		}
	}
	a, err := account.Load(rt.contextFile(c), func(variable string) string {
		if variable == account.EnvContext {
			return name
		}
		return ""
	})
	if err != nil {
		return nil, err
	}
	if a.Kind != account.UpdateServer {
		return nil, fail.New(fail.Usage, "log in to one with otactl login --update-server", "context %q is not an update-server", name)
	}
	hc, err := rt.httpClient(a.CAFile, nil, 1)
	if err != nil {
		return nil, err
	}
	auth, err := rt.auth(c.Context, a, hc)
	if err != nil {
		return nil, err
	}
	return &upload{updateserver.Open(updateserver.Options{URL: a.URL, Auth: auth, HTTP: hc, Retry: rt.retry()}), a.URL, as}, nil
}

// send sends the bundle in dir, a folder or one file.
func (u *upload) send(ctx context.Context, rt *runtime, dir string) (*uploadView, error) {
	b, err := offline.Open(dir)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	s, err := offline.Show(ctx, b, rt.clock())
	if err != nil {
		return nil, err
	}
	update, err := u.update(s)
	if err != nil {
		return nil, err
	}
	content, err := offline.Tar(ctx, b)
	if err != nil {
		return nil, err
	}
	defer content.Close() // before the bundle
	err = u.server.Create(ctx, update, content.Size, func() io.ReadCloser { return content.Open(ctx, rt.progress()) })
	if err != nil {
		return nil, err
	}
	return &uploadView{URL: u.url, Tag: update.Tag, Name: update.Name, Bytes: content.Size}, nil
}

// update is what the server is told of a bundle. Of several targets it is told
// nothing but the tag: it can make metadata of its own for one only.
func (u *upload) update(s *offline.Summary) (updateserver.Update, error) {
	update := updateserver.Update{Tag: s.Tag, Name: u.as}
	switch {
	case len(s.Targets) == 0:
		return update, fail.New(fail.Verification, "build the bundle again", "it names no target")
	case s.Missing > 0:
		return update, fail.New(fail.Verification, "have it signed first: otactl targets offline-update sign, then upload", "%d signatures are missing", s.Missing)
	case s.Expired:
		return update, fail.New(fail.Expired, "renew it with --tuf-only", "the bundle expired at %s", date(s.Expires))
	}
	for _, t := range s.Targets {
		if !t.Present {
			return update, fail.New(fail.Verification, "build that target into the bundle again", "target %s is not whole", t.Name)
		}
	}
	last := s.Targets[len(s.Targets)-1]
	update.Name = cmp.Or(update.Name, last.Name)
	if err := errors.Join(updateserver.CheckName(update.Tag), updateserver.CheckName(update.Name)); err != nil || len(s.Targets) > 1 {
		return update, err
	}
	update.Target, update.Commit, update.Apps = last.Name, last.Commit, map[string]string{}
	if len(last.HardwareIDs) > 0 {
		update.HardwareID = last.HardwareIDs[0]
	}
	if n, err := strconv.Atoi(last.Version); err == nil {
		update.Version = n
	}
	for _, app := range last.Apps {
		if _, digest, ok := strings.Cut(app.URI, "@sha256:"); ok {
			update.Apps[app.Name] = digest
		}
	}
	return update, nil
}

type uploadView struct {
	URL   string `json:"url"`
	Tag   string `json:"tag"`
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

// Table tells a person what was sent where.
func (v uploadView) Table(w io.Writer) {
	render.Fields(w, "update-server", v.URL, "update", v.Tag+"/"+v.Name, "sent", size(v.Bytes))
}
