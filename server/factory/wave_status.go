package factory

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/otactl/otactl/server/api"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

// activeName stands for the active wave, where there is one.
const activeName = "$active$"

// waveStatus answers how far the devices of a wave's tag are.
func (a *API) waveStatus(w http.ResponseWriter, r *http.Request) error {
	hours, err := number(r.URL.Query(), "offline-threshold", 4, 24*366)
	if err != nil {
		return err
	}
	wave, err := a.waveOrActive(r)
	if err != nil {
		return err
	}
	devices, err := a.DB.WaveDevices(r.Context(), wave)
	if err != nil {
		return err
	}
	history, err := a.DB.Rollouts(r.Context(), wave.Seq)
	if err != nil {
		return err
	}
	known, err := a.knownVersions(r.Context(), wave)
	if err != nil {
		return err
	}
	s := newStatus(wave, history, known, a.Clock().Add(-time.Duration(hours)*time.Hour))
	for _, d := range devices {
		s.count(d)
	}
	api.JSON(w, http.StatusOK, s.view())
	return nil
}

func (a *API) waveOrActive(r *http.Request) (store.Wave, error) {
	name := r.PathValue("wave")
	if name != activeName {
		return a.wave(r, name)
	}
	active, err := a.DB.ActiveWaves(r.Context())
	switch {
	case err != nil:
		return store.Wave{}, err
	case len(active) == 0:
		return store.Wave{}, api.Refuse(http.StatusNotFound, "wave_not_found", "no wave is active")
	case len(active) > 1:
		return store.Wave{}, api.Refuse(http.StatusConflict, "wave_ambiguous", "waves of several tags are active; name one, such as "+active[0].Name)
	}
	return active[0], nil
}

// versions says which version a target or a commit is of.
type versions struct{ byName, byCommit map[string]int }

// knownVersions looks at CI, production and the wave; what comes first stands.
func (a *API) knownVersions(ctx context.Context, wave store.Wave) (versions, error) {
	v := versions{map[string]int{}, map[string]int{}}
	of, err := a.DB.WaveTargets(ctx, wave.Name)
	if err != nil {
		return v, err
	}
	files := [][]byte{of}
	production, err := a.Author.ProductionTargets(ctx, []string{wave.Tag})
	if err != nil {
		return v, err
	}
	if file := production[wave.Tag]; file != nil {
		files = append(files, file)
	}
	ci, err := a.Author.File(ctx, tuf.TargetsFile)
	if err != nil {
		return v, err
	}
	for _, file := range append(files, ci) {
		t, err := tuf.ParseTargets(file)
		if err != nil {
			return v, err
		}
		for name, target := range t.Targets {
			if err := v.add(name, target); err != nil {
				return v, err
			}
		}
	}
	return v, nil
}

func (v versions) add(name string, t tuf.Target) error {
	c, err := t.Fields()
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(c.Version)
	if err != nil {
		return nil // a version that is no number has no place in an order
	}
	if _, there := v.byName[name]; !there {
		v.byName[name] = n
	}
	v.byCommit[t.Commit()] = max(v.byCommit[t.Commit()], n)
	return nil
}

// of is the version that a device runs, 0 where nothing known is of it.
func (v versions) of(d store.Device) (version int, orphan bool) {
	if n, ok := v.byName[d.Target]; ok {
		return n, false
	}
	if n, ok := v.byCommit[d.OSTreeHash]; ok {
		return n, false
	}
	return 0, true
}

type targetStatus struct {
	Version int  `json:"version"`
	Devices int  `json:"devices"`
	Orphan  bool `json:"is-orphan"`
}

type groupStatus struct {
	Name      string         `json:"name"`
	RolloutAt string         `json:"rollout-at"`
	Total     int            `json:"devices-total"`
	Online    int            `json:"devices-online"`
	OnWave    int            `json:"devices-on-wave-version"`
	OnNewer   int            `json:"devices-on-newer-version"`
	OnOlder   int            `json:"devices-on-older-version"`
	Scheduled int            `json:"devices-scheduled-for-update"`
	Targets   []targetStatus `json:"targets"`
}

type statusView struct {
	Name        string           `json:"name"`
	Version     int              `json:"version"`
	Tag         string           `json:"tag"`
	Status      store.WaveStatus `json:"status"`
	CreatedAt   string           `json:"created-at"`
	FinishedAt  string           `json:"finished-at"`
	Total       int              `json:"total-devices"`
	Updated     int              `json:"updated-devices"`
	Scheduled   int              `json:"scheduled-devices"`
	Unscheduled int              `json:"unscheduled-devices"`
	Rollout     []*groupStatus   `json:"rollout-groups"`
	Other       []*groupStatus   `json:"other-groups"`
}

// status counts devices, in all and by group.
type status struct {
	wave     store.Wave
	versions versions
	online   time.Time // seen since then is online

	out     statusView
	groups  map[string]*groupStatus
	order   []string
	rollout map[string]bool
}

func newStatus(w store.Wave, history []store.Rollout, known versions, online time.Time) *status {
	s := &status{wave: w, versions: known, online: online, groups: map[string]*groupStatus{}, rollout: map[string]bool{},
		out: statusView{Name: w.Name, Version: w.Version, Tag: w.Tag, Status: w.Status,
			CreatedAt: stamp(w.Created), FinishedAt: stamp(w.Finished)}}
	for _, h := range history {
		if h.Group != "" && !s.rollout[h.Group] {
			s.rollout[h.Group] = true
			s.group(h.Group).RolloutAt = stamp(h.At)
		}
	}
	return s
}

func (s *status) group(name string) *groupStatus {
	if s.groups[name] == nil {
		s.groups[name] = &groupStatus{Name: name, Targets: []targetStatus{}}
		s.order = append(s.order, name)
	}
	return s.groups[name]
}

// count adds one device. While the wave is active only those that it was rolled
// out to can be updated by it; a complete one is meant for all, a canceled one
// for nobody else.
func (s *status) count(d store.WaveDevice) {
	g := s.group(d.Group)
	version, orphan := s.versions.of(d.Device)
	active := s.wave.Status == store.WaveActive
	s.out.Total++
	g.Total++
	if !d.LastSeen.Before(s.online) && !d.LastSeen.IsZero() {
		g.Online++
	}
	switch {
	case version == s.wave.Version:
		g.OnWave++
	case version > s.wave.Version:
		g.OnNewer++
	default:
		g.OnOlder++
	}
	switch {
	case version >= s.wave.Version && (d.RolledOut || !active):
		s.out.Updated++
	case version < s.wave.Version && (d.RolledOut && active || s.wave.Status == store.WaveComplete):
		s.out.Scheduled++
		g.Scheduled++
	default:
		s.out.Unscheduled++
	}
	for i, t := range g.Targets {
		if t.Version == version && t.Orphan == orphan {
			g.Targets[i].Devices++
			return
		}
	}
	g.Targets = append(g.Targets, targetStatus{Version: version, Devices: 1, Orphan: orphan})
}

// view has the groups of the rollout in the order of rolling out, then the
// others by name, and devices of no group last.
func (s *status) view() statusView {
	s.out.Rollout, s.out.Other = []*groupStatus{}, []*groupStatus{}
	for _, name := range s.order {
		g := s.groups[name]
		slices.SortFunc(g.Targets, func(a, b targetStatus) int { return cmp.Compare(b.Version, a.Version) })
		if s.rollout[name] {
			s.out.Rollout = append(s.out.Rollout, g)
		} else {
			s.out.Other = append(s.out.Other, g)
		}
	}
	slices.SortFunc(s.out.Other, func(a, b *groupStatus) int {
		return cmp.Or(cmp.Compare(min(len(b.Name), 1), min(len(a.Name), 1)), cmp.Compare(a.Name, b.Name))
	})
	return s.out
}
