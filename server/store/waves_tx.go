package store

import (
	"context"
	"fmt"
	"time"
)

// A wave changes in the transaction that signs what follows from it.

// Wave finds a wave by name, as this transaction sees it.
func (m *MetadataTx) Wave(name string) (Wave, error) {
	return scanWave(m.tx.QueryRowContext(m.ctx, waveColumns+"WHERE w.name = ?", name))
}

// ActiveWave is the wave under way for a tag, or ErrNotFound.
func (m *MetadataTx) ActiveWave(tag string) (Wave, error) {
	return scanWave(m.tx.QueryRowContext(m.ctx, waveColumns+"WHERE w.tag = ? AND w.status = 'active'", tag))
}

// WaveTargets is a wave's targets.json.
func (m *MetadataTx) WaveTargets(w Wave) ([]byte, error) {
	var file []byte
	err := notFound(m.tx.QueryRowContext(m.ctx, "SELECT targets FROM waves WHERE seq = ?", w.Seq).Scan(&file))
	return file, err
}

// AddWave stores a new active wave. A name that was used before, or a tag with
// an active wave, is an error; the caller looks first.
func (m *MetadataTx) AddWave(w Wave, targets []byte) error {
	return m.exec(`INSERT INTO waves (name, version, tag, status, targets, created, created_by, finished, finished_by)
		VALUES (?, ?, ?, 'active', ?, ?, ?, 0, '')`, w.Name, w.Version, w.Tag, targets, w.Created.Unix(), w.CreatedBy)
}

// SetWaveTargets replaces an active wave's targets.json by one with other
// signatures.
func (m *MetadataTx) SetWaveTargets(w Wave, targets []byte) error {
	return m.exec("UPDATE waves SET targets = ? WHERE seq = ? AND status = 'active'", targets, w.Seq)
}

// EndWave ends an active wave, and forgets who was handed waves that production
// metadata has come after.
func (m *MetadataTx) EndWave(w Wave, status WaveStatus, now time.Time, by string) error {
	err := m.exec("UPDATE waves SET status = ?, finished = ?, finished_by = ? WHERE seq = ? AND status = 'active'",
		status, now.Unix(), by, w.Seq)
	if err != nil {
		return err
	}
	return m.exec(`DELETE FROM wave_handed WHERE tag = ? AND wave IN
		(SELECT w.seq FROM waves w WHERE w.tag = wave_handed.tag AND (w.status = 'complete' OR `+superseded+`))`, w.Tag)
}

// AddRollout notes one step of a wave; uuids are the devices of one that is not
// for a whole group.
func (m *MetadataTx) AddRollout(w Wave, r Rollout, uuids []string) error {
	err := m.exec("INSERT INTO wave_rollouts (wave, grp, whole, devices, at, by) VALUES (?, ?, ?, ?, ?, ?)",
		w.Seq, r.Group, r.Whole, r.Devices, r.At.Unix(), r.By)
	for _, uuid := range uuids {
		if err == nil {
			err = m.exec("INSERT OR IGNORE INTO wave_devices VALUES (?, ?)", w.Seq, uuid)
		}
	}
	return err
}

// WaveDevices is DB.WaveDevices, as this transaction sees it.
func (m *MetadataTx) WaveDevices(w Wave) ([]WaveDevice, error) { return waveDevices(m.ctx, m.tx, w) }

// AddWaveBundle notes that an offline bundle brings a wave's target to devices.
func (m *MetadataTx) AddWaveBundle(w Wave, target string, at time.Time, by string) error {
	return m.exec("INSERT OR IGNORE INTO wave_bundles VALUES (?, ?, ?, ?)", w.Seq, target, at.Unix(), by)
}

// OpenWaves are the waves of a tag that some device may be handed, in the order
// in which a device may go through them: the active one once it was rolled out
// or put into a bundle, and each canceled one that a device was handed, or may
// have from a bundle, and has nothing newer for.
func (m *MetadataTx) OpenWaves(tag string) ([]Wave, error) {
	return scanWaves(m.tx.QueryContext(m.ctx, waveColumns+`WHERE w.tag = ? AND w.status <> 'complete' AND NOT `+superseded+
		`AND (w.status = 'active' AND EXISTS (SELECT 1 FROM wave_rollouts r WHERE r.wave = w.seq)
			OR EXISTS (SELECT 1 FROM wave_handed h WHERE h.wave = w.seq)
			OR EXISTS (SELECT 1 FROM wave_bundles b WHERE b.wave = w.seq))
		ORDER BY w.version, w.seq`, tag))
}

// WaveTags is DB.WaveTags, as this transaction sees it.
func (m *MetadataTx) WaveTags() ([]string, error) { return waveTags(m.ctx, m.tx) }

func waveTags(ctx context.Context, q querier) ([]string, error) {
	rows, err := q.QueryContext(ctx, "SELECT DISTINCT tag FROM waves ORDER BY tag")
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	defer rows.Close()
	var tags []string
	for rows.Next() {
		var tag string
		if err := rows.Scan(&tag); err != nil {
			return nil, fmt.Errorf("database: %w", err)
		}
		tags = append(tags, tag)
	}
	return tags, rows.Err()
}

// Replace puts another file under a version that is there: the same document
// with other signatures.
func (m *MetadataTx) Replace(f File) error {
	return m.exec("UPDATE metadata SET file = ? WHERE role = ? AND version = ?", f.Bytes, f.Role, f.Version)
}

func (m *MetadataTx) exec(query string, args ...any) error {
	if _, err := m.tx.ExecContext(m.ctx, query, args...); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	return nil
}
