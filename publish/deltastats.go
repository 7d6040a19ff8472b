package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/otactl/otactl/internal/limits"
)

// sizes are what delta-stats say of one delta.
type sizes struct {
	Size  uint64 `json:"size"`
	USize uint64 `json:"u_size"`
}

// statsKeeper is a store with a request of its own for the sizes of deltas.
type statsKeeper interface {
	PutDeltaStats(ctx context.Context, stats []byte) error
}

// stats sends the sizes of the deltas, which devices look at before they fetch
// one, and says how a target names them.
func (u *deltaUpload) stats(ctx context.Context, deltas []DeltaInfo, old *DeltaStats) (*DeltaStats, error) {
	all := u.oldStats(ctx, old)
	to := u.to.String()
	if all[to] == nil {
		all[to] = map[string]sizes{}
	}
	for _, d := range deltas {
		all[to][d.From.String()] = sizes{d.Size, d.USize}
	}
	data, err := json.Marshal(all) // canonical: keys sorted, no space, whole numbers
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	stats := &DeltaStats{SHA256: hex.EncodeToString(sum[:]), Size: int64(len(data))}
	if old != nil && *stats == *old && len(u.added) == 0 {
		return stats, nil
	}
	if s, ok := u.Remote.(statsKeeper); ok {
		err = s.PutDeltaStats(ctx, data)
	} else {
		err = u.putBytes(ctx, statsPath(stats), data)
	}
	if errors.Is(err, errors.ErrUnsupported) {
		u.Log.InfoContext(ctx, "the store keeps no sizes of deltas", "why", err)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("sizes of deltas: %w", err)
	}
	return stats, nil
}

func statsPath(s *DeltaStats) string { return "delta-stats/" + s.SHA256 }

// oldStats are the sizes that the target named so far; none if they can't be
// had any more.
func (u *deltaUpload) oldStats(ctx context.Context, old *DeltaStats) map[string]map[string]sizes {
	all := map[string]map[string]sizes{}
	if old == nil {
		return all
	}
	data, err := u.files.ReadFile(ctx, statsPath(old), limits.JSON)
	sum := sha256.Sum256(data)
	if err == nil && hex.EncodeToString(sum[:]) != old.SHA256 {
		err = errors.New("the checksum is not that of the target")
	}
	if err == nil {
		err = json.Unmarshal(data, &all)
	}
	if err != nil {
		u.Log.WarnContext(ctx, "sizes of older deltas can't be had; only the new ones are listed", "error", err)
		return map[string]map[string]sizes{}
	}
	return all
}
