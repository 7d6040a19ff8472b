// Package gateway is the device's side of the device gateway: TUF metadata,
// OSTree objects, and what the gateway knows about the device, over mutual TLS.
//
// It trusts the gateway to be who its certificate says, and with nothing else:
// what it brings is verified by tuf and by ostree before anything uses it. It
// never sends the device's headers to another origin, nor shows it the device's
// certificate.
package gateway

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/otactl/otactl/client/httprepo"
	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/ostree"
	"github.com/otactl/otactl/tuf"
)

// Options say where the gateway is and who the device is.
type Options struct {
	URL string // base URL of the gateway ("https://host:8443"); for Device
	// RepoURL and OSTreeURL replace URL + "/repo" and URL + "/ostree".
	RepoURL   string
	OSTreeURL string
	// TLS holds the gateway's CA and the device's certificate, which only the
	// origins of these addresses get to see.
	TLS       *tls.Config
	UserAgent string
	Headers   Headers
	// LowSpeed ends a reply that comes too slowly, be it metadata or an object;
	// zero is what a pull from any other repo allows.
	LowSpeed httpx.LowSpeed
	Log      *slog.Logger // nil is silent
}

// Headers are what a device tells about itself with each metadata request
// (x-ats-*). Requests for objects carry none of them.
type Headers struct {
	Tags   []string
	Target string // name of what runs; "unknown" when that is not known
	Commit string // the OSTree commit that runs
	Apps   []string
}

// http gives the headers for one request. A metadata request carries only the
// first tag: gateways take the whole header for one tag.
func (h Headers) http() http.Header {
	tag := ""
	if len(h.Tags) > 0 {
		tag = h.Tags[0]
	}
	out := http.Header{}
	set := func(name, value string) { out.Set(name, harmless(value)) }
	set("x-ats-tags", tag)
	set("x-ats-target", orUnknown(h.Target))
	set("x-ats-ostreehash", orUnknown(h.Commit))
	if h.Apps != nil {
		set("x-ats-dockerapps", strings.Join(h.Apps, ","))
	}
	return out
}

// longestHeader is how many bytes of a value are told; servers cap all headers
// together at some KiB.
const longestHeader = 1024

// harmless is a value as it may stand in a header. Who signed a target chose its
// name, and must not keep the device that runs it from its gateway.
func harmless(value string) string {
	clean := []byte(value[:min(len(value), longestHeader)])
	for i, c := range clean {
		if c < ' ' || c == 0x7f {
			clean[i] = '?'
		}
	}
	return string(clean)
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// Client talks to one gateway. It is safe for concurrent use.
type Client struct {
	o       Options
	http    *http.Client
	repo    *url.URL
	objects string
}

// New makes a client; nothing is sent yet.
func New(o Options) (*Client, error) {
	c := &Client{o: o, objects: either(o.OSTreeURL, below(o.URL, "ostree"))}
	var err error
	if c.repo, err = parseBase(either(o.RepoURL, below(o.URL, "repo"))); err != nil {
		return nil, err
	}
	objects, err := parseBase(c.objects)
	if err != nil {
		return nil, err
	}
	c.http = httpx.NewClient(o.transport(c.repo, objects))
	return c, nil
}

// transport shows the device's certificate to the gateway, which is at origins,
// and to nobody to whom that redirects.
func (o Options) transport(origins ...*url.URL) httpx.Options {
	conf := httpx.Options{TLS: o.TLS, UserAgent: o.UserAgent, LowSpeed: o.LowSpeed}
	if conf.LowSpeed.Time == 0 {
		conf.LowSpeed = httpx.LowSpeed{Bytes: httprepo.LowSpeedBytes, Time: httprepo.LowSpeedTime}
	}
	if o.TLS == nil || len(o.TLS.Certificates) == 0 {
		return conf
	}
	if u, err := parseBase(o.URL); err == nil {
		origins = append(origins, u)
	}
	conf.TLS = o.TLS.Clone()
	conf.TLS.Certificates = nil
	conf.Client = &httpx.ClientCertificate{Certificate: o.TLS.Certificates[0], Origins: origins}
	return conf
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func below(base, path string) string {
	if base == "" {
		return ""
	}
	return strings.TrimRight(base, "/") + "/" + path
}

func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, fail.New(fail.Usage, "register the device, or set [tls] server", "gateway: %.120q is not an http(s) URL", raw)
	}
	return u, nil
}

// ProvesItself says whether a certificate stands for who answers at an address:
// whether it is https, and names a host.
func ProvesItself(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https" && u.Hostname() != ""
}

// Metadata fetches TUF files from the gateway's repo.
func (c *Client) Metadata() tuf.Fetcher { return metadata{c} }

// Objects is the OSTree repo behind the gateway, read-only.
func (c *Client) Objects() ostree.Source {
	return httprepo.New(c.objects, c.http, nil)
}

type metadata struct{ c *Client }

// Fetch gets one file; only a 404 matches tuf.ErrNotFound, and only that of the
// gateway itself: a page that it was redirected to says nothing about the file.
func (m metadata) Fetch(ctx context.Context, name string, max int64) ([]byte, error) {
	target := m.c.repo.JoinPath(name)
	data, err := m.c.get(ctx, target.String(), max)
	if e, ok := errors.AsType[*httpx.StatusError](err); ok && e.Code == http.StatusNotFound && e.URL == httpx.Redact(target) {
		return nil, fmt.Errorf("%w: %w", tuf.ErrNotFound, err)
	}
	if _, long := errors.AsType[*fsx.TooLargeError](err); long {
		return nil, fmt.Errorf("%w: %w", tuf.ErrTooLarge, err)
	}
	return data, err
}

// Device is what the gateway knows about this device. Gateways differ in what
// they tell; members they do not send stay empty.
type Device struct {
	UUID    string `json:"uuid"`
	Name    string `json:"name"`
	Factory string `json:"factory"`
	Owner   string `json:"owner"`
	RepoID  string `json:"repo_id"`
}

// Device asks the gateway about this device.
func (c *Client) Device(ctx context.Context) (Device, error) {
	var d Device
	data, err := c.get(ctx, below(c.o.URL, "device"), limits.JSON)
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(data, &d); err != nil {
		return Device{}, fail.As(fmt.Errorf("gateway: reply about the device: %w", err), fail.Network, "")
	}
	return d, nil
}

func (c *Client) get(ctx context.Context, target string, max int64) ([]byte, error) {
	data, _, err := httpx.Bytes(ctx, c.http, httpx.Retry{Attempts: 3, Log: c.o.Log}, max, func(ctx context.Context) (*http.Request, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
		if err != nil {
			return nil, err
		}
		req.Header = c.o.Headers.http()
		return req, nil
	})
	return data, err
}
