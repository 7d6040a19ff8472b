package offline

import (
	"log/slog"
	"time"

	"github.com/otactl/otactl/internal/progress"
)

// VerifyOptions say what a bundle is held against.
type VerifyOptions struct {
	// Now is the one clock reading that all expiries are judged by.
	Now time.Time
	// Roots are root files that are trusted, oldest first. With none, the
	// oldest root in the bundle is taken, and the report says so.
	Roots [][]byte
	// Tag, HardwareID and Type ("ci" or "prod") are what the device has; an
	// empty one is not asked for.
	Tag, HardwareID, Type string
	// Jobs is how many objects are read at once; 0 is a sensible number.
	Jobs     int
	Progress progress.Sink
	Log      *slog.Logger
}

// VerifyReport says what is in a bundle and everything that is wrong with it.
type VerifyReport struct {
	Dir      string    `json:"bundle"`
	Anchor   string    `json:"anchor"` // what the trust begins with, in words
	Type     string    `json:"type"`
	Tag      string    `json:"tag"`
	Expires  time.Time `json:"expires"` // the earliest of all roles
	Targets  []string  `json:"targets"`
	Objects  int       `json:"objects"` // read and hashed
	Bytes    int64     `json:"bytes"`   // of those, uncompressed
	Findings []Finding `json:"findings"`
	More     int       `json:"more,omitempty"` // bad findings beyond the first thousand
}
