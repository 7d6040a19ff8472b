package offline

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
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

func TestSignedListOfANewerProgramIsNotTakenForOneOfOurs(t *testing.T) {
	dir, b := small(t)
	list := goodBundle()
	list.Type = "beta"
	resign(t, dir, b, list, b.keys[tuf.RoleTargets])
	if err := verify(t, dir).Err(); fail.ClassOf(err) != fail.Unsupported || !strings.Contains(err.Error(), `"beta"`) {
		t.Errorf("unknown type: %v", err)
	}
	more := json.RawMessage(`{"_type":"Targets","expires":"2026-03-09T00:00:00Z","version":1,` +
		`"x-fio-offline-bundle":{"type":"ci","tag":"main","targets":["pc-1"],"regions":["eu"]}}`)
	write(t, filepath.Join(dir, "tuf", tuf.BundleTargetsFile), b.sign(more, b.keys[tuf.RoleTargets]))
	rep := verify(t, dir)
	if rep.Err() != nil || len(rep.Findings) != 1 || !strings.Contains(rep.Findings[0].Problem, `"regions"`) {
		t.Errorf("unknown field: %v, findings %v", rep.Err(), rep.Findings)
	}
}

func TestABundleOfANewerProgramIsNotChanged(t *testing.T) {
	dir, b := small(t)
	b.publish("pc-2", "pc", tinyTree(t, "2"), nil)
	write(t, filepath.Join(dir, "otactl.json"), []byte(`{"format":2,"made_by":"otactl 9"}`))
	write(t, filepath.Join(dir, "ostree_repo/objects/aa", strings.Repeat("b", 62)+".filez"), []byte("x"))
	before := tree(t, dir)
	opt := options("pc-2")
	opt.AllowMultiple = true
	_, built := Build(t.Context(), b, dir, opt)
	_, removed := Remove(t.Context(), b, dir, []string{"pc-1"}, options(""))
	_, pruned := Prune(t.Context(), dir, PruneOptions{Now: now})
	for name, err := range map[string]error{"build": built, "remove": removed, "prune": pruned} {
		if fail.ClassOf(err) != fail.Unsupported {
			t.Errorf("%s: %v", name, err)
		}
	}
	if tree(t, dir) != before {
		t.Error("it was changed")
	}
}

// worn is a medium on which a file cannot be read from some byte on.
type worn struct {
	memory
	name string
}

func (w worn) Open(name string) (fs.File, error) {
	f, err := w.memory.Open(name)
	if err == nil && name == w.name {
		f = &wornFile{f}
	}
	return f, err
}

type wornFile struct{ fs.File }

func (f *wornFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p[:min(len(p), 7)])
	if err == nil && n < 7 {
		return n, nil
	}
	return 0, syscall.EIO
}

func (f *wornFile) ReadAt([]byte, int64) (int, error) { return 0, syscall.EIO }

func TestBadSectorUnderOneFileHidesNoOther(t *testing.T) {
	m := load(t, "composectl")
	first := m.one(t, "ostree_repo/objects/75/*.filez")
	second := m.one(t, "ostree_repo/objects/2a/*.filez")
	m.MapFS[second].Data[9] ^= 1
	for _, name := range []string{first, m.one(t, "apps/blobs/sha256/e8*"), m.one(t, "apps/apps/web/*/uri")} {
		rep, err := Verify(t.Context(), &Bundle{files: worn{m, name}}, VerifyOptions{Now: now})
		check(t, err)
		for _, f := range rep.Findings {
			if f.Path == name && !strings.Contains(f.Problem, "input/output error") {
				t.Errorf("%s: %s", name, f.Problem)
			}
		}
		for _, path := range []string{name, second} {
			if !slices.ContainsFunc(rep.Findings, func(f Finding) bool { return f.Path == path && !f.Warning }) {
				t.Errorf("with %s worn there is no finding at %s: %v", name, path, rep.Findings)
			}
		}
	}
}
