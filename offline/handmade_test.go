package offline

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/otactl/otactl/tuf"
)

// The bundles in testdata/handmade were made from the documented layout with
// the tools of the field (make.sh there); our writer had no hand in them.
var handmade = []string{"composectl", "skopeo"}

// memory is a medium in memory.
type memory struct{ fstest.MapFS }

func (memory) Close() error { return nil }

// load reads a hand-made bundle into memory.
func load(t testing.TB, name string) memory {
	t.Helper()
	dir := filepath.Join("testdata/handmade", name)
	files := memory{fstest.MapFS{}}
	for _, file := range filesIn(t, dir) {
		data, err := os.ReadFile(file)
		check(t, err)
		rel, err := filepath.Rel(dir, file)
		check(t, err)
		files.MapFS[filepath.ToSlash(rel)] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	return files
}

func (m memory) verify(t testing.TB) *VerifyReport {
	t.Helper()
	rep, err := Verify(t.Context(), &Bundle{files: m, dir: "bundle"}, VerifyOptions{Now: now})
	check(t, err)
	return rep
}

// one is the only file whose name matches pattern.
func (m memory) one(t testing.TB, pattern string) string {
	t.Helper()
	names, err := fs.Glob(m, pattern)
	check(t, err)
	if len(names) != 1 {
		t.Fatalf("%s: %v", pattern, names)
	}
	return names[0]
}

func TestBundlesMadeByHandVerifyWithoutAWord(t *testing.T) {
	for name, want := range map[string]VerifyReport{
		"composectl": {Type: "ci", Anchor: "the bundle's own 1.root.json", Objects: 12, Blobs: 8},
		"skopeo":     {Type: "prod", Anchor: "the bundle's own 3.root.json", Objects: 7, Blobs: 7},
	} {
		rep := load(t, name).verify(t)
		if rep.Err() != nil || len(rep.Findings) > 0 {
			t.Errorf("%s: %v, findings %v", name, rep.Err(), rep.Findings)
		}
		if rep.Type != want.Type || !strings.HasPrefix(rep.Anchor, want.Anchor) || rep.Objects != want.Objects || rep.Blobs != want.Blobs {
			t.Errorf("%s: %+v", name, rep)
		}
		for _, target := range rep.Targets {
			if len(target.Apps) != 1 {
				t.Errorf("%s: target %s has the apps %v", name, target.Name, target.Apps)
			}
		}
	}
}

// harmlessFlips are what a flipped bit may spell in a file that no digest
// covers, without changing what a device installs: in index.json and
// oci-layout, which composectl does not read, blanks between tokens, names of
// platforms, and the names and values of fields that nobody reads.
func harmlessFlip(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(name, "apps/apps/") && (base == "index.json" || base == "oci-layout")
}

func TestEveryFlippedByteOfAnAppIsFoundOrHarmless(t *testing.T) {
	for _, bundle := range handmade {
		t.Run(bundle, func(t *testing.T) {
			t.Parallel()
			files := load(t, bundle)
			silent := map[string]int{}
			apps := appsOf(t, files)
			if f := apps(); len(f) > 0 {
				t.Fatalf("before: %v", f)
			}
			for name, file := range files.MapFS {
				if !strings.HasPrefix(name, "apps/") {
					continue
				}
				for i := range file.Data {
					bit := byte(1) << (i % 8)
					file.Data[i] ^= bit
					if len(apps()) == 0 {
						silent[path.Base(name)]++
						if !harmlessFlip(name) {
							t.Errorf("%s: a flip in byte %d is not found", name, i)
						}
					}
					file.Data[i] ^= bit
				}
			}
			t.Logf("flips that change nothing: %v", silent)
		})
	}
}

// appsOf runs the part of Verify that looks at apps, as often as it is called.
func appsOf(t testing.TB, files memory) func() []Finding {
	t.Helper()
	b := &Bundle{files: files}
	var found findings
	inv, err := scan(t.Context(), b, &found)
	check(t, err)
	all, err := tuf.ParseTargets(files.MapFS["tuf/targets.json"].Data)
	check(t, err)
	var targets []boundTarget
	for name, target := range all.Targets {
		custom, err := target.Fields()
		check(t, err)
		targets = append(targets, boundTarget{name: name, target: target, custom: custom})
	}
	return func() []Finding {
		v := &verifier{bundle: b, opt: VerifyOptions{Now: now, Jobs: 1}, turns: make(chan struct{}, 1), inv: inv}
		check(t, v.apps(t.Context(), targets))
		return v.found.list
	}
}

// The other bundle's keys are those of TestEveryFlippedBitOfTheMetadataIsFound.
func TestFlippedBytesOfMetadataWithRSAKeysAreFound(t *testing.T) {
	files := map[string][]byte{}
	for name, file := range load(t, "skopeo").MapFS {
		if dir, base := path.Split(name); dir == "tuf/" {
			files[base] = file.Data
		}
	}
	if !metadataGood([]int{3}, files, "", nil) {
		t.Fatal("the bundle is not good")
	}
	for name, good := range files {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bad := slices.Clone(good)
			for i := 0; i < len(good); i += 5 {
				bad[i] ^= 1 << (i % 8)
				if metadataGood([]int{3}, files, name, bad) {
					t.Errorf("a flip in byte %d is not found", i)
				}
				bad[i] = good[i]
			}
		})
	}
}

// TestVerifyFindsWhatIsWrongWithAnApp spoils an app in ways that leave every
// digest right or that no digest covers.
func TestVerifyFindsWhatIsWrongWithAnApp(t *testing.T) {
	const view = "apps/apps/web/*/"
	add := func(name, text string) func(*testing.T, memory) {
		return func(_ *testing.T, m memory) { m.MapFS[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644} }
	}
	inView := func(name, text string) func(*testing.T, memory) {
		return func(t *testing.T, m memory) { add(path.Dir(m.one(t, view+"uri"))+"/"+name, text)(t, m) }
	}
	remove := func(pattern string) func(*testing.T, memory) {
		return func(t *testing.T, m memory) { delete(m.MapFS, m.one(t, pattern)) }
	}
	change := func(pattern string, edit func(string) string) func(*testing.T, memory) {
		return func(t *testing.T, m memory) {
			file := m.MapFS[m.one(t, pattern)]
			file.Data = []byte(edit(string(file.Data)))
		}
	}
	replace := func(pattern, from, to string) func(*testing.T, memory) {
		return change(pattern, func(s string) string { return strings.Replace(s, from, to, 1) })
	}
	index := view + "images/*/*/*/*/index.json"
	for _, c := range []struct {
		name  string
		spoil func(*testing.T, memory)
		rule  Rule
		where string // a pattern
	}{
		{"no uri", remove(view + "uri"), RuleApps, view + "uri"},
		{"uri of another host", replace(view+"uri", "hub", "hob"), RuleApps, view + "uri"},
		{"no manifest.json", remove(view + "manifest.json"), RuleApps, view + "manifest.json"},
		{"manifest.json with a blank more", change(view+"manifest.json", func(s string) string { return s + " " }), RuleApps, view + "manifest.json"},
		{"no archive", remove(view + "*.tgz"), RuleApps, view + "*.tgz"},
		{"another compose file", replace(view+"docker-compose.yml", "web", "wob"), RuleApps, view + "docker-compose.yml"},
		{"compose file longer than the real one", change(view+"docker-compose.yml", func(s string) string { return s + strings.Repeat(" ", 2<<20) }), RuleApps, view + "docker-compose.yml"},
		{"no index.json", remove(index), RuleApps, index},
		{"index.json without manifests", change(index, func(string) string { return `{"schemaVersion":2,"manifests":[]}` }), RuleApps, index},
		{"index.json is a list", change(index, func(string) string { return `[]` }), RuleApps, index},
		{"index.json names the manifest of other hardware", change(index, func(s string) string {
			return strings.Replace(s, s[strings.Index(s, "sha256:"):strings.Index(s, "sha256:")+71], "sha256:d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa", 1)
		}), RuleApps, index},
		{"index.json with another size", replace(index, `"size":`, `"size":1`), RuleApps, index},
		{"unknown file in an app", inView("run.sh", "x"), RuleFiles, view + "run.sh"},
		{"unknown file beside an app", add("apps/apps/web/x", "x"), RuleFiles, "apps/apps/web/x"},
		{"folder without uri", add("apps/apps/web/x/manifest.json", "x"), RuleApps, "apps/apps/web/x"},
		{"not the name of a blob", add("apps/blobs/sha256/x", "x"), RuleFiles, "apps/blobs/sha256/x"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := load(t, "composectl")
			c.spoil(t, m)
			wantFindingAt(t, m.verify(t), c.rule, c.where)
		})
	}
	t.Run("a blob missing", func(t *testing.T) {
		whole := load(t, "composectl")
		optional := 0
		for name := range whole.MapFS {
			if !strings.HasPrefix(name, "apps/blobs/") {
				continue
			}
			m := memory{maps.Clone(whole.MapFS)}
			delete(m.MapFS, name)
			rep := m.verify(t)
			if rep.Good {
				optional++
				continue
			}
			wantFindingAt(t, rep, RuleApps, name)
			if !strings.Contains(rep.Findings[0].Remedy, "offline-update") {
				t.Errorf("remedy %q", rep.Findings[0].Remedy)
			}
		}
		// The index of the archive's files and the sizes of the layers.
		if optional != 2 {
			t.Errorf("%d blobs are not missed", optional)
		}
	})
}

func wantFindingAt(t *testing.T, rep *VerifyReport, rule Rule, pattern string) {
	t.Helper()
	for _, f := range rep.Findings {
		if ok, _ := path.Match(pattern, f.Path); ok && f.Rule == rule && !f.Warning && f.Remedy != "" {
			return
		}
	}
	t.Errorf("no finding under %q at %q; there are: %v", rule, pattern, rep.Findings)
}

func TestAppsThatAreAbsentAreAWarningAndAppsInPartAreNot(t *testing.T) {
	m := load(t, "composectl")
	for name := range m.MapFS {
		if strings.HasPrefix(name, "apps/") {
			delete(m.MapFS, name)
		}
	}
	rep := m.verify(t)
	if rep.Err() != nil || len(rep.Findings) != 2 || !strings.Contains(rep.Findings[0].Problem, "exit code 8, one that runs no apps takes it") {
		t.Errorf("no apps at all: %v", rep.Findings)
	}
	m = load(t, "composectl")
	for name := range m.MapFS {
		if strings.HasPrefix(name, "apps/apps/") {
			delete(m.MapFS, name)
		}
	}
	wantFindingAt(t, m.verify(t), RuleApps, "apps/apps/web/*/uri")
}

func TestAppThatNoTargetNeedsIsAWarning(t *testing.T) {
	m := load(t, "skopeo")
	for name, file := range load(t, "composectl").MapFS {
		if strings.HasPrefix(name, "apps/") {
			m.MapFS[name] = file
		}
	}
	rep := m.verify(t)
	if rep.Err() != nil || len(rep.Findings) != 2 {
		t.Errorf("%v, findings %v", rep.Err(), rep.Findings)
	}
	for _, f := range rep.Findings {
		if f.Rule != RuleFiles || !strings.Contains(f.Remedy, "prune") {
			t.Errorf("%+v", f)
		}
	}
}

func TestTwoBundlesMixedInOneFolderAreFound(t *testing.T) {
	mixed := load(t, "skopeo")
	for name, file := range load(t, "composectl").MapFS {
		if _, there := mixed.MapFS[name]; !there {
			mixed.MapFS[name] = file
		}
	}
	wantFinding(t, mixed.verify(t), RuleRootChain, "3.root.json")
	mixed = load(t, "composectl")
	for name, file := range load(t, "skopeo").MapFS {
		if strings.HasPrefix(name, "tuf/") {
			mixed.MapFS[name] = file
		}
	}
	rep := mixed.verify(t)
	wantFinding(t, rep, RuleRootChain, "3.root.json")
	wantFinding(t, rep, RuleObject, ".commit")
}
