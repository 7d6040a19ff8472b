package factory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/internal/progress"
	"github.com/otactl/otactl/internal/tarball"
	"github.com/otactl/otactl/tuf"
)

// Artifact is a tar that is kept somewhere: by the factory's CI, or by whoever
// a target's fetched-apps names.
type Artifact struct {
	file file
}

// URL is where it is, without anything secret in it.
func (a *Artifact) URL() string { return httpx.Redact(a.file.url) }

// Size is its length as it is kept, -1 if the server does not say.
func (a *Artifact) Size() int64 { return a.file.size }

// Files fetches it and calls fn for each plain file in it; see tarball.Walk.
func (a *Artifact) Files(ctx context.Context, sink progress.Sink, fn func(name string, size int64, content io.Reader) error) error {
	task := progress.Start(sink, "fetching "+path.Base(a.file.url.Path), progress.Bytes, max(0, a.file.size))
	defer task.Done()
	opt := tarball.Options{Name: a.file.url.Path, ContentType: a.file.kind}
	return a.explain(tarball.Walk(ctx, a.file.read(ctx, task), opt, fn))
}

func (a *Artifact) explain(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("artifact %s: %w", a.URL(), err)
}

// RepoArtifact is the OSTree repo that the CI made for a target. One that is not
// there is NotFound: a CI keeps what it builds for some time only.
func (c *Client) RepoArtifact(ctx context.Context, custom tuf.Custom) (*Artifact, error) {
	build, err := buildOf(custom, "origUri")
	if err != nil {
		return nil, err
	}
	if len(custom.HardwareIDs) == 0 {
		return nil, fail.New(fail.Verification, "publish the target again", "the target names no hardware id")
	}
	hwid := custom.HardwareIDs[0]
	var names []string
	for _, ending := range []string{".tar.bz2", ".tar.zst", ".tar"} {
		names = append(names, c.project(build, hwid, "other", hwid+"-ostree_repo"+ending))
	}
	return c.firstArtifact(ctx, names)
}

// AppsArtifact are the apps of a target: what its fetched-apps names, or where
// it has none, what the CI made. production says that a wave has replaced the
// target's tags, by which the CI keeps it.
func (c *Client) AppsArtifact(ctx context.Context, target string, custom tuf.Custom, production bool) (*Artifact, error) {
	if f := custom.FetchedApps; f != nil && f.URI != nil && *f.URI != "" {
		return c.openArtifact(ctx, *f.URI)
	}
	if production {
		original, err := c.Target(ctx, target)
		if err != nil {
			return nil, err
		}
		if custom, err = original.Fields(); err != nil {
			return nil, fmt.Errorf("target %s: %w", target, err)
		}
	}
	build, err := buildOf(custom, "origUriApps")
	if err != nil {
		return nil, err
	}
	if len(custom.Tags) == 0 {
		return nil, fail.New(fail.Verification, "publish the target again", "the target has no tag")
	}
	names := []string{c.project(build, "assemble-system-image", custom.Tags[0], target+"-apps.tar")}
	if build != custom.Version {
		names = append(names, c.project(build, "assemble-system-image", custom.Tags[0], custom.Name+"-"+build+"-apps.tar"))
	}
	return c.firstArtifact(ctx, names)
}

// buildOf is the number of the build that made what target has: its own, or
// that of an earlier one, whose address is in a field.
func buildOf(custom tuf.Custom, field string) (string, error) {
	build := custom.Version
	var uri string
	if raw, ok := custom.Rest[field]; ok && json.Unmarshal(raw, &uri) == nil && uri != "" {
		build = path.Base(strings.TrimRight(uri, "/"))
	}
	if !buildNumber.MatchString(build) {
		return "", fail.New(fail.Verification, "publish the target again", "%s of the target: %.80q is not the number of a build", field, build)
	}
	return build, nil
}

var buildNumber = regexp.MustCompile(`^[0-9]{1,18}$`)

// project is the address of something that a run of a build left.
func (c *Client) project(build string, parts ...string) string {
	p := c.opt.URL + "/projects/" + url.PathEscape(c.opt.Factory) + "/lmp/builds/" + build + "/runs"
	for _, s := range parts {
		p += "/" + url.PathEscape(s)
	}
	return p
}

// firstArtifact is the first of some that is there.
func (c *Client) firstArtifact(ctx context.Context, addresses []string) (*Artifact, error) {
	if c.MetadataOnly() {
		return nil, fail.New(fail.NotFound, "", "%s has no CI that keeps artifacts", c.opt.Repo)
	}
	var first error
	for _, address := range addresses {
		a, err := c.openArtifact(ctx, address)
		if err == nil || httpx.Code(err) != http.StatusNotFound {
			return a, err
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// openArtifact asks for one and reads nothing of it yet. The proof goes with the
// request only if it is for the API's own origin.
func (c *Client) openArtifact(ctx context.Context, address string) (*Artifact, error) {
	u, err := c.artifactURL(address)
	if err != nil {
		return nil, err
	}
	a := &Artifact{c.fileAt(u)}
	if !c.own(u) {
		a.file.auth = httpx.Anonymous{}
	}
	err = a.file.look(ctx)
	if fail.ClassOf(err) == fail.Auth && !c.own(u) {
		err = fail.As(err, fail.Auth, "it is on another host than the backend, which gets no credentials: it has to be readable for all")
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// fileAt is a file of which nothing is known yet but where it is.
func (c *Client) fileAt(u *url.URL) file {
	return file{url: u, auth: c.opt.Auth, http: httpx.Steady(c.opt.HTTP), retry: c.opt.Retry, size: -1}
}

// own says whether an address is one of the API's origin.
func (c *Client) own(u *url.URL) bool {
	api, err := url.Parse(c.opt.URL)
	return err == nil && httpx.SameOrigin(api, u)
}

// artifactURL reads an address that metadata names: https, or what the API
// itself is spoken to by, on its own origin or this machine.
func (c *Client) artifactURL(address string) (*url.URL, error) {
	refuse := func(why string) (*url.URL, error) {
		return nil, fail.New(fail.Verification, "publish the target again with an https address", "address of an artifact, %.200q: %s", withoutUser(address), why)
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return refuse("not an address")
	case u.User != nil:
		return refuse("it has a password in it")
	case u.Scheme == "https", u.Scheme == "http" && (c.own(u) || c.bothHere(u)):
		u.Fragment = ""
		return u, nil
	case u.Scheme == "http":
		return refuse("it is not https, and on another host than the backend")
	}
	return refuse("it is not https")
}

// bothHere says that the API and u are on this machine, without TLS.
func (c *Client) bothHere(u *url.URL) bool {
	api, err := url.Parse(c.opt.URL)
	return err == nil && api.Scheme == "http" && loopback(api.Hostname()) && loopback(u.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// withoutUser is an address for a message, without what may be a password.
func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(not an address)"
	}
	return httpx.Redact(u)
}

var errChanged = errors.New("it changed while it was being fetched")
