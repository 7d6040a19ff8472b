package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// WaveStatus is how far a wave has come.
type WaveStatus string

// The statuses. A wave that is complete or canceled never changes again.
const (
	WaveActive   WaveStatus = "active"
	WaveComplete WaveStatus = "complete"
	WaveCanceled WaveStatus = "canceled"
)

// Wave is a set of production targets on its way to the devices of a tag. Its
// targets.json is WaveTargets' to read: it may be long.
type Wave struct {
	Seq        int64 // in the order of creation
	Name       string
	Version    int
	Tag        string
	Status     WaveStatus
	Created    time.Time
	CreatedBy  string
	Finished   time.Time // zero: it is not
	FinishedBy string
}

const waveColumns = `SELECT w.seq, w.name, w.version, w.tag, w.status, w.created, w.created_by,
	w.finished, w.finished_by FROM waves w `

func scanWave(row scanner) (Wave, error) {
	var w Wave
	var created, finished int64
	err := notFound(row.Scan(&w.Seq, &w.Name, &w.Version, &w.Tag, &w.Status, &created, &w.CreatedBy, &finished, &w.FinishedBy))
	w.Created, w.Finished = fromUnix(created), fromUnix(finished)
	return w, err
}

func scanWaves(rows *sql.Rows, err error) ([]Wave, error) {
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	defer rows.Close()
	var all []Wave
	for rows.Next() {
		w, err := scanWave(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, w)
	}
	return all, rows.Err()
}

// Wave finds a wave by name, or is ErrNotFound.
func (d *DB) Wave(ctx context.Context, name string) (Wave, error) {
	return scanWave(d.sql.QueryRowContext(ctx, waveColumns+"WHERE w.name = ?", name))
}

// ActiveWaves are the waves under way, by tag.
func (d *DB) ActiveWaves(ctx context.Context) ([]Wave, error) {
	return scanWaves(d.sql.QueryContext(ctx, waveColumns+"WHERE w.status = 'active' ORDER BY w.tag"))
}

// WaveTags are the tags that ever had a wave.
func (d *DB) WaveTags(ctx context.Context) ([]string, error) { return waveTags(ctx, d.sql) }

// WaveTargets is a wave's targets.json, or ErrNotFound.
func (d *DB) WaveTargets(ctx context.Context, name string) ([]byte, error) {
	var file []byte
	err := notFound(d.sql.QueryRowContext(ctx, "SELECT targets FROM waves WHERE name = ?", name).Scan(&file))
	return file, err
}

// Waves lists waves, the newest first, and how many there are in all. An empty
// status or tag is any.
func (d *DB) Waves(ctx context.Context, status WaveStatus, tag string, limit, offset int) ([]Wave, int, error) {
	const where = "WHERE (?1 = '' OR w.status = ?1) AND (?2 = '' OR w.tag = ?2)"
	var total int
	if err := d.sql.QueryRowContext(ctx, "SELECT count(*) FROM waves w "+where, status, tag).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("database: %w", err)
	}
	list, err := scanWaves(d.sql.QueryContext(ctx, waveColumns+where+" ORDER BY w.seq DESC LIMIT ?3 OFFSET ?4", status, tag, limit, offset))
	return list, total, err
}

// Rollout is one step of a wave's history.
type Rollout struct {
	Group   string // "": of any group
	Whole   bool   // all of the group, those that join it later too
	Devices int    // that were new in it
	At      time.Time
	By      string
}

// Rollouts is a wave's history, oldest first.
func (d *DB) Rollouts(ctx context.Context, wave int64) ([]Rollout, error) {
	rows, err := d.sql.QueryContext(ctx, "SELECT grp, whole, devices, at, by FROM wave_rollouts WHERE wave = ? ORDER BY seq", wave)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	defer rows.Close()
	var all []Rollout
	for rows.Next() {
		var r Rollout
		var at int64
		if err := rows.Scan(&r.Group, &r.Whole, &r.Devices, &at, &r.By); err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		r.At = fromUnix(at)
		all = append(all, r)
	}
	return all, rows.Err()
}

// superseded says that production targets of the tag have come after w.
const superseded = `EXISTS (SELECT 1 FROM waves c WHERE c.tag = w.tag AND c.status = 'complete'
	AND (c.version, c.seq) > (w.version, w.seq)) `

// rolledOut says that device ?1 of group ?2 is in the rollout of w.
const rolledOut = `(EXISTS (SELECT 1 FROM wave_devices d WHERE d.wave = w.seq AND d.uuid = ?1)
	OR EXISTS (SELECT 1 FROM wave_rollouts r WHERE r.wave = w.seq AND r.whole = 1 AND r.grp = ?2)) `

// broughtBy says that an offline bundle of w brings target ?4, which the device
// says it runs: it has the wave's metadata from there.
const broughtBy = `EXISTS (SELECT 1 FROM wave_bundles b WHERE b.wave = w.seq AND b.target = ?4) `

// WaveFor is the wave whose metadata belongs to a device of a tag, or
// ErrNotFound where that is the tag's production metadata: the newest of the
// active wave, if it was rolled out to the device, and the wave that the device
// was handed before or runs a target of from a bundle, if no production metadata
// has come after that. What comes before another in this order is never handed
// out after it.
func (d *DB) WaveFor(ctx context.Context, dev Device, tag string) (w Wave, handed bool, err error) {
	const was = "EXISTS (SELECT 1 FROM wave_handed h WHERE h.uuid = ?1 AND h.tag = ?3 AND h.wave = w.seq)"
	w, err = scanWave(d.sql.QueryRowContext(ctx, waveColumns+`WHERE w.tag = ?3 AND w.status <> 'complete' AND NOT `+superseded+
		`AND (w.status = 'active' AND `+rolledOut+`OR `+was+` OR `+broughtBy+`) ORDER BY w.version DESC, w.seq DESC LIMIT 1`,
		dev.UUID, dev.Group, tag, dev.Target))
	if err != nil {
		return w, false, err
	}
	err = notFound(d.sql.QueryRowContext(ctx, "SELECT count(*) FROM wave_handed WHERE uuid = ? AND tag = ? AND wave = ?",
		dev.UUID, tag, w.Seq).Scan(&handed))
	return w, handed, err
}

// HandWave notes that a device is handed the metadata of a wave that is active,
// or was canceled after a bundle had brought it to the device. It is ErrNotFound
// when the wave has ended meanwhile.
func (d *DB) HandWave(ctx context.Context, dev Device, w Wave) error {
	n, err := d.exec(ctx, `INSERT INTO wave_handed SELECT ?1, w.tag, w.seq FROM waves w WHERE w.seq = ?2
		AND (w.status = 'active' OR w.status = 'canceled' AND EXISTS (SELECT 1 FROM wave_bundles b WHERE b.wave = w.seq AND b.target = ?3))
		ON CONFLICT (uuid, tag) DO UPDATE SET wave = excluded.wave`, dev.UUID, w.Seq, dev.Target)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// Handed is how many devices were handed a wave's metadata and have been handed
// nothing newer since.
func (d *DB) Handed(ctx context.Context, wave int64) (int, error) {
	var n int
	if err := d.sql.QueryRowContext(ctx, "SELECT count(*) FROM wave_handed WHERE wave = ?", wave).Scan(&n); err != nil {
		return 0, fmt.Errorf("database: %w", err)
	}
	return n, nil
}

// WaveDevice is a production device that follows a wave's tag.
type WaveDevice struct {
	Device
	RolledOut bool // the wave is meant for it
}

// WaveDevices are the production devices that follow the wave's tag, those seen
// last first. A device follows the first of its tags.
func (d *DB) WaveDevices(ctx context.Context, w Wave) ([]WaveDevice, error) {
	return waveDevices(ctx, d.sql, w)
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func waveDevices(ctx context.Context, q querier, w Wave) ([]WaveDevice, error) {
	rows, err := q.QueryContext(ctx, `SELECT uuid, name, grp, last_seen, target, ostree_hash,
		EXISTS (SELECT 1 FROM wave_devices d WHERE d.wave = ?1 AND d.uuid = devices.uuid)
			OR EXISTS (SELECT 1 FROM wave_rollouts r WHERE r.wave = ?1 AND r.whole = 1 AND r.grp = devices.grp)
		FROM devices WHERE production = 1 AND deleted = 0 AND (tags = ?2 OR substr(tags, 1, length(?2) + 1) = ?2 || ',')
		ORDER BY last_seen DESC, uuid`, w.Seq, w.Tag)
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	defer rows.Close()
	var all []WaveDevice
	for rows.Next() {
		v := WaveDevice{Device: Device{Production: true}}
		var seen int64
		if err := rows.Scan(&v.UUID, &v.Name, &v.Group, &seen, &v.Target, &v.OSTreeHash, &v.RolledOut); err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		v.LastSeen = fromUnix(seen)
		all = append(all, v)
	}
	return all, rows.Err()
}
