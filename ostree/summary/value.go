package summary

import (
	"time"

	"github.com/otactl/otactl/ostree/variant"
)

// minTime and maxTime are the first and the last second of the years 1 to 9999,
// as for commits.
const (
	minTime = -62135596800
	maxTime = 253402300799
)

// checkKeys refuses a dictionary with an empty key or one that is there twice:
// readers would disagree on what it says.
func checkKeys(what string, dict variant.Value) error {
	seen := make(map[string]bool, min(dict.Len(), 64))
	for i := range dict.Len() {
		key := dict.At(i).At(0).Text()
		if key == "" || seen[key] {
			return bad("%s: key %.80q is empty or there twice", what, key)
		}
		seen[key] = true
	}
	return nil
}

// typed finds key, which must be of the type that OSTree gives it.
func typed(dict variant.Value, key, typ string) (variant.Value, bool, error) {
	v, ok := dict.Lookup(key)
	if ok && v.Type().String() != typ {
		return v, false, bad("%s is of type %s, want %s", key, v.Type(), typ)
	}
	return v, ok, nil
}

func textOf(dict variant.Value, key string) (string, error) {
	v, ok, err := typed(dict, key, "s")
	if !ok || err != nil {
		return "", err
	}
	return v.Text(), nil
}

func boolOf(dict variant.Value, key string) (bool, error) {
	v, ok, err := typed(dict, key, "b")
	if !ok || err != nil {
		return false, err
	}
	return v.Bool(), nil
}

func timeOf(dict variant.Value, key string) (time.Time, error) {
	v, ok, err := typed(dict, key, "t")
	if !ok || err != nil {
		return time.Time{}, err
	}
	seconds := int64(v.BigUint64())
	if seconds < minTime || seconds > maxTime {
		return time.Time{}, bad("%s is %d, not one of the years 1 to 9999", key, seconds)
	}
	return time.Unix(seconds, 0).UTC(), nil
}
