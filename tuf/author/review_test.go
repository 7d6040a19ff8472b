package author_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/tuf"
	"github.com/otactl/otactl/tuf/author"
	"github.com/otactl/otactl/tuf/tuftest"
)

func kinds(notes []author.Note) []string {
	var list []string
	for _, n := range notes {
		list = append(list, n.Kind)
	}
	return list
}

func TestReviewTellsWhatChangesInWords(t *testing.T) {
	s := newScene(t)
	if notes, err := s.Amendments(); err != nil || len(notes) != 0 {
		t.Errorf("nothing changes, and the review says %+v, %v", notes, err)
	}
	fresh, more, snapshot := s.key(), s.key(), s.key()
	must(t, s.RotateKey(tuf.RoleRoot, s.rootID(), fresh.Public(), me))
	must(t, s.AddKey(tuf.RoleRoot, more.Public(), me))
	must(t, s.SetThreshold(tuf.RoleRoot, 2))
	for range 2 {
		must(t, s.AddKey(tuf.RoleTargets, s.key().Public(), me))
	}
	must(t, s.SetThreshold(tuf.RoleTargets, 3))
	must(t, s.RotateOnlineKey(tuf.RoleSnapshot, snapshot.Public()))
	s.Updated.CI = edit(t, s.Updated.CI, func(m map[string]any) { m["x-note"] = "n" })
	notes, err := s.Amendments()
	must(t, err)
	want := []string{"add-key", "add-key", "delete-key", "set-threshold", "add-key", "add-key", "add-key", "delete-key",
		"set-threshold", "set-expiry", "set-field"}
	if got := kinds(notes); !slices.Equal(got, want) {
		t.Errorf("the review says %v", got)
	}
	var text strings.Builder
	for _, n := range notes {
		text.WriteString(n.Message + "\n")
	}
	for _, want := range []string{
		"root gets the offline ED25519 key " + fresh.Public().ID, "root loses the key " + s.rootID(),
		"2 keys instead of 1 have to sign root", "3 keys instead of 2 have to sign production targets",
		"snapshot gets the online ED25519 key " + snapshot.Public().ID, "expires at 2027-07-02", `"x-note"`,
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the review lacks %q:\n%s", want, text.String())
		}
	}
}

func TestReviewSaysWhoStillHasToSign(t *testing.T) {
	s := newScene(t)
	old, fresh := s.repo.Keys[tuf.RoleRoot][0], s.key()
	must(t, s.RotateKey(tuf.RoleRoot, old.Public().ID, fresh.Public(), me))
	must(t, s.Sign(fresh))
	issues, err := s.Issues(tuftest.Start)
	must(t, err)
	if len(issues.Errors) != 2 { // on the root, and on the production root
		t.Fatalf("%+v", issues.Errors)
	}
	for _, n := range issues.Errors {
		if n.Kind != "signatures" || !strings.Contains(n.Message, old.Public().ID) || !strings.Contains(n.Message, "0 of the 1") {
			t.Errorf("%+v", n)
		}
	}
	must(t, s.Sign(old))
	if issues, err = s.Issues(tuftest.Start); err != nil || len(issues.Errors) != 0 {
		t.Errorf("%+v, %v", issues.Errors, err)
	}
}

func TestReviewWarnsAheadOfTrouble(t *testing.T) {
	s := newScene(t)
	must(t, s.AddKey(tuf.RoleTargets, s.repo.Keys[tuf.RoleRoot][0].Public(), me))
	must(t, s.Extend(tuftest.Start.Add(24*time.Hour)))
	must(t, s.DeleteKey(tuf.RoleTargets, s.rootID()))
	issues, err := s.Issues(tuftest.Start)
	must(t, err)
	if got := kinds(issues.Warnings); !slices.Equal(got, []string{"expires-soon", "few-targets-keys"}) {
		t.Errorf("%v", got)
	}
	must(t, s.AddKey(tuf.RoleTargets, s.repo.Keys[tuf.RoleRoot][0].Public(), me))
	if issues, err = s.Issues(tuftest.Start.Add(48 * time.Hour)); err != nil || !slices.Contains(kinds(issues.Errors), "expired") ||
		!slices.Contains(kinds(issues.Warnings), "shared-key") {
		t.Errorf("%+v, %v", issues, err)
	}
}

func TestDiffShowsOnlyWhatDiffers(t *testing.T) {
	lines, err := author.Diff([]byte(`{"a":1,"b":[1,2,3],"c":2}`), []byte(`{"a":1,"b":[1,3,4],"c":2}`))
	must(t, err)
	want := " {|   \"a\": 1,|   \"b\": [|     1,|-    2,|-    3|+    3,|+    4|   ],|   \"c\": 2| }"
	if got := strings.Join(lines, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if lines, err = author.Diff(nil, []byte(`1`)); err != nil || !slices.Equal(lines, []string{"+1"}) {
		t.Errorf("%q, %v", lines, err)
	}
	if _, err := author.Diff([]byte("x"), []byte("1")); err == nil {
		t.Error("no JSON was compared")
	}
}

func TestWhatIsPrintedIsASCII(t *testing.T) {
	text, err := author.Pretty([]byte("{\"a\":\"\u009b2J\u00e9\"}"))
	if err != nil || text != "{\n  \"a\": \"\\u009b2J\\u00e9\"\n}" {
		t.Errorf("%q, %v", text, err)
	}
}

// A backend that sends two long files must not make us compare every line with
// every other.
func TestDiffOfLongFilesIsCheap(t *testing.T) {
	long := func(n string) []byte { return []byte("[" + strings.Repeat(n+",", 30_000) + n + "]") }
	lines, err := author.Diff(long("1"), long("2"))
	must(t, err)
	if len(lines) != 60_004 {
		t.Errorf("%d lines", len(lines))
	}
}

func TestUpdatesBecomeADraft(t *testing.T) {
	s := newScene(t)
	u := &author.Updates{Status: author.StatusStarted, Current: author.NewWirePair(s.Current, nil), Updated: author.NewWirePair(s.Updated, s.Online)}
	d, err := u.Draft()
	must(t, err)
	must(t, d.Check())
	u.Updated.Prod = "" // nothing was changed so far
	if d, err = u.Draft(); err != nil || d.Updated.Prod == nil {
		t.Fatalf("%v", err)
	}
	must(t, d.Check())
	for _, c := range []struct { // each spoils what the one before left
		what  string
		spoil func()
	}{
		{"none open", func() { u.Status = author.StatusNone }},
		{"no new root", func() { u.Status = author.StatusStarted; u.Updated.CI = "" }},
		{"no JSON", func() { u.Updated.CI = "x" }},
		{"not ASCII", func() { u.Updated.CI = strings.Replace(string(s.Updated.CI), `"why"`, `"wh\u00fc"`, 1) }},
		{"no old root", func() { u.Updated.CI = string(s.Updated.CI); u.Current.CI = "" }},
		{"none at all", func() { u.Current = nil }},
	} {
		c.spoil()
		if _, err := u.Draft(); err == nil {
			t.Errorf("%s: became a draft", c.what)
		}
	}
}

func FuzzClean(f *testing.F) {
	r := tuftest.New(f)
	f.Add(r.Files[tuf.RootName(1)])
	f.Add([]byte(`{"signatures":[],"signed":{}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		clean, err := author.Clean(file)
		if err != nil {
			return
		}
		again, err := author.Clean(clean)
		if err != nil || string(again) != string(clean) {
			t.Errorf("%q and then %q, %v", clean, again, err)
		}
		if _, err := author.Begin(author.Pair{CI: clean}, tuf.Changelog{Message: "m"}, nil); err != nil && len(clean) < 60_000 {
			t.Errorf("no draft of %q: %v", clean, err)
		}
	})
}

// Whatever a backend answers, nothing of it stops us, and a draft that passes
// all rules is one that devices take.
func FuzzUpdates(f *testing.F) {
	f.Add([]byte(`{"status":"STARTED","current":{"ci-root":"{}"},"updated":{"ci-root":"{}","online-keys":{"targets":"a"}}}`))
	r := tuftest.New(f)
	next, err := author.Begin(author.Pair{CI: r.Files[tuf.RootName(1)]}, tuf.Changelog{Message: "m"}, map[tuf.Role]string{})
	if err == nil {
		err = next.Sign(r.Keys[tuf.RoleRoot][0])
	}
	if err != nil {
		f.Fatal(err)
	}
	good, err := json.Marshal(author.Updates{Status: author.StatusStarted,
		Current: author.NewWirePair(next.Current, nil), Updated: author.NewWirePair(next.Updated, next.Online)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, reply []byte) {
		var u author.Updates
		if json.Unmarshal(reply, &u) != nil {
			return
		}
		d, err := u.Draft()
		if err != nil {
			return
		}
		_, _ = d.Amendments()
		_, _ = author.Diff(d.Current.CI, d.Updated.CI)
		issues, err := d.Issues(tuftest.Start)
		if err != nil || len(issues.Errors) > 0 {
			return
		}
		trust, err := tuf.NewTrust(d.Current.CI)
		if err == nil {
			err = trust.AddRoot(d.Updated.CI)
		}
		if err != nil {
			t.Errorf("no errors in the review, and yet: %v", err)
		}
	})
}
