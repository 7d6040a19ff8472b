package commands

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/commands/render"
	"github.com/otactl/otactl/server"
)

func serveCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "serve",
		Usage: "be the backend: repo, signed metadata, registration and device gateway in one process",
		Description: "Everything is in one folder. The first start makes keys, certificates, an operator's context\n" +
			"file (otactl.yaml) and a publisher's credentials.zip in it. Flags are remembered by the folder:\n" +
			"what is left out keeps the value of the last start. With -o json one line on standard output\n" +
			"says when the server is ready and where. A signal stops it; requests under way may finish.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Usage: "keep everything in `DIR`", Required: true},
			&cli.StringFlag{Name: "addr", Usage: "serve the API on `HOST:PORT`, in plain HTTP (default: 127.0.0.1:8080)"},
			&cli.StringFlag{Name: "gateway-addr", Usage: "serve devices on `HOST:PORT`, in mutual TLS (default: :8443)"},
			&cli.StringFlag{Name: "url", Usage: "clients reach the API at `URL` (default: from --addr)"},
			&cli.StringFlag{Name: "gateway-url", Usage: "devices reach the gateway at `URL` (default: from --dns-name and --gateway-addr)"},
			&cli.StringSliceFlag{Name: "dns-name", Usage: "the gateway's certificate is for `NAME`, a DNS name or an IP address; repeat for more"},
			&cli.StringFlag{Name: "factory", Aliases: []string{"f"}, Usage: "the factory is called `NAME` (default: local); the first start fixes it"},
		},
		Action: func(c *cli.Context) error { return rt.serve(c) },
	}
}

func (rt *runtime) serve(c *cli.Context) error {
	rt.chatty()
	s, err := server.Open(c.Context, server.Options{
		DataDir: c.String("data"), Addr: c.String("addr"), GatewayAddr: c.String("gateway-addr"),
		URL: c.String("url"), GatewayURL: c.String("gateway-url"), DNSNames: words(c.StringSlice("dns-name")),
		Factory: c.String("factory"), Clock: rt.clock, Log: rt.log,
	})
	if err != nil {
		return err
	}
	defer s.Close()
	view := serveView{s.Ready()}
	if view.FirstStart {
		rt.say("%s", view.next())
	}
	if err := rt.announce(view); err != nil {
		return err
	}
	return s.Serve(c.Context)
}

// announce writes where the server is. In JSON it is one line, so that a
// script can read it while the server runs on.
func (rt *runtime) announce(v serveView) error {
	if rt.format != render.JSON {
		return rt.render(v)
	}
	return json.NewEncoder(rt.std.Out).Encode(v)
}

type serveView struct{ server.Ready }

// Table says where the server answers.
func (v serveView) Table(w io.Writer) {
	fmt.Fprintf(w, "serving factory %s: API %s, devices %s, data in %s\n", v.Factory, v.URL, v.Gateway, v.DataDir)
	if len(v.SignedElsewhere) > 0 {
		fmt.Fprintf(w, "signed elsewhere and brought here: %s\n", strings.Join(v.SignedElsewhere, ", "))
	}
}

// next is what a person does after the first start.
func (v serveView) next() string {
	return fmt.Sprintf(`first start: keys, certificates and accounts were made in %[1]s
  publish   otactl publish -r REPO -m HWID --tag TAG -c %[2]s
  look      otactl targets list --config %[3]s
  register  otactl register -n NAME -f %[4]s --server %[5]s   (on the device)
  approve   otactl devices approve CODE --config %[3]s
keep %[1]s private and back it up: it holds every key`, v.DataDir, v.Credentials, v.Context, v.Factory, v.URL)
}
