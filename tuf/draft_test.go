package tuf_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/otactl/otactl/tuf"
)

// odd is a targets.json with fields that nobody knows, at every level.
const odd = `{"signatures":[],"signed":{"_type":"Targets","delegations":{"keys":{},"roles":[]},"expires":"2027-01-01T00:00:00Z",` +
	`"targets":{"a-1":{"custom":{"name":"a","tags":["main"],"version":"1","fetched-apps":{"shortlist":"x"},"x":{"deep":[1,{"z":null,"a":""}]}},` +
	`"hashes":{"md5":"x","sha256":"` + zeros + `"},"length":0,"x-size":7},` +
	`"b-2":{"hashes":{"sha256":"` + zeros + `"},"length":0}},"version":41,"x-top":"kept"}}`

const zeros = "0000000000000000000000000000000000000000000000000000000000000000"

func draftOf(t *testing.T, file string) *tuf.TargetsDraft {
	t.Helper()
	d, err := tuf.DraftTargets([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDraftSignsAgainWhatWasReceivedByteForByte(t *testing.T) {
	canon, err := tuf.Canonical([]byte(odd))
	if err != nil {
		t.Fatal(err)
	}
	d := draftOf(t, odd)
	file, err := d.Sign(41, d.Expires())
	if err != nil || !bytes.Equal(file, canon) {
		t.Errorf("%v\n%s\nwant\n%s", err, file, canon)
	}
	if err := d.SetCustom("a-1", map[string]any{"tags": []string{"main", "next"}, "gone": nil}); err != nil {
		t.Fatal(err)
	}
	file, err = d.Sign(42, d.Expires())
	want := strings.NewReplacer(`["main"]`, `["main","next"]`, `"version":41`, `"version":42`).Replace(string(canon))
	if err != nil || string(file) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, file, want)
	}
}

func TestDraftAddsCustomWhereThereIsNoneAndRemovesFields(t *testing.T) {
	d := draftOf(t, odd)
	if err := d.SetCustom("b-2", map[string]any{"version": "2"}); err != nil {
		t.Fatal(err)
	}
	if err := d.SetCustom("a-1", map[string]any{"x": nil, "fetched-apps": nil}); err != nil {
		t.Fatal(err)
	}
	if got := string(d.Entry("b-2")); got != `{"custom":{"version":"2"},"hashes":{"sha256":"`+zeros+`"},"length":0}` {
		t.Error(got)
	}
	if got := string(d.Entry("a-1")); !strings.HasPrefix(got, `{"custom":{"name":"a","tags":["main"],"version":"1"},`) || !strings.HasSuffix(got, `"x-size":7}`) {
		t.Error(got)
	}
	d.Remove("a-1")
	if names := d.Names(); len(names) != 1 || names[0] != "b-2" {
		t.Error(names)
	}
}

func TestDraftRefusesWhatIsNoTarget(t *testing.T) {
	good := `"hashes":{"sha256":"` + zeros + `"},"length":0`
	for entry, kind := range map[string]error{
		`{` + good + `,"length":0}`:             tuf.ErrMalformed,
		`{"length":0}`:                          tuf.ErrMalformed,
		`{"hashes":{"sha256":"00"},"length":0}`: tuf.ErrMalformed,
		`{` + good + `,"custom":1}`:             tuf.ErrMalformed,
		`{` + good + `}}`:                       tuf.ErrMalformed,
		`[]`:                                    tuf.ErrMalformed,
		`{` + good + `,"custom":{"note":"caf\u00e9"}}`: tuf.ErrNotASCII,
		`{` + good + `,"custom":{"n\u00f6te":"x"}}`:    tuf.ErrNotASCII,
	} {
		d := draftOf(t, odd)
		if err := d.Set("c-3", json.RawMessage(entry)); !errors.Is(err, kind) || !strings.Contains(err.Error(), "c-3") {
			t.Errorf("%s: %v", entry, err)
		}
		if d.Entry("c-3") != nil {
			t.Errorf("%s was taken", entry)
		}
	}
	d := draftOf(t, odd)
	if err := d.Set("", json.RawMessage(`{`+good+`}`)); !errors.Is(err, tuf.ErrMalformed) {
		t.Errorf("a target without a name: %v", err)
	}
	if err := d.Set("caf\u00e9", json.RawMessage(`{`+good+`}`)); !errors.Is(err, tuf.ErrNotASCII) {
		t.Errorf("a name that is not ASCII: %v", err)
	}
	err := d.SetCustom("a-1", map[string]any{"note": "\u00e9"})
	if !errors.Is(err, tuf.ErrNotASCII) || !strings.Contains(err.Error(), "custom.note") {
		t.Errorf("the field is not named: %v", err)
	}
	if err := d.SetCustom("nosuch", nil); !errors.Is(err, tuf.ErrNotFound) {
		t.Error(err)
	}
}

func TestDraftIsOfATargetsFileAlone(t *testing.T) {
	for _, file := range []string{
		``, `{}`, strings.Replace(odd, `"Targets"`, `"Snapshot"`, 1), strings.Replace(odd, `"version":41`, `"version":0`, 1),
		`{"signatures":[],"signed":{"_type":"Targets","expires":"2027-01-01T00:00:00Z","version":1,"targets":{},"x-fio-offline-bundle":{}}}`,
	} {
		if _, err := tuf.DraftTargets([]byte(file)); !errors.Is(err, tuf.ErrMalformed) {
			t.Errorf("%.60s: %v", file, err)
		}
	}
}

func TestNewDraftIsAnEmptyTargetsFile(t *testing.T) {
	k := seeded(t, 1)
	file, err := tuf.NewTargetsDraft().Sign(1, time.Date(2027, 1, 1, 0, 0, 0, 5, time.UTC), k)
	if err != nil {
		t.Fatal(err)
	}
	targets, err := tuf.ParseTargets(file)
	if err != nil || len(targets.Targets) != 0 || targets.Version != 1 {
		t.Errorf("%+v, %v", targets, err)
	}
}

func TestNormalisedFileKeepsItsSignatures(t *testing.T) {
	k := seeded(t, 1)
	file, err := draftOf(t, odd).Sign(42, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), k)
	if err != nil {
		t.Fatal(err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, file, "", "  "); err != nil {
		t.Fatal(err)
	}
	got, err := tuf.Normalise(indented.Bytes())
	if err != nil || !bytes.Equal(got, file) {
		t.Errorf("%v\n%s", err, got)
	}
	foreign := strings.Replace(string(file), `"kept"`, `"k\u00e9pt"`, 1)
	if _, err := tuf.Normalise([]byte(foreign)); !errors.Is(err, tuf.ErrNotASCII) || !strings.Contains(err.Error(), "x-top") {
		t.Errorf("text that peers sign differently: %v", err)
	}
}

func FuzzDraftTargets(f *testing.F) {
	f.Add([]byte(odd))
	f.Add([]byte(`{"signatures":[],"signed":{"_type":"Targets","expires":"2027-01-01T00:00:00Z","version":1,"targets":{"\u00e9":{}},"a":"b"}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		d, err := tuf.DraftTargets(file)
		if err != nil {
			return
		}
		again, err := d.Sign(d.Version(), d.Expires())
		if errors.Is(err, tuf.ErrNotASCII) || errors.Is(err, tuf.ErrTooLarge) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		had, err := tuf.ParseEnvelope(file)
		if err != nil {
			t.Fatal(err)
		}
		has, err := tuf.ParseEnvelope(again)
		if err != nil || !bytes.Equal(has.Signed, had.Signed) {
			t.Errorf("%v\n%s\nbecame\n%s", err, had.Signed, has.Signed)
		}
		for _, name := range d.Names() {
			if _, err := d.Target(name); err != nil {
				continue
			}
			if err := d.SetCustom(name, map[string]any{"x": 1}); err == nil {
				if err = d.SetCustom(name, map[string]any{"x": nil}); err != nil {
					t.Error(err)
				}
			}
		}
	})
}
