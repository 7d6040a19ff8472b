package ostree

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/otactl/otactl/internal/fail"
)

// StatOverrides are changes to the modes of single paths, as a file for ostree
// commit --statoverride lists them. Each is used up by the first path it
// matches.
type StatOverrides struct {
	mu    sync.Mutex
	left  map[string]override
	other string // a path that is no file of the type that was listed
}

type override struct {
	mode uint32
	kind uint32 // the type that the path has to have; 0 for any
	set  bool   // replaces the permission bits, else adds to them
}

// ParseStatOverrides reads lines "MODE /path": MODE is added to the bits of the
// path's mode, with "+" before it too, and takes their place with "=" before
// it. It is a decimal number, or a hexadecimal one with 0x. One with a leading
// zero is refused: it is meant to be octal and would be read as decimal. It may
// have the bits of the path's type, as a mode from stat has.
func ParseStatOverrides(data []byte) (*StatOverrides, error) {
	s := &StatOverrides{left: map[string]override{}}
	err := eachLine(data, func(line string) error {
		number, path, ok := strings.Cut(line, " ")
		if !ok {
			return fail.New(fail.Usage, "write lines such as \"2048 /usr/bin/su\"", "malformed statoverride %.200q (no space found)", line)
		}
		o, err := parseOverride(number)
		if err != nil {
			return err
		}
		s.left[path] = o
		return checkListed("statoverride", path)
	})
	return s, err
}

func parseOverride(text string) (override, error) {
	digits, set := strings.CutPrefix(text, "=")
	if !set {
		digits = strings.TrimPrefix(text, "+")
	}
	base := 10
	if rest, ok := strings.CutPrefix(strings.ToLower(digits), "0x"); ok {
		digits, base = rest, 16
	} else if len(digits) > 1 && digits[0] == '0' {
		return override{}, fail.New(fail.Usage, "octal 0755 is 493 or 0x1ed here", "statoverride mode %.40q: numbers are decimal, and this one looks octal", text)
	}
	n, err := strconv.ParseUint(digits, base, 32)
	kind := uint32(n) & modeType
	typed := kind == 0 || kind == modeRegular || kind == modeDir || kind == modeSymlink
	if err != nil || n&^(modeType|modePerm) != 0 || !typed {
		return override{}, fail.New(fail.Usage, "give permission bits in decimal, up to 4095", "statoverride mode %.40q is no mode", text)
	}
	return override{mode: uint32(n) & modePerm, kind: kind, set: set}, nil
}

// apply gives the mode of path after the change, if there is one for it.
func (s *StatOverrides) apply(path string, mode uint32) uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, ok := s.left[path]
	if !ok {
		return mode
	}
	delete(s.left, path)
	if o.kind != 0 && o.kind != mode&modeType {
		s.other = path
		return mode
	}
	if o.set {
		return mode&modeType | o.mode
	}
	return mode | o.mode
}

// drop takes a path off the list.
func (s *StatOverrides) drop(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.left, path)
}

func (s *StatOverrides) unmatched() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.other != "" {
		return fail.New(fail.Usage, "give permission bits alone, up to 4095", "statoverride path %s is not of the type that its mode says", s.other)
	}
	return unmatchedPaths("statoverride", slices.Sorted(maps.Keys(s.left)))
}

// SkipList are paths to leave out, as a file for --skip-list lists them.
type SkipList struct {
	mu   sync.Mutex
	seen map[string]bool // by path, whether it came
}

// ParseSkipList reads the list of a commit: a path per line.
func ParseSkipList(data []byte) (*SkipList, error) {
	s := &SkipList{seen: map[string]bool{}}
	err := eachLine(data, func(line string) error {
		s.seen[line] = false
		return checkListed("skip-list", line)
	})
	return s, err
}

// ParseCheckoutSkips reads the list of a checkout: a path per line, with a slash
// behind that of a directory. A line that can name nothing leaves nothing out.
func ParseCheckoutSkips(data []byte) (*SkipList, error) {
	s := &SkipList{seen: map[string]bool{}}
	if !utf8.Valid(data) {
		return nil, fail.New(fail.Usage, "", "the skip-list is not UTF-8")
	}
	err := eachLine(data, func(line string) error {
		s.seen[line] = false
		return nil
	})
	return s, err
}

func (s *SkipList) has(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.seen[path]
	if ok {
		s.seen[path] = true
	}
	return ok
}

func (s *SkipList) unmatched() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for path, seen := range s.seen {
		if !seen {
			list = append(list, path)
		}
	}
	slices.Sort(list)
	return unmatchedPaths("skip-list", list)
}

func unmatchedPaths(what string, list []string) error {
	if len(list) == 0 {
		return nil
	}
	more := ""
	if len(list) > 5 {
		list, more = list[:5], " and more"
	}
	return fail.New(fail.Usage, "take paths out of the list that no tree has", "Unmatched %s paths: %s%s", what, strings.Join(list, ", "), more)
}

// checkListed refuses a path that can match nothing, or not what it seems to.
func checkListed(what, path string) error {
	if path != "/" {
		rest, ok := strings.CutPrefix(path, "/")
		if !ok {
			return fail.New(fail.Usage, "begin it with /, the root of the tree", "%s path %.200q is not absolute", what, path)
		}
		for part := range strings.SplitSeq(rest, "/") {
			if err := checkName(part); err != nil {
				return fail.New(fail.Usage, "write it without . and .. and double slashes", "%s path %.200q: %w", what, path, err)
			}
		}
	}
	return nil
}

// eachLine calls fn for each line that is not empty.
func eachLine(data []byte, fn func(line string) error) error {
	for line := range strings.SplitSeq(string(data), "\n") {
		if line == "" {
			continue
		}
		if err := fn(line); err != nil {
			return err
		}
	}
	return nil
}
