package offline

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
)

func TestBundleNewerThanThisProgramIsUnsupportedAndSaysSo(t *testing.T) {
	dir, _ := small(t)
	write(t, filepath.Join(dir, fileFormat), []byte(`{"format":2,"made_by":"otactl 9.0"}`))
	err := verify(t, dir).Err()
	if fail.ClassOf(err) != fail.Unsupported || !strings.Contains(err.Error(), "otactl 9.0") || !strings.Contains(fail.HintOf(err), "newer otactl") {
		t.Errorf("%v, hint %q", err, fail.HintOf(err))
	}
	truncate(t, objectFile(t, dir, "filez"))
	if err := verify(t, dir).Err(); fail.ClassOf(err) != fail.Unsupported {
		t.Errorf("with other findings: %v", err)
	}
}

func TestUnsignedFilesForPeopleDoNotMakeABundleBad(t *testing.T) {
	dir, _ := small(t)
	write(t, filepath.Join(dir, fileReadme), []byte("how to install"))
	write(t, filepath.Join(dir, dirSBOM, "pc-1", "image.spdx.json"), []byte("{}"))
	write(t, filepath.Join(dir, fileFormat), []byte(`{"format":1}`))
	rep := verify(t, dir)
	if rep.Err() != nil || len(rep.Findings) != 0 {
		t.Errorf("%v, findings %v", rep.Err(), rep.Findings)
	}
	for _, mark := range []string{"", "{", "[]", `{"format":0}`, `{"format":"2"}`, `{"format":1e99}`, strings.Repeat(" ", 1<<20)} {
		write(t, filepath.Join(dir, fileFormat), []byte(mark))
		if rep := verify(t, dir); rep.Err() != nil || len(rep.Findings) != 1 || rep.Findings[0].Rule != RuleFormat {
			t.Errorf("%.20q: %v, findings %v", mark, rep.Err(), rep.Findings)
		}
	}
	write(t, filepath.Join(dir, "sub", fileReadme), nil)
	wantFinding(t, verify(t, dir), RuleFiles, "sub")
}

func TestEachFindingSaysWhatToDo(t *testing.T) {
	for _, rule := range rules {
		if remedyFor(rule) == "" {
			t.Errorf("nothing to do about %s", rule)
		}
	}
}

func TestReportSaysHowLongEachRoleIsGood(t *testing.T) {
	dir, _ := small(t)
	left := map[string]string{}
	for _, r := range verifyWith(t, dir, VerifyOptions{Now: now.Add(7 * day)}).Roles {
		left[r.File] = r.Left
	}
	want := map[string]string{"1.root.json": "358 days left", "timestamp.json": "23 days left", "snapshot.json": "93 days left",
		"targets.json": "193 days left", "bundle-targets.json": "23 days left"}
	for file, span := range want {
		if left[file] != span {
			t.Errorf("%s: %q, want %q", file, left[file], span)
		}
	}
	for d, want := range map[time.Duration]string{
		time.Second: "less than a minute left", time.Hour: "1 hour left", -3 * day: "expired 3 days ago", 0: "expired less than a minute ago"} {
		if got := timeLeft(d); got != want {
			t.Errorf("%v: %q", d, got)
		}
	}
}
