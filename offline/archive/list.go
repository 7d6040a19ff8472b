package archive

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/otactl/otactl/internal/limits"
)

// Sum is a SHA-256.
type Sum = [sha256.Size]byte

// Member is one file of a bundle as the list has it.
type Member struct {
	Name string
	Size int64
	Sum  Sum

	pieces []Sum // of each piece, where there is more than one
	frame  int   // the first of its frames
}

// appendMember writes a member as its lines in the list: size, SHA-256, name;
// then, if the member is longer than a piece, the SHA-256 of each piece.
func appendMember(list []byte, m *Member) []byte {
	list = fmt.Appendf(list, "%d %x %s\n", m.Size, m.Sum, m.Name)
	for _, p := range m.pieces {
		list = fmt.Appendf(list, "+ %x\n", p)
	}
	return list
}

// list is what an archive is said to hold. Whoever made it chose its text, and
// nobody has seen a signature yet when it is read, so that it stays the text that
// it is, with a few bytes for each member.
type list struct {
	text string
	at   []uint32 // where in text the lines of each member begin, in order of the names
	// frames are the first frame of each member.
	frames []uint32
}

// parseList reads a list, which has to be in the one form that appendMember
// gives it, sorted by name. count is how many members it is said to have.
func parseList(text string, count int) (*list, error) {
	count = min(count, limits.BundleMembers)
	l := &list{text: text, at: make([]uint32, 0, count), frames: make([]uint32, 0, count)}
	frame, before := int64(0), ""
	for rest := text; rest != ""; {
		m, after, err := parseMember(rest, false)
		if err != nil {
			return nil, fmt.Errorf("member %d: %w", l.len()+1, err)
		}
		if l.len() > 0 && m.Name <= before {
			return nil, refuse("the list names %s after %s: it is not sorted, or names a file twice", m.Name, before)
		}
		if l.len() == limits.BundleMembers {
			return nil, refuse("the list has more than %d members", limits.BundleMembers)
		}
		l.at, l.frames = append(l.at, uint32(len(text)-len(rest))), append(l.frames, uint32(frame))
		if frame += pieces(m.Size); frame > maxFrames {
			return nil, refuse("the list is about more than %d frames", maxFrames)
		}
		before, rest = m.Name, after
	}
	return l, l.distinct()
}

func (l *list) len() int { return len(l.at) }

// member is member i.
func (l *list) member(i int) *Member {
	m, _, _ := parseMember(l.text[l.at[i]:], true) // it was read before
	m.frame = int(l.frames[i])
	return &m
}

// name is the name of member i.
func (l *list) name(i int) string {
	line, _, _ := strings.Cut(l.text[l.at[i]:], "\n")
	_, line, _ = strings.Cut(line, " ")
	_, name, _ := strings.Cut(line, " ")
	return name
}

// from is the first member whose name is not before name.
func (l *list) from(name string) int {
	return sort.Search(l.len(), func(i int) bool { return l.name(i) >= name })
}

// parseMember reads the lines of the first member of a list. The sums of its
// pieces are kept only where they are asked for.
func parseMember(text string, keep bool) (m Member, rest string, err error) {
	line, rest, whole := strings.Cut(text, "\n")
	size, sum, name := "", "", ""
	if f := strings.SplitN(line, " ", 3); len(f) == 3 {
		size, sum, name = f[0], f[1], f[2]
	}
	m.Name = name
	if m.Size, err = strconv.ParseInt(size, 10, 64); err != nil || !whole || strconv.FormatInt(m.Size, 10) != size || m.Size < 0 || m.Size > maxMember {
		return m, rest, refuse("the line %.200q of the list is malformed", line)
	}
	if m.Sum, err = parseSum(sum); err != nil {
		return m, rest, err
	}
	if err := checkName(name); err != nil {
		return m, rest, err
	}
	if n := pieces(m.Size); n > 1 {
		if keep {
			m.pieces = make([]Sum, 0, n)
		}
		for range n {
			line, rest, whole = strings.Cut(rest, "\n")
			sum, plus := strings.CutPrefix(line, "+ ")
			p, err := parseSum(sum)
			if err != nil || !plus || !whole {
				return m, rest, refuse("%s: the list lacks the sum of one of its %d pieces", name, n)
			}
			if keep {
				m.pieces = append(m.pieces, p)
			}
		}
	}
	return m, rest, nil
}

func parseSum(text string) (s Sum, err error) {
	if len(text) != hex.EncodedLen(len(s)) || strings.ToLower(text) != text {
		return s, refuse("%.100q is no SHA-256", text)
	}
	if _, err := hex.Decode(s[:], []byte(text)); err != nil {
		return s, refuse("%.100q is no SHA-256", text)
	}
	return s, nil
}

// distinct holds that no two members would be one file where names are compared
// without their case, that the same goes for folders, and that none is a folder
// of another.
func (l *list) distinct() error {
	own := [...]string{nameMembers, nameBundleTargets, nameIndex}
	name := func(i uint32) string {
		if int(i) < l.len() {
			return l.name(int(i))
		}
		return own[int(i)-l.len()]
	}
	order := make([]uint32, l.len()+len(own))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(i, k uint32) int { return compareFolded(name(i), name(k)) })
	for i := 1; i < len(order); i++ {
		if err := apart(name(order[i-1]), name(order[i])); err != nil {
			return err
		}
	}
	return nil
}

// compareFolded orders names without their case, and what is in a folder next
// after its name: so two names that are in each other's way are neighbours, or
// somewhere between them two neighbours are.
func compareFolded(a, b string) int {
	n := sameFolded(a, b)
	if n == len(a) || n == len(b) {
		return cmp.Compare(len(a), len(b))
	}
	return cmp.Compare(folded(a[n]), folded(b[n]))
}

// sameFolded is how long two names are the same but for case.
func sameFolded(a, b string) int {
	n := 0
	for n < len(a) && n < len(b) && folded(a[n]) == folded(b[n]) {
		n++
	}
	return n
}

// folded is a character without its case; a slash comes before all others.
func folded(c byte) byte {
	switch {
	case c == '/':
		return 0
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	}
	return c
}

// apart holds that two names that follow one another can both be in a folder on
// any file system.
func apart(a, b string) error {
	n := sameFolded(a, b)
	if n == len(a) && n == len(b) {
		return refuse("the list names %s twice, or in capitals and small letters, or it is a name of the archive's own", b)
	}
	if n == len(a) && b[n] == '/' {
		return refuse("the list names the file %s, and files in a folder of that name", a)
	}
	if shared := strings.LastIndexByte(a[:n], '/') + 1; a[:shared] != b[:shared] {
		return refuse("the list has files in %s and in %s, which are one folder on some file systems", a[:shared-1], b[:shared-1])
	}
	return nil
}
