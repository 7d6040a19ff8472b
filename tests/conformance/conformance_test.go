// Package conformance_test runs the cases of the TUF conformance suite against
// our client workflow, over HTTP, for repositories of both dialects; and lets
// verifiers judge the same damaged repositories.
//
// Whatever departs from the suite is listed here with its reason, and a listed
// departure that no longer occurs is a failure. docs/conformance.md is written
// from the results: go test ./tests/conformance -run Page -update.
package conformance_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/conformance.md anew")

// testCase is a case of the suite, by the name it has there.
type testCase struct {
	group, name string
	shows       string
	variants    []variant // nil for the one case whose variants are the dialect's
}

// variant is one run of a case; the only one has no name.
type variant struct {
	name string
	run  func(*client)
}

func one(run func(*client)) []variant { return []variant{{"", run}} }

// in are the variants that there are for a dialect.
func (tc testCase) in(l lang) []variant {
	if tc.variants == nil {
		return shapes()[l]
	}
	return tc.variants
}

func testCases() []testCase {
	return slices.Concat(basicCases(), expiryCases(), fileCases(), keyCases(), quotingCases(),
		selfCases(), rollbackCases(), staticCases(), delegationCases(), rotationCases())
}

// reasons say why we depart from the suite.
func reasons() map[string]string {
	return map[string]string{
		allOrNothing: "The suite expects each role to be stored once it verifies by itself. We store none below the root before all " +
			"verify, so that what is stored always fits together; the note of what was seen, which protects from rollback, is kept apart " +
			"([decision 5](adr/0005-a-floor-apart-from-the-files.md)). The refusal itself is the one that the suite wants.",
		unversionedNames: "Files of ota-tuf other than roots are not named by version, so there is no name that the version inside could " +
			"contradict. It is held against the version announced in timestamp and snapshot.",
		noDelegations: "ota-tuf repositories list everything in `targets.json`. A delegation there is signed data that we don't follow: it can " +
			"withhold targets, and install none.",
		noECDSA:              "ota-tuf has ED25519 and RSA keys only. A root with another key is refused.",
		unreachableThreshold: "In ota-tuf a root is refused in which a role has fewer distinct keys than its threshold, and not only the role.",
		delegatedNotStored:   "Delegated roles are fetched and verified for each search and not stored, so no name of a role becomes a file's name.",
	}
}

// departures is every case in which we don't do what the suite expects.
func departures() map[lang]map[string][]string {
	return map[lang]map[string][]string{
		ota: {
			"unsigned_metadata":                 {allOrNothing},
			"url_and_metadata_version_mismatch": {unversionedNames},
			"targets_hash_mismatch":             {allOrNothing},
			"snapshot_hash_mismatch":            {allOrNothing},
			"snapshot_404":                      {allOrNothing},
			"targets_404":                       {allOrNothing},
			"snapshot_expired":                  {allOrNothing},
			"targets_expired":                   {allOrNothing},
			"snapshot_has_too_few_keys":         {unreachableThreshold},
			"keytype_and_scheme":                {noECDSA},
			"unusual_role_name":                 {noDelegations},
			"graph_traversal":                   {noDelegations},
			"targetfile_search":                 {noDelegations},
		},
		standard: {
			"unsigned_metadata":                 {allOrNothing},
			"url_and_metadata_version_mismatch": {allOrNothing},
			"targets_hash_mismatch":             {allOrNothing},
			"snapshot_hash_mismatch":            {allOrNothing},
			"snapshot_404":                      {allOrNothing},
			"targets_404":                       {allOrNothing},
			"snapshot_expired":                  {allOrNothing},
			"targets_expired":                   {allOrNothing},
			"unusual_role_name":                 {delegatedNotStored},
		},
	}
}

func TestConformance(t *testing.T) {
	for _, l := range []lang{ota, standard} {
		listed := departures()[l]
		for _, tc := range testCases() {
			t.Run(string(l)+"/"+tc.name, func(t *testing.T) {
				departed := map[string]bool{}
				for _, v := range tc.in(l) {
					c := newClient(t, l)
					v.run(c)
					for _, wrong := range c.wrong {
						t.Errorf("%s: %s", v.name, wrong)
					}
					maps.Copy(departed, c.departed)
				}
				if got := slices.Sorted(maps.Keys(departed)); !slices.Equal(got, listed[tc.name]) {
					t.Errorf("departs from the suite for %q, and listed is %q", got, listed[tc.name])
				}
			})
		}
	}
}

func TestConformanceKnowsEveryCaseOfTheSuite(t *testing.T) {
	names := map[string]bool{}
	for _, tc := range testCases() {
		if names[tc.name] {
			t.Errorf("%s is there twice", tc.name)
		}
		names[tc.name] = true
	}
	if len(names) != 56 {
		t.Errorf("%d cases, the suite has 56", len(names))
	}
	for l, list := range departures() {
		for name, why := range list {
			for _, reason := range why {
				if !names[name] || reasons()[reason] == "" {
					t.Errorf("%s: %s departs for %q, and one of these is not known", l, name, reason)
				}
			}
		}
	}
}

func TestConformancePageIsTrue(t *testing.T) {
	const file = "../../docs/conformance.md"
	if *update {
		if err := os.WriteFile(file, []byte(page()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != page() {
		t.Errorf("%s is out of date; run go test ./tests/conformance -run Page -update", file)
	}
}

const introduction = `# Conformance

What the [TUF conformance suite](https://github.com/theupdateframework/tuf-conformance) asks of a client, and what our client workflow
does, over HTTP, with repositories of both dialects. The suite drives programs; these are its cases
as Go tables in ` + "`tests/conformance`" + `, under the names they have there. Each runs on every change, every
departure is listed with a reason, and one that no longer occurs fails the test. This page is
written by it.

`

// page is docs/conformance.md.
func page() string {
	var b strings.Builder
	b.WriteString(introduction)
	runs := map[lang]int{}
	for _, tc := range testCases() {
		for _, l := range []lang{ota, standard} {
			runs[l] += len(tc.in(l))
		}
	}
	fmt.Fprintf(&b, "%d cases, %d runs in ota-tuf and %d in tuf. \"yes\" means that everything is as the suite expects.\n\n",
		len(testCases()), runs[ota], runs[standard])
	b.WriteString("| group | case | shows that | ota-tuf | tuf |\n|---|---|---|---|---|\n")
	for _, tc := range testCases() {
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", tc.group, tc.name, tc.shows, result(ota, tc), result(standard, tc))
	}
	b.WriteString("\n## Departures\n\n")
	why := reasons()
	for _, reason := range slices.Sorted(maps.Keys(why)) {
		fmt.Fprintf(&b, "- **%s**: %s\n", reason, why[reason])
	}
	b.WriteString(differences())
	return b.String()
}

func result(l lang, tc testCase) string {
	if why := departures()[l][tc.name]; len(why) > 0 {
		return strings.Join(why, ", ")
	}
	return "yes"
}
