// Package targets plans changes of what devices may install: it derives new
// targets from old ones, tags them, and chooses those that can go.
//
// It works on a draft of targets.json that its caller has verified, and touches
// no network and no file. It must never lose a field that it does not know, give
// a target a version that another one had, or guess where more than one thing
// can be meant.
package targets

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/otactl/otactl/internal/fail"
	"github.com/otactl/otactl/tuf"
)

// Format is the only kind of target that devices of the field install.
const Format = "OSTREE"

// one is a target with what planning needs of it.
type one struct {
	name    string
	version int // -1 where it is no number
	custom  tuf.Custom
}

// read is every OSTree target of a draft, by name.
func read(d *tuf.TargetsDraft) ([]one, error) {
	var list []one
	for _, name := range d.Names() {
		t, err := d.Target(name)
		if err != nil {
			return nil, err
		}
		c, err := t.Fields()
		if err != nil {
			return nil, fail.As(fmt.Errorf("target %s: %w", name, err), fail.Verification, "")
		}
		if c.TargetFormat != "" && c.TargetFormat != Format {
			continue
		}
		v, err := strconv.Atoi(c.Version)
		if err != nil || v < 0 {
			v = -1
		}
		list = append(list, one{name, v, c})
	}
	return list, nil
}

// Highest is the highest version of all targets, 0 for none.
func Highest(d *tuf.TargetsDraft) (int, error) {
	list, err := read(d)
	highest := 0
	for _, t := range list {
		highest = max(highest, t.version)
	}
	return highest, err
}

var word = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$`)

// CheckTags refuses what no backend takes as a list of tags.
func CheckTags(tags []string) error {
	if len(tags) == 0 {
		return fail.New(fail.Usage, "give at least one tag, such as --tags main", "no tags")
	}
	for i, tag := range tags {
		if !word.MatchString(tag) {
			return fail.New(fail.Usage, "use letters, digits and . _ + -, and begin with a letter or digit", "tag %.80q: not a plain name", tag)
		}
		if slices.Contains(tags[:i], tag) {
			return fail.New(fail.Usage, "name each tag once", "tag %s: given twice", tag)
		}
	}
	return nil
}
