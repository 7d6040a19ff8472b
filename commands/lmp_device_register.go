package commands

import (
	"context"
	"fmt"
	goruntime "runtime"
	"strings"

	"github.com/otactl/otactl/commands/boost"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/register"
)

// lmpFailed is lmp-device-register's only exit code besides 0: it returns -1.
const lmpFailed = 255

func lmpParser() *boost.Parser {
	str, yes := boost.String, boost.Bool
	return &boost.Parser{
		Caption: "lmp-device-register options",
		Options: []boost.Option{
			{Long: "help", Kind: boost.Switch, Help: "print usage"},
			{Long: "factory", Short: "f", Kind: str, Help: "factory to register with (default: LMP_FACTORY of os-release)"},
			{Long: "tags", Short: "t", Kind: str, Help: "tag to follow (default: LMP_FACTORY_TAG of os-release)"},
			{Long: "name", Short: "n", Kind: str, Help: "name of the device (default: its UUID)"},
			{Long: "uuid", Short: "u", Kind: str, Help: "UUID of the device (default: a random one)"},
			{Long: "validate-uuid", Short: "v", Kind: yes, Implicit: true, Default: "1", Help: "insist on the 8-4-4-4-12 form"},
			{Long: "hwid", Short: "i", Kind: str, Default: goruntime.GOARCH + "-linux", Help: "hardware id"},
			{Long: "device-group", Short: "g", Kind: str, Help: "group to put the device in"},
			{Long: "production", Short: "p", Kind: yes, Implicit: true, Default: "0", Help: "make it a production device"},
			{Long: "api-token", Short: "T", Kind: str, Help: "API token; others can see it in the process list, --api-token-file is safer"},
			{Long: "api-token-file", Kind: str, Help: "file that holds the API token"},
			{Long: "api-token-header", Short: "H", Kind: str, Default: "OSF-TOKEN", Help: "header that carries the API token"},
			{Long: "sota-dir", Short: "d", Kind: str, Default: sotaDir, Help: "folder to write to"},
			{Long: "start-daemon", Kind: yes, Implicit: true, Default: "1", Help: "start the update daemon afterwards"},
			{Long: "use-ostree-server", Kind: yes, Implicit: true, Default: "1", Help: "fetch OSTree content from the backend's proxy"},
			{Long: "mlock-all", Short: "l", Kind: yes, Implicit: true, Default: "1", Help: "keep memory out of swap"},
			{Long: "force", Kind: yes, Implicit: true, Default: "0", Help: "replace an existing registration"},
			{Long: "hsm-module", Short: "m", Kind: str, Help: "PKCS#11 library (not in this build)"},
			{Long: "hsm-so-pin", Short: "S", Kind: str, Help: "security officer's PIN"},
			{Long: "hsm-pin", Short: "P", Kind: str, Help: "user PIN"},
			{Long: "apps", Short: "a", Kind: str, Help: "Compose Apps to run, comma-separated"},
			{Long: "restorable-apps", Short: "A", Kind: str, Default: " ", Help: "Compose Apps to keep restorable, comma-separated"},
		},
	}
}

// lmpDeviceRegister is the mode in which this program is lmp-device-register.
func lmpDeviceRegister(ctx context.Context, rt *runtime, args []string) int {
	p := lmpParser()
	v, err := p.Parse(args)
	if err != nil {
		fmt.Fprintln(rt.std.Err, "lmp-device-register:", err)
		p.Usage(rt.std.Err)
		return lmpFailed
	}
	if v.Bool("help") {
		p.Usage(rt.std.Out)
		return 0
	}
	if err := rt.runLMP(ctx, v); err != nil {
		line := "lmp-device-register: " + oneLine(err.Error())
		if h := fail.HintOf(err); h != "" {
			line += " (hint: " + h + ")"
		}
		fmt.Fprintln(rt.std.Err, line)
		return lmpFailed
	}
	return 0
}

func (rt *runtime) runLMP(ctx context.Context, v *boost.Values) error {
	if v.Has("hsm-module") || v.Has("hsm-pin") || v.Has("hsm-so-pin") {
		return fail.New(fail.Unsupported, "register without --hsm-module to use a key file", "PKCS#11 keys are not in this build")
	}
	if v.Bool("mlock-all") {
		if err := lockMemory(); err != nil {
			rt.log.Warn("memory may be swapped out", "err", err)
		}
	}
	o, err := rt.lmpOptions(v)
	if err != nil {
		return err
	}
	res, err := register.Run(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintln(rt.std.Out, "Device is now registered.")
	rt.log.Debug("registered", "uuid", res.UUID, "gateway", res.Gateway)
	fmt.Fprintln(rt.std.Err, rt.startDaemon(ctx, v.Bool("start-daemon")))
	return nil
}

func (rt *runtime) lmpOptions(v *boost.Values) (register.Options, error) {
	release := osRelease("/etc/os-release")
	o := register.Options{
		Factory: first(v.String("factory"), rt.env("DEVICE_FACTORY"), release["LMP_FACTORY"]), Name: v.String("name"), UUID: v.String("uuid"),
		AnyUUID: !v.Bool("validate-uuid"), HardwareID: v.String("hwid"), Group: v.String("device-group"),
		Production: v.Bool("production") || rt.env("PRODUCTION") != "", UseOSTreeServer: v.Bool("use-ostree-server"),
		ComposeApps: true, Dir: v.String("sota-dir"), Force: v.Bool("force"), Token: v.String("api-token"), TokenHeader: v.String("api-token-header"),
		DeviceAPI: first(rt.env("DEVICE_API"), hostedDeviceAPI), OAuthBase: first(rt.env("OAUTH_BASE"), hostedOAuth), Dialects: dialects(),
	}
	tags := first(v.String("tags"), release["LMP_FACTORY_TAG"])
	if tags == "" {
		return o, fail.New(fail.Usage, "pass --tags TAG", "no tag is given, and os-release has no LMP_FACTORY_TAG")
	}
	o.Tags = strings.Split(tags, ",")
	if v.Has("apps") {
		apps := v.String("apps")
		o.Apps = &apps
	}
	if apps := v.String("restorable-apps"); apps != "" {
		o.RestorableApps = &apps
	}
	if f := v.String("api-token-file"); f != "" {
		token, err := rt.secret(f)
		if err != nil {
			return o, err
		}
		o.Token = token
	}
	return o, rt.completeRegistration(&o, "", false)
}
