package tests

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	attackRow  = regexp.MustCompile(`(?m)^\| (\d+) \|.*\| ([^|]*) \|$`)
	namedTest  = regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz)\\w+)`")
	someTicked = regexp.MustCompile("`[^`]*`")
)

// Each attack that docs/trust.md lists names tests, and each of them is there.
func TestEveryAttackOnTrustNamesTheTestsThatHoldIt(t *testing.T) {
	page, err := os.ReadFile("../docs/trust.md")
	if err != nil {
		t.Fatal(err)
	}
	held := map[int]bool{}
	for _, row := range attackRow.FindAllStringSubmatch(string(page), -1) {
		n, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		named := namedTest.FindAllStringSubmatch(row[2], -1)
		if len(named) != len(someTicked.FindAllString(row[2], -1)) {
			t.Errorf("%d: not all of these are tests: %s", n, row[2])
		}
		for _, test := range named {
			held[n] = true
			if !testExists(t, test[1], test[2]) {
				t.Errorf("%d: %s has no %s", n, test[1], test[2])
			}
		}
	}
	for n := 19; n <= 32; n++ {
		if !held[n] {
			t.Errorf("%d names no test", n)
		}
	}
}

func testExists(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "func "+name+"(") {
			return true
		}
	}
	return false
}
