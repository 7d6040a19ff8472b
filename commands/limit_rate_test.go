package commands

import (
	"testing"

	"github.com/otactl/otactl/internal/fail"
)

func TestRateIsANumberWithAUnit(t *testing.T) {
	for text, want := range map[string]int64{
		"1024": 1024, "500K": 500 << 10, "500k": 500 << 10, "1.5M": 3 << 19, "2G": 2 << 30,
	} {
		if got, err := parseRate(text); got != want || err != nil {
			t.Errorf("%s is %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"K", "-5M", "fast", "1e9", "0x10K", "NaN", "Inf", "1000", "0", "5 M", "5MB", "99999999999999G", "+5M"} {
		if got, err := parseRate(text); fail.ClassOf(err) != fail.Usage {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
}
