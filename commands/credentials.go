package commands

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
)

// credentialsClient speaks to the servers that credentials are for: it trusts
// the CAs in them and in a file (may be ""), and shows their client certificate
// to those servers.
func (rt *runtime) credentialsClient(creds *credentials.Credentials, caFile string, conns int) (*http.Client, error) {
	cfg, err := trusting(caFile, creds.ServerCA)
	if err != nil {
		return nil, err
	}
	return httpx.NewClient(httpx.Options{TLS: cfg, UserAgent: userAgent(), MaxConns: conns, Client: creds.Certificate(), Limit: rt.limit}), nil
}

func credentialsCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "credentials",
		Usage: "the file that a backend hands out to publishers",
		Subcommands: []*cli.Command{{
			Name:        "show",
			Usage:       "show what a credentials file is good for, without its secrets",
			ArgsUsage:   "FILE",
			Description: "FILE is a credentials.zip, a tar of the same, or a treehub.json. Nothing is sent.",
			Action:      func(c *cli.Context) error { return rt.credentialsShow(c.Args().First()) },
		}},
	}
}

func (rt *runtime) credentialsShow(path string) error {
	creds, err := credentials.Open(path)
	if err != nil {
		return err
	}
	view, err := newCredentialsView(creds)
	if err != nil {
		return fail.As(fmt.Errorf("credentials %s: %w", path, err), fail.ClassOf(err), "")
	}
	return rt.render(view)
}

type credentialsView struct {
	Treehub string `json:"treehub"`
	Repo    string `json:"tufrepo,omitempty"`
	Proof   string `json:"proof"` // oauth2, basic, certificate or none
	As      string `json:"as,omitempty"`
	// TokenServer is that of oauth2, Until when the certificate ends.
	TokenServer string     `json:"token_server,omitempty"`
	Until       *time.Time `json:"until,omitempty"`
	Root        int        `json:"root,omitempty"`      // its version
	SignsAs     string     `json:"signs_as,omitempty"`  // id of the targets key
	ServerCA    bool       `json:"server_ca,omitempty"` // whether it says whom to trust
}

func newCredentialsView(c *credentials.Credentials) (credentialsView, error) {
	v := credentialsView{Treehub: c.TreehubURL, Repo: c.RepoURL, Proof: "none", ServerCA: c.ServerCA != nil}
	switch {
	case c.Client != nil:
		v.Proof, v.As, v.Until = "certificate", c.Client.Leaf.Subject.String(), &c.Client.Leaf.NotAfter
	case c.OAuth2 != nil:
		v.Proof, v.As, v.TokenServer = "oauth2", c.OAuth2.ClientID, c.OAuth2.Server
	case c.Basic != nil:
		v.Proof, v.As = "basic", c.Basic.User
	}
	if c.Root != nil {
		root, err := tuf.ParseRoot(c.Root)
		if err != nil {
			return v, err
		}
		v.Root = root.Version
	}
	if c.CanSign() {
		key, err := c.TargetsKey()
		if err != nil {
			return v, err
		}
		v.SignsAs = key.Public().ID
	}
	return v, nil
}

// Table shows it to a person.
func (v credentialsView) Table(w io.Writer) {
	pairs := []string{"treehub", v.Treehub, "tufrepo", v.Repo, "proof", v.Proof, "as", v.As, "token server", v.TokenServer}
	if v.Until != nil {
		pairs = append(pairs, "until", date(*v.Until))
	}
	if v.Root > 0 {
		pairs = append(pairs, "root", fmt.Sprintf("version %d", v.Root))
	}
	render.Fields(w, append(pairs, "signs as", v.SignsAs)...)
}
