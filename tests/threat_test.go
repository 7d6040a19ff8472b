package tests

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var (
	attackerTitle = regexp.MustCompile(`(?m)^### (.+)$`)
	attemptRow    = regexp.MustCompile(`(?m)^\| ([^|-][^|]*) \| ([^|]*) \| ([^|]*) \|$`)
)

// The threat model says of each attacker what is tried, and each attempt names
// tests that are there.
func TestEachAttackerIsHeldOffByTestsThatExist(t *testing.T) {
	page, err := os.ReadFile("../docs/threat-model.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, found := strings.Cut(string(page), "## Attackers")
	text, _, ended := strings.Cut(text, "\n## ")
	if !found || !ended {
		t.Fatal("docs/threat-model.md has no part on attackers")
	}
	titles := attackerTitle.FindAllStringSubmatchIndex(text, -1)
	if len(titles) < 6 {
		t.Errorf("%d attackers", len(titles))
	}
	for i, at := range titles {
		end := len(text)
		if i+1 < len(titles) {
			end = titles[i+1][0]
		}
		checkAttacker(t, text[at[2]:at[3]], text[at[1]:end])
	}
}

func checkAttacker(t *testing.T, attacker, text string) {
	t.Helper()
	attempts := 0
	for _, row := range attemptRow.FindAllStringSubmatch(text, -1) {
		if row[1] == "tries" {
			continue
		}
		attempts++
		named := namedTest.FindAllStringSubmatch(row[3], -1)
		if len(named) == 0 || len(named) != len(someTicked.FindAllString(row[3], -1)) {
			t.Errorf("%s, %q: these are not tests: %s", attacker, row[1], row[3])
		}
		for _, test := range named {
			if !testExists(t, test[1], test[2]) {
				t.Errorf("%s, %q: %s has no %s", attacker, row[1], test[1], test[2])
			}
		}
	}
	if attempts < 3 {
		t.Errorf("%s: %d attempts", attacker, attempts)
	}
}
