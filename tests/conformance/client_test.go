package conformance_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/otactl/otactl/client/gateway"
	"github.com/otactl/otactl/internal/limits"
	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/spec"
)

// client is a device that trusts a root, and what it has.
type client struct {
	t      testing.TB
	r      *repo
	lang   lang
	root   []byte // what it is shipped with
	ready  bool
	now    time.Time
	dir    string
	cache  *tuf.DirCache
	http   tuf.Fetcher
	stored map[string][]byte // artifacts by their targets' names

	wrong    []string        // expectations of the suite that were not met
	departed map[string]bool // reasons for which we depart from the suite
}

// newClient is shipped with the repository's newest root.
func newClient(t testing.TB, l lang) *client {
	t.Helper()
	r := newRepo(t, l)
	dir := t.TempDir()
	cache, err := tuf.OpenDirCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	gw, err := gateway.New(gateway.Options{URL: r.url, RepoURL: r.url + "/metadata"})
	if err != nil {
		t.Fatal(err)
	}
	return &client{
		t: t, r: r, lang: l, root: r.last(root), now: today(), dir: dir, cache: cache, http: gw.Metadata(),
		stored: map[string][]byte{}, departed: map[string]bool{},
	}
}

// install stores the root that the device is shipped with, as the agent does.
func (c *client) install() error {
	if c.ready {
		return nil
	}
	trust, err := tuf.NewTrust(c.root, spec.Dialect{})
	if err != nil {
		return err
	}
	c.ready = true
	return c.cache.Store(c.t.Context(), tuf.RootName(trust.Root().Version), c.root)
}

func (c *client) trust() (*tuf.Trust, error) {
	if err := c.install(); err != nil {
		return nil, err
	}
	return tuf.Refresh(c.t.Context(), c.http, c.cache, tuf.RefreshOptions{Now: c.now, Dialects: []tuf.Dialect{spec.Dialect{}}})
}

// download refreshes first and stops at the first artifact that fails.
func (c *client) download(names ...string) error {
	trust, err := c.trust()
	if err != nil {
		return err
	}
	for _, name := range names {
		target, err := tuf.Find(c.t.Context(), c.http, trust, name, c.now)
		if err != nil {
			return err
		}
		if have, ok := c.stored[name]; ok && target.Check(have) == nil {
			continue
		}
		data, err := c.get(trust.Root().TargetName(name, target))
		if err == nil {
			err = target.Check(data)
		}
		if err != nil {
			return err
		}
		c.stored[name] = data
	}
	return nil
}

func (c *client) get(name string) ([]byte, error) {
	resp, err := http.Get(c.r.url + "/targets/" + name)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", name, resp.Status)
	}
	return io.ReadAll(io.LimitReader(resp.Body, limits.Targets))
}

// expect notes what the suite wants and did not get.
func (c *client) expect(ok bool, format string, args ...any) {
	if !ok {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

// unless is an expectation of the suite from which we depart for a reason that
// is listed; ours has to hold in its stead. A departure that no longer occurs
// is a failure as well.
func (c *client) unless(reason string, suite, ours bool, format string, args ...any) {
	c.departed[reason] = true
	what := fmt.Sprintf(format, args...)
	if suite {
		c.wrong = append(c.wrong, what+": the suite's expectation is met; strike the departure")
	}
	c.expect(ours, "%s: what is listed as our way is not so either", what)
}

// passes and fails are refreshes with their results.
func (c *client) passes() {
	_, err := c.trust()
	c.expect(err == nil, "refresh: %v", err)
}

func (c *client) fails() {
	_, err := c.trust()
	c.expect(err != nil, "a refresh that should fail does not")
	c.typed(err)
}

// typed wants every refusal to be one of the errors that have a class.
func (c *client) typed(err error) {
	_, ok := errors.AsType[*tuf.Error](err)
	c.expect(err == nil || ok || errors.Is(err, tuf.ErrNotFound), "an error without a class: %v", err)
}

// gets and misses are downloads with their results.
func (c *client) gets(names ...string) {
	err := c.download(names...)
	c.expect(err == nil, "download of %q: %v", names, err)
}

func (c *client) misses(names ...string) {
	c.expect(c.download(names...) != nil, "a download of %q that should fail does not", names)
}

// version is that of the stored file of a role; 0 where there is none.
func (c *client) version(role string) int {
	if role == root {
		versions, err := c.cache.Roots(c.t.Context())
		if err != nil || len(versions) == 0 {
			return 0
		}
		return slices.Max(versions)
	}
	file := c.load(role + ".json")
	if file == nil {
		return 0
	}
	return versionOf(c.t, file)
}

// roles is how many roles have a stored file.
func (c *client) roles() int {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		c.t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if e.Name() != "floor.json" { // our note, and no role's file
			n++
		}
	}
	return n
}

func (c *client) load(name string) []byte {
	file, err := c.cache.Load(c.t.Context(), name)
	if errors.Is(err, tuf.ErrNotFound) {
		return nil
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return file
}

// rootFile is the newest stored root.
func (c *client) rootFile() []byte {
	if v := c.version(root); v > 0 {
		return c.load(tuf.RootName(v))
	}
	return nil
}

// trusts is what is stored: versions of root, snapshot, targets, timestamp.
type trusts [4]int

func (c *client) trusts() trusts {
	return trusts{c.version(root), c.version(snapshot), c.version(targets), c.version(timestamp)}
}

// allOrNothing: the suite has every role stored as soon as it is verified by
// itself, and we store none before all are.
const allOrNothing = "all-or-nothing"

// stores is an expectation about what is stored after a refresh that failed.
func (c *client) stores(suite, ours trusts) {
	got := c.trusts()
	if suite == ours {
		c.expect(got == suite, "stored are %v, want %v (root, snapshot, targets, timestamp)", got, suite)
		return
	}
	c.unless(allOrNothing, got == suite, got == ours, "stored are %v (root, snapshot, targets, timestamp)", got)
}
