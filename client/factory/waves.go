package factory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/internal/httpx"
	"github.com/otactl/otactl/tuf"
)

// Wave is a set of production targets on its way to devices.
type Wave struct {
	Name    string          `json:"name"`
	Version string          `json:"version"`
	Tag     string          `json:"tag"`
	Status  string          `json:"status"`            // active, complete or canceled
	Targets json.RawMessage `json:"targets,omitempty"` // a targets.json; only where it was asked for
	History []WaveRollout   `json:"rollout-history"`
	Handed  int             `json:"devices-handed"` // how many devices have its metadata and nothing newer
	Change  WaveChange      `json:"change-meta"`
}

// WaveRollout is one step of a wave's history.
type WaveRollout struct {
	Group       string `json:"group-name"`
	By          string `json:"rollout-by"`
	At          string `json:"rollout-at"` // RFC 3339
	FullGroup   bool   `json:"is-full-group"`
	FactoryWide bool   `json:"is-factory-wide"`
	Devices     int    `json:"num-devices"`
}

// WaveChange says who made a wave and who ended it, and when.
type WaveChange struct {
	CreatedBy string `json:"created-by"`
	CreatedAt string `json:"created-at"` // RFC 3339
	UpdatedBy string `json:"updated-by"`
	UpdatedAt string `json:"updated-at"` // RFC 3339, or "" while it is active
}

// NewWave is a wave to be made. Its JSON form is the body that makes it.
type NewWave struct {
	Name    string          `json:"name"`
	Version string          `json:"version"`
	Tag     string          `json:"tag"`
	Targets json.RawMessage `json:"targets"` // a targets.json with signatures
}

func (c *Client) wavePath(parts ...string) string {
	return c.path(append([]string{"waves"}, parts...)...) + "/"
}

// act sends a POST once: asked for again after its answer got lost, a rollout
// would choose more devices.
func (c *Client) act(ctx context.Context, path string, body any) (*reply, error) {
	once := c.opt.Retry
	once.Attempts = 1
	return c.callWith(ctx, once, http.MethodPost, path, nil, body)
}

// CreateWave makes a wave. One that is in its way is a conflict (409).
func (c *Client) CreateWave(ctx context.Context, w NewWave) error {
	_, err := c.act(ctx, c.wavePath(), w)
	return err
}

// Wave is one wave by name, with its targets if they are asked for.
func (c *Client) Wave(ctx context.Context, name string, targets bool) (Wave, error) {
	var q url.Values
	if targets {
		q = url.Values{"show-targets": {"1"}}
	}
	var w Wave
	err := c.get(ctx, c.wavePath(name), q, &w)
	return w, noWave(err, name)
}

func noWave(err error, name string) error {
	if httpx.Code(err) == http.StatusNotFound && httpx.Reason(err) == "wave_not_found" {
		if name == ActiveWave {
			return fail.As(errors.New("no wave is active"), fail.NotFound, "name one; otactl waves list shows what there is")
		}
		return fail.As(fmt.Errorf("wave %s: not found", name), fail.NotFound, "otactl waves list shows what there is")
	}
	return err
}

// WaveQuery says which waves to list; what is empty restricts nothing.
type WaveQuery struct {
	Status, Tag string
	Limit, Page int // 0 is the backend's default
}

// WavePage is one page of a list, the newest waves first.
type WavePage struct {
	Waves []Wave  `json:"waves"`
	Total int     `json:"total"`
	Next  *string `json:"next"` // nil on the last page
}

// Waves lists waves.
func (c *Client) Waves(ctx context.Context, q WaveQuery) (WavePage, error) {
	v := url.Values{}
	for name, text := range map[string]string{"status": q.Status, "tag": q.Tag} {
		if text != "" {
			v.Set(name, text)
		}
	}
	for name, n := range map[string]int{"limit": q.Limit, "page": q.Page} {
		if n != 0 {
			v.Set(name, strconv.Itoa(n))
		}
	}
	var p WavePage
	err := c.get(ctx, c.wavePath(), v, &p)
	return p, err
}

// SignWave adds signatures to a wave's targets.
func (c *Client) SignWave(ctx context.Context, name string, sigs []tuf.Signature) error {
	list := []map[string]string{}
	for _, s := range sigs {
		list = append(list, map[string]string{"keyid": s.KeyID, "method": s.Method, "sig": s.Sig})
	}
	_, err := c.act(ctx, c.wavePath(name, "sign"), map[string]any{"signatures": list})
	return noWave(err, name)
}

// Rollout says whom a wave is rolled out to. Its JSON form is the body that asks
// for it.
type Rollout struct {
	Group      string   `json:"group,omitempty"`
	Limit      int      `json:"limit,omitempty"`
	Percentage int      `json:"percentage,omitempty"`
	UUIDs      []string `json:"uuids,omitempty"`
	DryRun     bool     `json:"dry-run"`
	WantUUIDs  bool     `json:"return-uuids"`
	WantNames  bool     `json:"return-names"`
}

// RolledOut says whom a wave was rolled out to, or would be.
type RolledOut struct {
	Wave
	Devices int      `json:"device-num"`
	UUIDs   []string `json:"device-uuids,omitempty"`
	Names   []string `json:"device-names,omitempty"`
}

// RolloutWave rolls a wave out to more devices.
func (c *Client) RolloutWave(ctx context.Context, name string, r Rollout) (RolledOut, error) {
	var out RolledOut
	reply, err := c.act(ctx, c.wavePath(name, "rollout"), r)
	if err != nil {
		return out, noWave(err, name)
	}
	return out, reply.decode("rollout", &out)
}

// CompleteWave makes a wave's targets the production targets of its tag.
func (c *Client) CompleteWave(ctx context.Context, name string) error {
	_, err := c.act(ctx, c.wavePath(name, "complete"), nil)
	return noWave(err, name)
}

// CancelWave ends a wave, and is what has become of it.
func (c *Client) CancelWave(ctx context.Context, name string) (Wave, error) {
	var w Wave
	r, err := c.act(ctx, c.wavePath(name, "cancel"), nil)
	if err == nil && len(r.body) > 0 {
		err = r.decode("cancel", &w)
	}
	return w, noWave(err, name)
}

// ActiveWave stands for the one active wave where WaveStatus wants a name.
const ActiveWave = "$active$"

// WaveStatus is how far the devices of a wave's tag are.
type WaveStatus struct {
	Name        string        `json:"name"`
	Version     int           `json:"version"`
	Tag         string        `json:"tag"`
	Status      string        `json:"status"`
	CreatedAt   string        `json:"created-at"`
	FinishedAt  string        `json:"finished-at"`
	Total       int           `json:"total-devices"`
	Updated     int           `json:"updated-devices"`
	Scheduled   int           `json:"scheduled-devices"`
	Unscheduled int           `json:"unscheduled-devices"`
	Rollout     []GroupStatus `json:"rollout-groups"`
	Other       []GroupStatus `json:"other-groups"`
}

// GroupStatus is how far the devices of one group are; Name is "" for those of
// none.
type GroupStatus struct {
	Name      string        `json:"name"`
	RolloutAt string        `json:"rollout-at"` // RFC 3339, or ""
	Total     int           `json:"devices-total"`
	Online    int           `json:"devices-online"`
	OnWave    int           `json:"devices-on-wave-version"`
	OnNewer   int           `json:"devices-on-newer-version"`
	OnOlder   int           `json:"devices-on-older-version"`
	Scheduled int           `json:"devices-scheduled-for-update"`
	Targets   []TargetCount `json:"targets"`
}

// TargetCount is how many devices run a version; an orphan is in no targets.json.
type TargetCount struct {
	Version int  `json:"version"`
	Devices int  `json:"devices"`
	Orphan  bool `json:"is-orphan"`
}

// WaveStatus asks how far devices are; those not seen for offlineHours count as
// offline.
func (c *Client) WaveStatus(ctx context.Context, name string, offlineHours int) (WaveStatus, error) {
	var s WaveStatus
	q := url.Values{"offline-threshold": {strconv.Itoa(offlineHours)}}
	err := c.get(ctx, c.wavePath(name, "status"), q, &s)
	return s, noWave(err, name)
}

// OnlineTargetsKey is the targets key that is on the server, or nil where it is
// kept elsewhere: what it signs needs nobody.
func (c *Client) OnlineTargetsKey(ctx context.Context) (*tuf.PublicKey, error) {
	r, err := c.call(ctx, http.MethodGet, c.path("ci-targets.pub"), nil, nil)
	if httpx.Code(err) == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return tuf.ParsePublicKey(r.body)
}
