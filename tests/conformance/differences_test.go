package conformance_test

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// difference is a set of mutations that one of our verifiers judges otherwise
// than go-tuf's updater. All that it names have to differ, in just this way.
type difference struct {
	langs []lang
	where string   // role and path; * is one part of it
	ops   []string // what is done there
	how   string   // "signed" or "tampered"
	ours  verdict
	ref   verdict
	why   string
}

// The reasons for which verdicts may differ.
const (
	whyPanics    = "go-tuf panics"
	whySecond    = "expiry at the second itself"
	whyForm      = "received is verified"
	whyTwice     = "key ids twice"
	whyScheme    = "scheme and key"
	whyValues    = "lengths, hashes and versions"
	whyExact     = "exact names"
	whySignature = "form of signatures"
	whySpelling  = "spelling of ota-tuf"
	whyUnknown   = "what ota-tuf passes over"
	whyNames     = "names without versions"
)

func verdictReasons() map[string]string {
	return map[string]string{
		whyPanics:    "A null or a key of no bytes makes go-tuf panic. Ours is an error like any other.",
		whySecond:    "Metadata ends at the second of its `expires`; go-tuf accepts it still.",
		whyForm:      "go-tuf checks signatures over what it writes again, so that a time with another offset or a hash in capitals passes under a signature that was made for the usual form. We want what was received to be what was signed.",
		whyTwice:     "A role that names a key id twice is refused; go-tuf counts it once.",
		whyScheme:    "The scheme of a key has to be the one that it signs with; go-tuf goes by the type alone.",
		whyValues:    "A negative length, an integer beyond 2^53-1, a version beyond 2^31-1, a sha256 that isn't 32 bytes, a `custom` that is no object, and `targets: null` are refused.",
		whyExact:     "Names are matched exactly, so a name with a capital is an unknown field, or a missing one; go-tuf reads it, and in part refuses the signature for it.",
		whySignature: "In ota-tuf every entry of `signatures` has a key id, a method and a signature in base64. One that doesn't is refused, and one that is no base64 counts for nothing; go-tuf is lenient with the former and not with the latter.",
		whySpelling:  "ota-tuf has times without fractions, and hashes in any case; a target needs a sha256 or sha512.",
		whyUnknown:   "A role with an unknown name is passed over in ota-tuf; go-tuf can't write it again and refuses the signature.",
		whyNames:     "A timestamp that names the snapshot before: by its versioned name that one is there still, in ota-tuf the file served is another.",
	}
}

func listedDifferences() []difference {
	both, onlyOTA, onlySpec := []lang{ota, standard}, []lang{ota}, []lang{standard}
	d := func(langs []lang, where, ops, how string, ours, ref verdict, why string) difference {
		return difference{langs, where, strings.Split(ops, ","), how, ours, ref, why}
	}
	return []difference{
		d(both, "root signed/keys/*/keyval/public", "empty", "signed", refuses, panics, whyPanics),
		d(both, "root signed/keys/*", "null", "signed", refuses, panics, whyPanics),
		d(both, "root signed/roles/*", "null", "signed", refuses, panics, whyPanics),
		d(both, "snapshot signed/meta/targets.json", "null", "signed", refuses, panics, whyPanics),
		d(both, "targets signed/targets/*", "null", "signed", refuses, panics, whyPanics),
		d(both, "targets signed/targets/*", "null", "tampered", refuses, panics, whyPanics),
		d(both, "timestamp signed/meta/snapshot.json", "capital,delete,null", "signed", refuses, panics, whyPanics),
		d(both, "timestamp signed/meta", "empty,null", "signed", refuses, panics, whyPanics),
		d(both, "* signed/expires", "now", "signed", refuses, takes, whySecond),
		d(both, "* signed/expires", "offset", "tampered", refuses, takes, whyForm),
		d(both, "targets signed/targets/*/hashes/sha256", "upper", "tampered", refuses, takes, whyForm),
		d(both, "root signed/roles/*/keyids", "twice", "signed", refuses, takes, whyTwice),
		d(onlySpec, "root signed/keys/*/scheme", "empty,more,upper", "signed", refuses, takes, whyScheme),
		d(both, "targets signed/targets/*/hashes/sha256", "empty", "signed", refuses, takes, whyValues),
		d(both, "targets signed/targets/*/length", "-1,9007199254740993", "signed", refuses, takes, whyValues),
		d(both, "targets signed/targets", "null", "signed", refuses, takes, whyValues),
		d(both, "timestamp signed/version", "2147483648,9007199254740993", "signed", refuses, takes, whyValues),
		d(onlyOTA, "* signatures", "capital", "tampered", refuses, takes, whyExact),
		d(onlyOTA, "* signatures/*/keyid", "capital", "tampered", refuses, takes, whyExact),
		d(onlyOTA, "* signatures/*/sig", "capital", "tampered", refuses, takes, whyExact),
		d(onlyOTA, "targets signed/targets/*/custom", "capital", "signed", takes, refuses, whyExact),
		d(onlyOTA, "* signatures", "null in it", "tampered", refuses, takes, whySignature),
		d(onlyOTA, "root signatures/*", "empty,null", "tampered", refuses, takes, whySignature),
		d(onlyOTA, "root signatures/*/keyid", "delete,null", "tampered", refuses, takes, whySignature),
		d(onlyOTA, "root signatures/*/sig", "delete", "tampered", refuses, takes, whySignature),
		d(onlyOTA, "root signatures/*/sig", "more", "tampered", takes, refuses, whySignature),
		d(onlyOTA, "snapshot signatures/*/sig", "upper", "tampered", refuses, takes, whySignature),
		d(onlyOTA, "targets signatures/*/sig", "upper", "tampered", refuses, takes, whySignature),
		d(onlyOTA, "timestamp signatures/*/sig", "upper", "tampered", refuses, takes, whySignature),
		d(onlyOTA, "* signed/expires", "fraction", "signed", refuses, takes, whySpelling),
		d(both, "targets signed/targets/*/custom", "array,text", "signed", refuses, takes, whyValues),
		d(onlyOTA, "targets signed/targets/*/hashes/sha256", "capital", "signed", refuses, takes, whySpelling),
		d(onlyOTA, "targets signed/targets/*/hashes/sha256", "upper", "signed", takes, refuses, whySpelling),
		d(onlyOTA, "root signed/roles", "one more", "signed", takes, refuses, whyUnknown),
		d(onlyOTA, "timestamp signed/meta/snapshot.json/version", "minus one", "signed", refuses, keeps, whyNames),
	}
}

func (d difference) names(l lang, m mutation) bool {
	ok, err := path.Match(d.where, m.role+" "+m.path)
	return ok && err == nil && slices.Contains(d.langs, l) && slices.Contains(d.ops, m.op) && (d.how == "signed") == m.signed
}

func TestVerifiersAgreeOnEveryMutation(t *testing.T) {
	listed := listedDifferences()
	used := map[string]bool{}
	all := trials(t)
	for _, tr := range all {
		for l, ours := range map[lang]verdict{ota: tr.ota, standard: tr.spec} {
			if ours == "" || tr.ref == "" {
				continue // one dialect has no such field
			}
			want := tr.ref
			for i, d := range listed {
				if !d.names(l, tr.mutation) {
					continue
				}
				used[fmt.Sprint(i, l, tr.op)] = true
				if want = d.ours; tr.ref != d.ref {
					t.Errorf("%s %v: the updater %s it, and listed is that it %s", l, tr.mutation, tr.ref, d.ref)
				}
			}
			if ours != want {
				t.Errorf("%s %v: our verifier %s it, the updater %s it, and wanted is %s (%s)", l, tr.mutation, ours, tr.ref, want, tr.why)
			}
		}
	}
	for i, d := range listed {
		for _, l := range d.langs {
			for _, op := range d.ops {
				if !used[fmt.Sprint(i, l, op)] {
					t.Errorf("%s: no mutation of %s by %q occurs; strike it", l, d.where, op)
				}
			}
		}
		if verdictReasons()[d.why] == "" {
			t.Errorf("%s differs without a reason", d.where)
		}
	}
	t.Logf("%d mutations", len(all))
}

// differences is the part of docs/conformance.md about them.
func differences() string {
	var b strings.Builder
	b.WriteString(`
## Beside go-tuf's updater

The same repositories in both dialects, changed in one field at a time (taken away, null, of another
type, at the edges of its range, misspelt, expired, signed by others; each before and after it is
signed), judged by both of our verifiers and by go-tuf's updater, which keeps files of its own from the version
before. All verdicts are the same but for these; one that isn't listed fails the test, and so does one that no
longer occurs.

| dialect | what is changed | how | ours | updater | because |
|---|---|---|---|---|---|
`)
	for _, d := range listedDifferences() {
		var langs []string
		for _, l := range d.langs {
			langs = append(langs, string(l))
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s, %s | %s | %s | %s |\n",
			strings.Join(langs, ", "), d.where, strings.Join(d.ops, ", "), d.how, d.ours, d.ref, d.why)
	}
	b.WriteString("\n")
	why := verdictReasons()
	for _, reason := range slices.Sorted(maps.Keys(why)) {
		fmt.Fprintf(&b, "- **%s**: %s\n", reason, why[reason])
	}
	return b.String()
}
