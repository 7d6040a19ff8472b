package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

// The scripts that are fast enough for every run; make test-suite runs all.
func TestTheFixedPartOfTheSuitePasses(t *testing.T) {
	lists, err := readLists()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "ostree")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/otactl/otactl").CombinedOutput(); err != nil {
		t.Fatalf("build: %v: %s", err, out)
	}
	s, err := setUp(t.Context(), program, lists)
	if err != nil {
		t.Fatal(err)
	}
	defer s.tearDown()
	s.jobs, s.keep = 2*runtime.NumCPU(), t.TempDir()
	for _, r := range s.runAll(t.Context(), lists.fast, func(result) {}) {
		if r.Verdict != passed {
			log, _ := os.ReadFile(filepath.Join(s.keep, r.Name+".log"))
			t.Errorf("%s: %s: %s\n%s", r.Name, r.Verdict, r.Note, log[max(0, len(log)-2000):])
		}
	}
}

func TestAScriptIsJudgedByItsPointsAndItsExit(t *testing.T) {
	for _, c := range []struct {
		out  string
		exit int
		want verdict
		ok   int
	}{
		{"1..2\nok one\nok two\n", 0, passed, 2},
		{"ok one\nok two\n1..2\n", 0, passed, 2},
		{"1..2\nok one\nok two # SKIP no xattrs\n", 0, passed, 1},
		{"1..2\nok one\n", 0, failed, 1},
		{"1..2\nok one\nok two\n", 1, failed, 2},
		{"1..1\nnot ok one\n", 0, failed, 0},
		{"1..0 # SKIP no fuse\n", 0, skipped, 0},
		{"1..1\nok # SKIP no xattrs\n", 0, skipped, 0},
		{"", 0, skipped, 0},
	} {
		if r := judge(c.out, c.out, c.exit, false); r.Verdict != c.want || r.OK != c.ok {
			t.Errorf("%q, exit %d: %s with %d, want %s with %d", c.out, c.exit, r.Verdict, r.OK, c.want, c.ok)
		}
	}
}

// A script that does not exist any more, or is excused, cannot be one that has
// to pass.
func TestTheListsNameRealScripts(t *testing.T) {
	lists, err := readLists()
	if err != nil {
		t.Fatal(err)
	}
	all, err := allScripts()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range lists.passing {
		if !slices.Contains(all, name) || lists.excused(name) != "" {
			t.Errorf("passing.txt: %s is no script that is tried", name)
		}
	}
	if !slices.IsSorted(lists.passing) {
		t.Error("passing.txt is not sorted")
	}
}

// A line that is left out by mistake would be a check that nobody misses.
func TestOnlyTheLineThatIsNamedIsLeftOutOfAScript(t *testing.T) {
	o := omission{file: "f.sh", line: "same a $b", why: "w"}
	for script, want := range map[string]string{
		"if x; then\n  same a $b\nfi\n": "if x; then\n:\nfi\n",
		"same a $b\nsame a $bc\n":       ":\nsame a $bc\n",
		"same a $bc\n":                  "",
		"same a $b\nsame a $b\n":        "",
	} {
		got, err := o.from(script)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", script, got, err)
		}
	}
}
