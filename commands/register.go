package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/register"
)

// Where a device registers when nobody says otherwise, and what it starts.
const (
	hostedDeviceAPI = "https://api.foundries.io/ota/devices/"
	hostedOAuth     = "https://app.foundries.io/oauth"
	sotaDir         = "/var/sota"
	akliteLock      = "/var/lock/aklite.lock"
	daemonUnit      = "aktualizr-lite.service"
)

// gatewayPatience is how long a registration waits for the gateway to greet the
// new device.
const gatewayPatience = 20 * time.Second

func registerCommand(rt *runtime) *cli.Command {
	return &cli.Command{
		Name:  "register",
		Usage: "give this device its identity",
		Description: "Makes a key on this device, has a certificate request signed by the backend and writes\n" +
			"root.crt, pkey.pem, client.pem and, last, sota.toml. Without an API token somebody with an\n" +
			"account confirms the code that is shown (otactl devices approve CODE).",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "name", Aliases: []string{"n"}, Usage: "`NAME` in the backend's lists (default: the UUID)"},
			&cli.StringFlag{Name: "server", Usage: "register at the otactl serve at `URL`; sets --device-api and --oauth-base"},
			&cli.StringFlag{Name: "device-api", Usage: "send the certificate request to `URL`", Value: hostedDeviceAPI},
			&cli.StringFlag{Name: "oauth-base", Usage: "run the device flow at `URL`", Value: hostedOAuth},
			&cli.StringFlag{Name: "factory", Aliases: []string{"f"}, Usage: "`NAME` of the factory (default: LMP_FACTORY of os-release)"},
			&cli.StringSliceFlag{Name: "tag", Aliases: []string{"t", "tags"}, Usage: "follow targets with `TAG` (default: LMP_FACTORY_TAG of os-release)"},
			&cli.StringFlag{Name: "uuid", Aliases: []string{"u"}, Usage: "`UUID` of the device (default: a random one)"},
			&cli.StringFlag{Name: "hwid", Aliases: []string{"i", "hw-id"}, Usage: "hardware `ID` (default: the architecture, as in amd64-linux)"},
			&cli.StringFlag{Name: "device-group", Aliases: []string{"g"}, Usage: "put the device into `GROUP`"},
			&cli.BoolFlag{Name: "production", Aliases: []string{"p"}, Usage: "ask for a production device's certificate"},
			&cli.StringFlag{Name: "token-file", Usage: "read an API token from `FILE` and skip the device flow; - is standard input"},
			&cli.StringFlag{Name: "api-token-header", Aliases: []string{"H"}, Usage: "`HEADER` that carries the API token", Value: "OSF-TOKEN"},
			&cli.BoolFlag{Name: "raw-bearer", Usage: "send the OAuth token as it is, not base64-encoded once more"},
			&cli.StringFlag{Name: "ca-file", Usage: "also trust the CAs in `FILE` for the backend"},
			&cli.BoolFlag{Name: "insecure-http", Usage: "allow http:// to a host that is not this one"},
			&cli.StringFlag{Name: "sota-dir", Aliases: []string{"d"}, Usage: "write to `DIR`", Value: sotaDir},
			&cli.StringFlag{Name: "apps", Aliases: []string{"a"}, Usage: "run these Compose Apps, a comma-separated `LIST` (default: all)"},
			&cli.StringFlag{Name: "restorable-apps", Aliases: []string{"A"}, Usage: "keep these Compose Apps restorable, a comma-separated `LIST`"},
			&cli.BoolFlag{Name: "use-ostree-server", Usage: "fetch OSTree content from the backend's proxy; on, =false turns it off", Value: true},
			&cli.BoolFlag{Name: "start-daemon", Usage: "start the update daemon afterwards, where it is installed; on, =false turns it off", Value: true},
			&cli.BoolFlag{Name: "force", Usage: "replace an existing registration"},
		},
		Action: func(c *cli.Context) error {
			o, err := registerOptions(c, rt)
			if err != nil {
				return err
			}
			res, err := register.Run(c.Context, o)
			if err != nil {
				return err
			}
			view := registerView{Result: *res, Daemon: rt.startDaemon(c.Context, c.Bool("start-daemon"))}
			return rt.render(view)
		},
	}
}

type registerView struct {
	register.Result
	Daemon string `json:"daemon"`
}

// Table tells a person what there is now and what comes next.
func (v registerView) Table(w io.Writer) {
	fmt.Fprintf(w, "registered %s (%s)\n", v.Name, v.UUID)
	fmt.Fprintf(w, "gateway    %s\n", v.Gateway)
	fmt.Fprintf(w, "files      %s in %s\n", strings.Join(v.Files, " "), v.Dir)
	fmt.Fprintf(w, "trust      %s\n", trustWord(v.Trusted))
	fmt.Fprintf(w, "daemon     %s\n", v.Daemon)
}

func trustWord(trusted bool) string {
	if trusted {
		return "the gateway accepts the device and gave it the factory's first root"
	}
	return "none yet: the gateway did not give a root; bundles are refused until it does"
}

// startDaemon says in a word or two what became of the daemon; a device is
// registered whether or not one could be started.
func (rt *runtime) startDaemon(ctx context.Context, wanted bool) string {
	if !wanted {
		return "not started (--start-daemon=false)"
	}
	err := register.StartDaemon(ctx, daemonUnit)
	switch {
	case err == nil:
		return "started " + daemonUnit
	case errors.Is(err, register.ErrNoUnit):
		return "not started: " + daemonUnit + " is not installed here; update with otactl agent or aklite-offline"
	}
	rt.log.Warn("daemon did not start", "err", err)
	return "not started: " + oneLine(err.Error())
}

func registerOptions(c *cli.Context, rt *runtime) (register.Options, error) {
	release := osRelease("/etc/os-release")
	o := register.Options{
		Factory: first(c.String("factory"), rt.env("DEVICE_FACTORY"), release["LMP_FACTORY"]), Name: c.String("name"), UUID: c.String("uuid"),
		Tags: c.StringSlice("tag"), HardwareID: first(c.String("hwid"), goruntime.GOARCH+"-linux"), Group: c.String("device-group"),
		Production: c.Bool("production") || rt.env("PRODUCTION") != "", UseOSTreeServer: c.Bool("use-ostree-server"),
		Apps: given(c, "apps"), RestorableApps: given(c, "restorable-apps"), Dir: c.String("sota-dir"), Force: c.Bool("force"),
		DeviceAPI: c.String("device-api"), OAuthBase: c.String("oauth-base"), TokenHeader: c.String("api-token-header"), RawBearer: c.Bool("raw-bearer"), Dialects: dialects(),
	}
	o.ComposeApps = o.Apps != nil || o.RestorableApps != nil
	if len(o.Tags) == 0 && release["LMP_FACTORY_TAG"] != "" {
		o.Tags = []string{release["LMP_FACTORY_TAG"]}
	}
	if s := strings.TrimRight(c.String("server"), "/"); s != "" {
		o.DeviceAPI, o.OAuthBase = s+"/ota/devices/", s+"/oauth"
	}
	if f := c.String("token-file"); f != "" {
		token, err := rt.secret(f)
		if err != nil {
			return o, err
		}
		o.Token = token
	}
	return o, rt.completeRegistration(&o, c.String("ca-file"), c.Bool("insecure-http"))
}

// completeRegistration adds what both ways of calling share: transport, clock,
// the daemon's lock, and the prompt.
func (rt *runtime) completeRegistration(o *register.Options, caFile string, insecure bool) error {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	o.Dir = dir
	for _, u := range []string{o.DeviceAPI, o.OAuthBase} {
		if err := checkScheme(u, insecure); err != nil {
			return err
		}
	}
	client := httpx.Options{UserAgent: userAgent()}
	if caFile != "" {
		pem, err := fsx.ReadFile(caFile, limits.Credentials)
		if err != nil {
			return err
		}
		if client.TLS, err = httpx.TLSConfig(pem); err != nil {
			return err
		}
	}
	o.HTTP, o.Clock, o.Log = httpx.NewClient(client), rt.clock, rt.log
	o.Prompt, o.GatewayPatience = rt.showDeviceCode, gatewayPatience
	if dir == sotaDir { // the daemon reads this folder and no other
		o.LockFile = akliteLock
	}
	return nil
}

// checkScheme refuses to send a credential over plain HTTP, but for a backend
// on this machine.
func checkScheme(address string, insecure bool) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return fail.New(fail.Usage, "pass a full URL", "address %q is not a URL", address)
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme == "https" || u.Scheme == "http" && (local || insecure) {
		return nil
	}
	return fail.New(fail.Usage, "use https://, or --insecure-http on a network you trust", "address %s: would send a credential in the clear", address)
}

// showDeviceCode is what a person has to act on, so --quiet doesn't hide it.
func (rt *runtime) showDeviceCode(d register.DeviceCode) {
	fmt.Fprintf(rt.screen, "confirm this device within %d minutes:\n", int(d.Expires/time.Minute))
	fmt.Fprintf(rt.screen, "  device %s\n  code   %s\n  at     %s\n", d.UUID, oneLine(d.UserCode), oneLine(first(d.Complete, d.URI)))
}

// secret reads a token from a file, or from standard input for "-".
func (rt *runtime) secret(path string) (string, error) {
	var b []byte
	var err error
	if path == "-" {
		b, err = fsx.ReadAll(rt.std.In, "standard input", limits.Ref)
	} else {
		b, err = fsx.ReadFile(path, limits.Ref)
	}
	token := strings.TrimSpace(string(b))
	if err == nil && token == "" {
		err = fail.New(fail.Usage, "", "token in %s is empty", path)
	}
	return token, err
}

// osRelease reads the assignments of an os-release file; without one it is
// empty.
func osRelease(path string) map[string]string {
	m := map[string]string{}
	b, err := fsx.ReadFile(path, limits.ConfigFile)
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(b)) {
		k, v, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok {
			m[k] = strings.Trim(v, `"'`)
		}
	}
	return m
}

// given is the value of a flag that was set, or nil: "" means something else.
func given(c *cli.Context, name string) *string {
	if !c.IsSet(name) {
		return nil
	}
	v := c.String(name)
	return &v
}

// first is the first of the values that is not empty.
func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func userAgent() string { return programName + "/" + buildVersion().Version }
