package plumbing

import (
	"testing"
	"time"

	"github.com/otactl/otactl/internal/clock"
)

func TestTimestampsAreReadAsOSTreeReadsThem(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for in, want := range map[string]int64{
		"":                                now.Unix(),
		"@1600000000":                     1600000000,
		"@0":                              0,
		"@-5":                             -5,
		"1969-12-31 23:00 UTC":            -3600,
		"2020-02-29 14:00 +0200":          1582977600,
		"@1.5":                            1,
		"20200229":                        1582934400,
		"Sat, 29 Feb 2020 12:00:01 +0000": 1582977601,
		"2020-02-29":                      1582934400,
		"2020-02-29 12:00:01":             1582977601,
		"2020-02-29T12:00:01Z":            1582977601,
		"2020-02-29 14:00:01 +0200":       1582977601,
	} {
		if got, err := parseTime(in, clock.At(now)); err != nil || got.Unix() != want {
			t.Errorf("parseTime(%q) = %v, %v; want %d", in, got, err, want)
		}
	}
	for _, bad := range []string{"@", "@-", "yesterday", "2020-13-01", "1600000000"} {
		if got, err := parseTime(bad, clock.At(now)); err == nil {
			t.Errorf("parseTime(%q) = %v, want an error", bad, got)
		}
	}
}

func TestRefsBelowAPrefixEndAtASlash(t *testing.T) {
	for _, c := range []struct {
		ref, prefix string
		want        bool
	}{
		{"os/main", "", true}, {"os/main", "os", true}, {"os/main", "os/main", true}, {"os/main", "o", false},
		{"os/main", "os/ma", false}, {"up:main", "up", false}, {"up:main", "up:", true}, {"up:os/main", "up:os", true}, {"main", "up", false},
	} {
		if got := below(c.ref, c.prefix); got != c.want {
			t.Errorf("below(%q, %q) = %v", c.ref, c.prefix, got)
		}
	}
}

func TestAttributesPrintAsGVariantText(t *testing.T) {
	got := variantText([]xattr{{"user.b", []byte("xy")}, {"user.c", []byte("ab\x00")}, {"user.d", []byte("a\x00b")}, {"user.e'x", []byte{0}}, {"user.f\"x", []byte("'\n\x00")}})
	want := `[(b'user.b', [byte 0x78, 0x79]), (b'user.c', b'ab'), (b'user.d', [0x61, 0x00, 0x62]), (b"user.e'x", b''), (b'user.f\"x', b"'\n")]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
