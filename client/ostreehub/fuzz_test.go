package ostreehub

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzAnswers: nothing that a server says leads to a file that nobody asked
// about, to a place without TLS, or to a header that is two.
func FuzzAnswers(f *testing.F) {
	asked := map[string]uint32{"objects/ab/cd.filez": 1, "config": 2}
	base := &url.URL{Scheme: "https", Host: "hub"}
	f.Fuzz(func(t *testing.T, answer []byte) {
		if missing, err := parseMissing(answer, asked); err == nil {
			for path := range missing {
				if _, ok := asked[path]; !ok {
					t.Errorf("misses %q", path)
				}
			}
		}
		if p, err := parsePlaces(answer, base); err == nil {
			if !strings.HasPrefix(strings.ToLower(p.URL), "https://") || strings.ContainsAny(p.Token, "\r\n ") {
				t.Errorf("place %q", p)
			}
		}
		if r, err := parseReport(answer); err == nil && (r.Uploaded < 0 || r.Synced < 0) {
			t.Errorf("report %+v", r)
		}
	})
}
