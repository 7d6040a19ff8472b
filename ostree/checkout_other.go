//go:build !linux

package ostree

import (
	"context"

	"github.com/otactl/otactl/internal/fail"
)

func checkoutEntry(context.Context, Source, *Entry, string, CheckoutOptions) (CheckoutReport, error) {
	return CheckoutReport{}, fail.New(fail.Unsupported, "run it on Linux", "this system cannot give files the owners and attributes that Linux has")
}
