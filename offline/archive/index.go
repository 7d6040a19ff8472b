package archive

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// newIndex is the signed part of an index, in canonical form.
func newIndex(bundleTargets, list []byte, count int) (json.RawMessage, error) {
	sum, err := tuf.SignedSum(bundleTargets)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", nameBundleTargets, err)
	}
	raw, err := tuf.BundleIndex{Format: tuf.BundleIndexFormat, BundleTargets: sum,
		Members: tuf.IndexedList{Count: count, Length: int64(len(list)), SHA256: hexSum(list)}}.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return tuf.Canonical(raw)
}

// holdTogether reads the index and holds that it is about bundle-targets.json.
func holdTogether(index, bundleTargets []byte) (*tuf.BundleIndex, error) {
	parsed, err := tuf.ParseBundleIndex(index)
	if err != nil {
		return nil, err
	}
	sum, err := tuf.SignedSum(bundleTargets)
	if err != nil {
		return nil, fail.As(fmt.Errorf("%s: %w", nameBundleTargets, err), fail.Verification, "have the bundle packed again")
	}
	if sum != parsed.BundleTargets {
		return nil, refuse("%s: it is another one than the index vouches for", nameBundleTargets)
	}
	return parsed, nil
}

func hexSum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }
