//go:build !unix

package agent

import "github.com/otactl/otactl/internal/fail"

type lock struct{}

func takeLock(string) (*lock, error) {
	return nil, fail.New(fail.Unsupported, "run it on the device", "an OSTree device runs Linux")
}

func (l *lock) release() error { return nil }
