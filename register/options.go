package register

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/otactl/otactl/internal/clock"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/faults"
	"github.com/otactl/otactl/tuf"
)

// Errors that a caller tells apart to choose its exit code.
var (
	ErrRegistered  = errors.New("device is registered already")
	ErrDaemonRuns  = errors.New("the update daemon is running")
	ErrDenied      = errors.New("authorization was denied")
	ErrCodeExpired = errors.New("the device code expired")
	ErrBadReply    = errors.New("the backend's reply is not usable")
	ErrRefused     = errors.New("the backend refused the registration")
)

// Options is one registration. Zero values are filled where a comment says so.
type Options struct {
	// Factory is the OU of the certificate and part of the OAuth scope.
	Factory string
	// Tags are the targets this device follows; empty leaves it to the backend.
	Tags []string
	// Name in the backend's lists; empty means the UUID.
	Name string
	// UUID is the CN of the certificate; empty means a random version 4.
	UUID string
	// AnyUUID lets a UUID through that doesn't have the 8-4-4-4-12 form.
	AnyUUID bool
	// HardwareID picks the targets that run on this board.
	HardwareID string
	// Group is sent when set.
	Group string
	// Production asks for businessCategory=production in the certificate.
	Production bool
	// UseOSTreeServer asks for the backend's OSTree proxy.
	UseOSTreeServer bool
	// Apps and RestorableApps go to pacman.compose_apps and pacman.reset_apps;
	// nil leaves the key out.
	Apps, RestorableApps *string
	// ComposeApps says that this device runs Compose Apps at all.
	ComposeApps bool

	// Dir is the device's folder, /var/sota on a device.
	Dir string
	// Force replaces an existing registration once the new one is complete.
	Force bool
	// LockFile is held while files change; empty means none is taken.
	LockFile string

	// DeviceAPI is where the CSR goes; OAuthBase is where the device flow lives.
	DeviceAPI, OAuthBase string
	// Token skips the device flow; TokenHeader carries it (OSF-TOKEN).
	Token, TokenHeader string
	// RawBearer sends the OAuth token as it is; otherwise it is base64-encoded
	// once more, as the hosted service wants it.
	RawBearer bool

	// GatewayPatience is how long the gateway has to accept the new identity and
	// give the first root of trust; 0 doesn't ask it.
	GatewayPatience time.Duration
	// Dialects are those that this root may be written in besides ota-tuf.
	Dialects []tuf.Dialect

	HTTP   *http.Client
	Clock  clock.Clock
	Log    *slog.Logger
	Prompt func(DeviceCode) // told once, when a person has to confirm
	Faults faults.Injector
}

// Result is what a registration left behind.
type Result struct {
	UUID    string   `json:"uuid"`
	Name    string   `json:"name"`
	Dir     string   `json:"dir"`
	Gateway string   `json:"gateway"` // tls.server of sota.toml
	Files   []string `json:"files"`   // in the order they were put down
	// Trusted says that the gateway accepted the device and gave it the root
	// that it starts to trust with.
	Trusted bool `json:"trusted"`
}

var (
	uuidForm = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
	wordForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)
)

func (o *Options) check() error {
	if o.Factory == "" || o.Factory == "lmp" {
		return fail.New(fail.Usage, "pass --factory NAME", "factory %q: a real factory name is needed", o.Factory)
	}
	if o.HardwareID == "" {
		return fail.New(fail.Usage, "pass --hwid ID", "hardware id is empty")
	}
	words := map[string]string{"factory": o.Factory, "hardware id": o.HardwareID}
	if o.Group != "" {
		words["group"] = o.Group
	}
	for _, t := range o.Tags {
		words["tag "+t] = t
	}
	for what, w := range words {
		if !wordForm.MatchString(w) {
			return fail.New(fail.Usage, "use letters, digits, '.', '_' and '-'", "%s %q: not a plain word of at most 64 characters", what, w)
		}
	}
	if len(o.Name) > 128 || strings.ContainsFunc(o.Name, func(r rune) bool { return r < ' ' || r > '~' }) {
		return fail.New(fail.Usage, "use printable ASCII, at most 128 characters", "name %.40q", o.Name)
	}
	return o.checkUUID()
}

func (o *Options) checkUUID() error {
	form := uuidForm
	if o.AnyUUID {
		form = wordForm
	}
	if !form.MatchString(o.UUID) {
		return fail.New(fail.Usage, "leave --uuid out to get a random one", "uuid %q: want the form 8-4-4-4-12 in hex digits", o.UUID)
	}
	return nil
}

func (o *Options) log() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

func at(o *Options, point string) error {
	if err := faults.At(o.Faults, point); err != nil {
		return fmt.Errorf("%s: %w", point, err)
	}
	return nil
}
