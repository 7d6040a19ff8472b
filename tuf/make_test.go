package tuf_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/otactl/otactl/tuf"
)

func TestTargetsAreWrittenAsAnyEncoderWould(t *testing.T) {
	names := []string{"plain", `quo"te`, `back\slash`, "tab\there", "<&>", "mü", "\U0001f600", "bad\xffbyte", ""}
	targets := map[string]tuf.Target{"none": {}}
	want := map[string]any{"none": map[string]any{"length": 0.0, "hashes": map[string]any{}}}
	for i, name := range names {
		targets[name] = tuf.Target{Length: int64(i), Hashes: map[string]string{"sha256": name, "a": "b"}, Custom: json.RawMessage(` {"n": [1]} `)}
		read := strings.ToValidUTF8(name, "\ufffd")
		want[read] = map[string]any{"length": float64(i), "hashes": map[string]any{"sha256": read, "a": "b"}, "custom": map[string]any{"n": []any{1.0}}}
	}
	out, err := json.Marshal(tuf.NewTargets(7, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), targets))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]any{"_type": "Targets", "version": 7.0, "expires": "2026-03-01T12:00:00Z", "targets": want}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestACustomPartBringsNoOtherMembersAlong(t *testing.T) {
	for _, custom := range []string{``, `{},"more":{}`, `{}}`, `{`} {
		target := tuf.Target{Hashes: map[string]string{"sha256": commit}, Custom: json.RawMessage(custom)}
		_, err := tuf.Sign(tuf.NewTargets(1, time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), map[string]tuf.Target{"pc-1": target}))
		if !errors.Is(err, tuf.ErrMalformed) || !strings.Contains(err.Error(), "pc-1") {
			t.Errorf("custom %q: %v", custom, err)
		}
	}
}
